"""A candidate by itself: a shape and its numbers, to be remembered, compared and inherited."""

from typing import NamedTuple

from accelsim.mapper.tilewise.numbers import Columns
from accelsim.mapper.tilewise.shape import Shape


class Candidate(NamedTuple):
    """`numbers` are in the order of the shape's names, as `Numbers.most` has them."""

    shape: Shape
    numbers: tuple[int, ...]


def candidate_at(shape: Shape, columns: Columns, place: int) -> Candidate:
    return Candidate(shape, tuple(int(column[place]) for column in columns.values()))


def candidates_of(shape: Shape, columns: Columns) -> list[Candidate]:
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [Candidate(shape, row) for row in rows]
