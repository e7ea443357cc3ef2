"""Horizontal bars in groups, each made of parts that add up; the sum is written at its end."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from accelsim.report.selection import (
    Array,
    Direction,
    chosen_rows,
    direction,
    filled,
    sums_of,
)
from accelsim.report.sheet import MARGIN_PT, Key, add_boxes, open_sheet, width_pt
from accelsim.report.spec import Breakdown, Names, shown_per_unit, shown_unit
from accelsim.report.style import FAINT, LINE_PT, TEXT_PT, WIDTH_PT, decimals, unit_label

BAR_PT = 9.0
THICKNESS = 0.78
GAP = 0.55
"""Between groups; both in bars."""
BESIDE: Mapping[str, Any] = {"textcoords": "offset points", "va": "center_baseline"}


def draw_breakdown(spec: Breakdown, frame: pd.DataFrame, names: Names) -> Figure:
    rows = chosen_rows(spec, frame, names)
    columns = (spec.groups, spec.bars, spec.parts)
    groups, bars, parts = (direction(spec, rows, column, names) for column in columns)
    values = sums_of(spec, rows, spec.value, (groups, bars, parts))
    values /= shown_per_unit(spec.value, spec.unit)
    foot_pt = 2 * LINE_PT + 5
    bars_pt = BAR_PT * (len(groups) * (len(bars) + GAP) - GAP)
    sheet = open_sheet(
        filled(spec, spec.title, rows, names),
        foot_pt + bars_pt,
        keys=[Key(*entry) for entry in zip(parts.labels, parts.colours, strict=True)],
        caption=filled(spec, f"{spec.caption} {spec.source}", rows, names),
    )
    left_pt = MARGIN_PT + _widest_pt(groups.labels) + _widest_pt(bars.labels) + 11
    right_pt = WIDTH_PT - MARGIN_PT - _widest_pt(_totals(values)) - 4
    axes = sheet.axes(left_pt, foot_pt, right_pt - left_pt, bars_pt)
    _draw_bars(axes, values, parts)
    _label(axes, groups, bars)
    _set_scales(axes, spec, values)
    return sheet.figure


def _draw_bars(axes: Axes, values: Array, parts: Direction) -> None:
    places = _places(values)
    lengths = values.reshape(-1, len(parts))
    ends = np.cumsum(lengths, axis=1)
    for part, (label, colour) in enumerate(zip(parts.labels, parts.colours, strict=True)):
        low, high = places - THICKNESS / 2, places + THICKNESS / 2
        boxes = np.stack([ends[:, part] - lengths[:, part], low, ends[:, part], high], axis=1)
        add_boxes(axes, boxes, colour, label)
    for place, end, text in zip(places, ends[:, -1], _totals(values), strict=True):
        axes.annotate(text, (end, place), (2, 0), **BESIDE)


def _label(axes: Axes, groups: Direction, bars: Direction) -> None:
    """The bars' names beside them; the group's name once, beside its first bar."""
    count = len(bars)
    places = _places(np.empty((len(groups), count, 1)))
    axes.set_yticks(places, bars.labels * len(groups))
    x_pt = -_widest_pt(groups.labels) - _widest_pt(bars.labels) - 11
    for group, label in enumerate(groups.labels):
        first = (0, places[group * count])
        axes.annotate(label, first, (x_pt, 0), weight="bold", **BESIDE)


def _set_scales(axes: Axes, spec: Breakdown, values: Array) -> None:
    totals = values.sum(axis=2)
    axes.set_xlim(0, spec.full if spec.full else float(totals.max()) or 1.0)
    places = _places(values)
    axes.set_ylim(places[-1] + 0.5, places[0] - 0.5)
    unit = shown_unit(spec.value, spec.unit)
    axes.set_xlabel(f"{spec.axis} ({unit_label(unit)})" if unit else spec.axis)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=2, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", length=0, labelcolor=FAINT)
    axes.spines["bottom"].set_visible(False)


def _totals(values: Array) -> list[str]:
    """What every bar adds up to, downwards."""
    totals = values.sum(axis=2).ravel()
    digits = decimals(float(totals.max()))
    return [f"{total:.{digits}f}" for total in totals]


def _places(values: Array) -> Array:
    """Of every bar, downwards, group after group."""
    groups, bars = values.shape[:2]
    places: Array = np.arange(groups)[:, None] * (bars + GAP) + np.arange(bars)
    return places.ravel()


def _widest_pt(labels: Sequence[str]) -> float:
    return max(width_pt(label, TEXT_PT, "bold") for label in labels)
