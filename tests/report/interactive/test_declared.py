"""Figures of a study hold the numbers of its tables; expected ones are worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from accelsim.report.interactive.declared import caption_of, declared
from accelsim.report.selection import NoRowsError
from accelsim.report.spec import Axis as AxisSpec
from accelsim.report.spec import Bars, Breakdown, Lines, Look, Pareto, Winners

ROWS = pd.DataFrame(
    [
        {"model": model, "n": n, "config": config, "t_s": seconds * n, "part": "a"}
        for model in ("XLM", "T5")
        for n in (1024, 4096)
        for config, seconds in (("old", 8.0), ("new", 2.0))
    ]
)
NAMES = {"config": {"old": Look(label="Old", colour="slate"), "new": Look(label="N<w")}}
GIVEN = {"name": "f", "table": "t", "title": "Time over {baseline}", "source": "After us."}


def test_bars_are_speedups_with_their_mean_in_strips():
    spec = Bars(
        **GIVEN, panels="model", groups="n", series="config", value="t_s", axis="length",
        speedup_over="old",
    )  # fmt: skip
    figure = declared(spec, ROWS, NAMES)
    assert [trace.name for trace in figure.data] == ["N&lt;w"] * 2
    assert [list(trace.y) for trace in figure.data] == [[4.0] * 3] * 2
    assert list(figure.data[0].x) == ["1K", "4K", "mean"]
    assert [trace.yaxis for trace in figure.data] == ["y", "y2"]
    assert [trace.showlegend for trace in figure.data] == [True, False]
    above, below = figure.layout.yaxis.domain, figure.layout.yaxis2.domain
    assert (below[0], above[1]) == pytest.approx((0, 1)) and below[1] < above[0]
    assert len(figure.layout.shapes) == 2
    assert caption_of(spec, ROWS, NAMES) == "Time over Old. After us."


def test_lines_are_in_the_shown_unit():
    spec = Lines(
        **GIVEN, panels="model", x="n", log=("x",), axis="length", series="config", value="t_s",
        unit="ms", line_at=1.0,
    )  # fmt: skip
    figure = declared(spec, ROWS, NAMES)
    assert list(figure.data[0].y) == [8.0 * 1024 * 1e3, 8.0 * 4096 * 1e3]
    assert figure.layout.xaxis.type == "log" and figure.layout.yaxis.type == "linear"
    assert list(figure.layout.xaxis.ticktext) == ["1K", "4K"]
    assert figure.layout.yaxis.ticksuffix == " ms"


def test_parts_of_a_breakdown_add_up():
    spec = Breakdown(**GIVEN, groups="model", bars="n", parts="config", value="t_s", axis="time")
    figure = declared(spec, ROWS, NAMES)
    total = np.sum([trace.x for trace in figure.data], axis=0)
    assert total.tolist() == [10.0 * 1024, 10.0 * 4096] * 2


def test_what_is_beaten_is_hollow():
    rows = pd.DataFrame({"s": ["a"] * 3, "x_s": [1.0, 2.0, 3.0], "y_s": [3.0, 1.0, 2.0]})
    spec = Pareto(
        **GIVEN, x=AxisSpec(column="x_s", label="x"), y=AxisSpec(column="y_s", label="y"),
        series="s", points="x_s", point_label="{} s",
    )  # fmt: skip
    front, beaten = declared(spec, rows, {}).data
    assert (list(front.x), list(beaten.x)) == ([1.0, 2.0], [3.0])
    assert (front.marker.symbol, beaten.marker.symbol) == ("circle", "circle-open")
    assert list(beaten.text) == ["3.0 s"]


def test_a_map_names_the_winner_and_by_how_much():
    spec = Winners(
        **GIVEN, x="n", y="model", x_axis="length", y_axis="model", series="config", value="t_s"
    )
    cells, *keys = declared(spec, ROWS, NAMES).data
    assert {float(code) for row in cells.z for code in row} == {1.0}
    assert {text for row in cells.text for text in row} == {"4.00"}
    assert [key.name for key in keys] == ["N&lt;w"]


def test_without_rows_there_is_no_figure():
    spec = Bars(
        **GIVEN, where={"model": "BERT"}, groups="n", series="config", value="t_s", axis="length"
    )
    with pytest.raises(NoRowsError):
        declared(spec, ROWS, NAMES)
