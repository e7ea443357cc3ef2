"""Formulas over rows of several series."""

import numpy as np
import pytest

from accelsim.base.errors import StudyError
from accelsim.study.formula import aligned, values_of
from accelsim.study.study import Layout
from accelsim.study.table import Table

TABLE = Table.of(
    {
        "scope": ["all", "all", "all", "part"],
        "config": ["slow", "slow", "fast", "fast"],
        "size": [1, 2, 2, 2],
        "latency_s": [6.0, 8.0, 2.0, 1.0],
    }
)
ALL = Layout(table="results", where={"scope": "all"}, series="config", points=("size",))


def test_series_stand_beside_each_other_at_each_point() -> None:
    rows = aligned(TABLE, ALL)
    assert rows.points == ((1,), (2,))
    ratios = values_of("slow.latency_s / fast.latency_s", rows)
    assert np.isnan(ratios[0])
    assert ratios[1] == 8 / 2


def test_a_bare_column_is_of_the_series_that_is_asked_for() -> None:
    rows = aligned(TABLE, ALL)
    assert values_of("slow.latency_s / latency_s", rows, [(2,)], own="fast").tolist() == [4]


def test_columns_of_the_points_are_numbers_in_the_formula() -> None:
    assert values_of("slow.latency_s * size", aligned(TABLE, ALL)).tolist() == [6, 16]


def test_a_table_without_series_has_one() -> None:
    layout = Layout(table="results", where={"config": "slow"}, points=("size",))
    assert values_of("latency_s", aligned(TABLE, layout)).tolist() == [6, 8]


def test_two_rows_at_one_point_are_an_error() -> None:
    both = ALL.model_copy(update={"where": {}})
    with pytest.raises(StudyError, match="two rows that agree in size, config"):
        aligned(TABLE, both)


def test_a_series_that_the_table_never_has_is_an_error() -> None:
    with pytest.raises(StudyError, match=r"no config 'slo'\. Did you mean 'slow'\?"):
        values_of("slo.latency_s", aligned(TABLE, ALL))


def test_a_column_that_the_table_does_not_have_is_an_error() -> None:
    with pytest.raises(StudyError, match=r"no column 'speed'"):
        values_of("speed", aligned(TABLE, ALL), own="slow")
