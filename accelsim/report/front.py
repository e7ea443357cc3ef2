"""A Pareto front in two objectives among all rows of a table.

Every row is a point, those on the front are joined; of many rows beside the front an even share is
drawn. With more than two objectives it is a projection: points of the front may look beaten there.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.report.selection import Array
from accelsim.report.sheet import house_style
from accelsim.report.style import COLOURS, FAINT, MARKERS, WIDTH_PT, tick_label, unit_label
from accelsim.study.pareto import unbeaten
from accelsim.study.table import unit_of

Places = np.ndarray[tuple[int], np.dtype[np.intp]]

HEIGHT_PT = 200.0
MOST_POINTS = 20_000
FRONT_COLOURS = ("blue", "vermillion", "green", "purple", "orange", "slate")


class Objective(NamedTuple):
    """A column, and whether more of it is better."""

    column: str
    is_maximised: bool = False


class Group(NamedTuple):
    """Points in two objectives; which of them are on the front."""

    name: str
    x: Array
    y: Array
    on_front: np.ndarray[tuple[int], np.dtype[np.bool_]]


def draw_front(x: Objective, y: Objective, groups: Sequence[Group], title: str) -> Figure:
    """On logarithmic axes, wherever all numbers are above 0."""
    with house_style():
        figure = Figure(figsize=(WIDTH_PT / 72, HEIGHT_PT / 72), layout="constrained")
        axes = figure.subplots()
        for number, group in enumerate(groups):
            _draw(axes, group, x, y, number)
        if all((group.x > 0).all() for group in groups):
            axes.set_xscale("log")
        if all((group.y > 0).all() for group in groups):
            axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: tick_label(value))
        axes.set(title=title, xlabel=_label(x), ylabel=_label(y))
        axes.grid(True)
        if len(groups) > 1:
            axes.legend(frameon=False)
    return figure


def _draw(axes: Axes, group: Group, x: Objective, y: Objective, number: int) -> None:
    colour = COLOURS[FRONT_COLOURS[number % len(FRONT_COLOURS)]]
    beside = np.flatnonzero(~group.on_front)
    beside = beside[:: 1 + len(beside) // MOST_POINTS]
    axes.plot(
        group.x[beside],
        group.y[beside],
        "o",
        color=colour if number else FAINT,
        markersize=1,
        alpha=0.3,
        markeredgewidth=0,
        rasterized=True,
    )
    front = np.flatnonzero(group.on_front)
    axes.plot(
        group.x[front],
        group.y[front],
        MARKERS[number % len(MARKERS)],
        color=colour,
        markersize=3,
        label=group.name,
    )
    line = _line(group, front, x, y)
    axes.plot(group.x[line], group.y[line], color=colour)


def _line(group: Group, front: Places, x: Objective, y: Objective) -> Places:
    """Rows of the front that are on the front of these two objectives as well, by x."""
    signs = np.array([-1 if each.is_maximised else 1 for each in (x, y)])
    plane = np.stack([group.x[front], group.y[front]], axis=1) * signs
    line = front[unbeaten(plane)]
    ordered: Places = line[np.argsort(group.x[line], kind="stable")]
    return ordered


def _label(objective: Objective) -> str:
    unit = unit_of(objective.column)
    better = "more" if objective.is_maximised else "less"
    return f"{objective.column}{f' ({unit_label(unit)})' if unit else ''}, {better} is better"
