"""Maps of who has the least: a map for each panel, a cell for each pair of two columns.

The colour of a cell is that of the series with the least value; in it stands how many times as much
the next one has. Where that is less than `tie` more, none wins; where no series has a value, the
cell is empty.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.report.selection import (
    Array,
    Direction,
    chosen_rows,
    direction,
    filled,
    nothing_to_draw,
    values_of,
)
from accelsim.report.sheet import MARGIN_PT, Key, add_boxes, name_upwards, open_sheet, width_pt
from accelsim.report.spec import Names, Winners
from accelsim.report.style import (
    COLOURS,
    FAINT,
    INK,
    LINE_PT,
    WIDTH_PT,
    contrast_on_white,
)

CELL_PT = 11.0
MAP_GAP_PT = 8.0
BASE_PT = 2 * LINE_PT + 4
TIE = COLOURS["silver"]
DARK = 3.5
"""Colours with more contrast to white than this carry white text."""


@dataclass(frozen=True)
class Best:
    """Of every cell [y, x]: the series that wins (-1: none, -2: nothing there), and by how much."""

    series: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    times: Array


def best_of(values: Array, tie: float) -> Best:
    """Of values [series, y, x], NaN where a series has none."""
    ranked = np.sort(np.where(np.isnan(values), np.inf, values), axis=0)
    first, second = ranked[0], ranked[1] if len(ranked) > 1 else np.full_like(ranked[0], np.inf)
    is_there = np.isfinite(first)
    times = np.where(np.isfinite(second), second, np.nan) / np.where(is_there, first, np.nan)
    least = np.argmin(np.where(np.isnan(values), np.inf, values), axis=0)
    winner = np.where(times < 1 + tie, -1, least)
    return Best(np.where(is_there, winner, -2), times)


def draw_winners(spec: Winners, frame: pd.DataFrame, names: Names) -> Figure:
    rows = chosen_rows(spec, frame, names)
    panels, series, across, up = (
        direction(spec, rows, column, names)
        for column in (spec.panels, spec.series, spec.x, spec.y)
    )
    values = values_of(spec, rows, spec.value, (panels, series, up, across))
    if np.isnan(values).all():
        raise nothing_to_draw(spec)
    best = [best_of(own, spec.tie) for own in values]
    map_pt = CELL_PT * len(up)
    body_pt = BASE_PT + len(panels) * map_pt + (len(panels) - 1) * MAP_GAP_PT
    sheet = open_sheet(
        filled(spec, spec.title, rows, names),
        body_pt,
        keys=_legend(spec, series, best),
        caption=f"{filled(spec, spec.caption, rows, names)} {spec.source}",
    )
    ticks_pt = max(map(width_pt, up.labels))
    left_pt = MARGIN_PT + LINE_PT * (1 + (spec.panels is not None)) + ticks_pt + 4
    for number, label in enumerate(panels.labels):
        bottom_pt = body_pt - map_pt - number * (map_pt + MAP_GAP_PT)
        axes = sheet.axes(left_pt, bottom_pt, WIDTH_PT - left_pt - MARGIN_PT, map_pt)
        _draw_map(axes, series, best[number])
        _name_sides(axes, spec, across, up, is_last=number == len(panels) - 1)
        name_upwards(axes, label, left_pt)
    return sheet.figure


def _legend(spec: Winners, series: Direction, best: list[Best]) -> list[Key]:
    won = {int(place) for each in best for place in np.unique(each.series)}
    keys = [
        Key(label, colour)
        for place, (label, colour) in enumerate(zip(series.labels, series.colours, strict=True))
        if place in won
    ]
    return [*keys, Key(f"none by more than {spec.tie * 100:g} %", TIE)] if -1 in won else keys


def _draw_map(axes: Axes, series: Direction, best: Best) -> None:
    for place, colour in enumerate((*series.colours, TIE)):
        wanted = place if place < len(series) else -1
        row, column = np.nonzero(best.series == wanted)
        if row.size:
            left, bottom = column + 0.03, row + 0.05
            boxes = np.stack([left, bottom, column + 0.97, row + 0.95], axis=1)
            add_boxes(axes, boxes, colour, "")
        for y, x in zip(row, column, strict=True):
            if np.isfinite(best.times[y, x]):
                text = f"{best.times[y, x]:.2f}"
                axes.text(x + 0.5, y + 0.46, text, ha="center", va="center", color=_on(colour))
    axes.set_xlim(0, best.series.shape[1])
    axes.set_ylim(0, best.series.shape[0])


def _on(colour: str) -> str:
    """Text that is read on it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return "white" if contrast_on_white(parts) > DARK else INK


def _name_sides(
    axes: Axes, spec: Winners, across: Direction, up: Direction, *, is_last: bool
) -> None:
    axes.set_xticks(np.arange(len(across)) + 0.5, across.labels if is_last else [])
    axes.set_yticks(np.arange(len(up)) + 0.5, up.labels)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", labelcolor=FAINT)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_ylabel(spec.y_axis)
    if is_last:
        axes.set_xlabel(spec.x_axis)
