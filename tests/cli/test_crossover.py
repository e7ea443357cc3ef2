import json

import pytest

ONE_PASS = ("crossover", "attention/one_pass", "fusemax_cloud")
BANDWIDTH = ("--along", "memories.DRAM.bandwidth=25 GB/s..2 TB/s")


def test_a_sentence_says_what_bounds_where(run, tmp_path):
    figure = tmp_path / "bound.svg"
    ended = run(*ONE_PASS, *BANDWIDTH, "--figure", str(figure))
    assert (ended.status, ended.err) == (0, "")
    first = ended.out.splitlines()[0]
    assert first.startswith("memories.DRAM.bandwidth: DRAM-bound below ")
    assert first.endswith(" GB/s, compute-bound above")
    assert "<svg" in figure.read_text(encoding="utf-8")


def test_at_the_boundary_both_need_as_long(run):
    found = json.loads(run(*ONE_PASS, *BANDWIDTH, "--json").out)
    (place,) = found["boundaries"]
    setting = ("--set", f"memories.DRAM.bandwidth={place!r} B/s", "--json")
    cost = json.loads(run("evaluate", *ONE_PASS[1:], *setting).out)
    seconds = cost["traffic_bytes"]["DRAM"] / place
    assert cost["latency_s"] == pytest.approx(seconds, rel=1e-8)
    assert found["segments"][1]["high_latency_s"] == pytest.approx(seconds, rel=1e-8)


@pytest.mark.parametrize(
    ("along", "more", "message"),
    [
        ("memories.DRAM.bandwidth", [], "is no range"),
        ("memories.DRAM.bandwith=1 GB/s..2 GB/s", [], "Did you mean 'bandwidth'?"),
        ("clock=1 GHz..2 GHz", ["--grid", "1"], "a grid has from 2"),
        ("clock=1 GHz..2 GHz", ["--figure", "x.txt"], "a figure is a .png or .svg"),
    ],
)
def test_slips_end_with_2(run, along, more, message):
    ended = run(*ONE_PASS, "--along", along, *more)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
