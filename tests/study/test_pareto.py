"""Fronts of tables: groups, ties, rows that failed, and what is refused."""

import numpy as np
import pytest

from accelsim.base.errors import StudyError
from accelsim.study.pareto import on_front, pareto
from accelsim.study.table import Table

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
