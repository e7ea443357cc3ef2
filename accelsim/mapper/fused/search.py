"""The best fused step of a group: tilings in the order of their bounds, until none can be better.

    latency of a tiling >= max(tiles · load of the busiest array under the best assignment / clock,
                               bytes of inputs and outputs / bandwidth of the outermost memory)
    energy  of a tiling >= that of `energy`, of those bytes, and what leaks during that latency

Every tiling that is looked at is scheduled under its best assignments, and what comes of it is
checked and evaluated like any other mapping.
"""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, replace
from itertools import islice
from math import inf

from accelsim.arch.spatial import Spatial
from accelsim.cost.coverage import coverage_of
from accelsim.cost.result import Cost
from accelsim.cost.spatial import cost_from, points_of
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.found import figures_of
from accelsim.mapper.fused.assignment import Assignment
from accelsim.mapper.fused.filing import homes, machine_of
from accelsim.mapper.fused.group import Group
from accelsim.mapper.fused.keeping import keepings
from accelsim.mapper.fused.modulo import ROUNDING, Pipeline, Rounds, shortest_rounds
from accelsim.mapper.fused.nests import Plan, nests
from accelsim.mapper.fused.ordered import MOST_ASSIGNMENTS, Least, Queue, compared
from accelsim.mapper.fused.pipelining import held_twice, pipelines, step
from accelsim.mapper.fused.tiling import Tiling
from accelsim.mapper.obeying import keeps_limits, keeps_loops
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapper.question import Question
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.fusion import part_of
from accelsim.mapping.mapping import Mapping, Nest, Step
from accelsim.workload.einsum import Cascade
from accelsim.workload.regions import UncountableError

MOST_KEEPINGS = 2
"""Of each schedule, so many ways to keep its tensors are tried."""

MOST_ALIKE = 6
"""So many candidates in a row that are no better end a search where only energy is to be won."""

UNSURE = 1.1
"""By so much a tiling's cycles may be above those of its mappings, under conditions."""


@dataclass(frozen=True)
class Effort:
    """`in_vain` candidates in a row that are no better end the search, and so do `refused` ones
    that are no answers; `plans` of each tiling."""

    in_vain: int = 60
    plans: int = MOST_ASSIGNMENTS * MOST_KEEPINGS
    refused: float = inf

    def under(self, constraints: Constraints) -> "Effort":
        """Where constraints refuse what is legal, there is an end to it."""
        return replace(self, refused=10 + 5 * self.in_vain) if constraints.said else self


@dataclass(frozen=True)
class Answer:
    """A mapping of a cascade that is one group."""

    mapping: Mapping
    cost: Cost
    value: float

    @property
    def rank(self) -> tuple[float, float]:
        """Values alike but for rounding are told apart by their energy."""
        return compared(self.value), float(self.cost.energy_pj)


@dataclass
class Tally:
    """How far a search has come. `least` is a bound of the value over its whole space."""

    candidates: int = 0
    pruned: int = 0
    least: float = inf


Judge = Callable[[Mapping, Cascade], Answer | None]
"""None if the mapping is not legal, breaks a constraint, or nobody can count which of its tiles
have a point."""

Told = Callable[[Answer, int], None]
"""Told of every better answer, and how many candidates were seen by then."""


def best_step(
    group: Group,
    question: Question,
    bound: Figures,
    tally: Tally,
    told: Told,
    judge: Judge,
    effort: Effort,
) -> Answer | None:
    """Of several alike the one that takes the least energy, of those that are looked at."""
    best: Answer | None = None
    in_vain = refused = 0
    arch, minimise = question.arch, question.minimise
    effort = effort.under(question.constraints)
    queue = Queue(group, question, bound)
    while queue.heap and refused < effort.refused:
        least, tiling, assignments = queue.next()
        tally.least = min(tally.least, least[0] if queue.is_every else 0.0)
        if best is not None and _is_enough(least, best, in_vain, effort):
            tally.pruned += len(queue.heap) + 1
            break
        worth = [
            each for each in assignments if best is None or queue.least(tiling, each) < best.rank
        ]
        late_s = _late_s(best, minimise, group)
        for plan in islice(plans(tiling, worth, arch, bound, late_s), effort.plans):
            tally.candidates += 1
            answer = judge(mapping_of(plan, arch), plan.tiling.group.cascade)
            refused = refused + 1 if answer is None else 0
            if answer is None:
                question.progress("fused", inf, tally.candidates)
                continue
            in_vain += 1
            if best is None or answer.rank < best.rank:
                best, in_vain = answer, 0
                told(answer, tally.candidates)
            question.progress("fused", inf, tally.candidates)
    return best


def _late_s(best: Answer | None, minimise: Objective, group: Group) -> float:
    """Latency from which on a mapping is no better than the best, nor as fast.

    Under conditions what an array does is known of a mapping only, and of its tiling about.
    """
    if best is None or minimise not in ("latency", "area_delay"):
        return inf
    is_sure = not any(einsum.conditions for einsum in group.einsums)
    return float(best.cost.latency_s) * (ROUNDING**2 if is_sure else UNSURE)


def _is_enough(least: Least, best: Answer, in_vain: int, effort: Effort) -> bool:
    """Whether no tiling that is left is better, or the last candidates were not."""
    most = effort.in_vain if least[0] < best.rank[0] else MOST_ALIKE
    return least >= best.rank or in_vain >= most


def plans(
    tiling: Tiling,
    assignments: list[Assignment],
    arch: Spatial,
    bound: Figures,
    late_s: float = inf,
) -> Iterator[Plan]:
    """Those with rounds so short that the step ends before it is late."""
    enough = bound.latency_s * arch.clock_hz / tiling.tiles
    for assignment in assignments:
        scheduled = _scheduled(tiling, assignment, enough, late_s * arch.clock_hz / tiling.tiles)
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
    tiling: Tiling, assignment: Assignment, enough: float, late: float
) -> tuple[Pipeline, Rounds] | None:
    """The first pipeline with the shortest rounds."""
    best: tuple[Pipeline, Rounds] | None = None
    for pipeline in pipelines(tiling, assignment, enough):
        rounds = shortest_rounds(pipeline, beat=late)
        if rounds is not None and (best is None or rounds.period * ROUNDING < best[1].period):
            best = pipeline, rounds
        if best is not None and best[1].period <= pipeline.least_period * ROUNDING:
            break
    return best


def mapping_of(plan: Plan, arch: Spatial) -> Mapping:
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


def judge_of(question: Question, part: tuple[str, ...] | None = None) -> Judge:
    """Asks the cost model for a whole cascade, or for a part of one that is on its own."""
    arch, constraints = question.arch, question.constraints

    def judge(mapping: Mapping, cascade: Cascade) -> Answer | None:
        whole = bind(mapping, cascade, arch)
        bound = whole if part is None else replace(whole, cascade=_alone(whole.cascade, part))
        if not keeps_loops(constraints, bound) or check(bound):
            return None
        try:
            cost = cost_from(bound, points_of(whole), coverage_of(whole))
        except UncountableError:
            return None
        if not keeps_limits(constraints, bound, cost):
            return None
        return Answer(mapping, cost, float(value_of(question.minimise, figures_of(cost))))

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
