"""Figures of a what-if: lines over one number, a map over two; the bound as regions.

    one     a strip for each measure; bands name the bound, a line stands at every crossover
    two     lines of equal latency, as times of today's; colours name the bound

A dot marks today. Where nothing can run, a region is hatched.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from accelsim.base.units import format_bytes, format_count, format_quantity
from accelsim.report.sheet import MARGIN_PT, Key, house_style, open_sheet, width_pt
from accelsim.report.style import (
    COLOURS,
    FAINT,
    INK,
    LINE_PT,
    PREFIXES,
    WIDTH_PT,
    tick_label,
    unit_label,
)
from accelsim.study.crossover import CANNOT_RUN
from accelsim.study.table import Column
from accelsim.study.varied import Varied
from accelsim.study.whatif import SPEEDUP, WhatIf

MOST_TICKS = 7
STRIP_PT = 88.0
STRIP_GAP_PT = 8.0
MAP_PT = 176.0
BASE_PT = 2 * LINE_PT + 4
TINT = 0.72
"""How much white is in the colour of a region."""
REGIONS = ("blue", "orange", "green", "purple", "vermillion", "sky", "yellow", "slate")
LABELS = {
    "latency_s": ("latency", "s", 1.0),
    "energy_pj": ("energy", "J", 1e-12),
    "tokens_per_s": ("tokens a second", "1/s", 1.0),
}
LEAST_DEPTH = 2
"""Cells around the name of a region."""
MOST_LEVELS = 7
LEVELS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 6, 8, 12, 16)


def draw_what_if(found: WhatIf) -> Figure:
    with house_style():
        return _line(found) if len(found.along) == 1 else _map(found)


def bounds_of(found: WhatIf) -> dict[str, str]:
    """Every bound with its colour: today's first, then as they come."""
    every = [found.bound]
    every += [s.bound for each in found.along for s in each.segments if s.bound != CANNOT_RUN]
    every += [str(bound) for bound in found.table["bound"].tolist() if bound]
    names = list(dict.fromkeys(every))
    colours = [COLOURS[REGIONS[number % len(REGIONS)]] for number in range(len(names))]
    return dict(zip(names, colours, strict=True))


def tinted(colour: str) -> str:
    """Paler, so that lines and words on it are read."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 * TINT + part * (1 - TINT)):02X}" for part in parts)


def _keys(found: WhatIf, colours: dict[str, str]) -> list[Key]:
    keys = [Key(f"bound: {name}", tinted(colour)) for name, colour in colours.items()]
    keys.append(Key("today", INK, marker="o"))
    if (found.table["error"] != "").any():
        keys.append(Key("cannot run (hatched)", "#FFFFFF"))
    return keys


def _caption(found: WhatIf) -> str:
    """What is drawn, and who says the numbers of today's bound."""
    named = {path for each in found.varied for path in each.paths}
    sources = [s for name, s in found.explanation.sources.items() if name in named]
    told = f" Today's value: {sources[0]}" if sources else ""
    return f"{found.explanation.bound_text} today.{told}"


# --- one number -----------------------------------------------------------------------------------


def _line(found: WhatIf) -> Figure:
    along, measures = found.along[0], list(found.today)
    colours = bounds_of(found)
    height_pt = BASE_PT + len(measures) * STRIP_PT + (len(measures) - 1) * STRIP_GAP_PT
    sheet = open_sheet(found.of, height_pt, keys=_keys(found, colours), caption=_caption(found))
    left_pt = MARGIN_PT + LINE_PT + width_pt("500µ") + 6
    for strip, name in enumerate(measures):
        bottom_pt = height_pt - STRIP_PT - strip * (STRIP_PT + STRIP_GAP_PT)
        axes = sheet.axes(left_pt, bottom_pt, WIDTH_PT - left_pt - MARGIN_PT - 4, STRIP_PT)
        _draw_bands(axes, found, colours)
        _draw_measure(axes, found, name)
        is_last = strip == len(measures) - 1
        _set_scale(axes, along.varied, "x")
        axes.tick_params(axis="x", labelbottom=is_last)
        if is_last:
            axes.set_xlabel(_axis(along.varied))
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
            color=INK,
            marker="o",
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.8,
            linestyle="none",
            zorder=5,
        )
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
        axes.set_ylim(bottom=0)
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
            _told(varied, place),
            (place, 0.98 - 0.11 * number),
            (2, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            color=FAINT,
        )


# --- two numbers ----------------------------------------------------------------------------------


def _map(found: WhatIf) -> Figure:
    across, up = found.varied
    colours = bounds_of(found)
    height_pt = BASE_PT + MAP_PT
    title = f"{found.of}: times as fast as today"
    sheet = open_sheet(title, height_pt, keys=_keys(found, colours), caption=_caption(found))
    left_pt = MARGIN_PT + LINE_PT + width_pt("500 MiB") + 6
    axes = sheet.axes(left_pt, BASE_PT, WIDTH_PT - left_pt - MARGIN_PT - 8, MAP_PT)
    shape = (len(across.values), len(up.values))
    x, y = np.array(across.values, dtype=float), np.array(up.values, dtype=float)
    names = list(colours)
    bound = np.array([names.index(b) if b else -1 for b in found.table["bound"].tolist()])
    _draw_regions(axes, across, up, bound.reshape(shape), [tinted(c) for c in colours.values()])
    speedup = np.asarray(found.table[SPEEDUP], dtype=float).reshape(shape)
    # Labels are set into lines where they are on the sheet: scales and limits go first.
    _set_scale(axes, across, "x")
    _set_scale(axes, up, "y")
    axes.set_xlim(x.min(), x.max())
    axes.set_ylim(y.min(), y.max())
    _draw_contours(axes, x, y, speedup)
    if across.today is not None and up.today is not None:
        axes.plot(
            [across.today],
            [up.today],
            color=INK,
            marker="o",
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.8,
            linestyle="none",
            zorder=5,
            clip_on=False,
        )
    axes.set_xlabel(_axis(across))
    axes.set_ylabel(_axis(up))
    _name_regions(axes, x, y, bound.reshape(shape), names)
    return sheet.figure


def _draw_regions(
    axes: Axes, across: Varied, up: Varied, bound: Column, colours: Sequence[str]
) -> None:
    edges = [_edges(np.array(each.values, dtype=float), each.is_log) for each in (across, up)]
    shown = np.ma.masked_less(bound.T, 0)
    colour_map = ListedColormap(list(colours))
    axes.pcolormesh(
        *edges, shown, cmap=colour_map, vmin=-0.5, vmax=len(colours) - 0.5, rasterized=True
    )
    if (bound < 0).any():
        axes.patch.set_facecolor("white")
        axes.patch.set_hatch("////")
        axes.patch.set_edgecolor(FAINT)
        axes.patch.set_linewidth(0)


def _draw_contours(axes: Axes, x: Column, y: Column, speedup: Column) -> None:
    known = speedup[np.isfinite(speedup)]
    if min(len(x), len(y)) < 2 or not known.size:
        return
    levels = [each for each in LEVELS if known.min() < each < known.max() * (1 - 1e-9)]
    if not levels:
        return
    step = -(-len(levels) // MOST_LEVELS)
    # The one that is as fast as today stays.
    levels = [each for n, each in enumerate(levels) if n % step == 0 or each == 1]
    lines = axes.contour(x, y, speedup.T, levels=levels, colors=INK, linewidths=0.8)
    axes.clabel(lines, fmt=lambda level: f"{level:g}×", fontsize=7, inline_spacing=2)


def _name_regions(axes: Axes, x: Column, y: Column, bound: Column, names: Sequence[str]) -> None:
    """In the middle of each that is large enough, or nowhere."""
    for number, name in enumerate(names):
        place = _middle(bound == number)
        if place is not None:
            axes.annotate(
                name,
                (x[place[0]], y[place[1]]),
                ha="center",
                va="center",
                weight="bold",
                color=INK,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "lw": 0},
            )


def _middle(region: Column) -> tuple[int, int] | None:
    """The point of a region that is farthest from all others, and from the edges."""
    inside, depth = np.pad(region, 1), np.zeros(region.shape, dtype=int)
    while inside[1:-1, 1:-1].any():
        depth += inside[1:-1, 1:-1]
        around = [inside[1:-1, 1:-1], inside[:-2, 1:-1], inside[2:, 1:-1]]
        around += [inside[1:-1, :-2], inside[1:-1, 2:]]
        inside = np.pad(np.logical_and.reduce(around), 1)
    if depth.max() < LEAST_DEPTH:
        return None
    deepest = np.argwhere(depth == depth.max())
    centre = deepest[np.argmin(((deepest - deepest.mean(axis=0)) ** 2).sum(axis=1))]
    return int(centre[0]), int(centre[1])


def _edges(values: Column, is_log: bool) -> Column:
    """Of cells around values: half way to the neighbours."""
    if len(values) == 1:
        return np.array([values[0] * 0.9, values[0] * 1.1])
    own = np.log(values) if is_log else values
    middle = (own[1:] + own[:-1]) / 2
    whole = np.concatenate([[2 * own[0] - middle[0]], middle, [2 * own[-1] - middle[-1]]])
    return np.asarray(np.exp(whole) if is_log else whole)


# --- axes -----------------------------------------------------------------------------------------


def _set_scale(axes: Axes, varied: Varied, side: str) -> None:
    axis = axes.xaxis if side == "x" else axes.yaxis
    is_doubled = varied.unit == "B" or (varied.is_whole and not varied.unit)
    low, high = min(varied.values), max(varied.values)
    if varied.is_log and high > low:
        scale = axes.set_xscale if side == "x" else axes.set_yscale
        scale("log", base=2 if is_doubled else 10)
        if is_doubled:
            axis.set_major_locator(LogLocator(base=2, numticks=MOST_TICKS))
        elif high / low < 30:
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_locator(NullLocator())
    if varied.unit == "B":
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_bytes(value)))
    elif is_doubled and varied.is_log:
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_count(round(value))))
    else:
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))
    if side == "x" and high > low:
        axes.set_xlim(low, high)


def _axis(varied: Varied) -> str:
    unit = "" if varied.unit in ("", "B") else f" ({unit_label(varied.unit)})"
    return f"{varied.name}{unit}"


def _told(varied: Varied, value: float) -> str:
    if varied.is_whole and not varied.unit:
        return f"{int(value):,}"
    return format_quantity(value, varied.unit or "1")
