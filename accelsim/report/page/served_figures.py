"""A whole model on systems as figures: where the time goes on each, time and energy of both.

of each     what one batch spends on the model, attention, network and host; how long devices
            compute and links carry meanwhile; a line where the time is over
of all      what a batch spends by part, and joules a token by part
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from accelsim.arch.system import Machine
from accelsim.base.units import format_quantity
from accelsim.cost.system.useful import useful_work
from accelsim.report.interactive.bars import bars
from accelsim.report.interactive.look import HUES, escaped, open_figure
from accelsim.report.interactive.roofline import roofline
from accelsim.report.page.ceilings import bandwidths, ceilings
from accelsim.report.page.served import ServedSide

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def roofline_of(side: ServedSide) -> "Figure":
    """Of one device of a kind: its ceilings, and its part of a batch below them."""
    plan, of = side.served.plan, side.served.of
    work = useful_work(plan, side.served.batches)
    kinds = {"model": plan.holder.name, "attention": plan.attender.name}
    if all(not batch.sequences for batch in side.served.batches):
        kinds["attention"] = plan.holder.name
    rows = [
        (f"{part} on {kind}", work[part].flop / work[part].bytes, work[part].flop / of.way_s[part])
        for part, kind in kinds.items()
        if of.way_s.get(part) and work[part].bytes
    ]
    frame = pd.DataFrame(rows, columns=["name", "intensity", "predicted"])
    machines = {kind: plan.machines[kind] for kind in kinds.values()}
    flop = {f"{kind}, {name}": rate for kind, m in machines.items() for name, rate in _fastest(m)}
    slopes = {
        f"{kind} {name}": rate for kind, m in machines.items() for name, rate in _outermost(m)
    }
    figure = roofline(frame, flop, slopes).update_traces(cliponaxis=False)
    title = {"text": "FLOP per byte of device memory", "font": {"size": 12}}
    return figure.update_layout(margin_t=28, xaxis={"dtick": 1, "title": title})


def _fastest(machine: Machine) -> list[tuple[str, float]]:
    """Of several ceilings the highest, so that those of two devices can be told apart."""
    return sorted(ceilings(machine).items(), key=lambda each: each[1])[-1:]


def _outermost(machine: Machine) -> list[tuple[str, float]]:
    return list(bandwidths(machine).items())[:1]


def time_of(side: ServedSide) -> "Figure":
    """A row a part, device and link, a colour for each of these kinds."""
    from plotly.graph_objects import Bar

    of, seconds = side.served.of, side.served.seconds
    figure = open_figure(
        "",
        {"title": {"text": "time"}, "tickformat": "~s", "ticksuffix": "s", "rangemode": "tozero"},
        {"type": "category", "autorange": "reversed"},
        barmode="overlay",
        bargap=0.4,
    )
    kinds = {
        "a batch spends on": {part: each for part, each in of.way_s.items() if each},
        "device computes": of.busy_s,
        "link carries": of.port_s,
    }
    for hue, (kind, rows) in zip(HUES, kinds.items(), strict=False):
        if not rows:
            continue
        figure.add_trace(
            Bar(
                orientation="h",
                name=kind,
                x=[float(each) for each in rows.values()],
                y=[escaped(name) for name in rows],
                marker={"color": hue},
                text=[format_quantity(each, "s") for each in rows.values()],
                customdata=[each / seconds for each in rows.values()],
                textposition="none",
                hovertemplate=f"{kind} %{{y}}<br>%{{text}}, %{{customdata:.1%}} of the time"
                "<extra></extra>",
            )
        )
    figure.add_vline(x=seconds, line={"width": 1.5, "dash": "dash"})
    return figure.update_layout(showlegend=True)


def parts_of(names: Sequence[str], sides: Sequence[ServedSide]) -> "Figure":
    """What a batch spends on each part."""
    rows = [
        (part, name, seconds)
        for name, side in zip(names, sides, strict=True)
        for part, seconds in side.served.of.way_s.items()
    ]
    frame = pd.DataFrame(rows, columns=["part", "system", "time_s"])
    return bars(frame, ("part",), "time_s", ("system",))


def energies_of(names: Sequence[str], sides: Sequence[ServedSide]) -> "Figure":
    """Joules a token: what devices and links do, and what devices draw while they wait."""
    rows = [
        (part, name, joules * side.served.joules_per_token / side.served.energy_j * 1e12)
        for name, side in zip(names, sides, strict=True)
        for part, joules in side.served.energy_by_part_j.items()
    ]
    frame = pd.DataFrame(rows, columns=["part", "system", "energy_pj"])
    return bars(frame, ("part",), "energy_pj", ("system",))
