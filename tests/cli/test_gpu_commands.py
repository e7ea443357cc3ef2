"""predict, explain, roofline and validate, as a user calls them."""

import csv
import json

import pytest

CASES = """\
kernel,params
copy,"{""bytes"": 1000000000}"
gemm,"{""m"": 4096, ""n"": 4096, ""k"": 4096}"
sdpa,"{""backend"": ""cudnn"", ""b"": 4, ""h"": 32, ""g"": 8, ""p"": 2048, ""m"": 2048, ""e"": 128}"
sdpa,"{""backend"": ""efficient"", ""b"": 4, ""h"": 8, ""g"": 8, ""p"": 64, ""m"": 64, ""e"": 512}"
"""


@pytest.fixture
def cases(tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text(CASES)
    return file


def test_predict_keeps_the_order_and_says_what_it_does_not_know(run, cases, tmp_path):
    out = tmp_path / "predicted.csv"
    assert run("predict", "h100_sxm", str(cases), "--out", str(out)).status == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kernel"] for row in rows] == ["copy", "gemm", "sdpa", "sdpa"]
    assert [row["bound"] for row in rows[:2]] == ["hbm", "power"]
    # 2 GB over 3.03 TB/s, and what the dirty cache gives up
    assert float(rows[0]["predicted_ms"]) == pytest.approx(0.667, rel=0.02)
    assert float(rows[0]["error_percent"]) < 10
    assert rows[3]["predicted_ms"] == "" and "no kernel of efficient is known" in rows[3]["why"]


def test_predict_prints_json_and_takes_settings(run, cases):
    now = json.loads(run("predict", "h100_sxm", str(cases), "--json").out)
    twice = ["--set", "memories.HBM.bandwidth=6700 GB/s"]
    faster = json.loads(run("predict", "h100_sxm", str(cases), "--json", *twice).out)
    # Not twice as fast: then the L2 cache binds.
    assert 1.5 < now[0]["predicted_ms"] / faster[0]["predicted_ms"] < 2


def test_what_device_memory_does_not_hold_is_said_first(run, tmp_path):
    cases = tmp_path / "cases.csv"
    # Read and written: 40 GB and 100 GB of 80.
    rows = [f'copy,"{{""bytes"": {size}}}"' for size in (20_000_000_000, 50_000_000_000)]
    cases.write_text("\n".join(["kernel,params", *rows, ""]))
    fits, large = json.loads(run("predict", "h100_sxm", str(cases), "--json").out)
    assert not fits["why"].startswith("does not fit")
    assert large["why"].startswith("does not fit: 100 GB of 80 GB; ")
    assert large["predicted_ms"] == pytest.approx(2.5 * fits["predicted_ms"], rel=0.01)


def test_a_gpu_nobody_here_has_touched_is_predicted_but_no_error_is_known(run, cases):
    rows = json.loads(run("predict", "a100_sxm_80gb", str(cases), "--json").out)
    assert rows[0]["predicted_ms"] > 0.98 and rows[0]["error_percent"] == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["h100", "CASES"], "no machine 'h100'"),
        (["fusemax_cloud", "CASES"], "this is no GPU"),
        (["h100_sxm", "none.csv"], "none.csv: cannot be read"),
        (["h100_sxm", "CASES", "--set", "memories.HBM.bandwith=1 TB/s"], "bandwith"),
    ],
)
def test_bad_input_of_predict_is_one_message(run, cases, arguments, words):
    ended = run("predict", *[str(cases) if word == "CASES" else word for word in arguments])
    assert ended.status == 2 and words in ended.err and "Traceback" not in ended.err


def test_explain_names_the_bound_and_what_would_help(run):
    ended = run("explain", "h100_sxm", "softmax", "--rows", "65536", "--cols", "2048")
    assert ended.status == 0
    assert "bound" in ended.out and "sources" in ended.out
    assert ended.out.splitlines()[-1].startswith("bound by latencies and idle slots ")


def test_explain_takes_attention_with_its_defaults(run):
    found = json.loads(run("explain", "h100_sxm", "sdpa", "--p", "4096", "--json").out)
    assert found["bound"] == "power" and found["gain_of_twice"]["power limit"] > 1.05


def test_explain_says_which_size_is_missing(run):
    ended = run("explain", "h100_sxm", "gemm", "--m", "4")
    assert ended.status == 2 and "The params of gemm are m, n, k, dtype" in ended.err


@pytest.mark.parametrize(
    ("option", "name"), [("--causal", "causal"), ("--backend=cudnn", "backend")]
)
def test_explain_refuses_what_a_kernel_does_not_take(run, option, name):
    ended = run("explain", "h100_sxm", "gemm", "--m", "4", "--n", "4", "--k", "4", option)
    assert ended.status == 2 and f"Gemm has no '{name}'" in ended.err


def test_roofline_draws_what_has_flop(run, cases, tmp_path):
    listed = "".join(CASES.splitlines(keepends=True)[:4])
    cases.write_text(listed)
    out = tmp_path / "roofline.png"
    ended = run("roofline", "h100_sxm", str(cases), "--out", str(out))
    assert ended.status == 0 and "2 kernels drawn" in ended.out
    assert out.read_bytes().startswith(b"\x89PNG")


def test_roofline_leaves_out_what_it_cannot_place(run, cases, tmp_path):
    """Copies have no FLOP, and of heads so wide no kernel is known."""
    ended = run("roofline", "h100_sxm", str(cases), "--out", str(tmp_path / "roofline.svg"))
    assert (
        ended.status == 0
        and "2 kernels drawn" in ended.out
        and "of 1 no kernel is known" in ended.out
    )


@pytest.mark.parametrize(
    ("ms", "out", "words"),
    [("fast", "a.png", ":2: ms 'fast' is no number"), ("1", "a.xyz", "a figure is a .png or .svg")],
)
def test_bad_input_of_roofline_is_one_message(run, tmp_path, ms, out, words):
    file = tmp_path / "cases.csv"
    file.write_text(f'kernel,params,ms\nsoftmax,"{{""rows"": 9, ""cols"": 9}}",{ms}\n')
    ended = run("roofline", "h100_sxm", str(file), "--out", str(tmp_path / out))
    assert ended.status == 2 and words in ended.err and "Traceback" not in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["cases.csv"]


def test_validate_fails_where_a_target_is_missed(run, tmp_path):
    file = tmp_path / "measured.csv"
    head = "kernel,params,ms,min_ms,sustained_ms,sustained_clock_mhz,sustained_mj,error\n"
    file.write_text(head + 'copy,"{""bytes"": 1000000000}",2.0,1.9,,,,\n')
    ended = run("validate", "gpu", "--measured", str(file), "--out", str(tmp_path / "out"))
    assert ended.status == 1
    assert "target missed: copy, ms: mean 66" in ended.out
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["agreement.png", "agreement.svg", "errors.csv", "predicted.csv"]


MEASURED = "kernel,params,ms,min_ms,sustained_ms,sustained_clock_mhz,sustained_mj,error\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"kernel,params,ms\n", "no column 'min_ms'"),
        (MEASURED.encode() + b'copy,"{""bytes"": 9}",fast,1,,,,\n', ":2: ms 'fast' is no number"),
        (MEASURED.encode() + b'copy,"{""bytes"": 9}",-1,1,,,,\n', ":2: ms '-1' is no number"),
        (MEASURED.encode() + b'copy,"{""bytes"": 9}",0.005,0.005,,,,\n', "nothing to draw"),
        (MEASURED.encode(), "nothing to draw"),
        (b"\xff\xfe\xa4", "is no CSV table"),
    ],
)
def test_bad_measurements_are_one_message_and_leave_no_file(run, tmp_path, content, words):
    file = tmp_path / "measured.csv"
    file.write_bytes(content)
    ended = run("validate", "gpu", "--measured", str(file), "--out", str(tmp_path / "out"))
    assert ended.status == 2 and words in ended.err and "Traceback" not in ended.err
    assert not (tmp_path / "out").exists()


def test_validate_knows_only_gpus_that_were_measured(run):
    ended = run("validate", "gpu", "--device", "v100")
    assert ended.status == 2 and "no measurements of 'v100' are shipped" in ended.err


@pytest.mark.parametrize("option", ["--measured", "--out"])
def test_what_goes_with_measurements_of_our_own_is_refused_beside_others(run, tmp_path, option):
    ended = run("validate", "gpu", "--against", "aiconfigurator", option, str(tmp_path / "it"))
    assert ended.status == 2 and "Leave --measured and --out out" in ended.err
    assert not (tmp_path / "it").exists()
