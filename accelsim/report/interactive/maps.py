"""A number over two axes: a map of cells, or of contour lines with regions in colours."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from accelsim.base.errors import StudyError
from accelsim.report.interactive.look import (
    HUES,
    Array,
    Axis,
    axis_of,
    axis_or_none,
    cells_of,
    escaped,
    open_figure,
    title_of,
    written,
)
from accelsim.report.interactive.ticks import round_numbers
from accelsim.report.style import SCALED

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS_OF_NUMBERS = "Cividis"
"""Even in lightness, and the same to all eyes."""
WIDE = 10.0
"""Largest by least number from which on colours go by ratios."""
DARKEST = 0.35
CONTOURS = 10
MOST_LABELS = 12
MOST_WRITTEN = 120
"""Ticks of an axis; cells whose numbers are written in them."""


def heat_map(frame: pd.DataFrame, x: str, y: str, value: str, title: str = "") -> "Figure":
    """A cell for each pair of values of `x` and `y`, numbers or names; empty without a row.

    Raises StudyError for a column that is not there, and for two rows of one cell.
    """
    from plotly.graph_objects import Heatmap

    shown = axis_of(frame, value)
    grid = _grid(frame, x, y, shown.values)
    cells = grid.to_numpy(float)
    figure = open_figure(
        title,
        {"type": "category", "title": {"text": escaped(title_of(x))}},
        {"type": "category", "title": {"text": escaped(title_of(y))}},
        meta={"log": []},
    )
    colours, bar = _colours(cells, shown)
    figure.add_trace(
        Heatmap(
            x=_names(frame, x, grid.columns),
            y=_names(frame, y, grid.index),
            z=colours,
            text=_texts(cells, shown),
            texttemplate="%{text}" if cells.size <= MOST_WRITTEN else None,
            hovertemplate=f"%{{x}}, %{{y}}<br>{shown.title}: %{{text}}<extra></extra>",
            colorscale=COLOURS_OF_NUMBERS,
            colorbar=bar,
            xgap=1,
            ygap=1,
        )
    )
    return figure


def contour(
    frame: pd.DataFrame, x: str, y: str, value: str, region: str | None = None, title: str = ""
) -> "Figure":
    """Lines of equal `value` over two axes of numbers, on a ground coloured by `region` (a bound),
    or else by the value.

    Axes go by ratios where all their numbers are above 0. Raises StudyError for a column that is
    not there or holds no numbers, and for two rows at one place.
    """
    from plotly.graph_objects import Contour

    shown, across, up = (axis_of(frame, column) for column in (value, x, y))
    cells = _grid(frame, x, y, shown.values).to_numpy(float)
    xs, ys = (np.array(_distinct(axis)) for axis in (across, up))
    at = {"x": _placed(xs, across), "y": _placed(ys, up)}
    figure = open_figure(title, _spread(across), _spread(up), meta={"log": []})
    if region is not None:
        figure.add_traces(_ground(frame, x, y, region, at))
    columns, rows = (
        [written(each, axis.unit) for each in values.tolist()]
        for values, axis in ((xs, across), (ys, up))
    )
    colours, bar = _colours(cells, shown)
    figure.add_trace(
        Contour(
            **at,
            z=colours,
            text=_texts(cells, shown),
            customdata=[[f"{column}, {row}" for column in columns] for row in rows],
            hovertemplate=f"%{{customdata}}<br>{shown.title}: %{{text}}<extra></extra>",
            colorscale=COLOURS_OF_NUMBERS,
            ncontours=CONTOURS,
            contours={"coloring": "lines" if region else "fill"},
            line={"width": 2 if region else 0.5},
            colorbar=bar,
        )
    )
    return figure


def _ground(frame: pd.DataFrame, x: str, y: str, region: str, at: Mapping[str, Array]) -> list[Any]:
    """A colour for each kind of region, and what stands for it in the legend."""
    from plotly.graph_objects import Heatmap, Scatter

    said = cells_of(frame, region)
    kinds = list(dict.fromkeys(said.dropna().astype(str)))
    codes = pd.Categorical(said.astype(str), categories=kinds).codes.astype(float)
    ground = _grid(frame, x, y, np.where(codes < 0, np.nan, codes))
    colours = [HUES[number % len(HUES)] for number in range(len(kinds))]
    drawn = Heatmap(
        **at,
        z=ground.to_numpy(float),
        colorscale=_steps_of(colours),
        zmin=-0.5,
        zmax=len(kinds) - 0.5,
        opacity=DARKEST,
        showscale=False,
        hoverinfo="skip",
    )
    named = (
        Scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"color": colour, "symbol": "square", "opacity": DARKEST, "size": 12},
            name=f"{escaped(title_of(region))}: {escaped(kind)}",
            showlegend=True,
        )
        for kind, colour in zip(kinds, colours, strict=True)
    )
    return [drawn, *named]


def _grid(frame: pd.DataFrame, x: str, y: str, values: Array) -> pd.DataFrame:
    """[y, x] of the values, by size, or as they come where they are names."""
    sides = [_keys(frame, column) for column in (x, y)]
    rows = pd.DataFrame({"x": sides[0], "y": sides[1], "value": values})
    if rows.duplicated(["x", "y"]).any():
        remedy = "Choose the rows of one map first"
        raise StudyError(f"two rows are at one {x} and {y}", remedy=remedy)
    grid = rows.set_index(["y", "x"])["value"].unstack("x")
    order = [_order(frame, column, keys) for column, keys in zip((x, y), sides, strict=True)]
    return grid.reindex(index=order[1], columns=order[0])


def _keys(frame: pd.DataFrame, column: str) -> list[Any]:
    axis = axis_or_none(frame, column)
    return cells_of(frame, column).astype(str).tolist() if axis is None else axis.values.tolist()


def _order(frame: pd.DataFrame, column: str, keys: list[Any]) -> list[Any]:
    distinct = list(dict.fromkeys(keys))
    return distinct if axis_or_none(frame, column) is None else sorted(distinct)


def _names(frame: pd.DataFrame, column: str, keys: Any) -> list[str]:
    axis = axis_or_none(frame, column)
    unit = "" if axis is None else axis.unit
    return [escaped(written(key, unit)) for key in keys.tolist()]


def _distinct(axis: Axis) -> list[float]:
    found: list[float] = np.unique(axis.values[~np.isnan(axis.values)]).tolist()
    return found


def _placed(values: Array, axis: Axis) -> Array:
    return np.log10(values) if axis.is_positive else values


def _spread(axis: Axis) -> dict[str, Any]:
    """An axis in decades, with ticks as they are written: cells of a map are even only so."""
    distinct = _distinct(axis)
    shown = distinct[:: max(1, -(-len(distinct) // MOST_LABELS))]
    if len(distinct) > MOST_LABELS and axis.unit in (*SCALED, "B"):
        base = 1024 if axis.unit == "B" else 10
        shown = round_numbers(distinct[0], distinct[-1], base, axis.is_positive)
    return {
        "title": {"text": axis.title},
        "tickvals": _placed(np.array(shown), axis).tolist(),
        "ticktext": [written(value, axis.unit) for value in shown],
        "showgrid": False,
    }


def _colours(cells: Array, shown: Axis) -> tuple[Array, dict[str, Any]]:
    """What is coloured, and the bar beside it: by ratios where numbers are far apart."""
    bar: dict[str, Any] = {"title": {"text": shown.title, "side": "right"}, "thickness": 14}
    there = cells[~np.isnan(cells)]
    if not there.size or there.min() <= 0 or there.max() / there.min() < WIDE:
        return cells, bar | {
            "tickformat": ".3~s" if shown.unit else ",~g",
            "ticksuffix": shown.suffix,
        }
    low, high = np.log10(there.min()), np.log10(there.max())
    powers = np.linspace(low, high, 6).tolist()
    texts = [written(float(f"{10**power:.2g}"), shown.unit) for power in powers]
    return np.log10(cells), bar | {"tickvals": powers, "ticktext": texts}


def _texts(cells: Array, shown: Axis) -> list[list[str]]:
    return [
        ["" if np.isnan(each) else written(each, shown.unit) for each in row]
        for row in cells.tolist()
    ]


def _steps_of(colours: list[str]) -> list[tuple[float, str]]:
    """A scale of plotly's that has each colour over an equal length."""
    number = len(colours)
    ends = [((n / number, c), ((n + 1) / number, c)) for n, c in enumerate(colours)]
    return [each for pair in ends for each in pair]
