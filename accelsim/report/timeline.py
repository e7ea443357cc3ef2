"""A trace as bars over time: a row for each phase and array, and each port, as in `waterfall`.

Neighbouring tiles differ in colour, so that it shows which tile each part works on; an array that
waits, for data, for room or for its last sum, is grey. The first few tiles of the first step.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from accelsim.report.sheet import (
    MARGIN_PT,
    Array,
    Key,
    add_boxes,
    house_style,
    open_sheet,
    width_pt,
)
from accelsim.report.style import COLOURS, LINE_PT, TEXT_PT, WIDTH_PT, tick_label
from accelsim.sim.trace import IDLE, Interval, Trace, by_row, einsums_of, end_of_tiles

ROW_PT = 12.0
BASE_PT = 2 * LINE_PT + 6
THICKNESS = 0.72
TILE_COLOURS = tuple(COLOURS[name] for name in ("blue", "orange", "sky", "green"))
WAITING = COLOURS["silver"]
Rows = Mapping[str, list[Interval]]


def draw_timeline(trace: Trace, title: str, *, tiles: int = 4, caption: str = "") -> Figure:
    end = end_of_tiles(trace, tiles)
    rows = by_row(trace, [interval for interval in trace.intervals if interval.start < end])
    with house_style():
        return _drawn(rows, end, title, caption)


def _drawn(rows: Rows, end: float, title: str, caption: str) -> Figure:
    count = len(TILE_COLOURS)
    keys = [Key(f"tile {n}, {n + count}, …", colour) for n, colour in enumerate(TILE_COLOURS)]
    body_pt = ROW_PT * len(rows)
    sheet = open_sheet(
        title, BASE_PT + body_pt, keys=[*keys, Key("waits", WAITING)], caption=caption
    )
    labels = [f"{name.removeprefix('phase ')}: {einsums_of(own)}" for name, own in rows.items()]
    left_pt = MARGIN_PT + max(width_pt(label, TEXT_PT) for label in labels) + 5
    axes = sheet.axes(left_pt, BASE_PT, WIDTH_PT - MARGIN_PT - left_pt - 6, body_pt)
    for place, own in enumerate(rows.values()):
        _draw_row(axes, place, own)
    _set_scales(axes, labels, end)
    return sheet.figure


def _draw_row(axes: Axes, place: int, own: Iterable[Interval]) -> None:
    by_colour: dict[str, list[Interval]] = {}
    for interval in own:
        by_colour.setdefault(_colour(interval), []).append(interval)
    for colour, intervals in by_colour.items():
        add_boxes(axes, _boxes(intervals, place), colour, "")


def _colour(interval: Interval) -> str:
    if interval.activity in IDLE:
        return WAITING
    return TILE_COLOURS[interval.subject.tile % len(TILE_COLOURS)]


def _boxes(intervals: Iterable[Interval], place: int) -> Array:
    low, high = place - THICKNESS / 2, place + THICKNESS / 2
    return np.array([(interval.start, low, interval.end, high) for interval in intervals], float)


def _set_scales(axes: Axes, labels: list[str], end: float) -> None:
    axes.set_xlim(0, end)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("time (cycles)")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cycles, _: tick_label(cycles)))
    axes.grid(axis="x")
