"""Statistics of errors, by hand."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import InputError
from accelsim.cost.gpu.call import call_cost
from accelsim.validation.gpu_compare import (
    by_family,
    compared,
    long_rows,
    read_measured,
    short_rows,
    worst,
)
from accelsim.validation.gpu_families import family_of
from accelsim.validation.gpu_targets import Target, missed
from accelsim.workload.calls import Bmm, Copy, Gemm, RmsNorm, Sdpa, Softmax

GPU = load_gpu("h100_sxm")
HEAD = "kernel,params,ms,min_ms,sustained_ms,sustained_clock_mhz,sustained_mj,error\n"


def sdpa(backend="flash", p=1024, m=1024):
    return Sdpa(backend=backend, b=1, h=8, g=8, p=p, m=m, e=64)


@pytest.mark.parametrize(
    ("call", "family"),
    [
        (Copy(bytes=1), "copy"),
        (Gemm(m=1, n=1, k=1), "GEMM"),
        (Bmm(b=1, m=1, n=1, k=1), "batched GEMM"),
        (Softmax(rows=1, cols=1), "row-wise"),
        (RmsNorm(rows=1, cols=1), "row-wise"),
        (sdpa(), "flash prefill"),
        (sdpa("cudnn"), "cudnn prefill"),
        (sdpa(m=77), "cross attention"),
        (sdpa(p=1, m=4096), "flash decode"),
        (sdpa("cudnn", p=4, m=4096), "cudnn decode"),
        (sdpa("math"), "math"),
    ],
)
def test_families(call, family):
    assert family_of(call) == family


def rows_of(tmp_path, *measured):
    """Copies of 1 GB measured at some factors of what is predicted."""
    ms = call_cost(Copy(bytes=10**9), GPU).seconds * 1e3
    lines = [
        f'copy,"{{""bytes"": 1000000000}}",{ms * factor},{ms * factor / spread},,,,\n'
        for factor, spread in measured
    ]
    file = tmp_path / "measured.csv"
    file.write_text(HEAD + "".join(lines))
    return compared(read_measured(file), GPU)


def test_errors_are_relative_to_what_was_measured(tmp_path):
    rows = rows_of(tmp_path, (1.0, 1.1), (0.5, 1.1), (2.0, 1.1))
    copy = by_family(long_rows(rows))[0]
    # 0 %, +100 %, -50 %
    assert (copy.rows, copy.mean, copy.median) == (3, pytest.approx(0.5), pytest.approx(0.5))
    assert copy.bias == pytest.approx(0.5 / 3)
    assert worst(long_rows(rows), 1)[0].errors()["ms"] == pytest.approx(1.0)


def test_an_unsteady_row_is_left_out(tmp_path):
    rows = rows_of(tmp_path, (1.0, 1.1), (0.5, 1.3))
    assert len(long_rows(rows)) == 1 and short_rows(rows) == []


def test_a_target_that_is_missed_says_by_how_much(tmp_path):
    statistics = {"ms": by_family(long_rows(rows_of(tmp_path, (0.5, 1.0))))}
    failures = missed([Target("copy", "ms", 10.0, 20.0)], statistics)
    assert [str(failure) for failure in failures] == [
        "copy, ms: mean 100.0 % of 10 %",
        "copy, ms: 95th percentile 100.0 % of 20 %",
    ]


def test_a_table_that_is_none_of_measurements_is_refused(tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text("kernel,params\n")
    with pytest.raises(InputError, match="no column 'ms'"):
        read_measured(file)
