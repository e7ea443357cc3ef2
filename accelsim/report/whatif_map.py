"""A map of a what-if over two numbers: lines of equal latency as times of today's, the bound as
regions. A dot marks today; where nothing can run, the map is hatched.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from accelsim.report.sheet import MARGIN_PT, open_sheet, width_pt
from accelsim.report.style import FAINT, INK, LINE_PT, TEXT_PT, WIDTH_PT
from accelsim.report.whatif_axes import (
    BASE_PT,
    TODAY,
    axis_label,
    bounds_of,
    caption_of,
    is_within,
    legend_of,
    set_scale,
    tinted,
)
from accelsim.study.advice import SPEEDUP
from accelsim.study.table import Column
from accelsim.study.varied import Varied
from accelsim.study.whatif import WhatIf

MAP_PT = 176.0
LEAST_DEPTH = 2
"""Cells around the name of a region."""
MOST_LEVELS = 7
LEVELS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 6, 8, 12, 16)


def draw_map(found: WhatIf) -> Figure:
    across, up = found.varied
    colours = bounds_of(found)
    height_pt = BASE_PT + MAP_PT
    title = f"{found.of}: times as fast as today"
    sheet = open_sheet(title, height_pt, keys=legend_of(found, colours), caption=caption_of(found))
    left_pt = MARGIN_PT + LINE_PT + width_pt("500 MiB") + 6
    axes = sheet.axes(left_pt, BASE_PT, WIDTH_PT - left_pt - MARGIN_PT - 8, MAP_PT)
    shape = (len(across.values), len(up.values))
    x, y = np.array(across.values, dtype=float), np.array(up.values, dtype=float)
    names = list(colours)
    bound = np.array([names.index(b) if b else -1 for b in found.table["bound"].tolist()])
    _draw_regions(axes, across, up, bound.reshape(shape), [tinted(c) for c in colours.values()])
    speedup = np.asarray(found.table[SPEEDUP], dtype=float).reshape(shape)
    # Labels are set into lines where they are on the sheet: scales and limits go first.
    set_scale(axes, across, "x")
    set_scale(axes, up, "y")
    axes.set_xlim(x.min(), x.max())
    axes.set_ylim(y.min(), y.max())
    _draw_contours(axes, x, y, speedup)
    today = [each.today for each in (across, up)]
    if is_within(across) and is_within(up):
        axes.plot(*np.array([today], dtype=float).T, **TODAY, clip_on=False)
    axes.set_xlabel(axis_label(across))
    axes.set_ylabel(axis_label(up))
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
    # The one that is as fast as today stays, and has room where others are thinned.
    levels = [
        each
        for n, each in enumerate(levels)
        if each == 1 or (n % step == 0 and (step == 1 or not 0.8 < each < 1.25))
    ]
    lines = axes.contour(x, y, speedup.T, levels=levels, colors=INK, linewidths=0.8)
    axes.clabel(lines, fmt=lambda level: f"{level:g}×", fontsize=TEXT_PT, inline_spacing=2)


def _name_regions(axes: Axes, x: Column, y: Column, bound: Column, names: Sequence[str]) -> None:
    """In the middle of each that is large enough, or nowhere."""
    for number, name in enumerate(names):
        place = _middle(bound == number)
        if place is not None:
            axes.annotate(
                name,
                (x[place[0]], y[place[1]]),
                ha=_side(axes, x[place[0]], name),
                va="center",
                weight="bold",
                color=INK,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "lw": 0},
            )


def _side(axes: Axes, at: float, name: str) -> str:
    """Where a name is held, so that it stays on the map."""
    left, right = axes.get_window_extent().intervalx * 72 / axes.figure.dpi
    there = axes.transData.transform((at, axes.get_ylim()[0]))[0] * 72 / axes.figure.dpi
    half = width_pt(name, weight="bold") / 2 + 2
    if there - half < left:
        return "left"
    return "right" if there + half > right else "center"


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
