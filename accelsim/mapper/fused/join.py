"""A cascade cut into groups, each a step of its own, one after the other.

What a group makes for a later one goes through the outermost memory. Costs of steps add up, so the
cuts are found from front to back: of all ways to run the first Einsums, those that another one
beats in latency, energy and what is minimised are dropped, the others are continued by every group
that fits.

    best[j] = undominated of  best[i] + group from i to j,   i < j
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import inf
from operator import add, le

from accelsim.arch.spatial import Spatial, area_um2
from accelsim.mapper.bound import array_cycles, operations_pj, work_of
from accelsim.mapper.found import figures_of
from accelsim.mapper.fused.energy import outermost_bytes, outermost_pj
from accelsim.mapper.fused.group import fused_groups
from accelsim.mapper.fused.search import (
    Answer,
    Effort,
    Tally,
    Told,
    best_step,
    fused_mapping,
    judge_of,
)
from accelsim.mapper.obeying import ROUNDING
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapper.question import Question
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.fusion import units
from accelsim.mapping.mapping import Mapping, Step
from accelsim.mapping.recurring import Group as Unit
from accelsim.workload.einsum import Cascade

EFFORTS = (Effort(in_vain=1, plans=1), Effort(in_vain=6, plans=1))
"""For a part of a cascade: there are many. What little effort finds leaves fewer for more of it."""

WORTH = 0.01
"""More effort goes where by its bound a chain could still be better by this share."""


@dataclass(frozen=True)
class Chain:
    """Steps for the first Einsums of a cascade, and what they take."""

    parts: tuple[Mapping, ...]
    figures: Figures

    def __add__(self, answer: Answer) -> "Chain":
        figures = _sum(self.figures, figures_of(answer.cost))
        return Chain((*self.parts, answer.mapping), figures)


def _undominated(chains: list[Chain], question: Question) -> list[Chain]:
    """Those that no other one beats in latency, energy, what is minimised, and traffic that is
    limited."""
    kept: dict[tuple[float, ...], Chain] = {}
    limits = question.constraints.traffic_bytes
    for chain in chains:
        own = chain.figures
        if any(own.traffic_bytes[memory] > most * ROUNDING for memory, most in limits.items()):
            continue
        limited = (float(own.traffic_bytes[memory]) for memory in limits)
        value = float(value_of(question.minimise, own))
        numbers = float(own.latency_s), float(own.energy_pj), value, *limited
        if not any(all(map(le, others, numbers)) for others in kept):
            kept = {each: of for each, of in kept.items() if not all(map(le, numbers, each))}
            kept[numbers] = chain
    return list(kept.values())


def best_chain(
    cascade: Cascade,
    question: Question,
    tally: Tally,
    told: Told,
    beat: float = inf,
) -> Answer | None:
    """The best in several steps, if it could have a value below `beat`.

    `cascade` has the sizes of partitions that it shall have.
    """
    best: Answer | None = None
    rules = automatic_mapping(cascade, question.arch)
    for effort in EFFORTS:
        answer = _chained(cascade, question, tally, rules, beat, effort)
        if answer is not None and (best is None or answer.rank < best.rank):
            best = answer
            told(answer, tally.candidates)
            beat = min(beat, answer.value * (1 - WORTH))
    return best


def _chained(
    cascade: Cascade,
    question: Question,
    tally: Tally,
    rules: Mapping,
    beat: float,
    effort: Effort,
) -> Answer | None:
    arch, minimise = question.arch, question.minimise
    waiting = units(cascade)
    spans = _promising(waiting, cascade, arch, minimise, beat)
    tally.pruned += len(list(combinations(range(len(waiting) + 1), 2))) - len(spans)
    fronts: dict[int, list[Chain]] = {0: [Chain((), _nothing(arch))]}
    for last in range(1, len(waiting) + 1):
        chains = []
        for first in range(last):
            if (first, last) in spans and fronts[first]:
                part = waiting[first:last]
                answers = list(_answers(part, cascade, question, tally, rules, effort))
                chains += [chain + answer for chain in fronts[first] for answer in answers]
        fronts[last] = _undominated(chains, question)
    judge = judge_of(question)
    ranked = sorted(fronts[len(waiting)], key=lambda chain: value_of(minimise, chain.figures))
    judged = (judge(_joined(chain, cascade), cascade) for chain in ranked)
    return next((answer for answer in judged if answer is not None), None)


def _nothing(arch: Spatial) -> Figures:
    return Figures(0.0, 0.0, float(area_um2(arch)), {each.name: 0.0 for each in arch.memories})


def _numbers(figures: Figures) -> list[float]:
    """What adds up, in one row."""
    return [
        float(figures.latency_s),
        float(figures.energy_pj),
        *map(float, figures.traffic_bytes.values()),
    ]


def _of_numbers(numbers: Iterable[float], like: Figures) -> Figures:
    latency_s, energy_pj, *traffic = numbers
    return Figures(
        latency_s, energy_pj, like.area_um2, dict(zip(like.traffic_bytes, traffic, strict=True))
    )


# --- which groups may be part of a better chain ---------------------------------------------------

Span = tuple[int, int]


def _promising(
    waiting: tuple[Unit, ...], cascade: Cascade, arch: Spatial, minimise: Objective, beat: float
) -> set[Span]:
    """Spans of units that, with the least that those before and after take, are below `beat`."""
    number = len(waiting)
    spans = [span for span in combinations(range(number + 1), 2) if span != (0, number)]
    if number == 1:
        return {(0, 1)}
    least = {span: _least(waiting[slice(*span)], cascade, arch) for span in spans}
    before = {0: _nothing(arch)}
    for last in range(1, number):
        before[last] = _smallest(_sum(before[i], least[i, last]) for i in range(last))
    after = {number: _nothing(arch)}
    for first in range(number - 1, 0, -1):
        ends = range(first + 1, number + 1)
        after[first] = _smallest(_sum(least[first, j], after[j]) for j in ends)
    return {
        (i, j)
        for i, j in spans
        if value_of(minimise, _sum(_sum(before[i], least[i, j]), after[j])) < beat
    }


def _least(waiting: tuple[Unit, ...], cascade: Cascade, arch: Spatial) -> Figures:
    """What a step of these takes at least: its arrays, and what crosses the outermost memory."""
    names = tuple(name for unit in waiting for name in unit.einsums)
    work, outermost = work_of(cascade, arch), arch.memories[0]
    moved_bytes = sum(outermost_bytes(cascade, names))
    cycles = array_cycles({name: work[name] for name in names})
    seconds = cycles / arch.clock_hz
    if outermost.bandwidth is not None:
        rate = float(outermost.bandwidth.per_second(arch.clock_hz))
        seconds = max(seconds, moved_bytes / rate)
    energy_pj = operations_pj(cascade, arch, names)
    energy_pj += outermost_pj(cascade, names, arch)
    energy_pj += sum(arch.leakage_w.values()) * seconds * 1e12
    traffic = {each.name: 0.0 for each in arch.memories}
    traffic[outermost.name] = moved_bytes
    return Figures(seconds, energy_pj, float(area_um2(arch)), traffic)


def _sum(one: Figures, other: Figures) -> Figures:
    return _of_numbers(map(add, _numbers(one), _numbers(other)), one)


def _smallest(figures: Iterable[Figures]) -> Figures:
    """Of each figure the least, whichever chain it is of."""
    every = list(figures)
    return _of_numbers(map(min, zip(*map(_numbers, every), strict=True)), every[0])


# --- answers of parts -----------------------------------------------------------------------------


def _answers(
    waiting: tuple[Unit, ...],
    cascade: Cascade,
    question: Question,
    tally: Tally,
    rules: Mapping,
    effort: Effort,
) -> Iterator[Answer]:
    """What may run these: every way to fuse them, and the rules for one alone."""
    names = tuple(name for unit in waiting for name in unit.einsums)
    judge = judge_of(question, names)
    if len(waiting) == 1:
        tally.candidates += 1
        alone = judge(_of(rules, names), cascade)
        yield from [] if alone is None else [alone]
    for group in fused_groups(cascade, waiting):
        bound = _least(waiting, cascade, question.arch)
        answer = best_step(group, question, bound, tally, _nobody, judge, effort)
        yield from [] if answer is None else [answer]


def _nobody(answer: Answer, candidates: int) -> None:
    """A part of the cascade is no news."""


def _of(rules: Mapping, names: tuple[str, ...]) -> Mapping:
    """What rules say of these Einsums."""
    nests = tuple(nest for nest in rules.nests if nest.einsums[0] in names)
    steps = tuple(step for step in rules.schedule if _runs(step) & set(names))
    return rules.model_copy(update={"nests": nests, "schedule": steps})


def _runs(step: Step) -> set[str]:
    return {name for phase in step.phases for names in phase.run.values() for name in names}


def _joined(chain: Chain, cascade: Cascade) -> Mapping:
    nests = tuple(nest for part in chain.parts for nest in part.nests)
    steps = tuple(step for part in chain.parts for step in part.schedule)
    inner = {
        rank: cascade.ranks[rank]
        for parts in cascade.partitions.values()
        for rank in parts[1:]
        if rank in cascade.chosen
    }
    return fused_mapping(cascade, inner, nests, steps)
