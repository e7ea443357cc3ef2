"""Latency along one number of a design, and what each resource needs by itself.

The latency is as long as the longest of them, step by step; bands name the bound.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.base.units import format_quantity
from accelsim.report.sheet import house_style, mark_logarithmic, write_title
from accelsim.report.style import COLOURS, FAINT, INK, SCALED, WIDTH_PT, tick_label, unit_label
from accelsim.study.crossover import Crossover

HEIGHT_PT = 180.0
RESOURCE_COLOURS = ("blue", "orange", "green", "purple", "vermillion", "sky")
FAR = 0.75
"""Share of the width beyond which a word stands to the left of its line."""
BANDS = ("#FFFFFF", "#EEF2F6")


def draw_crossover(found: Crossover, title: str) -> Figure:
    with house_style():
        figure = Figure(figsize=(WIDTH_PT / 72, HEIGHT_PT / 72), layout="constrained")
        axes = figure.subplots()
        table, unit = found.grid, found.along.unit
        resources = [name for name in table.columns if name not in ("value", "latency_s")]
        for number, name in enumerate(resources):
            if (table[name] > 0).any():
                colour = COLOURS[RESOURCE_COLOURS[number % len(RESOURCE_COLOURS)]]
                axes.plot(table["value"], table[name], color=colour, linewidth=0.8, label=name)
        axes.plot(table["value"], table["latency_s"], color=INK, linewidth=1.6, label="latency")
        for number, segment in enumerate(found.segments):
            axes.axvspan(segment.low, segment.high, facecolor=BANDS[number % 2], zorder=0)
        for place in found.boundaries:
            axes.axvline(place, color=FAINT, linewidth=0.6)
        if found.along.low > 0:
            axes.set_xscale("log")
        axes.set_yscale("log")
        path = found.along.path
        axes.set(ylabel="latency")
        axes.set_xlabel(f"{path} ({unit_label(unit)})" if unit and unit not in SCALED else path)
        axes.set_xlim(found.along.low, found.along.high)
        mark_logarithmic(axes.yaxis, "s")
        on_ticks = unit if unit in SCALED else ""
        if axes.get_xscale() == "log":
            mark_logarithmic(axes.xaxis, on_ticks)
        else:
            axes.xaxis.set_major_formatter(lambda value, _: tick_label(value))
        for place in found.boundaries:
            _name(axes, place, f" {format_quantity(place, unit or '1')} ")
        axes.grid(True)
        axes.legend(frameon=False)
        write_title(figure, title)
    return figure


def _name(axes: Axes, place: float, label: str) -> None:
    """Beside its line, on the side where there is room."""
    share = axes.transAxes.inverted().transform(axes.transData.transform((place, 1)))[0]
    side = "right" if share > FAR else "left"
    at = (place, 0.02)
    axes.annotate(label, at, xycoords=("data", "axes fraction"), ha=side, color=FAINT)
