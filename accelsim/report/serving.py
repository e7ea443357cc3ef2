"""A serving simulation over time: who does what in a window, the batch size and tokens a second.

    lanes          a row for each actor, coloured by activity; white where it has nothing to do
    batch size     over the whole run; the time of the lanes is shaded
    tokens a second

A lane's time is short (an iteration takes tens of milliseconds), the run's is long, so each has its
own axis.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from accelsim.report.sheet import (
    MARGIN_PT,
    Key,
    Sheet,
    add_boxes,
    house_style,
    open_sheet,
    width_pt,
)
from accelsim.report.style import (
    COLOURS,
    INK,
    LINE_PT,
    TEXT_PT,
    WIDTH_PT,
    prefixed,
    readable,
    tick_label,
)
from accelsim.sim.tally import Point
from accelsim.sim.timeline import ACTIVITIES, Span, Window

ROW_PT = 12.0
CURVE_PT = 52.0
AXIS_PT = 2 * LINE_PT + 6
GAP_PT = 8.0
THICKNESS = 0.72
MOST_LANES = 16
ACTIVITY_COLOURS: Mapping[str, str] = {
    "prefill": COLOURS["green"],
    "model": COLOURS["blue"],
    "attention": COLOURS["orange"],
    "send": COLOURS["sky"],
    "wait": COLOURS["silver"],
}
OTHER = (COLOURS["vermillion"], COLOURS["purple"], COLOURS["yellow"], COLOURS["slate"])
SHADE = COLOURS["purple"]
TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
LONG_TIMES = ((3600.0, "h"), (60.0, "min"), *TIMES)
Curve = Sequence[Point]


def draw_serving(
    window: Window, batch: Curve, tokens_per_s: Curve, title: str, *, caption: str = ""
) -> Figure:
    """The figure; `batch` and `tokens_per_s` are curves of the run (`sim.tally.OverTime.curve`)."""
    lanes = window.lanes()
    shown = dict(list(lanes.items())[:MOST_LANES])
    if len(lanes) > len(shown):
        caption = f"{caption} The first {len(shown)} of {len(lanes)} actors are shown.".strip()
    with house_style():
        return _drawn(window, shown, batch, tokens_per_s, title, caption)


def _drawn(
    window: Window,
    lanes: Mapping[str, list[Span]],
    batch: Curve,
    tokens_per_s: Curve,
    title: str,
    caption: str,
) -> Figure:
    colours = activity_colours(span.activity for own in lanes.values() for span in own)
    lanes_pt = ROW_PT * max(1, len(lanes))
    body_pt = AXIS_PT + 2 * CURVE_PT + GAP_PT + AXIS_PT + GAP_PT + lanes_pt
    headline = f"Mean batch {prefixed(_mean(batch))}, {prefixed(_mean(tokens_per_s))} tokens/s"
    keys = [Key(activity, colour) for activity, colour in colours.items()]
    sheet = open_sheet(title, body_pt, headline=headline, keys=keys, caption=caption)
    left_pt = MARGIN_PT + max(width_pt(label, TEXT_PT) for label in [*lanes, "0.00M"]) + 5
    left_pt = max(left_pt, MARGIN_PT + LINE_PT + width_pt("0.00M", TEXT_PT) + 8)
    bottom_pt = body_pt - lanes_pt
    _draw_lanes(_axes(sheet, left_pt, bottom_pt, lanes_pt), window, lanes, colours)
    bottom_pt -= AXIS_PT + GAP_PT + CURVE_PT
    above = _axes(sheet, left_pt, bottom_pt, CURVE_PT)
    below = _axes(sheet, left_pt, AXIS_PT, CURVE_PT)
    _draw_curve(above, batch, window, "batch size\n(requests)")
    _draw_curve(below, tokens_per_s, window, "throughput\n(tokens/s)")
    _name_window(above, window, batch)
    _set_run_scale(above, below, batch or tokens_per_s)
    return sheet.figure


def activity_colours(activities: Iterable[str]) -> dict[str, str]:
    """The colours of the activities that there are; the house's own come first, others after."""
    there = set(activities)
    others = zip(sorted(there.difference(ACTIVITIES)), cycle(OTHER))
    known = {each: ACTIVITY_COLOURS[each] for each in ACTIVITIES if each in there}
    return {**known, **dict(others)}


def _axes(sheet: Sheet, left_pt: float, bottom_pt: float, height_pt: float) -> Axes:
    return sheet.axes(left_pt, bottom_pt, WIDTH_PT - MARGIN_PT - left_pt - 6, height_pt)


# --- lanes ----------------------------------------------------------------------------------------


def _draw_lanes(
    axes: Axes, window: Window, lanes: Mapping[str, list[Span]], colours: Mapping[str, str]
) -> None:
    scale, unit = _time_unit(window.seconds, TIMES)
    for place, own in enumerate(lanes.values()):
        for activity, colour in colours.items():
            boxes = [_box(span, window, scale, place) for span in own if span.activity == activity]
            if boxes:
                add_boxes(axes, np.array(boxes, float), colour, "")
    axes.set_xlim(0, window.seconds / scale)
    axes.set_ylim(max(1, len(lanes)) - 0.5, -0.5)
    axes.set_yticks(range(len(lanes)), list(lanes))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"time since {window.start_s:g} s ({unit})")
    _set_ticks(axes)
    axes.grid(axis="x")


def _box(span: Span, window: Window, scale: float, place: int) -> tuple[float, float, float, float]:
    """The part of a span that lies in the window."""
    start_s = max(span.start_s, window.start_s) - window.start_s
    end_s = min(span.end_s, window.end_s) - window.start_s
    return start_s / scale, place - THICKNESS / 2, end_s / scale, place + THICKNESS / 2


# --- curves ---------------------------------------------------------------------------------------


def _draw_curve(axes: Axes, curve: Curve, window: Window, label: str) -> None:
    scale, _ = _time_unit(_end(curve), LONG_TIMES)
    axes.axvspan(window.start_s / scale, window.end_s / scale, color=SHADE, linewidth=1.2)
    if curve:
        edges = [curve[0].start_s / scale, *(point.end_s / scale for point in curve)]
        axes.stairs([point.value for point in curve], edges, color=INK, baseline=None)
    axes.set_ylim(0, 1.08 * max((point.value for point in curve), default=1.0) or 1.0)
    axes.set_ylabel(label)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: tick_label(number)))
    axes.grid(axis="y")


def _name_window(axes: Axes, window: Window, curve: Curve) -> None:
    """Says above its shade where the lanes are from, on the side where there is room."""
    share = (window.start_s + window.end_s) / 2 / _end(curve)
    side = "left" if share < 0.2 else "right" if share > 0.8 else "center"
    place = (min(1.0, share), 1.02)
    axes.text(*place, "the time above", transform=axes.transAxes, ha=side, color=readable(SHADE))


def _set_run_scale(above: Axes, below: Axes, curve: Curve) -> None:
    """Both curves over the same time, written under the lower one."""
    scale, unit = _time_unit(_end(curve), LONG_TIMES)
    for axes in (above, below):
        axes.set_xlim(0, _end(curve) / scale)
        _set_ticks(axes)
    above.tick_params(axis="x", labelbottom=False)
    below.set_xlabel(f"time ({unit})")


def _set_ticks(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: tick_label(number)))


def _end(curve: Curve) -> float:
    return curve[-1].end_s if curve else 1.0


def _mean(curve: Curve) -> float:
    """Over time."""
    amounts = (point.value * (point.end_s - point.start_s) for point in curve)
    return sum(amounts) / _end(curve)


def _time_unit(seconds: float, units: Sequence[tuple[float, str]]) -> tuple[float, str]:
    """The largest unit of which there are two at least: 1.5 s are 1500 ms."""
    return next((each for each in units if seconds >= 2 * each[0]), units[-1])
