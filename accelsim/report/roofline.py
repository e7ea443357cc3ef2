"""A hierarchical roofline: ceilings of the pipes and of each memory, and kernels under them.

A kernel stands at its FLOP a byte of device memory and its FLOP a second; a line joins what was
predicted (filled) to what was measured (hollow).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.report.sheet import house_style
from accelsim.report.style import COLOURS, FAINT, INK, WIDTH_PT, tick_label

POINTS_AN_INCH = 72
SLOPES = ("green", "sky", "purple")


PREDICTED: Mapping[str, Any] = {
    "marker": "o",
    "linestyle": "",
    "color": COLOURS["blue"],
    "markersize": 2.5,
}

MEASURED: Mapping[str, Any] = {**PREDICTED, "mfc": "none", "mec": INK, "markersize": 3}


@dataclass(frozen=True)
class RooflinePoint:
    """A kernel: FLOP a byte, FLOP a second predicted and, if there is one, measured."""

    name: str
    intensity: float
    predicted: float
    measured: float | None = None


def draw_roofline(
    ceilings: Mapping[str, float],
    bandwidths: Mapping[str, float],
    points: Sequence[RooflinePoint],
    title: str,
) -> Figure:
    """`ceilings` in FLOP/s by name, `bandwidths` in B/s by memory."""
    with house_style():
        side = WIDTH_PT / POINTS_AN_INCH
        figure = Figure(figsize=(side, 0.8 * side), layout="constrained")
        axes = figure.subplots()
        low = 0.5 * min((point.intensity for point in points), default=1)
        high = 2 * max((point.intensity for point in points), default=1000)
        top = max(ceilings.values())
        for number, (name, bandwidth) in enumerate(bandwidths.items()):
            colour = COLOURS[SLOPES[number % len(SLOPES)]]
            ridge = max(top / bandwidth, low)
            slope = [low * bandwidth, ridge * bandwidth]
            axes.plot([low, ridge], slope, color=colour, label=f"bandwidth of {name}")
        for name, ceiling in ceilings.items():
            axes.axhline(ceiling, color=FAINT, linewidth=0.8)
            axes.annotate(name, (high, ceiling), ha="right", va="bottom", color=FAINT)
        for point in points:
            _draw(axes, point)
        axes.set(xscale="log", yscale="log", xlim=(low, high), title=title)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda number, _: tick_label(number))
        axes.set(xlabel="FLOP per byte of device memory", ylabel="FLOP per second")
        axes.grid(True)
        axes.plot([], [], **PREDICTED, label="predicted")
        if any(point.measured is not None for point in points):
            axes.plot([], [], **MEASURED, label="measured")
        axes.legend(frameon=False, loc="lower right")
    return figure


def _draw(axes: Axes, point: RooflinePoint) -> None:
    axes.plot([point.intensity], [point.predicted], **PREDICTED)
    if point.measured is not None:
        ends = [point.predicted, point.measured]
        axes.plot([point.intensity] * 2, ends, color=FAINT, linewidth=0.5)
        axes.plot([point.intensity], [point.measured], **MEASURED)
