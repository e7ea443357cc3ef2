"""Tiles on the page: those that `accelsim simulate` plays."""

import re
from itertools import pairwise
from shlex import split

import pytest

from accelsim.cli.main import main
from accelsim.report.page.answer import answer
from accelsim.report.page.played import played, tiles_of
from accelsim.report.page.results import tiles


@pytest.mark.parametrize(
    "query",
    [
        "a=fusemax_cloud&tiles=4&a.bandwidth=50 GB/s",
        "workload=attention/three_pass&a=unfused_cloud&tiles=16&context=2K",
        "workload=heads/grouped&form=decode&a=fusemax_cloud&tiles=4&model=llama3_8b",
    ],
)
def test_the_page_plays_what_the_command_plays(query, state_of, capsys):
    ((_, found),) = played(state_of(query))
    with pytest.raises(SystemExit):
        main(split(found.command)[1:])
    out = capsys.readouterr().out
    last = [line for line in out.splitlines() if re.search(r"\d of [\d,]+$", line)][-1]
    _, simulated, _, difference, counted = re.split(r" {2,}", last)
    assert found.told.startswith(f"{counted} tiles played; {simulated} in all")
    assert difference in found.told


def test_an_actor_does_one_thing_at_a_time(state_of):
    ((_, found),) = played(state_of("a=fusemax_cloud&tiles=16"))
    clock = found.side.cost.clock_hz
    bars = [
        (row, start, start + width, text)
        for trace in tiles_of(found).data
        for row, start, width, text in zip(
            trace.y, trace.base, trace.x, trace.hovertext, strict=True
        )
    ]
    assert max(end for _, _, end, _ in bars) == pytest.approx(found.trace.cycles / clock)
    for row in {row for row, *_ in bars}:
        own = sorted((start, end) for name, start, end, _ in bars if name == row)
        for (_, end), (start, _) in pairwise(own):
            assert start >= end - 1e-12
    texts = " ".join(text for *_, text in bars)
    assert "Array2D computes BQK, tile 3" in texts and "DRAM reads for BQK, tile 4" in texts


def test_of_machines_without_tiles_it_is_said(state_of):
    (section,) = tiles(answer(state_of("workload=heads/grouped&a=h100_sxm&tiles=4")))
    assert "spatial arrays alone" in section.children.children
    assert tiles(answer(state_of("a=fusemax_cloud"))) == []
