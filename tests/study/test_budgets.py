"""What a front says of budgets and of others' designs."""

import numpy as np
import pytest

from accelsim.base.errors import StudyError
from accelsim.study.budgets import Budget, lead, least_within, named_rows, read_budget, where
from accelsim.study.table import Table

DESIGNS = Table.of(
    {
        "kind": ["a", "a", "a", "b"],
        "latency_s": [4.0, 2.0, 1.0, 3.0],
        "area_um2": [1.0, 2.0, 4.0, 2.0],
        "fits": [True, True, None, True],
    }
)


def test_the_fastest_within_each_area() -> None:
    found = least_within(DESIGNS, ["latency_s"], Budget("area_um2", (0.5, 2.0, 9.0)), ["kind"])
    rows = [(r["within_area_um2"], r["kind"], r["latency_s"]) for r in found.rows()]
    assert rows == [(2.0, "a", 2.0), (9.0, "a", 1.0), (2.0, "b", 3.0), (9.0, "b", 3.0)]


def test_of_equally_fast_ones_the_next_objective_decides() -> None:
    equal = Table.of({"latency_s": [1.0, 1.0], "area_um2": [3.0, 2.0]})
    (found,) = least_within(equal, ["latency_s", "area_um2"], Budget("area_um2", (5.0,))).rows()
    assert found["area_um2"] == 2.0


def test_a_budget_is_read_in_the_unit_of_its_column() -> None:
    assert read_budget("area_um2 = 2 mm^2, 500") == Budget("area_um2", (2e6, 500.0))


@pytest.mark.parametrize("text", ["area_um2", "=1", "area_um2="])
def test_what_is_no_budget_is_an_error(text: str) -> None:
    with pytest.raises(StudyError, match="is no budget"):
        read_budget(text)


def test_rows_that_meet_a_condition_and_nothing_is_not_true() -> None:
    assert where(DESIGNS, "fits and area_um2 <= 2")["latency_s"].tolist() == [4.0, 2.0, 3.0]
    of_csv = Table.of({"fits": ["True", "False", ""], "n": [1, 2, 3]})
    assert where(of_csv, "fits")["n"].tolist() == [1]


def test_a_front_leads_by_what_it_saves_while_it_is_no_worse() -> None:
    """2 s on 4 um^2: there is one as fast on 2 um^2, and one of twice the speed on 4 um^2."""
    ((name, row),) = named_rows(Table.of({"d": ["x"], "latency_s": [2.0], "area_um2": [4.0]}), "d")
    assert name == "x"
    assert lead(DESIGNS, row, "latency_s", "area_um2") == (0.5, 0.5)
    ahead = Table.of({"latency_s": [0.5], "area_um2": [1.0]})
    found = lead(DESIGNS, ahead, "latency_s", "area_um2")
    assert found.x == 1 - 4.0 / 0.5
    assert np.isnan(found.y)
