"""Fronts against the definition, row by row, on random tables with ties and gaps."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from accelsim.base.errors import StudyError
from accelsim.study.pareto import FEW, on_front, pareto, unbeaten
from accelsim.study.table import Table


def by_definition(values):
    """Each row against each: no worse anywhere and better somewhere beats."""
    there = ~np.isnan(values).any(axis=1)
    no_worse = (values[:, None] <= values[None]).all(axis=2)
    better = (values[:, None] < values[None]).any(axis=2)
    beaten = (no_worse & better & there[:, None]).any(axis=0)
    return there & ~beaten


@given(
    arrays(
        float,
        st.tuples(st.integers(0, 40), st.integers(1, 5)),
        elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, np.inf, -np.inf, np.nan]),
    )
)
def test_small_tables_full_of_ties_and_gaps(values):
    assert unbeaten(values).tolist() == by_definition(values).tolist()


@pytest.mark.parametrize("objectives", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("levels", [2, 7, 30, 10**9])
@pytest.mark.parametrize("seed", [0, 1])
def test_tables_larger_than_what_is_compared_pair_by_pair(objectives, levels, seed):
    random = np.random.default_rng(seed)
    values = random.integers(0, levels, (9 * FEW, objectives)).astype(float)
    values[random.random(values.shape) < 0.01] = np.nan
    values[random.random(values.shape) < 0.01] = -np.inf
    assert (unbeaten(values) == by_definition(values)).all()


def test_objectives_that_are_the_same_everywhere():
    values = np.random.default_rng(0).integers(0, 9**9, (9 * FEW, 5)).astype(float)
    values[:, 1], values[:, 2] = -np.inf, 7
    assert (unbeaten(values) == by_definition(values)).all()


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_where_nearly_all_are_on_the_front(objectives):
    parts = np.random.default_rng(0).exponential(size=(8 * FEW, objectives))
    values = parts / parts.sum(axis=1, keepdims=True)
    values[::50] += 0.01
    assert (unbeaten(values) == by_definition(values)).all()
    assert unbeaten(values).mean() > 0.9


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_a_million_rows_take_about_a_second(objectives):
    values = np.random.default_rng(0).random((1_000_000, objectives))
    start = time.process_time()
    front = np.flatnonzero(unbeaten(values))
    assert time.process_time() - start < 5
    others = np.random.default_rng(1).choice(1_000_000, 2000)
    beaten = (values[front][:, None] <= values[others][None]).all(axis=2).any(axis=0)
    assert beaten.all()
    assert by_definition(values[front]).all()


DESIGNS = Table.of(
    {
        "model": ["a", "a", "a", "b", "b", "b"],
        "latency_s": [1.0, 2.0, 2.0, 5.0, None, 6.0],
        "area_um2": [9, 4, 4, 3, 1, 3],
        "throughput": [1.0, 1.0, 1.0, 9.0, 9.0, float("nan")],
    }
)


def test_ties_stay_and_failed_rows_do_not():
    assert on_front(DESIGNS, ["latency_s", "area_um2"]).tolist() == [1, 1, 1, 1, 0, 0]


def test_some_may_be_maximised():
    front = pareto(DESIGNS, ["latency_s"], ["throughput"])
    assert front.rows() == [DESIGNS.rows()[0], DESIGNS.rows()[3]]


def test_a_front_of_each_group():
    assert on_front(DESIGNS, ["latency_s"], by=["model"]).tolist() == [1, 0, 0, 1, 0, 0]
    assert on_front(DESIGNS, ["latency_s"]).tolist() == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("minimise", "message"),
    [
        ([], "a front needs an objective"),
        (["latency"], "no column 'latency'. Did you mean 'latency_s'"),
        (["model"], "'model' does not hold numbers"),
        (["area_um2", "area_um2"], "'area_um2' is named twice"),
    ],
)
def test_slips_are_told(minimise, message):
    with pytest.raises(StudyError, match=message):
        pareto(DESIGNS, minimise)


def test_a_table_without_rows_has_a_front_without_rows():
    assert len(pareto(Table.of({"x": [], "y": []}).at(np.array([], dtype=int)), ["x", "y"])) == 0
