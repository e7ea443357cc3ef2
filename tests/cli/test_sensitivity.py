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


def test_a_workload_on_a_gpu_gives_what_a_copy_must(run, tmp_path):
    table = tmp_path / "elasticities.csv"
    chosen = ("--parameters", "ranks.N,memories.HBM.bandwidth", "--out", str(table))
    ended = run("sensitivity", "kernels/copy", "h100_sxm", *chosen, "--set", "ranks.N=500000000")
    assert (ended.status, ended.err) == (0, "")
    lines = {line.split()[0]: line.split() for line in ended.out.splitlines()[1:3]}
    # A billion bytes in and out: time on device memory, but for launching, 2 % at half.
    left, right = (float(lines["ranks.N"][place]) for place in (2, 4))
    assert (left, right) == pytest.approx((1, 1), abs=0.03)
    assert lines["ranks.N"][-1] == "doubling"
    assert lines["memories.HBM.bandwidth"][-1] == "difference"
    assert "kernels/copy on h100_sxm" in table.read_text(encoding="utf-8")


def test_calls_and_models_have_their_own_measures(run):
    call = ("sensitivity", "h100_sxm", "copy", "--set", "bytes=1000000000")
    rows = json.loads(run(*call, "--parameters", "bytes,power.limit", "--json").out)
    assert {row["measure"] for row in rows} == {"latency_s", "energy_pj"}
    wrong = run(*call, "--of", "tokens_per_s")
    assert (wrong.status, wrong.out) == (2, "")
    assert "there is no measure 'tokens_per_s' of copy" in wrong.err
    model = ("sensitivity", "llama3_8b", "eight_h100", "--of", "tokens_per_s", "--json")
    (row,) = json.loads(run(*model, "--parameters", "devices.*.count").out)
    # Four times as many engines of two are twice as many tokens, of each of 8.
    assert (row["left"], row["right"]) == pytest.approx((1, 1))


def test_indices_of_a_call_are_of_points_asked_one_by_one(run):
    call = ("sensitivity", "h100_sxm", "copy", "--set", "bytes=1000000000", "--json")
    ranges = ("--range", "bytes=1000000..1000000000", "--range", "power.limit=690 W..700 W")
    found = json.loads(run(*call, *ranges, "--of", "latency_s").out)
    assert found["points"] == 64 * 4
    first = {row["parameter"]: row["first"] for row in found["indices"]}
    assert first["bytes"] == pytest.approx(1, abs=0.1)
    assert first["power.limit"] == pytest.approx(0, abs=0.01)
