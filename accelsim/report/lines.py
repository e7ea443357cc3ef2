"""Lines over a column of numbers, in strips: a strip for each panel, a line for each series.

Every line has a marker of its own, so that it is found without its colour too. `beside` draws
another column as a thin broken line in the same colour; a line is broken where a number is missing.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from accelsim.base.units import format_count
from accelsim.report.selection import (
    Array,
    Direction,
    chosen_rows,
    direction,
    filled,
    nothing_to_draw,
    values_of,
)
from accelsim.report.sheet import (
    MARGIN_PT,
    Key,
    band_keys,
    draw_band,
    name_upwards,
    open_sheet,
    width_pt,
)
from accelsim.report.spec import Lines, Names, shown_per_unit, shown_unit
from accelsim.report.style import (
    FAINT,
    INK,
    LINE_PT,
    MARKERS,
    WIDTH_PT,
    tick_label,
    unit_label,
)

STRIP_PT = 76.0
STRIP_GAP_PT = 9.0
BASE_PT = 2 * LINE_PT + 4
MOST_TICKS = 10
ROOM = 0.06
"""Above and below the lines, as a share of what they span."""


def draw_lines(spec: Lines, frame: pd.DataFrame, names: Names) -> Figure:
    rows = chosen_rows(spec, frame, names)
    panels = direction(spec, rows, spec.panels, names)
    series = direction(spec, rows, spec.series, names)
    places = direction(spec, rows, spec.x, {})
    columns = [spec.value, *([spec.beside] if spec.beside else [])]
    every = [
        values_of(spec, rows, column, (panels, series, places))
        / shown_per_unit(column, _declared(spec))
        for column in columns
    ]
    if np.isnan(every[0]).all():
        raise nothing_to_draw(spec)
    body_pt = BASE_PT + len(panels) * STRIP_PT + (len(panels) - 1) * STRIP_GAP_PT
    sheet = open_sheet(
        filled(spec, _title(spec), rows, names),
        body_pt,
        keys=[*_legend(spec, series), *band_keys(spec.band)],
        caption=f"{filled(spec, spec.caption, rows, names)} {spec.source}",
    )
    left_pt = MARGIN_PT + LINE_PT * (spec.panels is not None) + width_pt("0.25") + 6
    x = np.array([float(value) for value in places.places])
    for strip, label in enumerate(panels.labels):
        bottom_pt = body_pt - STRIP_PT - strip * (STRIP_PT + STRIP_GAP_PT)
        axes = sheet.axes(left_pt, bottom_pt, WIDTH_PT - left_pt - MARGIN_PT - 4, STRIP_PT)
        draw_band(axes, spec.band)
        _draw_strip(axes, spec, series, x, [values[strip] for values in every])
        _set_scales(axes, spec, x, every, is_last=strip == len(panels) - 1)
        name_upwards(axes, label, left_pt)
    return sheet.figure


def _declared(spec: Lines) -> str:
    """Of `×` there is nothing to convert."""
    return "" if spec.unit == "×" else spec.unit


def _title(spec: Lines) -> str:
    unit = shown_unit(spec.value, spec.unit)
    return f"{spec.title} ({unit_label(unit)})" if unit not in ("", "×") else spec.title


def _legend(spec: Lines, series: Direction) -> list[Key]:
    return [
        Key(label, colour, marker=MARKERS[rank % len(MARKERS)])
        for label, colour, rank in zip(series.labels, series.colours, series.ranks, strict=True)
    ]


def _draw_strip(axes: Axes, spec: Lines, series: Direction, x: Array, columns: list[Array]) -> None:
    if spec.line_at is not None:
        axes.axhline(spec.line_at, color=INK, linewidth=0.7)
    own, *beside = columns
    for place, colour in enumerate(series.colours):
        for other in beside:
            axes.plot(x, other[place], color=colour, linewidth=0.8, linestyle=(0, (3, 2)))
        marker = MARKERS[series.ranks[place] % len(MARKERS)]
        axes.plot(x, own[place], color=colour, marker=marker, markersize=3, linewidth=1.1)


def _set_scales(axes: Axes, spec: Lines, x: Array, every: list[Array], *, is_last: bool) -> None:
    if "x" in spec.log:
        axes.set_xscale("log", base=2)
        listed = x[:: max(1, -(-len(x) // MOST_TICKS))]
        axes.xaxis.set_major_locator(FixedLocator(listed.tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=MOST_TICKS, steps=[1, 2, 4, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: format_count(int(number))))
    axes.tick_params(axis="x", labelbottom=is_last)
    if is_last:
        axes.set_xlabel(spec.axis)
    marks = [] if spec.line_at is None else [spec.line_at]
    marks += [spec.band.low, spec.band.high] if spec.band else []
    low = min([float(np.nanmin(values)) for values in every] + marks)
    high = max([float(np.nanmax(values)) for values in every] + marks)
    if "y" in spec.log:
        axes.set_yscale("log", base=2)
        room = (high / low) ** ROOM
        axes.set_ylim(low / room, high * room)
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        room = ROOM * ((high - low) or 1.0)
        axes.set_ylim(low - room, high + room)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: tick_label(round(number, 9))))
    axes.tick_params(axis="y", length=0, labelcolor=FAINT)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y")
