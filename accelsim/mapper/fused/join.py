"""A cascade cut into groups, each a step of its own, one after the other.

What a group makes for a later one goes through the outermost memory. Costs of steps add up, so the
cuts are found from front to back: of all ways to run the first Einsums, those that another one
beats in both latency and energy are dropped, the others are continued by every group that fits.

    best[j] = undominated of  best[i] + group from i to j,   i < j
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from accelsim.arch.spatial import Spatial
from accelsim.mapper.bound import least_figures
from accelsim.mapper.fused.group import fused_groups
from accelsim.mapper.fused.search import (
    Answer,
    Tally,
    Told,
    answer_of,
    best_step,
    fused_mapping,
)
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.fusion import part_of, units
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
    cascade: Cascade, arch: Spatial, minimise: Objective, bound: Figures, tally: Tally, told: Told
) -> Answer | None:
    """`cascade` has the sizes of partitions that it shall have."""
    waiting = units(cascade)
    area = bound.area_um2
    fronts: dict[int, list[Chain]] = {0: [Chain((), Figures(0.0, 0.0, area))]}
    found: dict[tuple[int, int], list[Answer]] = {}
    for first, last in combinations(range(len(waiting) + 1), 2):
        if last - first <= MOST_UNITS or (first, last) == (0, len(waiting)):
            found[first, last] = list(_answers(waiting[first:last], cascade, arch, minimise, tally))
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
        answer = answer_of(_joined(chain, cascade), cascade, arch, minimise)
        if answer is not None:
            told(answer, tally.candidates)
            return answer
    return None


def _answers(
    waiting: tuple[Unit, ...], cascade: Cascade, arch: Spatial, minimise: Objective, tally: Tally
) -> Iterator[Answer]:
    """What may run these: every way to fuse them, and the rules for one alone."""
    part = _part(cascade, waiting)
    if len(waiting) == 1:
        mapping = automatic_mapping(part, arch)
        alone = answer_of(mapping, part, arch, minimise)
        tally.candidates += 1
        yield from [] if alone is None else [alone]
    bound = least_figures(part, arch)
    for group in fused_groups(part, units(part)):
        answer = best_step(
            group, arch, minimise, bound, tally, _nobody, most_in_vain=MOST_IN_VAIN
        )
        yield from [] if answer is None else [answer]


def _nobody(answer: Answer, candidates: int) -> None:
    """A part of the cascade is no news."""


def _part(cascade: Cascade, waiting: tuple[Unit, ...]) -> Cascade:
    """These Einsums as a cascade, whose results are what others read too."""
    names = tuple(name for unit in waiting for name in unit.einsums)
    others = (einsum for einsum in cascade.einsums if einsum.name not in names)
    read = {access.tensor for einsum in others for access in einsum.reads}
    written = [name for name in names if name in read or name in cascade.outputs]
    part = part_of(cascade, names)
    used = {access.tensor for e in part.einsums for access in (*e.reads, e.output)}
    tensors = {name: tensor for name, tensor in part.tensors.items() if name in used}
    return replace(part, kept=tuple(written), tensors=tensors)


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
