"""Measuring on the processor at hand: rows, errors that are rows, and files that are resumed."""

import csv

import pytest

from accelsim.base.errors import InputError, Place
from accelsim.cli.main import main
from accelsim.validation.measure import COLUMNS, MEASURED_KERNELS, bench_of, measure
from accelsim.workload.calls import case_of

torch = pytest.importorskip("torch")

CALLS = [
    ("copy", '{"bytes": 4096}'),
    ("gemm", '{"m": 16, "n": 8, "k": 4, "dtype": "fp32"}'),
    ("bmm", '{"b": 2, "m": 4, "n": 4, "k": 4}'),
    ("softmax", '{"rows": 4, "cols": 8}'),
    ("rms_norm", '{"rows": 4, "cols": 8}'),
    (
        "sdpa",
        '{"backend": "math", "b": 1, "h": 4, "g": 2, "p": 4, "m": 8, "e": 8, "causal": true}',
    ),
]


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def bench(one_thread):
    return bench_of("cpu")


def cases(calls):
    return [case_of(*call, Place("cases.csv"), MEASURED_KERNELS) for call in calls]


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_kernel_is_timed_and_nothing_is_known_of_clock_and_energy(tmp_path, bench):
    out = tmp_path / "measured.csv"
    assert measure(cases(CALLS), out, bench, sustain_s=0)[:2] == (len(CALLS), 0)
    for row in rows(out):
        assert row["error"] == "" and float(row["ms"]) >= float(row["min_ms"]) > 0
        assert row["sustained_mj"] == "" and row["torch"] == torch.__version__


@pytest.mark.parametrize("backend", ["lean", "flash3"])
def test_attention_that_torch_does_not_ship_is_a_row_that_says_so(tmp_path, bench, backend):
    out, sizes = tmp_path / "measured.csv", '"b": 1, "h": 4, "g": 2, "p": 1, "m": 8, "e": 64'
    measure(cases([("sdpa", f'{{"backend": "{backend}", {sizes}}}')]), out, bench, sustain_s=0)
    (row,) = rows(out)
    assert row["ms"] == "" and f"torch does not ship {backend} attention" in row["error"]


def test_a_file_is_resumed_where_it_stopped(tmp_path, bench):
    out = tmp_path / "measured.csv"
    measure(cases(CALLS[:2]), out, bench, sustain_s=0)
    before = out.read_text()
    assert measure(cases(CALLS[:3]), out, bench, sustain_s=0) == (1, 0, 2, 0)
    assert out.read_text().startswith(before)
    assert [row["kernel"] for row in rows(out)] == ["copy", "gemm", "bmm"]


def test_a_limit_leaves_the_cases_that_it_did_not_reach(tmp_path, bench):
    out = tmp_path / "measured.csv"
    assert measure(cases(CALLS), out, bench, sustain_s=0, limit_s=-1) == (0, 0, 0, len(CALLS))
    assert measure(cases(CALLS[:1]), out, bench, sustain_s=0, limit_s=60) == (1, 0, 0, 0)


def test_a_case_that_fails_is_a_row_with_its_error_and_the_others_run(tmp_path, bench):
    out = tmp_path / "measured.csv"
    flash = CALLS[-1][1].replace("math", "cudnn")
    assert measure(cases([("sdpa", flash), CALLS[0]]), out, bench, sustain_s=0)[:2] == (1, 1)
    failed, fine = rows(out)
    assert failed["error"] and failed["ms"] == ""
    assert fine["error"] == "" and float(fine["ms"]) > 0


def test_another_table_is_not_appended_to(tmp_path, bench):
    out = tmp_path / "other.csv"
    out.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="none of measurements"):
        measure(cases(CALLS[:1]), out, bench)
    assert out.read_text() == "a,b\n1,2\n"


def test_the_columns_are_those_that_are_documented(tmp_path, bench):
    out = tmp_path / "measured.csv"
    measure(cases(CALLS[:1]), out, bench, sustain_s=0)
    assert tuple(rows(out)[0]) == COLUMNS


def test_the_command_measures_on_the_processor(tmp_path, capsys, one_thread):
    listed, out = tmp_path / "cases.csv", tmp_path / "measured.csv"
    listed.write_text('kernel,params\ncopy,"{""bytes"": 64}"\n')
    with pytest.raises(SystemExit) as ended:
        main(
            [
                *["measure", "--device", "cpu", "--sustain", "0"],
                "--cases",
                str(listed),
                "--out",
                str(out),
            ]
        )
    assert ended.value.code == 0
    assert "1 cases measured" in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_the_remedy_is_named(tmp_path, capsys):
    listed = tmp_path / "cases.csv"
    listed.write_text('kernel,params\ncopy,"{""bytes"": 64}"\n')
    with pytest.raises(SystemExit) as ended:
        main(["measure", "--cases", str(listed), "--out", str(tmp_path / "m.csv")])
    assert ended.value.code == 2
    assert "Measure with --device cpu" in capsys.readouterr().err
    assert not (tmp_path / "m.csv").exists()


@pytest.mark.parametrize("name", ["folder", "noise.csv"])
def test_an_output_that_cannot_be_resumed_is_one_message(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "noise.csv").write_bytes(b"\xff\xfe\xa4")
    with pytest.raises(InputError, match="cannot be read|is no CSV table"):
        measure([], tmp_path / name, bench_of("cpu"))
