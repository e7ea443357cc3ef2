"""The strategy that scores every point of a stated space, one call of the cost model a structure.

Points of a structure differ in numbers only, so that all of them are bound, tested and evaluated as
arrays, some ten thousand at a time. The best of each structure are then held against
`mapping.check` one by one, until one is legal or no better than what is known.

Of points of a structure that are equally good the fastest is taken; a later structure must be
better than all before it. The answer is the optimum of the space, unless the search was
interrupted, or a structure has so many illegal points among its best that it was given up.
"""

from math import inf
from time import perf_counter
from typing import NamedTuple

import numpy as np

from accelsim.base.errors import MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.found import Found
from accelsim.mapper.objective import value_of
from accelsim.mapper.question import Question
from accelsim.mapper.stated.points import number_of
from accelsim.mapper.stated.scoring import all_points, legal_mapping, scored
from accelsim.mapper.stated.space import Space
from accelsim.mapper.stated.structures import Structure, structures
from accelsim.mapping.mapping import Mapping

MOST_CHECKED = 1000
"""Illegal points of a structure after which it is given up; a check takes some milliseconds."""


class _Best(NamedTuple):
    """What is known of the structures so far."""

    mapping: Mapping | None
    value: float
    candidates: int
    is_exhausted: bool


def find(question: Question, space: Space) -> Found | None:
    """The best point of the space; None if no point of it is legal.

    Interrupted (KeyboardInterrupt) after some point was found legal, it returns the best so far.

    Raises
    ------
    MapperError
        if the space is for another workload, or an expression of it has no value.
    """
    start = perf_counter()
    refuse_other_workload(question, space)
    least = float(value_of(question.minimise, question.bound))
    kinds = list(structures(space))
    best = _Best(None, inf, 0, True)
    combinations = sum(len(structure.variants) for structure in kinds)
    pruned, is_cut_short = 0, False
    try:
        for place, structure in enumerate(kinds):
            if best.value <= least:
                pruned = sum(number_of(all_points(each, question)[0]) for each in kinds[place:])
                break
            best = _better(best, structure, question)
            question.progress("space", best.value, best.candidates)
    except KeyboardInterrupt:
        if best.mapping is None:
            raise
        best, is_cut_short = best._replace(is_exhausted=False), True
    if best.mapping is None:
        return None
    return Found(
        mapping=best.mapping,
        cost=evaluate(question.cascade, question.arch, best.mapping),
        minimise=question.minimise,
        bound=question.bound,
        strategy="space",
        space=f"{combinations:,} combinations of choices, with all their numbers. {space.about}",
        optimal=best.is_exhausted or best.value <= least,
        candidates=best.candidates,
        pruned=pruned,
        seconds=perf_counter() - start,
        is_cut_short=is_cut_short,
    )


def refuse_other_workload(question: Question, space: Space) -> None:
    if space.workload and question.cascade.name not in space.workload:
        fact = f"the space is for {' and '.join(space.workload)}, not for {question.cascade.name}"
        raise MapperError(fact, remedy="Name another space, or none")


def _better(best: _Best, structure: Structure, question: Question) -> _Best:
    """What is known once a structure was searched."""
    found = scored(structure, question, (question.minimise, "latency"))
    values = found.values[:, 0]
    best = best._replace(candidates=best.candidates + len(values))
    for checked, place in enumerate(np.lexsort(found.values.T[::-1])):
        if values[place] >= best.value:
            break
        if checked == MOST_CHECKED:
            return best._replace(is_exhausted=False)
        mapping = legal_mapping(structure, found, place, question)
        if mapping is not None:
            return best._replace(mapping=mapping, value=float(values[place]))
    return best
