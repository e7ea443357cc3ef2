"""whatif as a user calls it."""

import csv
import json
from importlib import import_module

import pytest

ONE_PASS = ("whatif", "attention/one_pass", "fusemax_cloud", "--vary")
BANDWIDTH = "memories.DRAM.bandwidth=0.05x:2x"


def test_it_prints_rows_elasticity_crossovers_and_ends_in_a_sentence(run):
    ended = run(*ONE_PASS, BANDWIDTH, "--target", "latency=2x")
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert lines[-1].startswith("compute-bound on Array1D (100% busy); memories.DRAM.bandwidth: ")
    assert "DRAM-bound below 54.23 GB/s, compute-bound above" in lines[-1]
    assert "elasticity of latency 0.000, energy 0.000 (below | above, by derivative)" in ended.out
    assert "target latency=2x: no memories.DRAM.bandwidth does: " in ended.out
    assert [line for line in lines if line.endswith("today") and "429.5 GB/s" in line]


def test_a_form_is_named_as_elsewhere_and_bytes_are_told_as_a_buffer_s_need(run):
    form = ("whatif", "heads/mla:decode_absorbed", "tpu_v4i", "--vary")
    ended = run(*form, "memories.GlobalBuffer.capacity=1MiB:1GiB:log:5")
    assert ended.status == 0, ended.err
    # `accelsim evaluate` of the same has an occupancy of 16.16 MiB there.
    assert "memories.GlobalBuffer.capacity: cannot run below 16.16 MiB" in ended.out
    assert " MB" not in ended.out


def test_json_has_every_row(run):
    found = json.loads(run(*ONE_PASS, f"{BANDWIDTH}:5", "--json").out)
    assert len(found["rows"]) == 6
    (along,) = found["vary"]
    # 24 MiB in 436,224 cycles of 940 MHz (`accelsim evaluate`).
    assert along["crossovers"] == [pytest.approx(24 * 2**20 / (436_224 / 940e6), rel=1e-6)]


def test_out_has_figure_rows_and_what_they_rest_on(run, tmp_path):
    there = tmp_path / "new" / "out"
    ended = run(*ONE_PASS, f"{BANDWIDTH}:4", "--vary", "clock=0.5x,1x", "--out", str(there))
    names = ["provenance.json", "whatif.csv", "whatif.png", "whatif.svg"]
    assert sorted(file.name for file in there.iterdir()) == names
    with (there / "whatif.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert list(rows[0])[:3] == ["memories.DRAM.bandwidth_bytes_per_s", "clock_hz", "latency_s"]
    told = json.loads((there / "provenance.json").read_text())
    assert told["sentence"] == ended.out.splitlines()[-1]
    machine = told["inputs"]["fusemax_cloud"]["quantities"]
    assert machine["memories.DRAM.bandwidth"]["source"].startswith("FuseMax artifact")


def test_ctrl_c_leaves_nothing(run, tmp_path, monkeypatch):
    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("accelsim.cli.whatif"), "write_csv", pressed)
    ended = run(*ONE_PASS, f"{BANDWIDTH}:4", "--out", str(tmp_path / "out"))
    assert ended.status == 130
    assert list(tmp_path.iterdir()) == []


def test_without_a_range_every_number_is_asked_for_the_target(run):
    asked = (*ONE_PASS[:-1], "--target", "latency=2x")
    ended = run(*asked)
    assert (ended.status, ended.err) == (0, "")
    assert "clock = 1.88 GHz (2x) gives 232 us (2x), bound by compute" in ended.out
    assert "no memories.DRAM.bandwidth does: " in ended.out
    assert ended.out.splitlines()[-1].startswith("compute-bound on Array1D (100% busy); ")


@pytest.mark.parametrize(
    "words, told",
    [
        ((), "nothing is asked. Name a number with --vary"),
        (("--target", "latency=2x", "--out", "out"), "--out is of what is varied"),
        (("--target", "latency=2x", "--find", "latency"), "--find is of what is varied"),
    ],
)
def test_what_lacks_a_range_says_so(run, words, told):
    ended = run(*ONE_PASS[:-1], *words)
    assert (ended.status, ended.out) == (2, "")
    assert told in ended.err


def test_the_mapping_is_found_anew_where_that_is_asked_for(run, tmp_path):
    there = tmp_path / "out"
    vary = "memories.GlobalBuffer.capacity=1MiB:16MiB:2"
    ended = run(*ONE_PASS, vary, "--find", "latency", "--out", str(there))
    assert (ended.status, ended.err) == (0, "")
    kept = ended.out.index("with the mapping kept / found anew for latency")
    assert kept < ended.out.index("with the mapping kept:")
    # `accelsim map attention/one_pass fusemax_cloud` and `evaluate` of the shipped mapping.
    (line,) = [line for line in ended.out[kept:].splitlines() if line.startswith("today")]
    assert line.split()[1:6] == ["464.1", "us", "/", "447.7", "us"]
    with (there / "whatif.csv").open() as file:
        assert [row["anew_error"] for row in csv.DictReader(file)] == ["", ""]


def test_ctrl_c_in_a_search_prints_what_is_there_and_ends_with_130(run, tmp_path, monkeypatch):
    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("accelsim.study.anew_mapping"), "find_mapping", pressed)
    ended = run(*ONE_PASS, f"{BANDWIDTH}:4", "--find", "latency", "--out", str(tmp_path / "out"))
    assert ended.status == 130
    assert "not searched: interrupted" in ended.out
    assert (tmp_path / "out" / "whatif.csv").exists()


def test_calls_take_their_sizes_from_settings(run):
    sizes = ("--set", "m=16", "--set", "n=4096", "--set", "k=4096")
    ended = run("whatif", "h100_sxm", "gemm", *sizes, "--vary", "m=16,32")
    assert ended.status == 0
    assert ended.out.splitlines()[0].startswith("gemm m=16 n=4096 k=4096 dtype=")


def test_a_call_without_a_size_says_how_to_give_it(run):
    ended = run("whatif", "h100_sxm", "gemm", "--set", "n=64", "--vary", "m=16,32")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "gemm needs 'm'. Say what it is today: --set m=4096\n"


def test_models_take_their_batch_from_settings(run):
    batch = ("--set", "sequences=8", "--set", "context=1024")
    ended = run("whatif", "llama3_8b", "eight_h100", *batch, "--vary", "sequences=8,16")
    assert ended.out.startswith("llama3_8b on eight_h100, 8 sequences of 1,024 keys: ")
    assert ended.out.splitlines()[-1].startswith("bound by model (all but attention) on H100")


@pytest.mark.parametrize(
    "words, told",
    [
        (("attention/one_pass", "fusemax_cloud", "--vary", "memories.DRAM.bandwith=1x:2x"),
         "Did you mean 'bandwidth'?"),
        (("attention/one_pass", "fusemax_cloud", "flat", "--vary", "clock=1x:2x"),
         "the mapping is for attention/three_pass"),
        (("h100_sxm", "gemmm", "--vary", "m=1:2"), "Did you mean 'gemm'?"),
        (("h100_sxm", "gemm", "--vary", "m=1:2"), "needs 'm'"),
        (("h100_sxm", "gemm", "flash", "--vary", "m=1:2"), "a mapping 'flash' is of workloads"),
        (("llama3_8b", "eight_h100", "--set", "context=x", "--vary", "layers=1:2"), "context=x"),
        (("fusemax_cloud", "gemm", "--vary", "m=1:2"), "A workload goes before it"),
    ],
)  # fmt: skip
def test_slips_end_in_one_line(run, words, told):
    ended = run("whatif", *words)
    assert (ended.status, ended.out) == (2, "")
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1
