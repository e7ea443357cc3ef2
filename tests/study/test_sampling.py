"""Samples of the axes."""

from collections.abc import Callable

import numpy as np
import pytest

from accelsim.study.batches import space_of
from accelsim.study.study import Study, tables_of
from accelsim.study.table import Table

Load = Callable[..., Study]
Run = Callable[..., Table]

AXES = """\
vary:
  bandwidth: {set: arch.memories.DRAM.bandwidth, from: 1 B/cycle, to: 16 B/cycle, log: true}
  m: {set: workload.ranks.M, to: [8, 16, 32, 64]}
"""


def columns(study: Study) -> dict[str, list[float]]:
    (table,) = tables_of(study)
    space = space_of(study, table)
    return {name: c.tolist() for name, c in space.points(0, len(space)).columns.items()}


def test_a_latin_hypercube_has_one_point_in_each_slice_of_a_range(load: Load) -> None:
    found = columns(load(AXES + "sample: {method: latin_hypercube, number: 64, seed: 3}"))
    slices = np.floor(np.log2(found["bandwidth"]) / 4 * 64)
    assert sorted(slices) == list(range(64))
    assert [found["m"].count(m) for m in (8, 16, 32, 64)] == [16] * 4


def test_whole_numbers_of_a_range_are_drawn_equally_often(load: Load) -> None:
    """Each of 4 rows 16 times of 64, the ends too, in whichever order these are written."""
    sample = "sample: {method: latin_hypercube, number: 64, seed: 3}"
    other = "  clock: {set: arch.clock, from: 1 GHz, to: 2 GHz}\n"
    for ends in ("from: 5, to: 8", "from: 8, to: 5"):
        found = columns(load(f"vary:\n  m: {{set: workload.ranks.M, {ends}}}\n{other}{sample}"))
        assert [found["m"].count(m) for m in (5, 6, 7, 8)] == [16] * 4


def test_sobol_points_halve_every_range_and_both_at_once(load: Load) -> None:
    found = columns(load(AXES + "sample: {method: sobol, number: 16}"))
    quarter = [(b > 4) + 2 * (m > 16) for b, m in zip(found["bandwidth"], found["m"], strict=True)]
    assert [quarter.count(q) for q in range(4)] == [4] * 4


def test_a_seed_gives_the_same_points_and_another_others(load: Load) -> None:
    text = AXES + "sample: {method: sobol, number: 16, seed: %d}"
    assert columns(load(text % 1)) == columns(load(text % 1)) != columns(load(text % 2))


def test_points_that_come_again_are_there_once(load: Load) -> None:
    text = "vary: {m: {set: workload.ranks.M, to: [8, 16]}}\n"
    found = columns(load(text + "sample: {method: sobol, number: 16}"))
    assert sorted(found["m"]) == [8, 16]


def test_a_point_of_a_sample_costs_what_it_costs_in_a_grid(run: Run) -> None:
    sampled = run(AXES + "sample: {method: latin_hypercube, number: 8}").rows()
    path = "bandwidth: {set: arch.memories.DRAM.bandwidth, to: ['%r B/cycle']}"
    for row in sampled:
        grid = run(f"vary:\n  {path % row['bandwidth']}\n  workload.ranks.M: [{row['m']}]\n")
        assert grid["latency_s"].tolist() == [row["latency_s"]]


def test_a_search_finds_the_fastest_machine_and_the_same_one_again(run: Run) -> None:
    """48 B at 16 B/cycle take 3 cycles, but 8 products on two PEs take 4: enough are 12 B/cycle."""
    text = AXES + "sample: {method: adaptive, number: 48, batch: 8, minimise: cycles, seed: 1}"
    found = run(text)
    assert min(found["cycles"]) == pytest.approx(4)
    assert found.rows() == run(text).rows()
    late, early = found["cycles"][-16:], found["cycles"][:8]
    assert np.mean(late) < np.mean(early)
