"""explain, for every kind of machine, as a user calls it; calls are in test_gpu_commands.py."""

import json

import pytest

from accelsim.arch.load_system import load_system


def test_a_workload_on_an_array(run):
    ended = run("explain", "attention/one_pass", "fusemax_cloud")
    assert ended.status == 0
    *_, last = ended.out.splitlines()
    assert last.startswith("compute-bound on Array1D (100% busy); DRAM would bind at 0.126x its")
    assert "24 MiB / 400 GiB/s" in ended.out
    # Traffic as `evaluate` prints it.
    assert "513.1 MiB, and no bandwidth is given" in ended.out
    assert "memories.DRAM.bandwidth: FuseMax artifact: 400 * 2^30 B/s" in ended.out


def test_a_workload_on_a_gpu(run):
    found = json.loads(run("explain", "kernels/softmax", "h100_sxm", "--json").out)
    assert found["bound"] == "hbm"
    assert found["rows"][0]["name"] == "device memory"
    assert found["sentence"].startswith("bound by device memory")


def test_a_model_on_a_system(run):
    ended = run("explain", "llama3_70b", "eight_h100", "--sequences", "32", "--json")
    found = json.loads(ended.out)
    rows = {row["name"]: row for row in found["rows"]}
    weights, rate = rows["model"]["numbers"]
    # 70.6e9 parameters of two bytes on four GPUs.
    assert weights["value"] == pytest.approx(70.6e9 * 2 / 4, rel=0.01)
    assert rows["model"]["seconds"] > weights["value"] / rate["value"]
    assert found["helps"][0]["path"] == "H100 device memory bandwidth"
    link = load_system("eight_h100").links[0]
    assert link.source in [number["source"] for number in rows["nvlink"]["numbers"]]


def test_settings_change_the_answer(run):
    slow = ("--set", "memories.DRAM.bandwidth=10 GB/s")
    ended = run("explain", "attention/one_pass", "fusemax_cloud", *slow)
    assert ended.out.splitlines()[-1].startswith("DRAM-bound (100% of the time")


@pytest.mark.parametrize(
    "words, told",
    [
        (("atention/one_pass", "h100_sxm"), "Did you mean 'attention/one_pass'?"),
        (("attention/one_pass", "h100_smx"), "Did you mean 'h100_sxm'?"),
        (("fusemax_cloud", "gemm"), "A workload goes before it"),
        (("eight_h100", "llama3_70b"), "A model goes before it"),
        (("llama3_70b", "eight_h100", "--p", "8"), "--p is of kernels"),
        (("attention/one_pass", "h100_sxm", "--context", "8"), "--context is of MODEL SYSTEM"),
        (("h100_sxm", "gemm", "flash"), "takes no mapping"),
        (("llama3_70b", "eight_h100", "--context", "9999999"), "and room for"),
    ],
)
def test_slips_end_in_one_line(run, words, told):
    ended = run("explain", *words)
    assert (ended.status, ended.out) == (2, "")
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1
