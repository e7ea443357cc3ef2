"""Grouped bars in strips: a strip for each panel, a group for each of its groups and one for their
arithmetic mean, a bar for each series.

The baseline, if there is one, is the line at 1. The values of one highlighted series are written
above its bars, in its colour; the legend gives each series' mean over all points in brackets.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from accelsim.report.measure import Measure, headline, measure
from accelsim.report.selection import Array, mean
from accelsim.report.sheet import (
    MARGIN_PT,
    Key,
    add_boxes,
    band_keys,
    draw_band,
    name_upwards,
    open_sheet,
    width_pt,
)
from accelsim.report.spec import Bars, Names
from accelsim.report.style import (
    FAINT,
    INK,
    LINE_PT,
    WIDTH_PT,
    readable,
    tick_label,
    unit_label,
    with_unit,
)

STRIP_PT = 48.0
STRIP_GAP_PT = 7.0
NUMBERS_PT = 10.0
BASE_PT = 2 * LINE_PT + 3
GROUP = 0.84
BAR = 0.93
MEAN_GAP = 0.25
"""What the bars take of a group's pitch, a bar of its pitch, the space before the mean of a
group's pitch."""
FEWEST_GROUPS = 4


def draw_bars(spec: Bars, frame: pd.DataFrame, names: Names) -> Figure:
    shown = measure(spec, frame, names)
    top = _top(spec, shown)
    strips, ticks = len(shown.panels), _ticks(top)
    body_pt = BASE_PT + strips * STRIP_PT + (strips - 1) * STRIP_GAP_PT
    sheet = open_sheet(
        _title(spec, shown),
        body_pt,
        headline=headline(shown),
        keys=[*legend(shown), *band_keys(spec.band)],
        caption=f"{spec.caption} {spec.source}",
    )
    left_pt = MARGIN_PT + LINE_PT * (spec.panels is not None) + _widest_pt(ticks) + 5
    for strip in range(strips):
        bottom_pt = body_pt - STRIP_PT - strip * (STRIP_PT + STRIP_GAP_PT)
        axes = sheet.axes(left_pt, bottom_pt, WIDTH_PT - left_pt - MARGIN_PT, STRIP_PT)
        draw_band(axes, spec.band)
        _draw_strip(axes, shown, strip)
        _set_scales(axes, shown, top, ticks)
        name_upwards(axes, shown.panels.labels[strip], left_pt, height=0.42)
    _name_groups(axes, spec, shown)
    return sheet.figure


def legend(shown: Measure) -> list[Key]:
    keys = [
        Key(f"{shown.series.labels[k]}{_mean_text(shown, k)}", shown.series.colours[k])
        for k in shown.bars
    ]
    if shown.baseline is None:
        return keys
    return [Key(f"{shown.series.labels[shown.baseline]} = 1", INK, line=True), *keys]


def _title(spec: Bars, shown: Measure) -> str:
    baseline = "" if shown.baseline is None else shown.series.labels[shown.baseline]
    unit = f" ({unit_label(shown.unit)})" if shown.unit not in ("", "×") else ""
    return spec.title.replace("{baseline}", baseline) + unit


def _mean_text(shown: Measure, series: int) -> str:
    number = float(shown.means[series])
    if shown.points < 2 or not np.isfinite(number):
        return ""
    return f" ({with_unit(f'{number:.3g}', shown.unit)})"


def _ticks(top: float) -> list[float]:
    ticks = MaxNLocator(nbins=3, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top)
    return [float(tick) for tick in ticks if 0 <= tick <= top * 1.01]


def _top(spec: Bars, shown: Measure) -> float:
    highest = float(np.nanmax(shown.values[..., shown.bars]))
    highest = max(highest, spec.band.high) if spec.band else highest
    return max(highest, 1.0) if shown.baseline is not None else highest or 1.0


def _widest_pt(ticks: list[float]) -> float:
    return max(width_pt(tick_label(tick)) for tick in ticks)


# --- a strip --------------------------------------------------------------------------------------


def _draw_strip(axes: Axes, shown: Measure, strip: int) -> None:
    values, places = _with_mean(shown)[strip], _group_places(shown)
    pitch = GROUP / len(shown.bars)
    for number, series in enumerate(shown.bars):
        middles = places + (number - (len(shown.bars) - 1) / 2) * pitch
        heights, thin = values[:, series], BAR * pitch
        boxes = np.stack([middles - thin / 2, 0 * heights, middles + thin / 2, heights], axis=1)
        add_boxes(axes, boxes, shown.series.colours[series], shown.series.labels[series])
    if shown.baseline is not None:
        axes.axhline(1, color=INK, linewidth=0.7)
    _write_numbers(axes, shown, values[:, shown.highlight])


def _write_numbers(axes: Axes, shown: Measure, values: Array) -> None:
    """The highlighted series' values in a row along the top of the strip."""
    colour = readable(shown.series.colours[shown.highlight])
    for place, value in zip(_group_places(shown), values, strict=True):
        if np.isfinite(value):
            axes.text(
                place,
                1 - 1 / STRIP_PT,
                shown.text(value),
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="top",
                color=colour,
            )


def _set_scales(axes: Axes, shown: Measure, top: float, ticks: list[float]) -> None:
    places = _group_places(shown)
    # A lone group is as wide as one of several.
    around = 0.5 + max(0, FEWEST_GROUPS - len(places)) / 2
    axes.set_xlim(places[0] - around, places[-1] + around)
    axes.set_ylim(0, top * STRIP_PT / (STRIP_PT - NUMBERS_PT))
    axes.set_yticks(ticks, [tick_label(tick) for tick in ticks])
    axes.grid(axis="y")
    axes.xaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelcolor=FAINT)


def _name_groups(axes: Axes, spec: Bars, shown: Measure) -> None:
    """Under the lowest strip."""
    axes.xaxis.set_visible(True)
    axes.set_xticks(_group_places(shown), _group_labels(shown))
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel(spec.axis)


# --- groups ---------------------------------------------------------------------------------------


def _with_mean(shown: Measure) -> Array:
    """With the mean over the groups as the last group, where there is more than one."""
    if len(shown.groups) < 2:
        return shown.values
    return np.concatenate([shown.values, mean(shown.values, axis=1)[:, None]], axis=1)


def _group_places(shown: Measure) -> Array:
    places = np.arange(len(shown.groups), dtype=float)
    return places if len(places) < 2 else np.append(places, len(places) + MEAN_GAP)


def _group_labels(shown: Measure) -> tuple[str, ...]:
    return (*shown.groups.labels, "mean") if len(shown.groups) > 1 else shown.groups.labels
