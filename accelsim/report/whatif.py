"""Figures of a what-if: lines over one number, a map over two (`whatif_map`).

A strip for each measure; bands name the bound, a line stands at every crossover, a dot marks today.
Where nothing can run, a region is hatched.
"""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from accelsim.report.sheet import MARGIN_PT, house_style, open_sheet, width_pt
from accelsim.report.style import FAINT, INK, LINE_PT, PREFIXES, WIDTH_PT, tick_label, unit_label
from accelsim.report.whatif_axes import (
    ANEW,
    BASE_PT,
    TODAY,
    axis_label,
    bounds_of,
    caption_of,
    legend_of,
    set_scale,
    tinted,
)
from accelsim.report.whatif_map import draw_map
from accelsim.study.crossover import CANNOT_RUN
from accelsim.study.table import Column
from accelsim.study.whatif import WhatIf

STRIP_PT = 88.0
STRIP_GAP_PT = 8.0
HEADROOM = 1.1
LABELS = {
    "latency_s": ("latency", "s", 1.0),
    "energy_pj": ("energy", "J", 1e-12),
    "energy_per_token_pj": ("energy a token", "J", 1e-12),
    "tokens_per_s": ("tokens a second", "1/s", 1.0),
}


def draw_what_if(found: WhatIf) -> Figure:
    """Of one number or two."""
    with house_style():
        return _line(found) if len(found.along) == 1 else draw_map(found)


def _line(found: WhatIf) -> Figure:
    along, measures = found.along[0], list(found.today)
    colours = bounds_of(found)
    height_pt = BASE_PT + len(measures) * STRIP_PT + (len(measures) - 1) * STRIP_GAP_PT
    sheet = open_sheet(
        found.of, height_pt, keys=legend_of(found, colours), caption=caption_of(found)
    )
    left_pt = MARGIN_PT + LINE_PT + width_pt("500µ") + 6
    for strip, name in enumerate(measures):
        bottom_pt = height_pt - STRIP_PT - strip * (STRIP_PT + STRIP_GAP_PT)
        axes = sheet.axes(left_pt, bottom_pt, WIDTH_PT - left_pt - MARGIN_PT - 4, STRIP_PT)
        _draw_bands(axes, found, colours)
        _draw_measure(axes, found, name)
        is_last = strip == len(measures) - 1
        set_scale(axes, along.varied, "x")
        axes.tick_params(axis="x", labelbottom=is_last)
        if is_last:
            axes.set_xlabel(axis_label(along.varied))
        if strip == 0:
            _name_crossovers(axes, found)
    return sheet.figure


def _draw_bands(axes: Axes, found: WhatIf, colours: dict[str, str]) -> None:
    segments = found.along[0].segments
    # Of whole numbers the one ends at 8 and the next begins at 9: no gap is drawn.
    ends = [*(segment.low for segment in segments[1:]), segments[-1].high]
    for segment, end in zip(segments, ends, strict=True):
        if segment.bound == CANNOT_RUN:
            axes.axvspan(
                segment.low, end, facecolor="none", edgecolor=FAINT, hatch="////", linewidth=0
            )
        else:
            axes.axvspan(segment.low, end, facecolor=tinted(colours[segment.bound]), linewidth=0)
    for place in found.along[0].boundaries:
        axes.axvline(place, color=FAINT, linewidth=0.6, linestyle=(0, (3, 2)))


def _draw_measure(axes: Axes, found: WhatIf, name: str) -> None:
    varied = found.varied[0]
    label, unit, scale = _shown(name, found.table[name])
    x = np.asarray(found.table[varied.name], dtype=float)
    y = np.asarray(found.table[name], dtype=float) * scale
    is_listed = varied.is_list or len(x) <= 33
    axes.plot(x, y, color=INK, marker="." if is_listed else None, markersize=2.5)
    if varied.today is not None and x.min() <= varied.today <= x.max():
        axes.plot(
            [varied.today],
            [found.today[name] * scale],
            **TODAY,
        )
    if found.anew is not None:
        anew = np.asarray(found.table[f"anew_{name}"], dtype=float) * scale
        axes.plot(x, anew, **ANEW)
        y = np.concatenate([y, anew])
    known = y[np.isfinite(y)]
    spans = float(known.max() / known.min()) if known.size and known.min() > 0 else 1.0
    if spans > 5:
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator() if spans > 20 else LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: tick_label(value)))
    elif spans < 1.02:
        middle = float(known.mean()) if known.size else 1.0
        axes.set_ylim(0, 1.25 * middle)
    else:
        axes.set_ylim(0, HEADROOM * float(known.max()) if known.size else 1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))
    axes.set_ylabel(f"{label} ({unit})")
    axes.grid(True, axis="y")


def _shown(name: str, values: Column) -> tuple[str, str, float]:
    """What a measure is called, its unit with a prefix for the largest value, and its factor."""
    label, unit, scale = LABELS[name]
    largest = float(np.nanmax(np.asarray(values, dtype=float))) * scale
    if unit == "1/s" or not largest > 0:
        return label, unit, scale
    power = min(6, max(-6, math.floor(math.log10(largest) / 3 + 1e-9)))
    return label, unit_label(f"{PREFIXES[power]}{unit}"), scale / 1000.0**power


def _name_crossovers(axes: Axes, found: WhatIf) -> None:
    varied, along = found.varied[0], found.along[0]
    if len(along.boundaries) > 3:
        return
    for number, place in enumerate(along.boundaries):
        axes.annotate(
            varied.text(place),
            (place, 0.98 - 0.11 * number),
            (2, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            color=FAINT,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "alpha": 0.75, "lw": 0},
        )
