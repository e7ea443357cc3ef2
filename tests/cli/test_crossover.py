import json

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import call_cost
from accelsim.workload.calls import Gemm

ONE_PASS = ("crossover", "attention/one_pass", "fusemax_cloud")
BANDWIDTH = ("--along", "memories.DRAM.bandwidth=25 GB/s..2 TB/s")


def test_a_sentence_says_what_bounds_where(run, tmp_path):
    figure = tmp_path / "bound.svg"
    ended = run(*ONE_PASS, *BANDWIDTH, "--figure", str(figure))
    assert (ended.status, ended.err) == (0, "")
    first = ended.out.splitlines()[0]
    assert first.startswith("memories.DRAM.bandwidth: DRAM-bound below ")
    assert first.endswith(" GB/s, compute-bound above")
    assert "<svg" in figure.read_text(encoding="utf-8")


def test_at_the_boundary_both_need_as_long(run):
    found = json.loads(run(*ONE_PASS, *BANDWIDTH, "--json").out)
    (place,) = found["boundaries"]
    setting = ("--set", f"memories.DRAM.bandwidth={place!r} B/s", "--json")
    cost = json.loads(run("evaluate", *ONE_PASS[1:], *setting).out)
    seconds = cost["traffic_bytes"]["DRAM"] / place
    assert cost["latency_s"] == pytest.approx(seconds, rel=1e-8)
    assert found["segments"][1]["high_latency_s"] == pytest.approx(seconds, rel=1e-8)


@pytest.mark.parametrize(
    ("along", "more", "message"),
    [
        ("memories.DRAM.bandwidth", [], "is no range"),
        ("memories.DRAM.bandwith=1 GB/s..2 GB/s", [], "Did you mean 'bandwidth'?"),
        ("clock=1 GHz..2 GHz", ["--grid", "1"], "a grid has from 2"),
        ("clock=1 GHz..2 GHz", ["--figure", "x.txt"], "a figure is a .png or .svg"),
    ],
)
def test_slips_end_with_2(run, along, more, message):
    ended = run(*ONE_PASS, "--along", along, *more)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_of_a_call_it_is_where_the_model_says_something_else(run, tmp_path):
    figure = tmp_path / "bound.svg"
    sizes = ("--set", "m=16", "--set", "n=4096", "--set", "k=4096")
    call = ("crossover", "h100_sxm", "gemm", *sizes, "--along", "m=1..4096 log")
    ended = run(*call, "--figure", str(figure))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("m: bound by device memory below ")
    assert "<svg" in figure.read_text(encoding="utf-8")
    (place,) = json.loads(run(*call, "--json").out)["boundaries"]
    gpu = load_gpu("h100_sxm")
    below, above = (call_cost(Gemm(m=m, n=4096, k=4096), gpu) for m in (place - 1, place))
    assert (below.bound, above.bound) == ("hbm", "power")


def test_of_a_model_it_ends_where_its_keys_have_no_room(run):
    model = ("crossover", "llama3_8b", "eight_h100", "--set", "sequences=64")
    found = json.loads(run(*model, "--along", "context=20000..65536", "--json").out)
    *_, last = found["segments"]
    assert (last["bound"], last["high"]) == ("cannot run", 65536)
    # One more key each than an engine of four GPUs has room for, as it says.
    nowhere = run(*model, "--along", f"context={int(last['low'])}..{int(last['low']) + 9}")
    assert (nowhere.status, nowhere.out) == (2, "")
    room = int(nowhere.err.partition("room for ")[2].partition(".")[0].replace(",", ""))
    assert last["low"] == room // 64 + 1


def test_a_range_may_be_of_today_as_in_a_what_if(run):
    # The clock is 940 MHz and the bandwidth 400 GiB/s in the file.
    by_factors = run(*ONE_PASS, "--along", "memories.DRAM.bandwidth=0.1x:10x", "--json")
    in_units = run(*ONE_PASS, "--along", "memories.DRAM.bandwidth=40 GiB/s..4000 GiB/s", "--json")
    found = [json.loads(ended.out) for ended in (by_factors, in_units)]
    assert found[0]["boundaries"] == pytest.approx(found[1]["boundaries"], rel=1e-8)
    assert found[0]["segments"][0]["low"] == 40 * 2**30
    several = run(*ONE_PASS, "--along", "clock,clock=1x:2x")
    assert (several.status, several.out) == (2, "")
