import json

import pytest

SMALL = ("--set", "ranks.P=512", "--set", "ranks.M=1024")


@pytest.fixture
def simulated(run):
    def simulate(*arguments):
        ended = run("simulate", "attention/one_pass", "fusemax_cloud", *arguments, "--json")
        assert ended.status == 0, ended.err
        return json.loads(ended.out)

    return simulate


def test_at_64_tiles_and_more_simulation_and_formula_are_within_1_percent(simulated):
    found = simulated()
    assert found["mapping"] == "fusemax_binding"
    assert found["tiles"] == found["tiles_played"] >= 64
    assert found["difference"] == found["simulated_cycles"] / found["formula_cycles"] - 1
    assert 0 <= found["difference"] < 0.01


def test_busy_shares_are_given_both_ways(simulated):
    found = simulated()
    assert found["busy"].keys() == {"DRAM", "Array2D", "Array1D"}
    for actor, share in found["busy"].items():
        assert found["busy_by_formula"][actor] == pytest.approx(share, abs=0.01)


def test_the_first_tiles_stand_for_all(simulated):
    part, whole = simulated(*SMALL, "--tiles", "8"), simulated(*SMALL)
    assert part["steps"][0]["tiles_played"] == 8 < part["tiles"] == whole["tiles"]
    assert part["simulated_cycles"] == pytest.approx(whole["simulated_cycles"], rel=0.1)


def test_people_get_a_table_of_cycles_one_of_actors_and_a_waterfall(run):
    ended = run("simulate", "attention/one_pass", "fusemax_cloud", *SMALL)
    assert "attention/one_pass on fusemax_cloud under fusemax_binding" in ended.out
    assert "phase 1 Array2D BQK LM" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 120


def test_trace_and_figure_are_written_where_asked(run, tmp_path):
    trace, figure = tmp_path / "trace.json", tmp_path / "tiles.svg"
    options = (*SMALL, "--out", str(trace), "--figure", str(figure))
    ended = run("simulate", "attention/one_pass", "fusemax_cloud", *options)
    assert ended.out.endswith(f"written: {trace}\nwritten: {figure}\n")
    events = json.loads(trace.read_text())["traceEvents"]
    assert {event["name"] for event in events} > {"BQK", "SLNV"}
    assert figure.read_text().startswith("<?xml")


def test_too_many_tiles_are_refused_before_they_are_played(run):
    sizes = ("--set", "ranks.P=1048576", "--set", "ranks.M=1048576")
    ended = run("simulate", "attention/one_pass", "fusemax_cloud", *sizes)
    assert ended.status == 2
    assert "at most 20,000 can be. --tiles 1000 plays the first 1,000 of each step" in ended.err
    assert (
        run("simulate", "attention/one_pass", "fusemax_cloud", *sizes, "--tiles", "4").status == 0
    )


def test_no_tiles_are_nothing_to_play(run):
    ended = run("simulate", "attention/one_pass", "fusemax_cloud", "--tiles", "0")
    assert (ended.status, ended.err) == (2, "0 tiles are nothing to play. Play 1 or more\n")
