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
LABEL_PT = 15.0
ROOM_PT = 36.0
BETWEEN = 8
"""From a line's number to the edge of the map at least, and to other words if it can be; places
that are tried on each piece of a line."""
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
    taken = []
    if is_within(across) and is_within(up):
        today = np.array([[each.today for each in (across, up)]], dtype=float)
        axes.plot(*today.T, **TODAY, clip_on=False)
        taken = [_at(axes, today)[0]]
    axes.set_xlabel(axis_label(across))
    axes.set_ylabel(axis_label(up))
    taken += _name_regions(axes, x, y, bound.reshape(shape), names, taken)
    _draw_contours(axes, x, y, speedup, taken)
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


def _draw_contours(
    axes: Axes, x: Column, y: Column, speedup: Column, taken: Sequence[Column]
) -> None:
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
    places = _label_places(axes, [part for level in lines.allsegs for part in level], taken)
    axes.clabel(
        lines,
        fmt=lambda level: f"{level:g}×",
        fontsize=TEXT_PT,
        inline_spacing=2,
        manual=places,
        zorder=4,
    )


def _label_places(
    axes: Axes, lines: Sequence[Column], taken: Sequence[Column]
) -> list[tuple[float, float]]:
    """A place on each line [n, 2] for its number: whole on the map, and as far as can be from what
    is `taken` in points; none on a line that has no such place."""
    low, high = axes.get_window_extent().get_points() * 72 / axes.figure.dpi
    others, found = list(taken), []
    for line in lines:
        dense = _at(axes, line)
        steps = np.linspace(0, len(dense) - 1, BETWEEN * len(dense))
        dense = np.stack([np.interp(steps, np.arange(len(dense)), side) for side in dense.T], 1)
        # A number lies along its line: it needs its length that way, and half a letter across.
        along = abs(np.gradient(dense, axis=0)) + 1e-9
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        room = LABEL_PT * along + 0.6 * TEXT_PT * along[:, ::-1]
        inside = dense[((dense > low + room) & (dense < high - room)).all(axis=1)]
        if not len(inside):
            continue
        centre = (low + high) / 2
        if others:
            gaps = np.linalg.norm(inside[:, None] - np.array(others)[None], axis=2).min(axis=1)
        else:
            gaps = -np.linalg.norm(inside - centre, axis=1)
        if others and gaps.max() < LABEL_PT:
            continue
        # Far enough is enough: of such places the one nearest to the middle.
        enough = inside[gaps >= min(ROOM_PT, gaps.max())]
        place = enough[np.argmin(np.linalg.norm(enough - centre, axis=1))]
        others.append(place)
        back = axes.transData.inverted().transform(place * axes.figure.dpi / 72)
        found.append((float(back[0]), float(back[1])))
    return found


def _at(axes: Axes, places: Column) -> Column:
    """Where points [n, 2] of the map stand on the sheet, in pt."""
    return np.asarray(axes.transData.transform(places)) * 72 / axes.figure.dpi


def _name_regions(
    axes: Axes,
    x: Column,
    y: Column,
    bound: Column,
    names: Sequence[str],
    taken: Sequence[Column],
) -> list[Column]:
    """In the middle of each that is large enough and not at what is `taken`, or nowhere; where the
    names stand, in pt."""
    every = _at(axes, np.stack(np.meshgrid(x, y, indexing="ij"), 2).reshape(-1, 2))
    room = np.array([LABEL_PT + width_pt("compute"), 2 * LINE_PT])
    is_free = np.ones(len(every), dtype=bool)
    for other in taken:
        is_free &= (abs(every - other) > room / 2).any(axis=1)
    found = []
    for number, name in enumerate(names):
        place = _middle((bound == number) & is_free.reshape(bound.shape))
        if place is not None:
            found.append(_at(axes, np.array([[x[place[0]], y[place[1]]]]))[0])
            axes.annotate(
                name,
                (x[place[0]], y[place[1]]),
                ha=_side(axes, x[place[0]], name),
                va="center",
                weight="bold",
                color=INK,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "lw": 0},
            )
    return found


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
