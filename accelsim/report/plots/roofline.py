"""A hierarchical roofline: a strip a machine, with the ceilings of its pipes and of each memory.

Work stands at its FLOP a byte of each memory level, in that level's colour, so that a point below
its own slope is what that memory allows and no more. Each name of work has a marker; filled is
predicted, hollow is measured, and a line joins the two. Where there is much work, points are small
and of the outermost memory alone.
"""

from collections.abc import Mapping
from math import log10, radians, sin
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from accelsim.base.units import format_quantity
from accelsim.report.pareto import spread
from accelsim.report.plots.columns import caption_of
from accelsim.report.sheet import MARGIN_PT, Key, house_style, open_sheet, width_pt
from accelsim.report.style import (
    COLOURS,
    FAINT,
    INK,
    LINE_PT,
    MARKERS,
    TEXT_PT,
    WIDTH_PT,
    readable,
    tick_label,
)

STRIP_PT = 108.0
LONE_STRIP_PT = 160.0
HEAD_PT = LINE_PT + 4
FOOT_PT = 2 * LINE_PT + 4
ROOM_ABOVE_PT = 2.0
HUES = tuple(COLOURS[name] for name in ("vermillion", "blue", "green", "purple", "orange"))
"""Of memory levels, the outermost first."""
MOST_WITH_LEVELS = 12
"""Of more work than this, only the outermost memory's points are drawn."""
PIPE, MEMORY, WORK = "pipe", "memory", "work"
Limits = tuple[float, float]
HALO = (withStroke(linewidth=2.0, foreground="white"),)
"""Names are read where they lie on lines and points."""


def draw_roofline(frame: pd.DataFrame, *, title: str = "", caption: str = "") -> Figure:
    """`frame` is what `accelsim roofline --out FILE.csv` writes, of one machine or several."""
    machines = {str(name): own for name, own in frame.groupby("machine", sort=False)}
    with house_style():
        named = title or f"Roofline of {', '.join(machines)}"
        return _drawn(machines, named, caption_of(frame, caption))


def _drawn(machines: Mapping[str, pd.DataFrame], title: str, caption: str) -> Figure:
    shown = {name: _chosen(own) for name, own in machines.items()}
    works = list(dict.fromkeys(n for own in shown.values() for n in own["name"]))
    markers = {name: MARKERS[number % len(MARKERS)] for number, name in enumerate(works)}
    keys = [Key(name, INK, marker=marker) for name, marker in markers.items()]
    if any(own["measured_flop_rate"].notna().any() for own in shown.values()):
        keys += [Key("predicted", FAINT, marker="o"), Key("measured (hollow)", FAINT, line=True)]
    across = _across(machines, shown)
    heads_pt = HEAD_PT * (len(machines) > 1)
    strip_pt = STRIP_PT if heads_pt else LONE_STRIP_PT
    body_pt = FOOT_PT + len(machines) * (strip_pt + heads_pt) + 8 * (len(machines) - 1)
    sheet = open_sheet(title, body_pt, keys=keys, caption=caption)
    left_pt = MARGIN_PT + LINE_PT + width_pt("0.001P") + 6
    top_pt = body_pt
    for place, (name, own) in enumerate(machines.items()):
        top_pt -= heads_pt + strip_pt
        wide_pt = WIDTH_PT - left_pt - MARGIN_PT - 6
        axes = sheet.axes(left_pt, top_pt, wide_pt, strip_pt)
        _draw_machine(axes, own, shown[name], markers, across, (wide_pt, strip_pt))
        if heads_pt:
            axes.set_title(name, loc="left", fontsize=TEXT_PT, fontweight="bold", pad=3)
        is_last = place == len(machines) - 1
        axes.tick_params(axis="x", labelbottom=is_last)
        if is_last:
            axes.set_xlabel("operational intensity (FLOP per byte of that memory)")
        top_pt -= 8
    return sheet.figure


def _chosen(own: pd.DataFrame) -> pd.DataFrame:
    """The points: of levels that have a ceiling, or of the outermost alone where there are many."""
    levels = list(own.loc[own["row"] == MEMORY, "level"])
    work = own[(own["row"] == WORK) & own["level"].isin(levels)]
    if "measured_flop_rate" not in work:
        work = work.assign(measured_flop_rate=np.nan)
    is_many = (work["level"] == levels[0]).sum() > MOST_WITH_LEVELS if levels else False
    return work[work["level"] == levels[0]] if is_many else work


def _across(machines: Mapping[str, pd.DataFrame], shown: Mapping[str, pd.DataFrame]) -> Limits:
    """Intensities that all strips show: all work, and every ridge."""
    ridges = []
    for own in machines.values():
        top = own.loc[own["row"] == PIPE, "flop_rate"].max()
        ridges += (top / own.loc[own["row"] == MEMORY, "bandwidth_bytes_per_s"]).tolist()
    work = [float(value) for own in shown.values() for value in own["intensity"]]
    every = [*ridges, *work]
    return min(every) / 4, max(every) * 6


def _draw_machine(
    axes: Axes,
    own: pd.DataFrame,
    work: pd.DataFrame,
    markers: Mapping[str, str],
    across: Limits,
    size_pt: Limits,
) -> None:
    pipes = own[own["row"] == PIPE].set_index("name")["flop_rate"].astype(float)
    memories = own[own["row"] == MEMORY].set_index("level")["bandwidth_bytes_per_s"].astype(float)
    hues = {level: HUES[number % len(HUES)] for number, level in enumerate(memories.index)}
    upward = _upward(pipes, work)
    axes.set(xscale="log", yscale="log", xlim=across, ylim=upward, ylabel="FLOP/s")
    for level, bandwidth in memories.items():
        _draw_slope(axes, str(level), float(bandwidth), float(pipes.max()), hues[level], size_pt)
    _draw_ceilings(axes, pipes[pipes > upward[0]], size_pt[1])
    size = 4.5 if len(work) <= MOST_WITH_LEVELS * len(memories) else 2.2
    for _, point in work.iterrows():
        _draw_work(axes, point, markers[point["name"]], hues[point["level"]], size)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(base=10, numticks=8))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))
    axes.grid(True)


def _upward(pipes: "pd.Series[float]", work: pd.DataFrame) -> Limits:
    """Around all work, and a hundredth of the highest ceiling at least; lower pipes are left out
    unless work is as low."""
    rates = work[["flop_rate", "measured_flop_rate"]].to_numpy(float)
    top = float(pipes.max())
    lowest = float(np.nanmin(rates)) if np.isfinite(rates).any() else top
    return min(lowest / 4, top / 100), top * 2.5


def _draw_slope(
    axes: Axes, level: str, bandwidth: float, top: float, hue: str, size_pt: Limits
) -> None:
    """Up to the highest ceiling; its name along it, where it comes in."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    start = max(left, low / bandwidth)
    axes.plot([start, top / bandwidth], [start * bandwidth, top], color=hue, linewidth=1.1)
    along = size_pt[1] / log10(high / low) / (size_pt[0] / log10(right / left))
    angle = float(np.degrees(np.arctan(along)))
    text = f"{level} {format_quantity(bandwidth, 'B/s')}"
    look: dict[str, Any] = {"color": readable(hue), "path_effects": HALO, "zorder": 6, "ha": "left"}
    at = size_pt[1] * log10(start * 1.15 * bandwidth / low) / log10(high / low)
    if at + width_pt(text) * sin(radians(angle)) + TEXT_PT > size_pt[1] + ROOM_ABOVE_PT:
        # It would end in the strip's name: on the ceiling, where the slope reaches that.
        there = (top / bandwidth, top)
        axes.annotate(text, there, (2, 2), textcoords="offset points", va="bottom", **look)
        return
    # Slopes come in side by side: the lowest has its name below, the others above.
    is_lowest = axes.lines and len(axes.lines) == 1
    axes.annotate(
        text,
        (start * 1.15, start * 1.15 * bandwidth),
        (4, -3) if is_lowest else (2, 2),
        textcoords="offset points",
        rotation=angle,
        rotation_mode="anchor",
        va="top" if is_lowest else "bottom",
        **look,
    )


def _draw_ceilings(axes: Axes, pipes: "pd.Series[float]", high_pt: float) -> None:
    low, high = axes.get_ylim()
    heights = [high_pt * log10(rate / low) / log10(high / low) for rate in pipes]
    moved = spread(heights, TEXT_PT + 1.5)
    for (name, rate), height, label in zip(pipes.items(), heights, moved, strict=True):
        axes.axhline(rate, color=FAINT, linewidth=0.8, zorder=1)
        axes.annotate(
            f"{name} {format_quantity(rate, 'FLOP/s')}",
            (1, rate),
            (-2, label - height + 1),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="bottom",
            color=FAINT,
            path_effects=HALO,
            zorder=6,
        )


def _draw_work(axes: Axes, point: "pd.Series[float]", marker: str, hue: str, size: float) -> None:
    x, predicted, measured = (
        float(point[name]) for name in ("intensity", "flop_rate", "measured_flop_rate")
    )
    edge: dict[str, Any] = {
        "markeredgewidth": 0.5,
        "linestyle": "",
        "markersize": size,
        "marker": marker,
    }
    axes.plot([x], [predicted], color=hue, markeredgecolor="white", zorder=5, **edge)
    if np.isfinite(measured):
        axes.plot([x, x], [predicted, measured], color=FAINT, linewidth=0.4, zorder=3)
        axes.plot([x], [measured], color="none", markeredgecolor=INK, zorder=4, **edge)
