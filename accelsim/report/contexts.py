"""Mechanisms against the context: panels one below the other, both axes logarithmic.

A mechanism has a colour, a line style and a marker of its own, the same in all panels, so that it
is found without its colour too. The legend stands beside the panels; what has no numbers has no
points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from accelsim.base.units import format_bytes, format_count, format_quantity
from accelsim.report.save import save_figure
from accelsim.report.sheet import house_style, width_pt, write_below, write_title
from accelsim.report.style import COLOURS, MARKERS

PANEL_IN = (3.1, 1.5)
LEGEND_IN = 2.3
ENTRY_IN = 0.125
LINES = ("-", "--", ":", "-.")
# Yellow and silver are hardly seen as thin lines on white.
HUES = tuple(COLOURS[name] for name in ("blue", "orange", "green", "vermillion", "purple", "slate"))


@dataclass(frozen=True)
class Panel:
    """A column of the table, what its axis is called, and the house unit of its numbers."""

    column: str
    label: str
    unit: str


SHORT = 100.0
"""Highest by lowest number below which powers of ten alone are too few ticks."""
HANDLE_PT = 40.0
"""Of a line in the legend, with the room around it."""
COMPARED = (
    Panel("latency_s", "time of a run", "s"),
    Panel("energy_pj", "energy of a run", "pJ"),
    Panel("kept_bytes", "cache or state", "B"),
)


def save_contexts(frame: pd.DataFrame, folder: Path) -> list[Path]:
    """A figure a machine, as .png and .svg; none for a machine without numbers."""
    files = []
    for machine, own in frame.groupby("machine", sort=False):
        if own["latency_s"].notna().any():
            name = Path(str(machine)).stem
            figure = draw_contexts(own, COMPARED, _caption(own, name))
            files += [save_figure(figure, folder / f"{name}.{kind}") for kind in ("png", "svg")]
    return files


def draw_contexts(
    frame: pd.DataFrame, panels: Sequence[Panel], caption: str, title: str = ""
) -> Figure:
    """`frame` has the columns variant and context, and those of the panels; a panel that has no
    number is left out."""
    shown = [panel for panel in panels if (frame[panel.column].fillna(0) > 0).any()]
    names = list(dict.fromkeys(frame["variant"]))
    with house_style():
        height = max(PANEL_IN[1] * len(shown), ENTRY_IN * len(names)) + 0.5
        figure = Figure(figsize=(PANEL_IN[0] + LEGEND_IN, height), layout="constrained")
        every = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        styles = {name: _style(number) for number, name in enumerate(names)}
        for axes, panel in zip(every, shown, strict=True):
            _draw(axes, frame, panel, styles)
        _mark_contexts(every[-1], sorted(set(frame["context"])))
        handles, labels = every[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", frameon=False, handlelength=3.2)
        write_below(figure, caption)
        if title:
            write_title(figure, title, HANDLE_PT + max(map(width_pt, names)))
    return figure


def _style(number: int) -> Mapping[str, Any]:
    """Colours first, then line styles, markers all along: 24 lines before one looks like another,
    and markers of 8 kinds beside that."""
    return {
        "color": HUES[number % len(HUES)],
        "linestyle": LINES[number // len(HUES) % len(LINES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 3,
        "linewidth": 1.0,
    }


def _draw(
    axes: Axes, frame: pd.DataFrame, panel: Panel, styles: Mapping[str, Mapping[str, Any]]
) -> None:
    for name, style in styles.items():
        own = frame[(frame["variant"] == name) & (frame[panel.column].fillna(0) > 0)]
        numbers = own[panel.column].astype(float)
        axes.plot(own["context"].astype(float), numbers, label=name, **style)
    base = 2 if panel.unit == "B" else 10
    axes.set_xscale("log")
    axes.set_yscale("log", base=base)
    axes.set_ylabel(panel.label)
    low, high = axes.get_ylim()
    is_short = base == 10 and high / low < SHORT
    subs = (1.0, 2.0, 5.0) if is_short else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(base=base, subs=subs, numticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: _tick(number, panel.unit)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(True)


def _tick(number: float, unit: str) -> str:
    """`100 µs`, `16 MiB`, `10 MFLOP`."""
    if unit == "B":
        return format_bytes(number)
    return format_quantity(number, unit).replace(" u", " µ")


def _mark_contexts(axes: Axes, contexts: Sequence[int]) -> None:
    every = max(1, -(-len(contexts) // 8))
    axes.xaxis.set_major_locator(FixedLocator([float(each) for each in contexts[::every]]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: format_count(int(number))))
    axes.set_xlabel("context (tokens)")


def _caption(frame: pd.DataFrame, machine: str) -> str:
    contexts = sorted(set(frame["context"]))
    phases = ", ".join(dict.fromkeys(frame["phase"]))
    span = " to ".join(
        format_count(int(each)) for each in dict.fromkeys((contexts[0], contexts[-1]))
    )
    return f"{phases} on {machine}, context {span}, default mappings"
