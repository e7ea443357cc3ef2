"""`accelsim map`: within a stated space, and what is wrong with how it is asked."""

import json
from contextlib import contextmanager
from importlib import import_module

import pytest

from accelsim.base.catalogue import shipped

WORDS = ("map", "attention/three_pass", "flat_cloud", "--space", "flat_dataflows")


def test_the_best_of_a_space_moves_what_must_be_moved(run, tmp_path):
    out = str(tmp_path / "found.yaml")
    sizes = ("--set", "ranks.P=2048", "--set", "ranks.M=2048")
    ended = run(*WORDS, *sizes, "--minimise", "traffic.DRAM", "--json", "--out", out)
    found = json.loads(ended.out)
    # Q, K, V and the result, of 12 heads of 2048 vectors of 64 words of 2 bytes.
    assert found["value"] == 4 * 12 * 2048 * 64 * 2
    assert (found["optimal"], found["strategy"], found["gap"]) == (True, "space", 0)
    assert (found["workload"], found["machine"]) == ("attention/three_pass", "flat_cloud")
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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*WORDS, "--strategy", "annealing"), "--strategy: all points of a space are scored"),
        ((*WORDS, "--seed", "1"), "--seed: all points of a space are scored"),
        ((*WORDS[:3], "--minimise", "latency,energy", "--seed", "5"), "--seed: a front asks"),
        (
            ("map", "attention/one_pass", "h100_sxm", "--seed", "5"),
            "--seed: what is searched",
        ),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(run, words, message):
    ended = run(*words)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(message)


@pytest.mark.parametrize("minimise", ["energy", "latency,energy"])
def test_ctrl_c_prints_the_best_so_far_and_ends_with_130(run, monkeypatch, minimise):
    """Pressed once, when annealing tells of its first candidates; what is told after is too much:
    the strategy that runs may end its work, and no other is asked."""
    told = []

    @contextmanager
    def pressed(*_):
        def tell(strategy, *_):
            told.append(strategy)
            if strategy == "annealing" and told.count("annealing") == 1:
                raise KeyboardInterrupt

        yield tell

    for module in ("map", "map_front"):
        monkeypatch.setattr(import_module(f"accelsim.cli.{module}"), "best_so_far", pressed)
    small = ("--set", "ranks.P=64", "--set", "ranks.M=64", "--set", "ranks.H=1")
    ended = run(
        "map", "attention/three_pass", "flat_cloud", *small, "--minimise", minimise, "--json"
    )
    assert ended.status == 130
    found = json.loads(ended.out)
    assert all(each["latency_s"] > 0 for each in found.get("front", [found]))
    assert told[-1] == "annealing"


def test_a_space_is_shown_with_its_choices(run):
    shown = run("show", "flat_dataflows").out
    assert "choices (2,880 combinations):" in shown
    assert "      P1: parts of P\n" in shown


LIMITS = str(shipped() / "arch" / "constraints" / "shared_buffer.yaml")
SMALL = ("--set", "ranks.P=512", "--set", "ranks.M=512", "--set", "ranks.H=2")


def test_what_is_found_keeps_to_the_constraints_of_the_example(run, tmp_path):
    out = str(tmp_path / "found.yaml")
    case = ("attention/three_pass", "flat_cloud")
    words = ("map", *case, *SMALL, "--constraints", LIMITS, "--out", out)
    found = run(*words).out
    inside = found[found.index("QK on Array2D") : found.index("QK at one point")]
    assert "spatial M in 256 over rows" in inside
    cost = json.loads(run("evaluate", *case, out, *SMALL, "--json").out)
    assert cost["occupancy_bytes"]["GlobalBuffer"] <= 16 * 2**20
    assert cost["traffic_bytes"]["DRAM"] <= 24e6


def test_a_constraint_in_the_way_is_named(run, tmp_path):
    file = tmp_path / "limits.yaml"
    file.write_text(
        "about: Too little.\neinsum_traffic: {AV: {DRAM: 1 kB}}\ntraffic: {DRAM: 1 GB}\n"
    )
    case = ("map", "attention/three_pass", "flat_cloud", *SMALL, "--strategy", "rules")
    ended = run(*case, "--constraints", str(file))
    assert (ended.status, ended.out) == (2, "")
    assert "found that keeps to at most 1,000 B over DRAM for AV; without it there is" in ended.err
    assert "1,000,000,000" not in ended.err
    file.write_text("about: Too little.\ntraffic: {DRAM: 1 kB}\n")
    ended = run(*case, "--constraints", str(file))
    assert "let DRAM move 1,000 B, but inputs and results alone are 524,288 B" in ended.err


def test_a_gpu_refuses_constraints_by_name(run):
    ended = run("map", "attention/one_pass", "h100_sxm", "--constraints", LIMITS)
    assert (ended.status, ended.out) == (2, "")
    assert "capacity, traffic, tensor_traffic, loops: constraints are of loops" in ended.err


@pytest.mark.parametrize("minimise", ["energy", "latency,energy"])
def test_a_place_that_cannot_be_written_is_told_before_the_search(
    run, tmp_path, monkeypatch, minimise
):
    def searched(*_, **__):
        raise AssertionError("it has searched")

    for module, name in (("map", "find_mapping"), ("map_front", "find_front")):
        monkeypatch.setattr(import_module(f"accelsim.cli.{module}"), name, searched)
    (tmp_path / "file").write_text("")
    words = ("--minimise", minimise, "--out", str(tmp_path / "file" / "out"))
    ended = run(*WORDS[:3], *words)
    assert (ended.status, ended.out) == (2, "")
    assert "cannot be written" in ended.err


def test_mappings_of_an_earlier_front_stay_and_are_named(run, tmp_path):
    (tmp_path / "9.yaml").write_text("of an earlier one")
    small = ("--set", "ranks.P=64", "--set", "ranks.M=64", "--set", "ranks.H=1")
    words = ("map", "attention/three_pass", "flat_cloud", *small, "--seconds", "0.2")
    ended = run(*words, "--minimise", "latency,energy", "--out", str(tmp_path))
    assert ended.err == f"{tmp_path}: 9.yaml not of this front\n"
    assert (tmp_path / "9.yaml").read_text() == "of an earlier one"
    assert (tmp_path / "1.yaml").exists()
