"""Fronts against the definition, row by row, on random tables with ties and gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from accelsim.base.pareto import unbeaten


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
def test_larger_tables(objectives, levels, seed):
    random = np.random.default_rng(seed)
    values = random.integers(0, levels, (1152, objectives)).astype(float)
    values[random.random(values.shape) < 0.01] = np.nan
    values[random.random(values.shape) < 0.01] = -np.inf
    assert (unbeaten(values) == by_definition(values)).all()


def test_objectives_that_are_the_same_everywhere():
    values = np.random.default_rng(0).integers(0, 9**9, (1152, 5)).astype(float)
    values[:, 1], values[:, 2] = -np.inf, 7
    assert (unbeaten(values) == by_definition(values)).all()


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_where_nearly_all_are_on_the_front(objectives):
    parts = np.random.default_rng(0).exponential(size=(1024, objectives))
    values = parts / parts.sum(axis=1, keepdims=True)
    values[::50] += 0.01
    assert (unbeaten(values) == by_definition(values)).all()
    assert unbeaten(values).mean() > 0.9


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_of_a_million_rows_the_front_beats_all_others(objectives):
    values = np.random.default_rng(0).random((1_000_000, objectives))
    front = np.flatnonzero(unbeaten(values))
    others = np.random.default_rng(1).choice(1_000_000, 2000)
    beaten = (values[front][:, None] <= values[others][None]).all(axis=2).any(axis=0)
    assert beaten.all()
    assert by_definition(values[front]).all()
