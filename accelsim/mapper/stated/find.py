"""The strategy that scores every point of a stated space, one call of the cost model a structure.

Points of a structure differ in numbers only, so that all of them are bound, tested and evaluated as
arrays, some ten thousand at a time. The best of each structure are then held against
`mapping.check` one by one, until one is legal or no better than what is known.

Of points of a structure that are equally good the fastest is taken; a later structure must be
better than all before it. The answer is the optimum of the space, unless the search was
interrupted, or a structure has so many illegal points among its best that it was given up.
"""

from collections.abc import Iterator
from collections.abc import Mapping as NumbersOf
from math import inf
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.base.errors import MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.found import Found, figures_of
from accelsim.mapper.legal import fits
from accelsim.mapper.obeying import keeps_limits, keeps_loops
from accelsim.mapper.objective import value_of
from accelsim.mapper.question import Question
from accelsim.mapper.stated.points import Points, number_of, points_of
from accelsim.mapper.stated.space import Several, Space
from accelsim.mapper.stated.structures import Structure, structures
from accelsim.mapper.stated.values import is_several
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check, check_parts
from accelsim.mapping.in_numbers import in_numbers
from accelsim.mapping.mapping import Formula, Mapping

AT_ONCE = 1 << 15
"""Points in one call of the cost model: memory then is bounded, and the call's overhead small."""

MOST_CHECKED = 1000
"""Illegal points of a structure after which it is given up; a check takes some milliseconds."""


class _Best(NamedTuple):
    """What is known of the structures so far."""

    mapping: Mapping | None
    value: float
    candidates: int
    is_exhausted: bool


class _Scored(NamedTuple):
    """The points of a structure that are legal by their numbers, the variants that they are of,
    their values and their latencies."""

    points: Points
    variants: NDArray[np.int_]
    values: NDArray[np.float64]
    latencies_s: NDArray[np.float64]


def find(question: Question, space: Space) -> Found | None:
    """The best point of the space; None if no point of it is legal.

    Interrupted (KeyboardInterrupt) after some point was found legal, it returns the best so far.

    Raises
    ------
    MapperError
        if the space is for another workload, or an expression of it has no value.
    """
    start = perf_counter()
    _refuse_other_workload(question, space)
    least = float(value_of(question.minimise, question.bound))
    kinds = list(structures(space))
    best = _Best(None, inf, 0, True)
    combinations = sum(len(structure.variants) for structure in kinds)
    pruned = 0
    try:
        for place, structure in enumerate(kinds):
            if best.value <= least:
                pruned = sum(number_of(_points(each, question)[0]) for each in kinds[place:])
                break
            best = _better(best, structure, question)
            question.progress("space", best.value, best.candidates)
    except KeyboardInterrupt:
        if best.mapping is None:
            raise
        best = best._replace(is_exhausted=False)
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
    )


def _refuse_other_workload(question: Question, space: Space) -> None:
    if space.workload and question.cascade.name not in space.workload:
        fact = f"the space is for {' and '.join(space.workload)}, not for {question.cascade.name}"
        raise MapperError(fact, remedy="Name another space, or none")


def _better(best: _Best, structure: Structure, question: Question) -> _Best:
    """What is known once a structure was searched."""
    scored = _scored(structure, question)
    best = best._replace(candidates=best.candidates + len(scored.values))
    for checked, place in enumerate(np.lexsort((scored.latencies_s, scored.values))):
        if scored.values[place] >= best.value:
            break
        if checked == MOST_CHECKED:
            return best._replace(is_exhausted=False)
        mapping = _chosen(structure, scored, place)
        if not check(bind(mapping, question.cascade, question.arch)):
            if question.constraints.capacity:
                mapping = in_numbers(mapping, question.cascade, question.arch)
            return best._replace(mapping=mapping, value=float(scored.values[place]))
    return best


def _scored(structure: Structure, question: Question) -> _Scored:
    points, variants = _points(structure, question)
    parts = [_Scored(_taken(points, slice(0)), variants[:0], np.empty(0), np.empty(0))]
    if number_of(points) and _has_legal_parts(structure, points, question):
        for begin in range(0, number_of(points), AT_ONCE):
            chunk = slice(begin, begin + AT_ONCE)
            parts += _scored_chunk(structure, _taken(points, chunk), variants[chunk], question)
    return _Scored(
        _joined([part.points for part in parts]),
        np.concatenate([part.variants for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.latencies_s for part in parts]),
    )


def _points(structure: Structure, question: Question) -> tuple[Points, NDArray[np.int_]]:
    """Of all variants, and the place of its variant for each."""
    each = [points_of(variant, question.cascade, question.arch) for variant in structure.variants]
    numbers = [number_of(points) for points in each]
    return _joined(each), np.repeat(np.arange(len(each)), numbers)


def _has_legal_parts(structure: Structure, points: Points, question: Question) -> bool:
    first = _taken(points, slice(0, 1))
    return not check_parts(bind(structure.mapping, question.cascade, question.arch, first))


def _scored_chunk(
    structure: Structure, points: Points, variants: NDArray[np.int_], question: Question
) -> Iterator[_Scored]:
    cascade, arch, constraints = question.cascade, question.arch, question.constraints
    bound = bind(structure.mapping, cascade, arch, points)
    allowed = fits(bound) * keeps_loops(constraints, bound)
    legal = np.broadcast_to(allowed, len(variants)).astype(bool)
    if legal.any():
        left = _taken(points, legal)
        cost = evaluate(cascade, arch, structure.mapping, left)
        kept = keeps_limits(constraints, bind(structure.mapping, cascade, arch, left), cost)
        values, latencies_s, kept = (
            np.array(np.broadcast_to(each, int(legal.sum())), dtype=float)
            for each in (value_of(question.minimise, figures_of(cost)), cost.latency_s, kept)
        )
        found = _Scored(left, variants[legal], values, latencies_s)
        yield found if kept.all() else _those(found, kept > 0)


def _those(scored: _Scored, which: NDArray[np.bool_]) -> _Scored:
    points, variants, values, latencies_s = scored
    return _Scored(_taken(points, which), variants[which], values[which], latencies_s[which])


def _taken(points: Points, which: slice | NDArray[np.bool_]) -> Points:
    return {name: column[which] for name, column in points.items()}


def _joined(parts: list[Points]) -> Points:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chosen(structure: Structure, scored: _Scored, place: int) -> Mapping:
    """One point as a mapping: with a number for what had several values, else with the formula."""
    variant = structure.variants[scored.variants[place]]
    numbers = {name: float(column[place]) for name, column in scored.points.items()}
    said = ", ".join(f"{choice}: {option}" for choice, option in variant.taken.items())
    return structure.mapping.model_copy(
        update={
            "about": f"{structure.mapping.about} Chosen - {said}"
            if said
            else structure.mapping.about,
            "ranks": _formulas(variant.ranks, numbers),
            "tiles": _formulas(variant.tiles, numbers),
        }
    )


def _formulas(said: NumbersOf[str, Several], numbers: NumbersOf[str, float]) -> dict[str, Formula]:
    """In the order in which the numbers were found; a rank that the user has set is not there."""
    return {name: _formula(said[name], numbers[name]) for name in numbers if name in said}


def _formula(said: Several, number: float) -> Formula:
    if isinstance(said, int | str) and not is_several(said):
        return said
    return int(number) if number == int(number) else repr(number)
