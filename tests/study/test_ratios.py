"""Ratios over a table small enough to do on paper."""

import pytest

from accelsim.base.errors import StudyError
from accelsim.study.ratios import ratio_table
from accelsim.study.study import Layout, Ratio
from accelsim.study.table import Table

TIMES = Table.of(
    {
        "size": [1, 1, 2, 2, 4, 4],
        "kind": ["x", "x", "x", "x", "y", "y"],
        "by": ["slow", "fast"] * 3,
        "time": [6.0, 2.0, 8.0, 1.0, 5.0, None],
    }
)
LAYOUT = Layout(table="times", series="by", points=("kind", "size"))
GAIN = {"gain": "slow.time / fast.time"}


def test_mean_least_and_most_over_the_other_points() -> None:
    table = ratio_table(Ratio(name="g", over=LAYOUT, of=GAIN, by=("kind",)), {"times": TIMES})
    x, y = table.rows()
    assert (x["kind"], x["ratio"], x["points"]) == ("x", "gain", 2)
    assert (x["mean"], x["least"], x["most"], x["most_size"]) == (5.5, 3.0, 8.0, 2)
    assert x["geomean"] == pytest.approx(24**0.5)
    # Of y the fast one has no time.
    assert (y["kind"], y["points"], y["mean"], y["most_size"]) == ("y", 0, None, None)


def test_without_by_all_points_are_one_row() -> None:
    (row,) = ratio_table(Ratio(name="g", over=LAYOUT, of=GAIN), {"times": TIMES}).rows()
    assert (row["points"], row["mean"], row["most_kind"], row["most_size"]) == (2, 5.5, "x", 2)


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(StudyError, match=r"ratio g: no table 'times'. Did you mean 'time'\?"):
        ratio_table(Ratio(name="g", over=LAYOUT, of=GAIN), {"time": TIMES})
