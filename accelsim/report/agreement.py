"""Predicted against measured, both logarithmic: a point a case, coloured by its kind (its bound).

The solid line is equality; the dashed ones are 20 % off.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from accelsim.report.sheet import house_style
from accelsim.report.style import COLOURS, FAINT, MARKERS, WIDTH_PT, tick_label

OFF = 1.2

POINTS_AN_INCH = 72

COLOUR_OF = {
    "tensor": COLOURS["blue"],
    "power": COLOURS["vermillion"],
    "hbm": COLOURS["green"],
    "l2": COLOURS["sky"],
    "special-function": COLOURS["orange"],
    "fp32": COLOURS["purple"],
    "latency": COLOURS["slate"],
    "launch": COLOURS["silver"],
}


OTHERS = ("blue", "sky", "vermillion", "orange", "green", "purple")
"""Colours of kinds that are no bounds, in the order in which they come."""


def draw_agreement(
    measured_ms: Sequence[float],
    predicted_ms: Sequence[float],
    kinds: Sequence[str],
    title: str,
    legend: str = "bound by",
) -> Figure:
    """Times in ms, and the kind of each: its bound, unless `legend` says otherwise."""
    with house_style():
        side = WIDTH_PT / POINTS_AN_INCH
        figure = Figure(figsize=(side, side), layout="constrained")
        axes = figure.subplots()
        ends = [0.7 * min(measured_ms), 1.4 * max(measured_ms)]
        axes.plot(ends, ends, color=FAINT, linewidth=0.8, zorder=1)
        for factor in (OFF, 1 / OFF):
            axes.plot(ends, [end * factor for end in ends], "--", color=FAINT, linewidth=0.6)
        for number, kind in enumerate(dict.fromkeys(kinds)):
            own = [place for place, each in enumerate(kinds) if each == kind]
            axes.scatter(
                [measured_ms[place] for place in own],
                [predicted_ms[place] for place in own],
                s=7,
                marker=MARKERS[number % len(MARKERS)],
                color=COLOUR_OF.get(kind, COLOURS[OTHERS[number % len(OTHERS)]]),
                linewidths=0,
                label=f"{kind} ({len(own)})",
                zorder=2,
            )
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda ms, _: tick_label(ms))
        axes.set(xlabel="measured time (ms)", ylabel="predicted time (ms)", title=title)
        axes.grid(True)
        axes.legend(frameon=False, title=legend, loc="upper left")
    return figure
