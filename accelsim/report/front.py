"""A Pareto front in two objectives among all rows of a table.

Every row is a point, those on the front are joined: by steps where less of both is better, as the
best within each budget. Rows beside the front are hollow, in the colour of theirs; as a cloud of
grey dots where they are many, and of very many an even share. With more than two objectives it is a
projection: points of the front may look beaten there. Areas are in mm^2, energies in J. Points that
somebody named are dark, with their names.
"""

from collections.abc import Sequence
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.base.pareto import unbeaten
from accelsim.base.units import suffix_of
from accelsim.report.selection import Array
from accelsim.report.sheet import house_style, mark_logarithmic, write_below, write_title
from accelsim.report.spec import shown_per_unit
from accelsim.report.style import (
    COLOURS,
    FAINT,
    INK,
    MARKERS,
    WIDTH_PT,
    tick_label,
    unit_label,
)
from accelsim.study.table import unit_of

Places = np.ndarray[tuple[int], np.dtype[np.intp]]

HEIGHT_PT = 200.0
MOST_POINTS = 20_000
FEW = 400
"""Beside the front, that are seen one by one."""
MARK_SHAPES = ("*", "P", "X", "D")
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


class Mark(NamedTuple):
    """A point that somebody named."""

    name: str
    x: float
    y: float


def draw_front(
    x: Objective,
    y: Objective,
    groups: Sequence[Group],
    title: str,
    marks: Sequence[Mark] = (),
    caption: str = "",
) -> Figure:
    """On logarithmic axes, wherever all numbers are above 0."""
    groups = [group._replace(x=_shown(x, group.x), y=_shown(y, group.y)) for group in groups]
    with house_style():
        figure = Figure(figsize=(WIDTH_PT / 72, HEIGHT_PT / 72), layout="constrained")
        axes = figure.subplots()
        reach = max(float(group.x.max()) for group in groups)
        for number, group in enumerate(groups):
            _draw(axes, group, x, y, number, reach)
        if all((group.x > 0).all() for group in groups):
            axes.set_xscale("log")
        if all((group.y > 0).all() for group in groups):
            axes.set_yscale("log")
        for mark, marker in zip(marks, cycle(MARK_SHAPES), strict=False):
            place = float(_shown(x, mark.x)), float(_shown(y, mark.y))
            drawn = axes.plot(*place, marker, color=INK, markersize=8, label=mark.name, zorder=5)
            drawn[0].set(markeredgecolor="white", markeredgewidth=0.7)
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                mark_logarithmic(axis)
            else:
                axis.set_major_formatter(lambda value, _: tick_label(value))
        axes.set(xlabel=_label(x), ylabel=_label(y))
        axes.grid(True)
        if len(groups) > 1 or marks:
            axes.legend(frameon=False)
        if any(0 < len(group.x) - int(group.on_front.sum()) <= FEW for group in groups):
            caption = " ".join(filter(None, ("Hollow: beaten.", caption)))
        write_title(figure, title)
        write_below(figure, caption)
    return figure


def _draw(axes: Axes, group: Group, x: Objective, y: Objective, number: int, reach: float) -> None:
    """Fronts that share points lie on top of one another, the first one above."""
    colour = COLOURS[FRONT_COLOURS[number % len(FRONT_COLOURS)]]
    beside = np.flatnonzero(~group.on_front)
    beside = beside[:: 1 + len(beside) // MOST_POINTS]
    marker = MARKERS[number % len(MARKERS)]
    axes.plot(group.x[beside], group.y[beside], **_beside(len(beside), marker, colour))
    front = np.flatnonzero(group.on_front)
    axes.plot(
        group.x[front],
        group.y[front],
        marker,
        color=colour,
        markersize=3 if len(beside) <= FEW else 2.5,
        label=group.name or "_nothing",
        zorder=4 - number / 100,
    )
    line = _line(group, front, x, y)
    xs, ys = group.x[line], group.y[line]
    # What is the least within a budget stays so until the next point.
    is_budget = len(xs) > 0 and not (x.is_maximised or y.is_maximised)
    if is_budget and xs[-1] < reach:
        xs, ys = np.append(xs, reach), np.append(ys, ys[-1])
    style = "steps-post" if is_budget else "default"
    axes.plot(xs, ys, color=colour, drawstyle=style, zorder=4 - number / 100)


def _beside(count: int, marker: str, colour: str) -> dict[str, Any]:
    """How rows are drawn that another one beats: the more, the less is made of each."""
    common = {"linestyle": "none", "zorder": 1, "rasterized": count > FEW}
    if count <= FEW:
        hollow = {"markerfacecolor": "none", "markeredgecolor": colour, "markeredgewidth": 0.6}
        return common | hollow | {"marker": marker, "markersize": 3}
    size, alpha = (1.6, 0.5) if count <= 10 * FEW else (1.0, 0.3)
    dots = {"markersize": size, "alpha": alpha, "markeredgewidth": 0, "color": FAINT}
    return common | dots | {"marker": "o"}


def _line(group: Group, front: Places, x: Objective, y: Objective) -> Places:
    """Rows of the front that are on the front of these two objectives as well, by x."""
    signs = np.array([-1 if each.is_maximised else 1 for each in (x, y)])
    plane = np.stack([group.x[front], group.y[front]], axis=1) * signs
    line = front[unbeaten(plane)]
    ordered: Places = line[np.argsort(group.x[line], kind="stable")]
    return ordered


def _shown(objective: Objective, values: Any) -> Any:
    """In the unit that is read most easily: areas of chips in mm^2, energies in J."""
    return values / shown_per_unit(objective.column, _unit(objective))


def _unit(objective: Objective) -> str:
    unit = unit_of(objective.column)
    return {"um^2": "mm^2", "pJ": "J"}.get(unit, unit)


def _label(objective: Objective) -> str:
    unit = _unit(objective)
    better = "more" if objective.is_maximised else "less"
    name = objective.column.removesuffix(suffix_of(objective.column)) if unit else objective.column
    name = name.replace("_", " ")
    return f"{name}{f' ({unit_label(unit)})' if unit else ''}, {better} is better"
