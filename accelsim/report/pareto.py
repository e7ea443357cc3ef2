"""Points in two quantities of which less is better, on logarithmic axes.

A line joins the front of each series: the points that no other point of the series beats. What is
beaten is drawn hollow. Every series is named at the end of its line; the points of the one that
reaches highest are named too, where `points` says by what.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from accelsim.base.pareto import unbeaten
from accelsim.base.units import format_count
from accelsim.report.selection import (
    Array,
    Direction,
    chosen_rows,
    column_of,
    direction,
    nothing_to_draw,
)
from accelsim.report.sheet import MARGIN_PT, open_sheet, width_pt
from accelsim.report.spec import Axis as AxisSpec
from accelsim.report.spec import Names, Pareto, shown_per_unit, shown_unit
from accelsim.report.style import (
    FAINT,
    LINE_PT,
    MARKERS,
    TEXT_PT,
    WIDTH_PT,
    readable,
    tick_label,
    unit_label,
)

AXES_PT = 150.0
BASE_PT = 2 * LINE_PT + 6
DRAW_STYLES = {"straight": "default", "steps": "steps-post"}


@dataclass(frozen=True)
class Points:
    """In the units of the axes, from left to right; `series` is each one's place in a Direction."""

    x: Array
    y: Array
    series: np.ndarray[tuple[int], np.dtype[np.int64]]
    names: tuple[str, ...]

    def of(self, series: int) -> "Points":
        chosen = self.series == series
        names = tuple(name for name, is_one in zip(self.names, chosen, strict=True) if is_one)
        return Points(self.x[chosen], self.y[chosen], self.series[chosen], names)


def draw_pareto(spec: Pareto, frame: pd.DataFrame, names: Names) -> Figure:
    rows = chosen_rows(spec, frame, names)
    series = direction(spec, rows, spec.series, names)
    points = _points(spec, rows, series)
    sheet = open_sheet(spec.title, BASE_PT + AXES_PT, caption=f"{spec.caption} {spec.source}")
    left_pt = MARGIN_PT + LINE_PT + width_pt("100k") + 6
    right_pt = WIDTH_PT - MARGIN_PT - _beside_pt(points, series)
    axes = sheet.axes(left_pt, BASE_PT, right_pt - left_pt, AXES_PT)
    _set_scales(axes, spec)
    for place in range(len(series)):
        _draw_series(axes, spec, points.of(place), series, place)
    _name_series(axes, points, series)
    top = points.of(int(points.series[np.argmax(points.y)]))
    for name, x, y in zip(top.names, top.x, top.y, strict=True):
        axes.annotate(name, (x, y), (3, 5), textcoords="offset points")
    return sheet.figure


def spread(places: Sequence[float], gap: float) -> list[float]:
    """The places, with neighbours pushed apart to at least `gap`, evenly around their middle.

    [0, 1, 10] at a gap of 4 becomes [-1.5, 2.5, 10].
    """
    clusters: list[list[int]] = []
    for index in sorted(range(len(places)), key=places.__getitem__):
        clusters.append([index])
        while len(clusters) > 1 and _too_near(places, clusters[-2], clusters[-1], gap):
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    moved = list(places)
    for cluster in clusters:
        for step, index in enumerate(cluster):
            moved[index] = _lowest(places, cluster, gap) + step * gap
    return moved


def _lowest(places: Sequence[float], cluster: Sequence[int], gap: float) -> float:
    middle = sum(places[index] for index in cluster) / len(cluster)
    return middle - (len(cluster) - 1) * gap / 2


def _too_near(
    places: Sequence[float], below: Sequence[int], above: Sequence[int], gap: float
) -> bool:
    return _lowest(places, below, gap) + len(below) * gap > _lowest(places, above, gap)


# --- points ---------------------------------------------------------------------------------------


def _points(spec: Pareto, rows: pd.DataFrame, series: Direction) -> Points:
    x, y = _in_unit(spec, rows, spec.x), _in_unit(spec, rows, spec.y)
    order = [i for i in np.argsort(x, kind="stable") if x[i] > 0 and y[i] > 0]
    if not order:
        raise nothing_to_draw(spec)
    places = np.array([series.places[value] for value in rows[series.column]])
    names = _names(spec, rows)
    return Points(x[order], y[order], places[order], tuple(names[i] for i in order))


def _in_unit(spec: Pareto, rows: pd.DataFrame, axis: AxisSpec) -> Array:
    column = column_of(spec, rows, axis.column)
    values: Array = column.to_numpy(float) / shown_per_unit(axis.column, axis.unit)
    return values


def _names(spec: Pareto, rows: pd.DataFrame) -> list[str]:
    if spec.points is None:
        return [""] * len(rows)
    column = column_of(spec, rows, spec.points).tolist()
    return [spec.point_label.replace("{}", format_count(value)) for value in column]


# --- drawing --------------------------------------------------------------------------------------


def _beside_pt(points: Points, series: Direction) -> float:
    """Room to the right of the axes for the names of the series and of the last point."""
    names = [width_pt(label, TEXT_PT, "bold") + 6 for label in series.labels]
    return max(*names, *(width_pt(name) for name in points.names))


def _draw_series(axes: Axes, spec: Pareto, points: Points, series: Direction, place: int) -> None:
    x, y, colour = points.x, points.y, series.colours[place]
    marker = MARKERS[series.ranks[place] % len(MARKERS)]
    best = unbeaten(np.stack([x, y], axis=1))
    beaten = ~best
    line = DRAW_STYLES[spec.join]
    axes.plot(x[best], y[best], marker, color=colour, linestyle="-", drawstyle=line)
    axes.plot(x[beaten], y[beaten], marker, color=colour, fillstyle="none")


def _set_scales(axes: Axes, spec: Pareto) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(0.05, 0.1)
    for axis, given in ((axes.xaxis, spec.x), (axes.yaxis, spec.y)):
        axis.set_major_locator(LogLocator(base=10, numticks=12))
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))
        axis.set_minor_formatter(NullFormatter())
        axis.set_label_text(_axis_text(given))
    axes.grid(which="major")
    axes.text(0.02, 0.03, "↙ better", transform=axes.transAxes, color=FAINT)


def _axis_text(axis: AxisSpec) -> str:
    unit = shown_unit(axis.column, axis.unit)
    return f"{axis.label} ({unit_label(unit)})" if unit else axis.label


def _name_series(axes: Axes, points: Points, series: Direction) -> None:
    """Each series' name to the right of its last point, no two on top of one another."""
    there = sorted(set(points.series.tolist()))
    ends = [(points.of(place).x[-1], points.of(place).y[-1]) for place in there]
    heights_pt = [_height_pt(axes, y) for _, y in ends]
    moved_pt = spread(heights_pt, TEXT_PT + 1)
    for place, end, height_pt, label_pt in zip(there, ends, heights_pt, moved_pt, strict=True):
        axes.annotate(
            series.labels[place],
            end,
            (5, label_pt - height_pt),
            textcoords="offset points",
            va="center",
            color=readable(series.colours[place]),
            weight="bold",
        )


def _height_pt(axes: Axes, y: float) -> float:
    low, high = axes.get_ylim()
    return float(AXES_PT * np.log10(y / low) / np.log10(high / low))
