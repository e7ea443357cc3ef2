"""The Pareto front of a stated space: every point is scored, none of the front is missed.

Points of a structure that no other point beats, nor one of the structures before, are held against
`mapping.check`; where one is illegal, it may have hidden others, which are looked for again. Of
points that are equal in all objectives the first is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from accelsim.base.pareto import Values, unbeaten
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.found import Found
from accelsim.mapper.objective import Objective
from accelsim.mapper.question import Question
from accelsim.mapper.stated.find import MOST_CHECKED, refuse_other_workload
from accelsim.mapper.stated.scoring import legal_mapping, scored
from accelsim.mapper.stated.space import Space
from accelsim.mapper.stated.structures import Structure, structures
from accelsim.mapping.mapping import Mapping


@dataclass(frozen=True)
class _Known:
    """Mappings with their values, those unbeaten so far; `is_whole`: none was given up."""

    mappings: tuple[Mapping, ...]
    values: Values
    candidates: int
    is_whole: bool


def find_stated_front(
    question: Question, space: Space, minimise: Sequence[Objective]
) -> list[Found]:
    """Each `optimal` if all points were seen: then no point of the space beats it.

    Interrupted (KeyboardInterrupt) after some point was found legal, it returns the front so far.

    Raises
    ------
    MapperError
        if the space is for another workload, or an expression of it has no value.
    """
    start = perf_counter()
    refuse_other_workload(question, space)
    kinds = list(structures(space))
    known, is_cut_short = _Known((), np.empty((0, len(minimise))), 0, True), False
    try:
        for structure in kinds:
            known = _with_structure(known, structure, question, minimise)
            least = known.values.min(axis=0).prod() if len(known.values) else np.inf
            question.progress("space", float(least), known.candidates)
    except KeyboardInterrupt:
        if not known.mappings:
            raise
        known, is_cut_short = replace(known, is_whole=False), True
    combinations = sum(len(structure.variants) for structure in kinds)
    said = f"{combinations:,} combinations of choices, with all their numbers. {space.about}"

    def found(mapping: Mapping) -> Found:
        return Found(
            mapping=mapping,
            cost=evaluate(question.cascade, question.arch, mapping),
            minimise=question.minimise,
            bound=question.bound,
            strategy="space",
            space=said,
            optimal=known.is_whole,
            candidates=known.candidates,
            pruned=0,
            seconds=perf_counter() - start,
            is_cut_short=is_cut_short,
        )

    return [found(mapping) for mapping in known.mappings]


def _with_structure(
    known: _Known, structure: Structure, question: Question, minimise: Sequence[Objective]
) -> _Known:
    points = scored(structure, question, minimise)
    seen: dict[int, Mapping | None] = {}
    left = np.arange(len(points.values))
    while True:
        front = [int(place) for place in left[_on_front(points.values[left], known.values)]]
        unseen = [place for place in front if place not in seen]
        illegal = [place for place, mapping in seen.items() if mapping is None]
        if not unseen or len(illegal) > MOST_CHECKED:
            break
        seen |= {place: legal_mapping(structure, points, place, question) for place in unseen}
        left = left[~np.isin(left, [place for place in unseen if seen[place] is None])]
    legal = {place: seen[place] for place in front if seen.get(place) is not None}
    values = np.concatenate([known.values, points.values[[*legal]]])
    mappings = [*known.mappings, *(mapping for mapping in legal.values() if mapping is not None)]
    kept = np.flatnonzero(unbeaten(values))
    return _Known(
        mappings=tuple(mappings[place] for place in kept),
        values=values[kept],
        candidates=known.candidates + len(points.values),
        is_whole=known.is_whole and not unseen,
    )


def _on_front(values: Values, known: Values) -> NDArray[np.int_]:
    """Places of those that none of them and of the known beats, or equals and stands before."""
    together = np.concatenate([known, values])
    _, firsts = np.unique(together, axis=0, return_index=True)
    firsts = np.sort(firsts)
    front = firsts[unbeaten(together[firsts])]
    return front[front >= len(known)] - len(known)
