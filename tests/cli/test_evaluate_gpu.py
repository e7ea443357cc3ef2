"""`accelsim evaluate` of a workload on a GPU."""

import json

import pytest

from tests.cli.test_evaluate import WANTED


@pytest.fixture
def evaluated(run):
    def evaluate(*arguments, workload="attention/one_pass"):
        ended = run("evaluate", workload, "h100_sxm", *arguments, "--json")
        assert ended.status == 0, ended.err
        return json.loads(ended.out)

    return evaluate


def test_keys_are_those_of_spatial_arrays_and_kernels_beside_them(evaluated):
    found = evaluated("--set", "ranks.P=1024")
    assert found.keys() >= WANTED | {"kernels", "sustained", "decided_ranks"}
    assert found["mapping"] == "automatic"
    assert found["average_power_w"] == pytest.approx(found["energy_pj"] / 1e12 / found["latency_s"])
    (kernel,) = found["kernels"]
    assert {"seconds", "bound", "by_resource_s", "blocks", "tile"} <= kernel.keys()
    assert found["traffic_bytes"].keys() == {"HBM", "L2", "shared"}


def test_rows_add_up(evaluated):
    found = evaluated("--rows")
    assert sum(row["energy_pj"] for row in found["rows"]) == pytest.approx(found["energy_pj"])
    assert sum(found["energy_by_part_pj"].values()) == pytest.approx(found["energy_pj"])


def test_settings_reach_the_gpu_and_the_workload(evaluated):
    norm = "kernels/rms_norm"
    slow = evaluated("--set", "memories.HBM.bandwidth=335 GB/s", workload=norm)
    assert slow["bound"] == "hbm"
    assert slow["latency_s"] > 8 * evaluated(workload=norm)["latency_s"]


def test_the_text_shows_kernels_with_bound_time_and_einsums(run):
    out = run("evaluate", "transformer/encoder_layer", "h100_sxm", "--rows").out
    assert out.startswith("transformer/encoder_layer on h100_sxm under automatic\n")
    for words in ("\nHBM ", "\ntensor ", "\nkernel ", "FF1 GE\n", "\neinsum ", "clock tree"):
        assert words in out


def test_what_the_mapping_decided_is_said(run):
    out = run("evaluate", "attention/one_pass", "l40s").out
    assert "decided by the mapping: M0 = " in out
    chosen = run("evaluate", "attention/one_pass", "l40s", "--set", "ranks.M0=128").out
    assert "decided by the mapping" not in chosen


def test_a_library_is_named_as_a_mapping(evaluated):
    found = evaluated("cudnn_attention", workload="attention/three_pass")
    assert found["mapping"] == "cudnn_attention"
    assert [kernel["name"] for kernel in found["kernels"]] == ["cudnn"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kernels/gemm", "h100_sxm", "cudnn"), "cudnn does not compute kernels/gemm"),
        (("kernels/gemm", "h100_sxm", "fusemax_binding"), "there is no kernel 'fusemax_binding'"),
        (("kernels/gemm", "h100_sxm", "--set", "memories.DRAM.bandwidth=1 B/s"), "DRAM"),
        (("attention/three_pass", "h100_sxm", "--set", "ranks.P=9999999"), "of device memory"),
    ],
)
def test_bad_input_is_one_message(run, arguments, words):
    ended = run("evaluate", *arguments)
    assert (ended.status, ended.out) == (2, "") and words in ended.err
    assert "Traceback" not in ended.err


def test_what_only_arrays_do_says_what_takes_a_gpu(run):
    ended = run("simulate", "attention/one_pass", "h100_sxm")
    assert (ended.status, ended.out) == (2, "")
    assert "this is a GPU, not a spatial array. `accelsim evaluate` and" in ended.err
