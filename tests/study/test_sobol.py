"""Sobol indices against functions whose indices are known."""

from math import log, pi

import numpy as np
import pytest

from accelsim.base.errors import AccelsimError
from accelsim.study.sobol import sobol_indices, sobol_of_design
from accelsim.study.spread import Range


def by_parameter(indices, measure="y"):
    rows = [row for row in indices.table.rows() if row["measure"] == measure]
    return {row["parameter"]: row for row in rows}


def near(row, first, total):
    """Within twice the confidence that the row gives itself."""
    assert abs(row["first"] - first) <= 2 * row["first_confidence"]
    assert abs(row["total"] - total) <= 2 * row["total_confidence"]
    assert max(row["first_confidence"], row["total_confidence"]) < 0.1


def test_ishigamis_function():
    """y = sin a + 7 sin^2 b + 0.1 c^4 sin a (Ishigami and Homma 1990), in closed form."""
    a, b = 7.0, 0.1
    first = (0.5 * (1 + b * pi**4 / 5) ** 2, a**2 / 8, 0.0)
    variance = a**2 / 8 + b * pi**4 / 5 + b**2 * pi**8 / 18 + 0.5
    together = 8 * b**2 * pi**8 / 225

    def function(x):
        y = np.sin(x["a"]) + a * np.sin(x["b"]) ** 2 + b * x["c"] ** 4 * np.sin(x["a"])
        return {"y": 1e6 + y}

    indices = sobol_indices(function, [Range(each, -pi, pi) for each in "abc"], 2**12)
    assert indices.points == 2**12 * 5
    found = by_parameter(indices)
    near(found["a"], first[0] / variance, (first[0] + together) / variance)
    near(found["b"], first[1] / variance, first[1] / variance)
    near(found["c"], 0.0, together / variance)


def reciprocal_on_logarithm(low, high):
    """(mean of f^2) / (mean of f)^2 - 1 of f = 1/x, where log x is even from low to high."""
    mean = (1 / low - 1 / high) / log(high / low)
    square = (1 / low**2 - 1 / high**2) / (2 * log(high / low))
    return square / mean**2 - 1


def test_a_product_through_the_cost_model(design):
    """Bound by DRAM: s = 48 B / (B/cycle) / Hz. Of a product of independent factors with variances
    v over squared means, that of all is (1 + v1)(1 + v2) - 1, and first indices are v / all."""
    ranges = ["clock=1 GHz..4 GHz log", "memories.DRAM.bandwidth=1 B/cycle..10 B/cycle log"]
    ranges += ["compute.Array.operations.mul.energy=1 pJ..9 pJ"]
    indices = sobol_of_design(design(), ["latency_s"], ranges, samples=2**12)
    found = by_parameter(indices, "latency_s")
    clock, dram = reciprocal_on_logarithm(1, 4), reciprocal_on_logarithm(1, 10)
    both = (1 + clock) * (1 + dram) - 1
    near(found["clock"], clock / both, 1 - dram / both)
    near(found["memories.DRAM.bandwidth"], dram / both, 1 - clock / both)
    energy = found["compute.Array.operations.mul.energy"]
    assert energy["first"] == energy["total"] == 0
    assert indices.overfull == 0


def test_the_same_seed_gives_the_same(design):
    ranges = ["clock=1 GHz..4 GHz", "ranks.M=8..64 log"]
    one, two, other = (
        sobol_of_design(design(), ["energy_pj"], ranges, samples=64, seed=seed).table.rows()
        for seed in (0, 0, 1)
    )
    assert one == two != other


def test_what_is_constant_has_no_indices(design):
    found = sobol_of_design(design(), ["area_um2"], ["clock=1 GHz..2 GHz"], samples=64)
    assert by_parameter(found, "area_um2")["clock"]["first"] is None


def test_memories_that_overflow_are_counted(design):
    # 6 B in registers: of the nine capacities from 2 to 10 B four are too small.
    found = sobol_of_design(design(), ["latency_s"], ["memories.Registers.capacity=2 B..10 B"])
    assert found.overfull == pytest.approx(4 / 9, abs=0.01)


@pytest.mark.parametrize(
    ("of", "samples", "message"),
    [
        ("latency_s", 100, "100 samples are no power of 2"),
        ("latency_s", 2**30, "points are too many"),
        ("bound", 64, "'bound' is no number at every point"),
        ("latency", 64, "Did you mean 'latency_s'"),
    ],
)
def test_slips_are_told(design, of, samples, message):
    with pytest.raises(AccelsimError, match=message):
        sobol_of_design(design(), [of], ["clock=1 GHz..2 GHz"], samples=samples)
