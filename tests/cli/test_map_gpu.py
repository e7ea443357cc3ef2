"""`accelsim map` on a GPU: what it prints, and what it refuses."""

import json

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
    ended = run("map", *SMALL, "--minimise", "area_delay", "--out", str(mine))
    assert (ended.status, ended.out) == (2, "")
    assert "a GPU's area is not given" in ended.err and len(ended.err.strip().splitlines()) == 1
    assert not mine.exists()
    ended = run("map", *SMALL, "--space", "flat_dataflows")
    assert (ended.status, ended.out) == (2, "")
    assert "--space: what is searched on a GPU are kernels" in ended.err


def test_a_file_of_kernels_is_evaluated_as_it_was_found(run, tmp_path):
    mine = tmp_path / "mine.yaml"
    found = json.loads(run("map", *SMALL, "--out", str(mine), "--json").out)
    workload, machine, *sizes = SMALL
    again = json.loads(run("evaluate", workload, machine, str(mine), *sizes, "--json").out)
    assert again["latency_s"] == found["latency_s"]
    assert mine.read_text() == found["kernels"]
    assert run("check", str(mine)).status == 0
