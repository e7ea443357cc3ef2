"""A Cost as two tables: where its energy goes, and where its time goes.

energy    a row an Einsum, part, action and tensor; they add up to the energy
latency   what each resource needs by itself, what each step and each phase takes, what each Einsum
          needs of its array; columns by (resource, step, phase, einsum), name, on (what does it),
          start_s, time_s, and latency_s, the whole run's

Steps follow one another, and so do phases of one step, whose tiles alternate: `start_s` is where
they would begin if each ran all its tiles at once. Resources and Einsums overlap and start at 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from accelsim.cost.cycles import StepCycles, phase_cycles
from accelsim.cost.result import Cost, EnergyRow
from accelsim.mapping.binding import BoundMapping
from accelsim.study.table import Table, array_of

SOURCE = "source"
RESOURCE, STEP, PHASE, EINSUM = "resource", "step", "phase", "einsum"


class Span(NamedTuple):
    """Cycles from `start`; `on` is the resource or array that needs them."""

    by: str
    name: str
    on: str
    start: float
    cycles: float


def energy_table_of(cost: Cost, told: Mapping[str, str]) -> Table:
    """`told` are columns of one value: workload, machine, mapping, source."""
    return _told(EnergyRow._fields, [tuple(row) for row in cost.rows], told)


def latency_table_of(cost: Cost, told: Mapping[str, str], bound: BoundMapping | None) -> Table:
    """Phases are those of the `bound` mapping of a spatial array; a GPU's kernels are its steps."""
    clock, latency = float(cost.clock_hz), float(cost.latency_s)
    spans = [*_resources(cost), *_steps(cost.steps), *_phases(cost, bound), *_einsums(cost)]
    heads = ("by", "name", "on", "start_s", "time_s", "latency_s")
    rows = [(*each[:3], each.start / clock, each.cycles / clock, latency) for each in spans]
    return _told(heads, rows, told)


def _told(heads: Sequence[str], rows: Sequence[Sequence[Any]], told: Mapping[str, str]) -> Table:
    """What is told of every row, then the row; the source last, for it is long."""
    own = {name: array_of(row[place] for row in rows) for place, name in enumerate(heads)}
    same = {name: array_of([value] * len(rows)) for name, value in told.items()}
    return Table({**{name: same[name] for name in same if name != SOURCE}, **own, **same})


def _resources(cost: Cost) -> Iterator[Span]:
    for name, cycles in cost.cycles_by_resource.items():
        yield Span(RESOURCE, name, name, 0.0, float(cycles))


def _steps(steps: Sequence[StepCycles]) -> Iterator[Span]:
    start = 0.0
    for step in steps:
        longest = max(step.by_resource, key=lambda name: float(step.by_resource[name]))
        yield Span(STEP, step.name, longest, start, float(step.cycles))
        start += float(step.cycles)


def _phases(cost: Cost, bound: BoundMapping | None) -> Iterator[Span]:
    if bound is None:
        return
    begins = 0.0
    for step, costs in zip(bound.steps, cost.steps, strict=True):
        start = begins
        each = phase_cycles(step, cost.einsums, bound.cascade)
        for phase, cycles in zip(step.phases, each, strict=True):
            arrays = {name: " ".join(einsums) for name, einsums in phase.run.items() if einsums}
            yield Span(PHASE, " | ".join(arrays.values()), " + ".join(arrays), start, float(cycles))
            start += float(cycles)
        begins += float(costs.cycles)


def _einsums(cost: Cost) -> Iterator[Span]:
    for name, own in cost.einsums.items():
        yield Span(EINSUM, name, own.array, 0.0, float(own.cycles))
