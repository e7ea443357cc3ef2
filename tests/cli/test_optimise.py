import json

import pytest

from accelsim.workload.load import load_workload
from accelsim.workload.passes import rank_passes


def test_three_pass_attention_is_rewritten_and_tried_on_numbers(run):
    ended = run("optimise", "attention/three_pass", "--rank", "M")
    assert ended.status == 0
    assert ended.out.startswith("attention/three_pass: 3 passes over M, rewritten with 1\n")
    assert "RGM[b,h,p,m1+1] = max(RGM[b,h,p,m1], LGM[b,h,p,m1])" in ended.out
    assert "equal on random numbers within 1e-15 of the largest, tried at" in ended.out
    assert "M0=4 M1=4" in ended.out


def test_json_has_the_cascade_the_steps_and_the_trial(run):
    found = json.loads(run("optimise", "attention/two_pass", "--rank", "M", "--json").out)
    assert (found["before"]["passes"], found["after"]["passes"], found["obstacle"]) == (2, 1, None)
    assert found["trial"]["difference"] < 1e-9
    assert found["trial"]["sizes"]["M"] % found["trial"]["sizes"]["M0"] != 0
    assert len(found["steps"]) == 3


@pytest.mark.parametrize("name", ["three_pass_causal", "block_sparse", "sliding_window_sinks"])
def test_what_is_written_loads_again(run, tmp_path, name):
    file = tmp_path / "one.yaml"
    run("optimise", f"attention/{name}", "--rank", "M", "--tile", "64", "--out", str(file))
    again = load_workload(file)
    assert (rank_passes(again, "M").passes, again.ranks["M0"]) == (1, 64)
    assert again.about.endswith("Rewritten with 1 pass over M.")


def test_a_tile_is_no_longer_than_its_rank(run, tmp_path):
    file = tmp_path / "one.yaml"
    run(
        "optimise", "attention/three_pass", "--rank", "M", "--set", "ranks.M=32", "--out", str(file)
    )
    assert (load_workload(file).ranks["M0"], load_workload(file).ranks["M1"]) == (32, 1)


def test_where_nothing_is_gained_the_reason_is_told(run):
    ended = run("optimise", "kernels/rms_norm", "--rank", "C")
    assert (ended.status, ended.err) == (0, "")
    assert "2 passes over C, no fewer were found" in ended.out
    assert "The output Y has a value for each c" in ended.out
    one = run("optimise", "attention/one_pass", "--rank", "M")
    assert one.out == "attention/one_pass: 1 pass over M, as few as there can be\n"


def test_fewer_passes_may_still_be_more_than_one(run):
    out = run("optimise", "kernels/softmax", "--rank", "C").out
    assert "3 passes over C, rewritten with 2" in out
    assert "no fewer: The output Y has a value for each c" in out


def test_an_unknown_rank_or_a_bad_tile_ends_with_2(run):
    ended = run("optimise", "attention/three_pass", "--rank", "Z")
    assert (ended.status, ended.out) == (2, "")
    assert "nothing in attention/three_pass runs over a rank 'Z'. Its ranks are" in ended.err
    assert run("optimise", "attention/three_pass", "--rank", "M", "--tile", "0").status == 2
