"""The best fused step of a group: tilings in the order of their bounds, until none can be better.

    bound of a tiling = max(tiles · load of the busiest array under the best assignment / clock,
                            bytes of inputs and outputs / bandwidth of the outermost memory)

Every tiling that is looked at is scheduled under its best assignments, and what comes of it is
checked and evaluated like any other mapping.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

from accelsim.arch.spatial import Spatial
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapper.found import figures_of
from accelsim.mapper.fused.assignment import Assignment, best_assignments
from accelsim.mapper.fused.group import Group
from accelsim.mapper.fused.keeping import homes, keepings, machine_of
from accelsim.mapper.fused.modulo import shortest_rounds
from accelsim.mapper.fused.nests import Plan, nests
from accelsim.mapper.fused.pipelining import pipeline, step
from accelsim.mapper.fused.tiling import Tiling, tilings
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.mapping import Mapping
from accelsim.workload.einsum import Cascade

MOST_ASSIGNMENTS = 3
MOST_KEEPINGS = 2
"""Of each tiling, so many are scheduled, and of each schedule so many kept differently."""


@dataclass(frozen=True)
class Answer:
    """A mapping of a cascade that is one group."""

    mapping: Mapping
    cost: Cost
    value: float


@dataclass
class Tally:
    """How far a search has come. `least` is a bound of the value over its whole space."""

    candidates: int = 0
    pruned: int = 0
    least: float = inf


Told = Callable[[Answer, int], None]
"""Told of every better answer, and how many candidates were seen by then."""


def best_step(
    group: Group, arch: Spatial, minimise: Objective, bound: Figures, tally: Tally, told: Told
) -> Answer | None:
    best: Answer | None = None
    ranked = sorted(_bounded(group, arch, minimise, bound), key=lambda pair: pair[0])
    for number, (least, tiling, assignments) in enumerate(ranked):
        tally.least = min(tally.least, least)
        if best is not None and least >= best.value * (1 - 1e-9):
            tally.pruned += len(ranked) - number
            break
        for plan in _plans(tiling, assignments, arch):
            tally.candidates += 1
            answer = _answer(plan, arch, minimise)
            if answer is not None and (best is None or answer.value < best.value):
                best = answer
                told(answer, tally.candidates)
    return best


def _bounded(
    group: Group, arch: Spatial, minimise: Objective, bound: Figures
) -> Iterator[tuple[float, Tiling, list[Assignment]]]:
    for tiling in tilings(group, arch):
        assignments = best_assignments(tiling, MOST_ASSIGNMENTS)
        if assignments:
            cycles = tiling.tiles * assignments[0].least_cycles
            figures = bound._replace(latency_s=max(bound.latency_s, cycles / arch.clock_hz))
            yield float(value_of(minimise, figures)), tiling, assignments


def _plans(tiling: Tiling, assignments: list[Assignment], arch: Spatial) -> Iterator[Plan]:
    for assignment in assignments:
        pipe = pipeline(tiling, assignment)
        rounds = shortest_rounds(pipe)
        if rounds is None:
            continue
        buffer = machine_of(arch, next(iter(assignment.arrays.values()))).buffers[-1]
        filed, waiting = homes(tiling, assignment, pipe, rounds, arch)
        for keeping in keepings(tiling, filed, waiting, arch, buffer)[:MOST_KEEPINGS]:
            yield Plan(tiling, assignment, pipe, rounds, keeping)


def mapping_of(plan: Plan, arch: Spatial) -> Mapping:
    cascade = plan.tiling.group.cascade
    return Mapping(
        about="Found by search: Einsums fused in tiles, in a software-pipelined schedule.",
        source="accelsim.mapper.fused",
        workload=(cascade.name,),
        machine="spatial",
        ranks=dict(plan.tiling.inner),
        nests=nests(plan, arch),
        schedule=(step(plan.pipeline, plan.rounds, plan.tiling, "fused"),),
    )


def _answer(plan: Plan, arch: Spatial, minimise: Objective) -> Answer | None:
    cascade, mapping = plan.tiling.group.cascade, mapping_of(plan, arch)
    bad = check(bind(mapping, cascade, arch))
    if bad:
        print(bad[:3])
        return None
    cost = evaluate(cascade, arch, mapping)
    return Answer(mapping, cost, float(value_of(minimise, figures_of(cost))))
