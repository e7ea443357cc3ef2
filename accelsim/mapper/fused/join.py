"""A cascade cut into groups, each a step of its own, one after the other.

What a group makes for a later one goes through the outermost memory. Costs of steps add up, so the
cuts are found from front to back: of all ways to run the first Einsums, those that another one
beats in both latency and energy are dropped, the others are continued by every group that fits.

    best[j] = undominated of  best[i] + group from i to j,   i < j
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from accelsim.arch.spatial import Spatial, area_um2
from accelsim.mapper.fused.group import fused_groups
from accelsim.mapper.fused.search import (
    Answer,
    Tally,
    Told,
    best_step,
    fused_mapping,
    judge_of,
)
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.fusion import units
from accelsim.mapping.mapping import Mapping
from accelsim.mapping.recurring import Group as Unit
from accelsim.workload.einsum import Cascade

MOST_IN_VAIN = 6
MOST_UNITS = 8
"""Groups of more Einsums, or sets of Einsums that take turns, are not tried, but for the whole."""


@dataclass(frozen=True)
class Chain:
    """Steps for the first Einsums of a cascade, and what they take."""

    parts: tuple[Mapping, ...]
    figures: Figures

    def __add__(self, answer: Answer) -> "Chain":
        latency_s = self.figures.latency_s + answer.cost.latency_s
        energy_pj = self.figures.energy_pj + answer.cost.energy_pj
        figures = self.figures._replace(latency_s=latency_s, energy_pj=energy_pj)
        return Chain((*self.parts, answer.mapping), figures)

    def is_beaten_by(self, other: "Chain") -> bool:
        return other.figures != self.figures and all(
            theirs <= own for theirs, own in zip(other.figures, self.figures, strict=True)
        )


def best_chain(
    cascade: Cascade, arch: Spatial, minimise: Objective, tally: Tally, told: Told
) -> Answer | None:
    """`cascade` has the sizes of partitions that it shall have."""
    waiting, rules, judge = units(cascade), automatic_mapping(cascade, arch), judge_of(arch, minimise)
    area = float(area_um2(arch))
    fronts: dict[int, list[Chain]] = {0: [Chain((), Figures(0.0, 0.0, area))]}
    found: dict[tuple[int, int], list[Answer]] = {}
    for first, last in combinations(range(len(waiting) + 1), 2):
        if last - first <= MOST_UNITS or (first, last) == (0, len(waiting)):
            found[first, last] = list(
                _answers(waiting[first:last], cascade, arch, minimise, tally, rules)
            )
    for last in range(1, len(waiting) + 1):
        chains = [
            chain + answer
            for first in range(last)
            for chain in fronts[first]
            for answer in found.get((first, last), [])
        ]
        fronts[last] = [c for c in chains if not any(map(c.is_beaten_by, chains))]
    ranked = sorted(fronts[len(waiting)], key=lambda chain: value_of(minimise, chain.figures))
    for chain in ranked:
        answer = judge(_joined(chain, cascade), cascade)
        if answer is not None:
            told(answer, tally.candidates)
            return answer
    return None


def _answers(
    waiting: tuple[Unit, ...],
    cascade: Cascade,
    arch: Spatial,
    minimise: Objective,
    tally: Tally,
    rules: Mapping,
) -> Iterator[Answer]:
    """What may run these: every way to fuse them, and the rules for one alone."""
    names = tuple(name for unit in waiting for name in unit.einsums)
    judge = judge_of(arch, minimise, names)
    if len(waiting) == 1:
        tally.candidates += 1
        alone = judge(_of(rules, names), cascade)
        yield from [] if alone is None else [alone]
    none = Figures(0.0, 0.0, float(area_um2(arch)))
    for group in fused_groups(cascade, waiting):
        answer = best_step(
            group, arch, minimise, none, tally, _nobody, judge, most_in_vain=MOST_IN_VAIN
        )
        yield from [] if answer is None else [answer]


def _nobody(answer: Answer, candidates: int) -> None:
    """A part of the cascade is no news."""


def _of(rules: Mapping, names: tuple[str, ...]) -> Mapping:
    """What rules say of these Einsums."""
    nests = tuple(nest for nest in rules.nests if nest.einsums[0] in names)
    runs = [(step, {n for p in step.phases for r in p.run.values() for n in r}) for step in rules.schedule]
    steps = tuple(step for step, run in runs if run & set(names))
    return rules.model_copy(update={"nests": nests, "schedule": steps})


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
