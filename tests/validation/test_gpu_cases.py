"""Measurements that calibrate and measurements that judge are kept apart."""

import csv
import json
from pathlib import Path

import pytest

from accelsim.validation.measure import MEASURED_KERNELS
from accelsim.workload.calls import KERNELS, read_cases

ROOT = Path(__file__).parents[2]
VALIDATION = ROOT / "studies/gpu_validation/cases.csv"
CALIBRATING = ROOT / "arch/gpu/calibration"
CALIBRATION = [CALIBRATING / f"{name}.csv" for name in ("pipes", "shapes")]
SIZES = {
    "copy": ("bytes",),
    "gemm": ("m", "n", "k"),
    "bmm": ("b", "m", "n", "k"),
    "softmax": ("rows", "cols"),
    "rms_norm": ("rows", "cols"),
}


def calibrating():
    return [case for file in CALIBRATION for case in read_cases(file, MEASURED_KERNELS)]


def is_near(one, other, sizes):
    """Every size within 10 % of the other's."""
    return all(abs(getattr(one, s) - getattr(other, s)) <= 0.1 * getattr(other, s) for s in sizes)


@pytest.mark.parametrize("kernel", SIZES)
def test_no_calibration_shape_lies_within_ten_percent_of_a_validation_shape(kernel):
    judged = [case.call for case in read_cases(VALIDATION) if case.kernel == kernel]
    near = [
        (mine.call, other)
        for mine in calibrating()
        if mine.kernel == kernel
        for other in judged
        if getattr(mine.call, "dtype", "") == getattr(other, "dtype", "")
        and is_near(mine.call, other, SIZES[kernel])
    ]
    assert judged and near == []


@pytest.mark.parametrize("file", sorted(CALIBRATING.glob("h*.csv")), ids=lambda file: file.stem)
def test_calibrating_rows_are_of_the_calls_that_are_kept_apart(file):
    """A board at rest has no shape."""
    listed = {(case.kernel, case.params) for case in calibrating()}
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert rows
    for row in rows:
        assert (row["kernel"], row["params"]) in listed or row["kernel"] == "idle"
        assert row["device"] and row["driver"] and row["torch"] and row["date"]


def test_attention_calibrates_nothing():
    assert not any(case.kernel == "sdpa" for case in calibrating())


def test_there_are_at_least_400_validation_cases_of_every_kernel():
    cases = read_cases(VALIDATION)
    assert len(cases) >= 400
    assert {case.kernel for case in cases} == set(KERNELS)


@pytest.mark.parametrize("file", sorted((ROOT / "studies/gpu_validation").glob("h*.csv")))
def test_measured_rows_are_the_cases_and_say_where_and_when(file):
    cases = {(case.kernel, case.params) for case in read_cases(VALIDATION)}
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) >= 400
    for row in rows:
        assert (row["kernel"], row["params"]) in cases
        assert row["device"] and row["driver"] and row["torch"] and row["date"]
        assert row["error"] or int(row["runs"]) >= 10
        assert row["error"] or json.loads(row["launches"])
