"""The best fused step of a group: tilings in the order of their bounds, until none can be better.

    bound of a tiling = max(tiles · load of the busiest array under the best assignment / clock,
                            bytes of inputs and outputs / bandwidth of the outermost memory)

Every tiling that is looked at is scheduled under its best assignments, and what comes of it is
checked and evaluated like any other mapping.
"""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from itertools import islice
from math import inf

from accelsim.arch.spatial import Spatial
from accelsim.cost.coverage import coverage_of
from accelsim.cost.result import Cost
from accelsim.cost.spatial import cost_from, points_of
from accelsim.mapper.bound import Work, array_cycles
from accelsim.mapper.found import figures_of
from accelsim.mapper.fused.assignment import Assignment, best_assignments, runs_last
from accelsim.mapper.fused.filing import homes, machine_of
from accelsim.mapper.fused.group import Group
from accelsim.mapper.fused.keeping import keepings
from accelsim.mapper.fused.modulo import ROUNDING, Pipeline, Rounds, shortest_rounds
from accelsim.mapper.fused.nests import Plan, nests
from accelsim.mapper.fused.pipelining import held_twice, pipelines, step
from accelsim.mapper.fused.tiling import Tiling, tilings
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.fusion import part_of
from accelsim.mapping.mapping import Mapping, Nest, Step
from accelsim.workload.einsum import Cascade
from accelsim.workload.regions import UncountableError

MOST_ASSIGNMENTS = 3
MOST_KEEPINGS = 2
"""Of each tiling, so many are scheduled, and of each schedule so many kept differently."""

MOST_ALIKE = 6
"""So many candidates in a row that are no better end a search where only energy is to be won."""


@dataclass(frozen=True)
class Effort:
    """`in_vain` candidates in a row that are no better end the search; `plans` of each tiling."""

    in_vain: int = 60
    plans: int = MOST_ASSIGNMENTS * MOST_KEEPINGS


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


Judge = Callable[[Mapping, Cascade], Answer | None]
"""None if the mapping is not legal, or nobody can count which of its tiles have a point."""

Told = Callable[[Answer, int], None]
"""Told of every better answer, and how many candidates were seen by then."""


def best_step(
    group: Group,
    arch: Spatial,
    minimise: Objective,
    bound: Figures,
    tally: Tally,
    told: Told,
    judge: Judge,
    effort: Effort,
) -> Answer | None:
    """Of several alike the one that takes the least energy, among the first that are found."""
    best: Answer | None = None
    in_vain = 0
    queue = _queue(group, arch, minimise, bound)
    while queue:
        least, tiling, assignments = _next(queue, arch, minimise, bound)
        tally.least = min(tally.least, least)
        if best is not None and _is_enough(least, best, in_vain, effort):
            tally.pruned += len(queue) + 1
            break
        for plan in islice(_plans(tiling, assignments, arch, bound), effort.plans):
            tally.candidates += 1
            answer = judge(_mapping(plan, arch), plan.tiling.group.cascade)
            if answer is None:
                continue
            is_better = best is None or answer.value < best.value / ROUNDING
            in_vain = 0 if is_better else in_vain + 1
            if best is None or answer.rank < best.rank:
                best = answer
                told(answer, tally.candidates)
    return best


def _is_enough(least: float, best: Answer, in_vain: int, effort: Effort) -> bool:
    """Whether no tiling that is left is better, or the last candidates were not."""
    most = effort.in_vain if least < best.value / ROUNDING else MOST_ALIKE
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


def _plans(
    tiling: Tiling, assignments: list[Assignment], arch: Spatial, bound: Figures
) -> Iterator[Plan]:
    enough = bound.latency_s * arch.clock_hz / tiling.tiles
    for assignment in assignments:
        scheduled = _scheduled(tiling, assignment, enough)
        if scheduled is None:
            continue
        pipeline, rounds = scheduled
        twice = held_twice(pipeline, rounds)
        filed, waiting = homes(tiling, assignment, pipeline, rounds, twice, arch)
        buffer = machine_of(arch, next(iter(assignment.arrays.values()))).buffers[-1]
        found = keepings(tiling, filed, waiting, twice, arch, buffer)
        for keeping in found[:MOST_KEEPINGS]:
            yield Plan(tiling, assignment, pipeline, rounds, keeping)


def _scheduled(
    tiling: Tiling, assignment: Assignment, enough: float
) -> tuple[Pipeline, Rounds] | None:
    """The first pipeline with the shortest rounds."""
    best: tuple[Pipeline, Rounds] | None = None
    for pipeline in pipelines(tiling, assignment, enough):
        rounds = shortest_rounds(pipeline)
        if rounds is not None and (best is None or rounds.period * ROUNDING < best[1].period):
            best = pipeline, rounds
        if best is not None and best[1].period <= pipeline.least_period * ROUNDING:
            break
    return best


def _mapping(plan: Plan, arch: Spatial) -> Mapping:
    name = " ".join(plan.tiling.group.names)
    steps = (step(plan.pipeline, plan.rounds, plan.tiling, name),)
    cascade = plan.tiling.group.cascade
    return fused_mapping(cascade, plan.tiling.inner, nests(plan, arch), steps)


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


def judge_of(arch: Spatial, minimise: Objective, part: tuple[str, ...] | None = None) -> Judge:
    """Asks the cost model for a whole cascade, or for a part of one that is on its own."""

    def judge(mapping: Mapping, cascade: Cascade) -> Answer | None:
        whole = bind(mapping, cascade, arch)
        bound = whole if part is None else replace(whole, cascade=_alone(whole.cascade, part))
        if check(bound):
            return None
        try:
            cost = cost_from(bound, points_of(whole), coverage_of(whole))
        except UncountableError:
            return None
        return Answer(mapping, cost, float(value_of(minimise, figures_of(cost))))

    return judge


def _alone(cascade: Cascade, names: tuple[str, ...]) -> Cascade:
    """These Einsums as a cascade whose results are what others read too."""
    part = part_of(cascade, names)
    others = (einsum for einsum in cascade.einsums if einsum.name not in names)
    read = {access.tensor for einsum in others for access in einsum.reads}
    kept = tuple(name for name in names if name in read or name in cascade.outputs)
    used = {access.tensor for e in part.einsums for access in (*e.reads, e.output)}
    tensors = {name: tensor for name, tensor in part.tensors.items() if name in used}
    initial = tuple(each for each in cascade.initial if each.tensor in used)
    return replace(part, kept=kept, tensors=tensors, initial=initial)
