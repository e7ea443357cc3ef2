import numpy as np
import pandas as pd
import pytest

from accelsim.base.errors import StudyError
from accelsim.report.selection import (
    NoRowsError,
    chosen_rows,
    direction,
    filled,
    in_order,
    mean,
    sums_of,
    values_of,
)
from accelsim.report.spec import Bars, Look
from accelsim.report.style import COLOURS

SPEC = Bars(name="f", table="t", groups="g", axis="g", series="s", value="v", title="f")
TABLE = pd.DataFrame(
    {"s": ["b", "a", "b"], "g": [4, 4, 1], "v": [1.0, 2.0, 3.0], "run": ["x", "x", "y"]}
)
NAMES = {"s": {"a": Look(label="A"), "b": Look(label="B", colour="green"), "c": Look(label="C")}}


def spec(**keys):
    return SPEC.model_copy(update=keys)


def test_where_keeps_the_rows_of_a_value_or_of_several():
    assert chosen_rows(spec(where={"s": "a"}), TABLE, {}).v.tolist() == [2]
    assert chosen_rows(spec(where={"s": ("a", "b"), "g": 4}), TABLE, {}).v.tolist() == [1, 2]


def test_prefer_keeps_one_value_and_falls_back_to_the_first_by_name():
    assert chosen_rows(spec(prefer={"s": "b"}), TABLE, NAMES).v.tolist() == [1, 3]
    assert chosen_rows(spec(prefer={"s": "z"}), TABLE, NAMES).v.tolist() == [2]


def test_a_title_names_what_was_preferred():
    rows = chosen_rows(spec(prefer={"s": "z"}), TABLE, NAMES)
    assert filled(spec(prefer={"s": "z"}), "Of {s}", rows, NAMES) == "Of A"


def test_no_rows_are_an_error_that_a_caller_may_pass_over():
    with pytest.raises(NoRowsError, match="figure f: table t has no rows for it"):
        chosen_rows(spec(where={"s": "z"}), TABLE, {})


def test_an_unknown_column_is_refused_with_the_nearest():
    with pytest.raises(StudyError, match="table|t has no column 'rum'. Did you mean 'run'?"):
        chosen_rows(spec(where={"rum": "x"}), TABLE, {})


def test_named_values_come_first_then_numbers_by_size_then_the_rest_as_they_come():
    assert in_order(pd.Series(["z", "b", "y", "a"]), NAMES["s"]) == ["a", "b", "z", "y"]
    assert in_order(pd.Series([16, 4, 64, 4]), {}) == [4, 16, 64]


def test_a_colour_stays_with_its_value_when_others_are_missing():
    def colours(rows):
        side = direction(SPEC, rows, "s", NAMES)
        return dict(zip(side.labels, side.colours, strict=True))

    assert colours(TABLE) == {"A": COLOURS["blue"], "B": COLOURS["green"]}
    assert colours(TABLE[TABLE.s == "b"]) == {"B": COLOURS["green"]}
    assert colours(TABLE.replace({"s": {"a": "c"}}))["C"] == COLOURS["orange"]


def test_two_values_with_one_label_are_one_series():
    names = {"s": {"a": Look(label="AB"), "b": Look(label="AB")}}
    side = direction(SPEC, TABLE, "s", names)
    assert side.labels == ("AB",)
    assert sums_of(SPEC, TABLE, "v", (side,)).tolist() == [6]


def test_values_stand_at_their_places_and_gaps_are_nan():
    sides = [direction(SPEC, TABLE, column, NAMES) for column in (None, "g", "s")]
    assert sides[1].labels == ("1", "4")
    values = values_of(SPEC, TABLE, "v", sides)
    np.testing.assert_array_equal(values, [[[np.nan, 3], [2, 1]]])


def test_two_rows_for_one_bar_are_refused_with_the_column_that_tells_them_apart():
    table = pd.concat([TABLE, TABLE.assign(run="z")])
    sides = [direction(SPEC, table, column, NAMES) for column in ("g", "s")]
    with pytest.raises(StudyError) as raised:
        values_of(SPEC, table, "v", sides)
    assert str(raised.value) == (
        "figure f: t has two rows for g 4, s b. Choose by 'where', for instance one run"
    )


def test_a_mean_is_of_what_is_there():
    assert mean(np.array([1.0, np.nan, 3.0])) == 2
    np.testing.assert_array_equal(mean(np.array([[1, np.nan], [3, np.nan]]), axis=0), [2, np.nan])
