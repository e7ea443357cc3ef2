"""`accelsim map` on a GPU: what it prints, and what it refuses."""

import json
from contextlib import contextmanager
from importlib import import_module

import pytest

SMALL = ("attention/one_pass_causal", "h100_sxm", "--set", "ranks.P=512", "--set", "ranks.M=512")


def test_the_kernel_is_said_beside_those_of_libraries(run):
    ended = run("map", *SMALL)
    assert ended.status == 0, ended.err
    for words in (" queries x ", "yes, of kernels", "flash3", "192 x 128, 512 threads"):
        assert words in ended.out


def test_keys_are_those_of_spatial_arrays_and_others_beside_them(run):
    found = json.loads(run("map", *SMALL, "--minimise", "energy", "--json").out)
    wanted = {"latency_s", "energy_pj", "bound_latency_s", "optimal", "candidates", "seconds"}
    assert found.keys() >= wanted | {"mapping", "pruned", "gap", "strategy", "kernels", "others"}
    assert found["optimal"] and found["value"] == found["energy_pj"]
    gains = {each["name"]: each["gain"] for each in found["others"]}
    assert gains["flash"] >= 0 and gains["flash3"] >= 0


def test_what_it_refuses_is_said_in_a_line(run, tmp_path):
    mine = tmp_path / "mine.yaml"
    for options, why in (
        (("--space", "flat_dataflows"), "--space: what is searched on a GPU are kernels"),
        (("--strategy", "exact"), "--strategy: what is searched on a GPU are kernels"),
        (("--minimise", "area_delay"), "a GPU's area is not given"),
    ):
        ended = run("map", *SMALL, *options, "--out", str(mine))
        assert (ended.status, ended.out) == (2, "")
        assert why in ended.err and len(ended.err.strip().splitlines()) == 1
        assert not mine.exists()


def test_a_file_of_kernels_is_evaluated_as_it_was_found(run, tmp_path):
    mine = tmp_path / "mine.yaml"
    found = json.loads(run("map", *SMALL, "--out", str(mine), "--json").out)
    workload, machine, *sizes = SMALL
    again = json.loads(run("evaluate", workload, machine, str(mine), *sizes, "--json").out)
    assert again["latency_s"] == found["latency_s"]
    assert mine.read_text() == found["kernels"]
    assert run("check", str(mine)).status == 0


@pytest.mark.parametrize(
    "case",
    [
        SMALL,
        ("kernels/gemm", "h100_sxm", "--minimise", "energy"),
        ("attention/three_pass", "a100_sxm_80gb", "--set", "ranks.P=512", "--set", "ranks.M=512"),
    ],
)
@pytest.mark.parametrize("pressed", [1, 3])
def test_ctrl_c_prints_the_best_so_far_and_ends_with_130(run, monkeypatch, case, pressed):
    told = []

    @contextmanager
    def watched(*_):
        def tell(*_):
            told.append(1)
            if len(told) == pressed:
                raise KeyboardInterrupt

        yield tell

    monkeypatch.setattr(import_module("accelsim.cli.map_gpu"), "best_so_far", watched)
    ended = run("map", *case, "--json")
    assert json.loads(ended.out)["latency_s"] > 0
    assert ended.status == (130 if len(told) == pressed else 0)
    assert told
    assert len(told) <= pressed
