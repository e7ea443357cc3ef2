"""Two gates: did a prediction change, and are we accurate?

The first compares with `studies/gpu_validation/predictions_GPU.csv`; a change is looked at and
recorded anew with

    accelsim predict GPU studies/gpu_validation/cases.csv \
        --out studies/gpu_validation/predictions_GPU.csv

The second holds predictions against the rows that were measured, and the errors against those that
were asked for (`targets.csv`).
"""

import csv
from pathlib import Path

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import call_cost
from accelsim.validation.gpu_compare import by_family, compared, long_rows, read_measured
from accelsim.validation.gpu_targets import missed, targets_of
from accelsim.workload.calls import read_cases

FOLDER = Path(__file__).parents[2] / "studies/gpu_validation"
NUMBERS = ("predicted_ms", "predicted_sustained_ms", "predicted_mj", "predicted_clock_mhz")


@pytest.fixture(scope="module", params=["h100_sxm", "h200_sxm"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def gpu(name):
    return load_gpu(name)


@pytest.fixture(scope="module")
def statistics(name, gpu):
    rows = long_rows(compared(read_measured(FOLDER / f"{name}.csv"), gpu))
    return {quantity: by_family(rows, quantity) for quantity in ("ms", "mj", "clock_mhz")}


def test_no_prediction_has_changed(name, gpu):
    with (FOLDER / f"predictions_{name}.csv").open(newline="") as file:
        recorded = list(csv.DictReader(file))
    for case, row in zip(read_cases(FOLDER / "cases.csv"), recorded, strict=True):
        assert (case.kernel, case.params) == (row["kernel"], row["params"])
        if row["predicted_ms"]:
            cost = call_cost(case.call, gpu)
            now = (cost.seconds * 1e3, cost.sustained_s * 1e3, cost.energy_j * 1e3)
            now = (*now, cost.sustained_clock_hz / 1e6)
            assert now == pytest.approx([float(row[name]) for name in NUMBERS], rel=1e-4), row
            assert cost.bound == row["bound"], row


def test_every_target_is_met(name, statistics):
    targets = targets_of(name)
    assert targets
    assert [str(failure) for failure in missed(targets, statistics)] == []


def test_every_family_has_been_judged(name, statistics):
    families = {each.family for each in statistics["ms"]}
    assert {target.family for target in targets_of(name)} <= families
