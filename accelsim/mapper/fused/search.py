"""The best fused step for a cascade that is one group: tilings in the order of their bounds, until none can be better.

    bound of a tiling = max(tiles · load of the busiest array under the best assignment / clock,
                            bytes of inputs and outputs / bandwidth of the outermost memory)

Every tiling that is looked at is scheduled under its best assignments, and what comes of it is
checked and evaluated like any other mapping.
"""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
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
from accelsim.mapping.mapping import Mapping, Nest, Step
from accelsim.workload.einsum import Cascade
from accelsim.workload.regions import UncountableError

MOST_ASSIGNMENTS = 3
MOST_KEEPINGS = 2
"""Of each tiling, so many are scheduled, and of each schedule so many kept differently."""

MOST_IN_VAIN = 40
MOST_ALIKE = 6
"""So many candidates in a row that are no better end the search; fewer if only energy can be won."""


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
    group: Group,
    arch: Spatial,
    minimise: Objective,
    bound: Figures,
    tally: Tally,
    told: Told,
    *,
    most_in_vain: int = MOST_IN_VAIN,
) -> Answer | None:
    """Of several alike the one that takes the least energy, among the first that are found."""
    best: Answer | None = None
    in_vain = 0
    queue = _queue(group, arch, minimise, bound)
    while queue:
        least, tiling, assignments = _next(queue, arch, minimise, bound)
        tally.least = min(tally.least, least)
        if best is not None and _is_enough(least, best, in_vain, most_in_vain):
            tally.pruned += len(queue) + 1
            break
        for plan in _plans(tiling, assignments, arch):
            tally.candidates += 1
            answer = _answer(plan, arch, minimise)
            if answer is None:
                continue
            is_better = best is None or answer.value < best.value / ROUNDING
            in_vain = 0 if is_better else in_vain + 1
            if best is None or answer.rank < best.rank:
                best = answer
                told(answer, tally.candidates)
    return best


def _is_enough(least: float, best: Answer, in_vain: int, most_in_vain: int) -> bool:
    """Whether no tiling that is left is better, or the last candidates were not."""
    most = most_in_vain if least < best.value / ROUNDING else min(MOST_ALIKE, most_in_vain)
    return least > best.value * ROUNDING or in_vain >= most


Entry = tuple[float, float, int, int, Tiling, list[Assignment]]
"""Bounds of a tiling's value and cycles, its points, its number, and its best assignments if they
are known yet."""


def _queue(group: Group, arch: Spatial, minimise: Objective, bound: Figures) -> list[Entry]:
    """All tilings, bounded as if Einsums could be shared out among arrays in fractions."""
    heap: list[Entry] = []
    for number, tiling in enumerate(tilings(group, arch)):
        cycles = tiling.tiles * array_cycles(_usual_work(tiling))
        least = _value(cycles, arch, minimise, bound)
        heap.append((least, cycles, tiling.points, number, tiling, []))
    heapify(heap)
    return heap


def _next(
    queue: list[Entry], arch: Spatial, minimise: Objective, bound: Figures
) -> tuple[float, Tiling, list[Assignment]]:
    """The tiling with the least bound, with whole Einsums on arrays; takes it from the queue."""
    while True:
        least, cycles, points, number, tiling, assignments = heappop(queue)
        if assignments:
            return least, tiling, assignments
        assignments = best_assignments(tiling, MOST_ASSIGNMENTS)
        cycles = max(cycles, tiling.tiles * assignments[0].least_cycles)
        least = max(least, _value(cycles, arch, minimise, bound))
        heappush(queue, (least, cycles, points, number, tiling, assignments))


def _value(cycles: float, arch: Spatial, minimise: Objective, bound: Figures) -> float:
    """Of the objective, at least, where the arrays take so many cycles."""
    seconds = max(bound.latency_s, cycles / arch.clock_hz)
    return float(value_of(minimise, bound._replace(latency_s=seconds)))


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


def _answer(plan: Plan, arch: Spatial, minimise: Objective) -> Answer | None:
    cascade = plan.tiling.group.cascade
    steps = (step(plan.pipeline, plan.rounds, plan.tiling, " ".join(plan.tiling.group.names)),)
    mapping = fused_mapping(cascade, plan.tiling.inner, nests(plan, arch), steps)
    return answer_of(mapping, cascade, arch, minimise)


def fused_mapping(
    cascade: Cascade, inner: MappingOf[str, int], nests: tuple[Nest, ...], steps: tuple[Step, ...]
) -> Mapping:
    return Mapping(
        about="Found by search: Einsums fused tile by tile, in software-pipelined schedules.",
        source="accelsim.mapper.fused",
        workload=(cascade.name,),
        machine="spatial",
        ranks=dict(inner),
        nests=nests,
        schedule=steps,
    )


def answer_of(
    mapping: Mapping, cascade: Cascade, arch: Spatial, minimise: Objective
) -> Answer | None:
    """None if the mapping is not legal, or nobody can count which of its tiles have a point."""
    if check(bind(mapping, cascade, arch)):
        return None
    try:
        cost = evaluate(cascade, arch, mapping)
    except UncountableError:
        return None
    return Answer(mapping, cost, float(value_of(minimise, figures_of(cost))))
