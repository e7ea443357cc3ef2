import json

import pytest

ONE_PASS = ("sensitivity", "attention/one_pass", "fusemax_cloud")


def test_the_parameter_that_changes_most_goes_first(run):
    ended = run(*ONE_PASS, "--set", "memories.DRAM.bandwidth=50 GB/s", "--of", "latency_s")
    assert (ended.status, ended.err) == (0, "")
    first = ended.out.splitlines()[1].split()
    assert (first[0], first[3]) == ("memories.DRAM.bandwidth", "-1.0000")
    assert "clock" not in ended.out.split()
    assert "parameters change none of it" in ended.out


def test_json_has_both_sides_and_the_kinks(run):
    ended = run(*ONE_PASS, "--shape", "bert", "--parameters", "compute.*.cycles", "--json")
    rows = {(r["parameter"], r["measure"]): r for r in json.loads(ended.out)}
    mac = rows["compute.Array2D.operations.mac.cycles", "latency_s"]
    # FuseMax's two arrays are in balance: slower macs cost, faster ones gain nothing.
    assert (mac["left"], mac["kink"]) == (0, True)
    assert mac["right"] > 0.9


def test_a_mapping_is_named_as_for_evaluate(run):
    ended = run(*ONE_PASS, "fusemax_cascade", "--parameters", "clock")
    assert ended.out.splitlines()[-1].endswith("on fusemax_cloud under fusemax_cascade")
    assert "Did you mean 'fusemax_binding'" in run(*ONE_PASS, "fusemax_bindin").err


def test_indices_over_ranges(run, tmp_path):
    file = tmp_path / "ranges.yaml"
    file.write_text("memories.DRAM.bandwidth: 20 GB/s..800 GB/s log\n", encoding="utf-8")
    arguments = ["--ranges", str(file), "--range", "clock=1 GHz..2 GHz", "--samples", "64"]
    ended = run(*ONE_PASS, *arguments, "--of", "latency_s")
    assert (ended.status, ended.err) == (0, "")
    assert "256 points" in ended.out
    plain = json.loads(run(*ONE_PASS, *arguments, "--of", "latency_s", "--json").out)
    assert plain["points"] == 256
    assert [row["parameter"] for row in plain["indices"]] == ["memories.DRAM.bandwidth", "clock"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--parameters", "clok"], "Did you mean 'clock'?"),
        (["--of", "latency"], "Did you mean 'latency_s'?"),
        (["--range", "clock=2 GHz"], "'2 GHz' is no range"),
        (["--ranges", "none.yaml"], "none.yaml: no such file"),
        (["--step", "-1"], "a step of -1 is no step"),
    ],
)
def test_slips_end_with_2(run, arguments, message):
    ended = run(*ONE_PASS, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_a_gpu_is_told_where_to_go(run):
    ended = run("sensitivity", "attention/one_pass", "h100_sxm")
    assert (ended.status, ended.out) == (2, "")
    assert "h100_sxm is a GPU, which makes other kernels at each point" in ended.err
