"""An answer as figures: a roofline and a timeline of each machine, the energies of both.

The timeline is the formula's: steps run one after the other, and within a step each resource is
busy for what it needs by itself; the one that fills the step bounds it. (`accelsim simulate` plays
the tiles of a step.)
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from accelsim.base.units import format_quantity
from accelsim.cost.gpu.why import WORDS
from accelsim.cost.result import energy_by_whole_part
from accelsim.report.interactive.bars import bars
from accelsim.report.interactive.look import HUES, escaped, open_figure
from accelsim.report.interactive.roofline import roofline
from accelsim.report.page.answer import Side
from accelsim.report.page.ceilings import bandwidths, ceilings
from accelsim.report.page.served import ServedSide

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

NEGLIGIBLE = 1e-3
"""Share of the time below which a resource has no row of its own."""


def has_roofline(side: Side) -> bool:
    """Not where no memory has a bandwidth, or nothing is computed or crosses the outermost one."""
    return bool(bandwidths(side.arch) and _moved_bytes(side) and side.flop)


def roofline_of(side: Side) -> "Figure":
    """Where the run stands: FLOP a second, at the FLOP a byte of each memory that has a slope."""
    slopes = bandwidths(side.arch)
    moved = {name: float(side.cost.traffic_bytes.get(name, 0)) for name in slopes}
    names = [name for name in slopes if moved[name]]
    points = {
        "name": [f"{side.machine.name}, bytes of {name}" for name in names],
        "intensity": [side.flop / moved[name] for name in names],
        "predicted": [side.flop / float(side.cost.latency_s)] * len(names),
    }
    figure = roofline(pd.DataFrame(points), ceilings(side.arch), slopes)
    # Room for the name of the highest ceiling; a tick for each power of ten.
    figure.update_traces(cliponaxis=False)
    title = {"text": "FLOP per byte of each memory", "font": {"size": 12}}
    return figure.update_layout(margin_t=28, xaxis={"dtick": 1, "title": title})


def energies(sides: Sequence[Side]) -> "Figure":
    """A bar for each part of each machine; what a part's units leak is the part's."""
    rows = [
        (part, name, float(energy))
        for name, side in zip(names_of(sides), sides, strict=True)
        for part, energy in energy_by_whole_part(side.cost).items()
    ]
    frame = pd.DataFrame(rows, columns=["part", "machine", "energy_pj"])
    return bars(frame, ("part",), "energy_pj", ("machine",))


def timeline(side: Side) -> "Figure":
    """A row a resource, a colour a step."""
    from plotly.graph_objects import Bar

    cost, start = side.cost, 0.0
    clock = float(cost.clock_hz)
    figure = open_figure(
        "",
        {"title": {"text": "time"}, "tickformat": "~s", "ticksuffix": "s", "rangemode": "tozero"},
        {"type": "category", "autorange": "reversed"},
        barmode="overlay",
        bargap=0.4,
    )
    shown = _shown(side)
    for number, step in enumerate(cost.steps):
        whole = float(step.cycles) / clock
        busy = {name: float(c) / clock for name, c in step.by_resource.items() if name in shown}
        figure.add_trace(
            Bar(
                orientation="h",
                name=escaped(step.name),
                base=[start] * len(busy),
                x=list(busy.values()),
                y=[WORDS.get(name, name) for name in busy],
                marker={"color": HUES[number % len(HUES)]},
                text=[format_quantity(seconds, "s") for seconds in busy.values()],
                customdata=[seconds / whole if whole else 0 for seconds in busy.values()],
                textposition="none",
                hovertemplate="%{y}<br>%{text}, %{customdata:.1%} of the step"
                f"<extra>{escaped(step.name)}</extra>",
            )
        )
        start += whole
    figure.update_layout(showlegend=len(cost.steps) > 1)
    return figure


def _moved_bytes(side: Side) -> float:
    """Over the port of the outermost memory, which is listed first."""
    return float(next(iter(side.cost.traffic_bytes.values())))


def _shown(side: Side) -> set[str]:
    """Resources that need a share of the time which can be seen."""
    least = NEGLIGIBLE * float(side.cost.cycles)
    return {name for name, cycles in side.cost.cycles_by_resource.items() if cycles > least}


def names_of(sides: Sequence[Side | ServedSide]) -> list[str]:
    """Of equal machines the second is told apart."""
    names = [side.machine.name for side in sides]
    return names if len(set(names)) == len(names) else ["a", "b"][: len(names)]
