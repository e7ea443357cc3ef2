"""Points of a structure in, their values of several objectives out: as arrays, chunk by chunk."""

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as NumbersOf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.cost.evaluate import evaluate
from accelsim.mapper.found import figures_of
from accelsim.mapper.legal import fits
from accelsim.mapper.obeying import keeps_limits, keeps_loops
from accelsim.mapper.objective import Objective, value_of
from accelsim.mapper.question import Question
from accelsim.mapper.stated.points import Points, number_of, points_of
from accelsim.mapper.stated.space import Several
from accelsim.mapper.stated.structures import Structure
from accelsim.mapper.stated.values import is_several
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check, check_parts
from accelsim.mapping.in_numbers import in_numbers
from accelsim.mapping.mapping import Formula, Mapping

AT_ONCE = 1 << 15
"""Points in one call of the cost model: memory then is bounded, and the call's overhead small."""


class Scored(NamedTuple):
    """The points of a structure that are legal by their numbers, the variants that they are of,
    and their values: points x objectives."""

    points: Points
    variants: NDArray[np.int_]
    values: NDArray[np.float64]


def scored(structure: Structure, question: Question, minimise: Sequence[Objective]) -> Scored:
    points, variants = all_points(structure, question)
    parts = [Scored(_taken(points, slice(0)), variants[:0], np.empty((0, len(minimise))))]
    if number_of(points) and _has_legal_parts(structure, points, question):
        for begin in range(0, number_of(points), AT_ONCE):
            chunk = slice(begin, begin + AT_ONCE)
            some = Scored(_taken(points, chunk), variants[chunk], np.empty(0))
            parts += _scored_chunk(structure, some, question, minimise)
    return Scored(
        _joined([part.points for part in parts]),
        np.concatenate([part.variants for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def all_points(structure: Structure, question: Question) -> tuple[Points, NDArray[np.int_]]:
    """Of all variants, and the place of its variant for each."""
    each = [points_of(variant, question.cascade, question.arch) for variant in structure.variants]
    numbers = [number_of(points) for points in each]
    return _joined(each), np.repeat(np.arange(len(each)), numbers)


def legal_mapping(
    structure: Structure, found: Scored, place: int, question: Question
) -> Mapping | None:
    """One point as a mapping, if it is legal in words too."""
    mapping = _chosen(structure, found, place)
    if check(bind(mapping, question.cascade, question.arch)):
        return None
    if question.constraints.capacity:
        return in_numbers(mapping, question.cascade, question.arch)
    return mapping


def _has_legal_parts(structure: Structure, points: Points, question: Question) -> bool:
    first = _taken(points, slice(0, 1))
    return not check_parts(bind(structure.mapping, question.cascade, question.arch, first))


def _scored_chunk(
    structure: Structure, some: Scored, question: Question, minimise: Sequence[Objective]
) -> Iterator[Scored]:
    cascade, arch, constraints = question.cascade, question.arch, question.constraints
    bound = bind(structure.mapping, cascade, arch, some.points)
    allowed = fits(bound) * keeps_loops(constraints, bound)
    legal = np.broadcast_to(allowed, len(some.variants)).astype(bool)
    if legal.any():
        left = _taken(some.points, legal)
        cost = evaluate(cascade, arch, structure.mapping, left)
        kept = keeps_limits(constraints, bind(structure.mapping, cascade, arch, left), cost)
        figures = figures_of(cost)
        *columns, kept = (
            np.array(np.broadcast_to(each, int(legal.sum())), dtype=float)
            for each in (*(value_of(name, figures) for name in minimise), kept)
        )
        found = Scored(left, some.variants[legal], np.stack(columns, axis=1))
        yield found if kept.all() else _those(found, kept > 0)


def _those(found: Scored, which: NDArray[np.bool_]) -> Scored:
    points, variants, values = found
    return Scored(_taken(points, which), variants[which], values[which])


def _taken(points: Points, which: slice | NDArray[np.bool_]) -> Points:
    return {name: column[which] for name, column in points.items()}


def _joined(parts: list[Points]) -> Points:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chosen(structure: Structure, scored: Scored, place: int) -> Mapping:
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
