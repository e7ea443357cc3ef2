"""Lines: what is drawn is what the table holds."""

import numpy as np
import pandas as pd
import pytest

from accelsim.report.lines import draw_lines
from accelsim.report.selection import NoRowsError
from accelsim.report.spec import Band, Lines, Look

FRAME = pd.DataFrame(
    [
        {"machine": machine, "size": size, "kernel": kernel, "gain": size * times, "most": 99.0}
        for machine in ("a", "b")
        for size in (1, 2, 4)
        for kernel, times in (("one", 1.0), ("two", 3.0))
    ]
)
SPEC = Lines(
    name="gains",
    table="gains",
    panels="machine",
    x="size",
    axis="size",
    series="kernel",
    value="gain",
    title="Gains",
    line_at=1,
)
NAMES = {"kernel": {"two": Look(label="Two", colour="blue"), "one": Look(label="One")}}


def drawn(figure, panel=0):
    """The points of every line of a panel that has markers."""
    lines = [line for line in figure.axes[panel].lines if line.get_marker() != "None"]
    return [np.column_stack(line.get_data()).tolist() for line in lines]


def test_a_line_goes_through_the_rows_of_its_series():
    figure = draw_lines(SPEC, FRAME, NAMES)
    assert len(figure.axes) == 2
    assert drawn(figure) == [[[1, 3], [2, 6], [4, 12]], [[1, 1], [2, 2], [4, 4]]]


def test_another_column_is_a_broken_line_and_one_more_a_mark():
    figure = draw_lines(SPEC.model_copy(update={"beside": "most"}), FRAME, NAMES)
    others = [line for line in figure.axes[0].lines if line.get_marker() == "None"]
    assert sorted(float(line.get_ydata()[0]) for line in others) == [1, 99, 99]
    assert figure.axes[0].get_ylim()[1] > 99


def test_powers_of_two_are_evenly_spaced_where_asked():
    figure = draw_lines(SPEC.model_copy(update={"log": ("x", "y")}), FRAME, NAMES)
    axes = figure.axes[1]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "2", "4"]


def test_a_line_is_broken_where_a_number_is_missing():
    holed = FRAME.astype({"gain": object})
    holed.loc[holed["size"] == 2, "gain"] = None
    figure = draw_lines(SPEC, holed, NAMES)
    assert np.isnan(drawn(figure)[0][1][1])


def test_without_a_number_nothing_is_drawn():
    with pytest.raises(NoRowsError):
        draw_lines(SPEC, FRAME.assign(gain=np.nan), NAMES)


def test_a_band_is_behind_the_lines_and_within_the_axis():
    band = Band(low=20, high=30, label="found by others")
    figure = draw_lines(SPEC.model_copy(update={"band": band}), FRAME, NAMES)
    axes = figure.axes[0]
    shaded = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert (shaded.y0, shaded.y1) == pytest.approx((20, 30))
    assert axes.get_ylim()[1] > 30
    assert "found by others" in [text.get_text() for text in figure.texts]


def test_a_band_goes_upwards():
    with pytest.raises(ValueError, match="a band from 3 to 2 is none"):
        Band(low=3, high=2, label="")
