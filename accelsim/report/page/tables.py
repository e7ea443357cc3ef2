"""An answer as rows: what the page prints, in the words of `accelsim evaluate`, and as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from accelsim.base.units import format_bytes, format_quantity
from accelsim.cost.gpu.cascade import GpuCost
from accelsim.cost.gpu.why import WORDS
from accelsim.cost.result import Cost, energy_by_part, energy_by_whole_part
from accelsim.report.page.answer import Answer, Refused, Side
from accelsim.report.page.prices import price_of
from accelsim.report.page.served import ServedSide
from accelsim.study.measures import all_measures, measure
from accelsim.study.served_figures import figures, plain

NOTHING = "–"


class Line(NamedTuple):
    """A figure of a run as it is read, its number as it is compared (none: it is not)."""

    label: str
    text: str
    number: float | None = None


def totals(side: Side | ServedSide) -> tuple[Line, ...]:
    """Latency, bound, energy, power, area as the command prints them; tokens and their price."""
    if isinstance(side, ServedSide):
        return tuple(Line(*each) for each in figures(side.served, side.asked.phase))
    cost = side.cost
    latency, energy = float(cost.latency_s), float(cost.energy_pj)
    power, area = float(cost.average_power_w), float(cost.area_um2)
    seconds = f"{format_quantity(latency, 's')} ({float(cost.cycles):,.0f} cycles)"
    bound = str(cost.bound)
    return (
        Line("latency", seconds, latency),
        *_back_to_back(cost),
        Line("bound", WORDS.get(bound, bound) if isinstance(cost, GpuCost) else bound),
        Line("energy", format_quantity(energy, "pJ"), energy),
        Line("power", format_quantity(power, "W"), power),
        Line("area", format_quantity(area, "um^2") if area else "not given", area or None),
        *_tokens(side),
    )


def _back_to_back(cost: Cost) -> Iterator[Line]:
    if isinstance(cost, GpuCost):
        seconds = cost.composed.sustained_s
        yield Line("back to back", format_quantity(seconds, "s"), seconds)


def _tokens(side: Side) -> Iterator[Line]:
    if side.tokens:
        rate = side.tokens / float(side.cost.latency_s)
        yield Line("tokens a second", f"{rate:,.0f}", rate)
    price, each = price_of(side.machine), side.usd_per_million_tokens
    if price is not None and each is not None:
        rent = f"at {price.usd_per_hour:g} USD/h"
        yield Line("a million tokens", f"{each:.4g} USD {rent}", each)


def compared(answer: Answer) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """(label, a text for each machine, how often more the second is): totals side by side."""
    lines = [
        {} if isinstance(side, Refused) else {line.label: line for line in totals(side)}
        for side in answer.sides
    ]
    longest = sorted(lines, key=len, reverse=True)
    for label in dict.fromkeys(label for own in longest for label in own):
        found = [own.get(label) for own in lines]
        texts = tuple(line.text if line else NOTHING for line in found)
        yield label, texts, _ratio([line.number if line else None for line in found])


def _ratio(numbers: Sequence[float | None]) -> str:
    if len(numbers) != 2 or not numbers[0] or numbers[1] is None:
        return ""
    return f"{numbers[1] / numbers[0]:.3g}x"


def devices(side: ServedSide) -> Iterator[tuple[str, str, str, str, str]]:
    """(kind of device or link, how many, busy, moved, energy over the time)."""
    of, joules = side.served.of, side.served.energy_by_part_j
    for device in side.system.devices:
        busy = of.busy_s.get(device.name, 0.0) / of.seconds
        energy = sum(joules.get(name, 0.0) for name in (device.name, f"{device.name} waiting"))
        yield device.name, f"{device.count}", f"{busy:.1%}", "", _joules(energy)
    for link, port_s in of.port_s.items():
        moved = format_bytes(of.link_bytes[link])
        yield link, "", f"{port_s / of.seconds:.1%}", moved, _joules(joules.get(link, 0.0))


def _joules(joules: float) -> str:
    return format_quantity(joules * 1e12, "pJ")


def memories(side: Side) -> Iterator[tuple[str, str, str, str, str]]:
    """(memory, traffic, occupancy, capacity, energy), as the command prints them."""
    cost, energies = side.cost, energy_by_whole_part(side.cost)
    for name, traffic in cost.traffic_bytes.items():
        capacity = cost.capacity_bytes.get(name)
        yield (
            name,
            format_bytes(float(traffic)),
            format_bytes(float(cost.occupancy_bytes.get(name, 0))),
            "unbounded" if capacity is None else format_bytes(float(capacity)),
            format_quantity(float(energies.get(name, 0)), "pJ"),
        )


def arrays(side: Side) -> Iterator[tuple[str, str, str, str]]:
    """(array or pipes, busy, in use, energy)."""
    energies = energy_by_whole_part(side.cost)
    for name, use in side.cost.utilization.items():
        energy = format_quantity(float(energies.get(name, 0)), "pJ")
        yield name, f"{float(use.busy):.1%}", f"{float(use.in_use):.1%}", energy


def csv_text(answer: Answer) -> str:
    """A row a machine and figure, numbers as they are: machine, mapping, measure, value, command.

    Measures are those of studies (`study.measures`), and energy by part; of a system, those of
    `accelsim evaluate --json`, parts after a dot. A machine that is refused
    has one row, its reason.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("workload", "machine", "mapping", "measure", "value", "command"))
    for side in answer.sides:
        for name, value in _measures(side):
            mapping = side.mapping_name if isinstance(side, Side) else ""
            writer.writerow((answer.title, side.machine.name, mapping, name, value, side.command))
    return text.getvalue()


def _measures(side: Side | ServedSide | Refused) -> Iterator[tuple[str, object]]:
    if isinstance(side, Refused):
        yield "reason", side.reason
        return
    if isinstance(side, ServedSide):
        yield from _flat(plain(side.served))
        return
    parts = {f"energy_pj.{part}": f"energy_pj.{part}" for part in energy_by_part(side.cost)}
    for name in {**all_measures(side.cost), **parts}:
        value = measure(side.cost, name, {})
        if name == "area_um2" and not value:
            continue
        yield name, value.item() if hasattr(value, "item") else value
    price = price_of(side.machine)
    for name, number in (
        ("tokens", side.tokens),
        ("price_usd_per_hour", price.usd_per_hour if price else None),
        ("usd_per_million_tokens", side.usd_per_million_tokens),
    ):
        if number is not None:
            yield name, number


def _flat(numbers: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{part}", each) for part, each in value.items())
        elif value is not None:
            yield name, value
