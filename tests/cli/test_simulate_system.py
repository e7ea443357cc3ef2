"""`accelsim simulate SYSTEM` and `accelsim compare`: what is written, printed and refused."""

import json

import pyarrow.parquet as pq
import pytest

SMALL = ("--model", "llama3-8b", "--requests", "20")
KEYS = {
    *("tokens_per_s", "tbt_p50_s", "tbt_p99_s", "ttft_p50_s", "mean_batch", "usd_per_hour"),
    *("usd_per_million_tokens", "tokens_per_usd", "utilization", "energy_j"),
}

MINE = """\
about: One device.
source: made up
devices:
- {name: A, machine: h100_sxm, role: both, price: 5 USD/h}
"""


def test_a_folder_holds_summary_requests_timeline_and_trace(run, tmp_path):
    ended = run("simulate", "vllm_2h100", *SMALL, "--out", str(tmp_path / "out"))
    assert ended.status == 0
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == [
        "provenance.json",
        "requests.parquet",
        "summary.json",
        "timeline.csv",
        "timeline.png",
        "trace.json",
    ]
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert set(summary) >= KEYS
    assert set(summary["utilization"]) == {"H100.0", "H100.1"}
    rows = pq.read_table(tmp_path / "out/requests.parquet").to_pydict()
    assert len(rows["number"]) == 20
    assert sum(rows["output_tokens"]) == summary["tokens"]
    assert max(rows["finished_s"]) == pytest.approx(summary["seconds"])
    assert json.loads((tmp_path / "out/trace.json").read_text())["traceEvents"]
    told = json.loads((tmp_path / "out/provenance.json").read_text())
    kinds = {name: each["kind"] for name, each in told["inputs"].items()}
    assert kinds == {"vllm_2h100": "System", "llama3_8b": "Model", "h100_sxm": "Gpu"}


def test_figures_follow_from_one_another(run):
    found = json.loads(run("simulate", "vllm_2h100", *SMALL, "--rate", "inf", "--json").out)
    assert found["usd_per_hour"] == pytest.approx(2 * 11.06)
    million = found["usd_per_hour"] / 3600 / found["tokens_per_s"] * 1e6
    assert found["usd_per_million_tokens"] == pytest.approx(million)
    assert found["tokens_per_usd"] == pytest.approx(1e6 / million)
    assert found["tokens_per_s"] == pytest.approx(found["tokens"] / found["seconds"])
    assert found["energy_j"] == pytest.approx(sum(found["energy_by_part_j"].values()))


def test_without_prompts_there_is_no_time_to_first_token(run):
    found = json.loads(run("simulate", "vllm_2h100", *SMALL, "--decode-only", "--json").out)
    assert found["ttft_p50_s"] is None
    assert found["tbt_p50_s"] > 0


def test_the_same_seed_gives_the_same_figures(run):
    ask = ("simulate", "vllm_2h100", *SMALL, "--rate", "4/s", "--json")
    assert run(*ask).out == run(*ask).out
    assert run(*ask, "--seed", "1").out != run(*ask).out


def test_a_slower_link_is_set_by_its_path(run):
    ask = ("simulate", "lamina_1h100_2h20", *SMALL, "--rate", "inf", "--decode-only", "--json")
    slow = json.loads(run(*ask, "--set", "links.rdma.latency=1 ms").out)
    fast = json.loads(run(*ask).out)
    assert fast["tokens_per_s"] > 1.5 * slow["tokens_per_s"]


def test_systems_are_put_side_by_side(run, tmp_path):
    ask = ("compare", "vllm_2h100", "lamina_1h100_2h20", *SMALL, "--rate", "inf", "--decode-only")
    found = json.loads(run(*ask, "--json").out)
    assert [each["system"] for each in found] == ["vllm_2h100", "lamina_1h100_2h20"]
    assert found[0]["ratios"]["tokens_per_s"] == 1
    ratio = found[1]["tokens_per_s"] / found[0]["tokens_per_s"]
    assert found[1]["ratios"]["tokens_per_s"] == pytest.approx(ratio)
    ended = run(*ask, "--out", str(tmp_path / "both"))
    assert f"{ratio:.3f}x" in ended.out
    names = sorted(file.name for file in (tmp_path / "both").iterdir())
    assert names == ["compare.csv", "lamina_1h100_2h20.json", "vllm_2h100.json"]


def test_two_systems_of_one_file_name_keep_their_figures(run, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "mine.yaml").write_text(MINE)
    (tmp_path / "there/mine.yaml").write_text(MINE.replace("5 USD/h", "7 USD/h"))
    ask = ("compare", str(tmp_path / "mine.yaml"), str(tmp_path / "there/mine.yaml"), *SMALL)
    run(*ask, "--out", str(tmp_path / "both"))
    usd = [
        json.loads((tmp_path / f"both/mine_{number}.json").read_text())["usd_per_hour"]
        for number in (1, 2)
    ]
    assert usd == [5, 7]


def test_what_figures_leave_out_stands_below_the_comparison(run, tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE)
    ask = ("compare", str(tmp_path / "mine.yaml"), "h100_attacc", *SMALL, "--rate", "inf")
    assert "note: h100_attacc: no board power is known of AttAcc" in run(*ask).out


def test_a_misspelt_key_of_a_system_is_named(run, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(MINE.replace("devices:", "device:"))
    ended = run("simulate", str(file), *SMALL)
    assert (ended.status, "mine.yaml:3: System has no 'device'. Did you" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("vllm_2h10",), "there is no system 'vllm_2h10', and no such file. Did you mean"),
        (("vllm_2h100", "--rate", "4"), "'4' is no rate of arrivals; write it like '4/s'"),
        (("vllm_2h100", "--model", "llama3-405b"), "needs 408 GB a device"),
        (("vllm_2h100", "--set", "parallel.tensor=3"), "do not divide into replicas of 3"),
        (("lamina_1h100_2h20", "--set", "devices.H20.count=3"), "do not divide over 3 H20. Take"),
        (("vllm_2h100", "--set", "parallel.tenso=2"), "Did you mean 'tensor'?"),
        (("vllm_2h100", "--window", "3"), "write it like 10s:10.5s"),
        (("vllm_2h100", "--window", "3s:2s"), "ends before it begins"),
        (("vllm_2h100", "--tiles", "3"), "--tiles goes with a workload"),
        (("attention/one_pass",), "--model goes with a system"),
        (("vllm_2h100", "--clients", "2", "--rate", "inf"), "exclude each other"),
    ],
)
def test_what_is_wrong_is_said(run, words, said):
    ended = run("simulate", words[0], *SMALL, *words[1:])
    assert (ended.status, said in ended.err) == (2, True), ended.err


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0,10,-3\n", "trace.csv:2: num_decode_tokens: '-3' is no number of tokens"),
        ("0,10,5\n0,1e9,5\n", "trace.csv:3: num_prefill_tokens"),
        ("", "trace.csv: the trace has no requests"),
        ("0,100000000,5\n", "request 0 needs room for 100,000,014 tokens"),
    ],
)
def test_a_bad_trace_leaves_nothing_behind(run, tmp_path, rows, said):
    trace = tmp_path / "trace.csv"
    trace.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n" + rows)
    out = tmp_path / "out"
    ask = ("simulate", "vllm_2h100", "--model", "llama3-8b", "--trace", str(trace))
    ended = run(*ask, "--out", str(out))
    assert (ended.status, said in ended.err) == (2, True), ended.err
    assert not out.exists()


def test_without_a_model_one_is_asked_for(run):
    assert "Add --model llama3-70b" in run("simulate", "vllm_2h100").err
    assert "Name two systems or more" in run("compare", "vllm_2h100", *SMALL).err


def test_a_dying_device_is_a_fault_of_a_file(run, tmp_path):
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults:\n- {at: 1 s, what: H100.0, kind: dies, for: 2 s}\n")
    ask = ("simulate", "vllm_2h100", *SMALL, "--rate", "inf", "--json")
    found = json.loads(run(*ask, "--faults", str(faults)).out)
    assert found["finished"] == 20
    assert found["recomputed_tokens"] > 0
    faults.write_text("faults:\n- {at: 1 s, what: H100.7, kind: dies}\n")
    ended = run(*ask, "--faults", str(faults))
    assert (ended.status, "faults.yaml:2: nothing called 'H100.7' dies" in ended.err) == (2, True)


def test_a_window_in_which_nothing_is_done_is_noticed(run):
    ended = run("simulate", "vllm_2h100", *SMALL, "--window", "90000s:90001s")
    assert "note: nothing is done from 90000 s to 90001 s" in ended.out


def test_a_gpu_without_a_kernel_is_placed_in_its_system(run):
    ask = ("simulate", "h100_l40s", "--model", "deepseek-v2-lite", "--requests", "2")
    ended = run(*ask, "--set", "devices.L40S.count=1")
    assert (ended.status, ended.err.startswith("h100_l40s: no kernel of flash_mla")) == (2, True)
