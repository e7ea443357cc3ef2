"""`accelsim map`: within a stated space, and what is wrong with how it is asked."""

import json

import pytest

WORDS = ("map", "attention/three_pass", "flat_cloud", "--space", "flat_dataflows")


def test_the_best_of_a_space_moves_what_must_be_moved(run, tmp_path):
    out = str(tmp_path / "found.yaml")
    sizes = ("--set", "ranks.P=2048", "--set", "ranks.M=2048")
    ended = run(*WORDS, *sizes, "--minimise", "traffic.DRAM", "--json", "--out", out)
    found = json.loads(ended.out)
    # Q, K, V and the result, of 12 heads of 2048 vectors of 64 words of 2 bytes.
    assert found["value"] == 4 * 12 * 2048 * 64 * 2
    assert (found["optimal"], found["strategy"], found["gap"]) == (True, "space", 0)
    assert run("check", out, "attention/three_pass", "flat_cloud", *sizes).status == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--minimise", "traffic.DRAMM"), "Did you mean 'traffic.DRAM'?"),
        (("--space", "flat_dataflow"), "there is no space 'flat_dataflow', and no such file"),
        (("--space", "one_pass_tiles"), "the space is for attention/one_pass, not for"),
    ],
)
def test_what_is_wrong_is_said(run, words, message):
    ended = run(*WORDS, *words)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_a_strategy_is_asked_by_name(run):
    small = ("--set", "ranks.P=64", "--set", "ranks.M=64", "--set", "ranks.H=1")
    case = ("attention/three_pass", "flat_cloud", *small)
    words = ("map", *case, "--strategy", "annealing", "--json")
    one, other = (json.loads(run(*words, "--seed", "3").out) for _ in range(2))
    assert (one["strategy"], one["mapping"]) == ("annealing", other["mapping"])
    assert one["latency_s"] >= one["bound_latency_s"]
    quick = json.loads(run(*words, "--seconds", "0.5").out)
    assert quick["seconds"] < 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--strategy", "anealing"), "no strategy 'anealing'. Did you mean 'annealing'?"),
        (("--seed", "-1"), "greater than or equal to 0"),
        (("--seconds", "0"), "0"),
    ],
)
def test_what_is_wrong_with_a_strategy_is_said(run, words, message):
    ended = run("map", "attention/three_pass", "flat_cloud", *words)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_a_space_is_shown_with_its_choices(run):
    shown = run("show", "flat_dataflows").out
    assert "choices (2,880 combinations):" in shown
    assert "      P1: parts of P\n" in shown
