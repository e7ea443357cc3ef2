"""What a second device costs a layer: time beyond that on one, as a share of it, over its time.

A filled mark is measured, a hollow one predicted; the two of a case are joined. Above zero the
second device makes a layer slower.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from accelsim.report.sheet import house_style, write_title
from accelsim.report.style import COLOURS, FAINT, MARKERS, WIDTH_PT, tick_label

HEIGHT_PT = 200.0
COLOUR_ORDER = ("blue", "vermillion", "green", "purple")


class Case(NamedTuple):
    """Times in ms; measured and predicted beyond `one_ms`."""

    name: str
    one_ms: float
    measured_ms: float
    predicted_ms: float


def draw_extra(cases: Sequence[Case], title: str) -> Figure:
    """Cases of one name are one colour."""
    with house_style():
        figure = Figure(figsize=(WIDTH_PT / 72, HEIGHT_PT / 72), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
        for number, name in enumerate(dict.fromkeys(case.name for case in cases)):
            own = [case for case in cases if case.name == name]
            colour = COLOURS[COLOUR_ORDER[number % len(COLOUR_ORDER)]]
            marks = {"linestyle": "", "marker": MARKERS[number % len(MARKERS)], "color": colour}
            look: dict[str, Any] = {**marks, "markersize": 3, "markeredgewidth": 0.6}
            at = [case.one_ms for case in own]
            measured = [100 * case.measured_ms / case.one_ms for case in own]
            predicted = [100 * case.predicted_ms / case.one_ms for case in own]
            axes.vlines(at, measured, predicted, color=colour, linewidth=0.4, alpha=0.5, zorder=1)
            axes.plot(at, measured, label=f"{name}, measured", **look)
            axes.plot(at, predicted, label="predicted", markerfacecolor="white", **look)
        axes.set(xscale="log", xlabel="time of a layer on one GPU (ms)")
        axes.set_ylabel("longer than on one (%)")
        axes.xaxis.set_major_formatter(lambda ms, _: tick_label(ms))
        axes.grid(True)
        write_title(figure, title)
        axes.legend(frameon=False, loc="upper right")
    return figure
