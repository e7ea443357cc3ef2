"""Columns that a study can ask of a Cost, and what they are of parts that run one after the other.

    latency_s  cycles  energy_pj                                       add up
    average_power_w                                                    mean over time
    area_um2                                                           the largest
    fits       every memory holds what it must                         all of them
    bound      what most of the time waits for                         that of the longest

    traffic_bytes.MEMORY  cycles.MEMORY  cycles.compute                add up
    energy_pj.PART        energy_pj of one memory or array             adds up
    occupancy_bytes.MEMORY                                             the largest
    busy.ARRAY  in_use.ARRAY  utilization.EINSUM                       mean over time
    array.EINSUM          the array that an Einsum runs on             the first
    energy.NAME           energy under the study's accounting NAME     adds up

`busy` is the share of PE cycles that do an operation of the workload, `in_use` the share of time in
which the array works at all; `utilization` is an Einsum's share of `busy`. `cycles.compute` and
`cycles.DRAM` are what the arrays and a memory need by themselves. A part of a run that lacks a
memory, an array or an Einsum counts nothing there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.cost.result import Cost, EnergyRow, energy_by_part
from accelsim.study.study import Accounting
from accelsim.study.table import Column

Parts = Sequence[Column]


def _total(parts: Parts, seconds: Parts) -> Column:
    return np.asarray(np.sum(parts, axis=0))


def _mean(parts: Parts, seconds: Parts) -> Column:
    return np.asarray(np.average(parts, axis=0, weights=seconds))


def _largest(parts: Parts, seconds: Parts) -> Column:
    return np.asarray(np.max(parts, axis=0))


def _every(parts: Parts, seconds: Parts) -> Column:
    return np.asarray(np.all(parts, axis=0))


def _longest(parts: Parts, seconds: Parts) -> Column:
    chosen = np.argmax(seconds, axis=0)
    return np.asarray(np.take_along_axis(np.stack(parts), chosen[None], axis=0)[0])


def _named(parts: Parts, seconds: Parts) -> Column:
    return next(part for part in parts if part.dtype.kind not in "bif")


Join = Callable[[Parts, Parts], Column]

_PLAIN: dict[str, tuple[Callable[[Cost], Any], Join]] = {
    "latency_s": (lambda cost: cost.latency_s, _total),
    "cycles": (lambda cost: cost.cycles, _total),
    "energy_pj": (lambda cost: cost.energy_pj, _total),
    "average_power_w": (lambda cost: cost.average_power_w, _mean),
    "area_um2": (lambda cost: cost.area_um2, _largest),
    "bound": (lambda cost: cost.bound, _longest),
    "fits": (lambda cost: cost.fits, _every),
}
_OF_A_PART: dict[str, tuple[Callable[[Cost], Mapping[str, Any]], Join]] = {
    "traffic_bytes": (lambda cost: cost.traffic_bytes, _total),
    "occupancy_bytes": (lambda cost: cost.occupancy_bytes, _largest),
    "cycles": (lambda cost: cost.cycles_by_resource, _total),
    "energy_pj": (lambda cost: energy_by_part(cost), _total),
    "busy": (lambda cost: {a: use.busy for a, use in cost.utilization.items()}, _mean),
    "in_use": (lambda cost: {a: use.in_use for a, use in cost.utilization.items()}, _mean),
    "utilization": (lambda cost: cost.einsum_utilization, _mean),
    "array": (lambda cost: {name: e.array for name, e in cost.einsums.items()}, _named),
}
_LISTED = ("traffic_bytes", "occupancy_bytes", "busy", "in_use")


def measure(cost: Cost, text: str, accountings: Mapping[str, Accounting]) -> Any:
    """The measure of that name; None if it is of a part that this machine or workload lacks."""
    name, _, part = text.partition(".")
    if not part and name in _PLAIN:
        return _PLAIN[name][0](cost)
    if name == "energy" and part in accountings:
        return counted_energy(cost, accountings[part])
    if part and name in _OF_A_PART:
        return _OF_A_PART[name][0](cost).get(part)
    known = [*_PLAIN, *(f"{n}.…" for n in _OF_A_PART), *(f"energy.{a}" for a in accountings)]
    raise _unknown(text, known)


def joined(text: str, parts: Sequence[Any], seconds: Parts) -> Column:
    """The measure of parts that run one after the other for so many seconds."""
    name, _, part = text.partition(".")
    if all(values is None for values in parts):
        raise _unknown(text, [])
    there = [np.zeros_like(seconds[0]) if values is None else values for values in parts]
    join = _total if name == "energy" else _OF_A_PART[name][1] if part else _PLAIN[name][1]
    return join(there, seconds)


def is_measure(column: str) -> bool:
    """Whether a column is called like a measure, of a part or not (latency_s, busy.Array2D), or
    like the count of an energy row."""
    name, _, part = column.partition(".")
    known = {*_OF_A_PART} if part else {*_PLAIN, *_OF_A_PART, "count"}
    return name in known or name == "energy"


def is_listed(column: str) -> bool:
    """Whether a table that names no measures has a column called so (`all_measures`)."""
    name, _, part = column.partition(".")
    return name in _LISTED if part else name in _PLAIN


def parts_of(cost: Cost, name: str) -> list[str]:
    """What a measure of parts is of: the Einsums, arrays or memories."""
    if name not in _OF_A_PART:
        raise _unknown(name, list(_OF_A_PART))
    return list(_OF_A_PART[name][0](cost))


def all_measures(cost: Cost) -> dict[str, str]:
    """Every column there is for this machine, by name; Einsums have tables of their own."""
    parts = [f"{name}.{part}" for name in _LISTED for part in parts_of(cost, name)]
    return {text: text for text in (*_PLAIN, *parts)}


def counted_energy(cost: Cost, accounting: Accounting) -> Any:
    """Energy in pJ of the rows that the accounting counts."""
    total: Any = 0
    for row in cost.rows:
        if row.action in accounting.without or f"{row.part}.{row.action}" in accounting.without:
            continue
        total = total + row.energy_pj / _stands_for(row, cost, accounting)
    return total


def _stands_for(row: EnergyRow, cost: Cost, accounting: Accounting) -> Any:
    return cost.instances[row.part] if row.part in accounting.once else 1


def refuse_idle_accountings(accountings: Iterable[Accounting], costs: Iterable[Cost]) -> None:
    """A part or action that no machine of a study has is a slip, and would count for nothing."""
    every = list(costs)
    memories = {memory for cost in every for memory in cost.instances}
    known = {"read", "write", "leak"}
    for _, part, action, _ in (key for cost in every for key in cost.table.keys):
        known |= {action, f"{part}.{action}"}
    for accounting in accountings:
        _refuse_idle("once", accounting.once, memories)
        _refuse_idle("without", accounting.without, known)


def _refuse_idle(key: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            remedy = did_you_mean(name, known) or f"There are {', '.join(sorted(known))}"
            raise StudyError(
                f"accounting: '{key}' names {name!r}, of which no run has rows", remedy=remedy
            )


def _unknown(text: str, known: list[str]) -> StudyError:
    listed = f"There are {', '.join(known)}" if known else "No part of the run has it"
    return StudyError(f"there is no measure {text!r}", remedy=did_you_mean(text, known) or listed)
