"""The best fused step of a group: tilings in the order of their bounds, until none can be better.

    bound of a tiling = max(tiles · load of the busiest array under the best assignment / clock,
                            bytes of inputs and outputs / bandwidth of the outermost memory)

Every tiling that is looked at is scheduled under its best assignments, and what comes of it is
checked and evaluated like any other mapping.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf

from accelsim.arch.spatial import Spatial
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapper.bound import Work, array_cycles
from accelsim.mapper.found import figures_of
from accelsim.mapper.fused.assignment import Assignment, best_assignments, runs_last
from accelsim.mapper.fused.group import Group
from accelsim.mapper.fused.keeping import homes, keepings, machine_of
from accelsim.mapper.fused.modulo import ROUNDING, shortest_rounds
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

MOST_ALIKE = 12
"""So many candidates in a row that are no better end the search where only energy is to be won."""


@dataclass(frozen=True)
class Answer:
    """A mapping of a cascade that is one group."""

    mapping: Mapping
    cost: Cost
    value: float

    @property
    def rank(self) -> tuple[float, float]:
        """Values alike but for rounding are told apart by their energy."""
        return float(f"{self.value:.9e}"), float(self.cost.energy_pj)


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
    """Of several alike the one that takes the least energy, among the first that are found."""
    best: Answer | None = None
    alike = 0
    for least, tiling, assignments in _by_bound(group, arch, minimise, bound):
        tally.least = min(tally.least, least)
        if best is not None and (least > best.value * ROUNDING or alike >= MOST_ALIKE):
            tally.pruned += 1
            continue
        for plan in _plans(tiling, assignments, arch):
            tally.candidates += 1
            answer = _answer(plan, arch, minimise)
            if answer is None:
                continue
            is_best = best is None or answer.rank < best.rank
            alike = 0 if best is None or answer.value < best.value / ROUNDING else alike + 1
            if is_best:
                best = answer
                told(answer, tally.candidates)
    return best


def _by_bound(
    group: Group, arch: Spatial, minimise: Objective, bound: Figures
) -> Iterator[tuple[float, Tiling, list[Assignment]]]:
    """Tilings, those with the least bound first: first one in fractions, then one with arrays."""

    def value(tiling: Tiling, cycles: float) -> float:
        seconds = tiling.tiles * cycles / arch.clock_hz
        figures = bound._replace(latency_s=max(bound.latency_s, seconds))
        return float(value_of(minimise, figures))

    number = count()
    heap: list[tuple[float, float, int, Tiling, list[Assignment]]] = [
        (value(tiling, array_cycles(_usual_work(tiling))), tiling.points, next(number), tiling, [])
        for tiling in tilings(group, arch)
    ]
    heapify(heap)
    while heap:
        least, points, _, tiling, assignments = heappop(heap)
        if assignments:
            yield least, tiling, assignments
            continue
        assignments = best_assignments(tiling, MOST_ASSIGNMENTS)
        least = max(least, value(tiling, assignments[0].least_cycles))
        heappush(heap, (least, points, next(number), tiling, assignments))


def _usual_work(tiling: Tiling) -> Work:
    work: Work = {}
    for (name, array), cycles in tiling.cycles.items():
        if not runs_last(tiling, name):
            work.setdefault(name, {})[array] = cycles
    return work


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
