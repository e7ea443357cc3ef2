"""Loop nests: what runs around what, and which memory holds which tensors between the loops.

A nest is read from the outside in. Loops visit tiles; a `Storage` between two loops says that a
memory holds, for some tensors, the tile that the loops inside it cover. A loop with an axis is
spatial: all its iterations happen at once, on different rows or columns of a compute array.

A rank may be cut by several loops. Position and size follow from the factors alone:

    tile of a rank below depth d  =  product of the factors of its loops inside depth d
    tiles of a rank above depth d =  ceil(size / tile)

so factors need not divide a rank: the last tile is smaller, and places beyond the rank are empty.
Factors and sizes may be numpy arrays that broadcast.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

Number = Any
"""An int, a float or a numpy array of them; arithmetic on it never branches."""


class Loop(NamedTuple):
    """Visits `factor` tiles of `rank`, one after the other, or at once along an array `axis`.

    `may_be_one`: of a sweep, at some of whose points this is no loop.
    """

    rank: str
    factor: Number
    axis: str | None = None
    may_be_one: bool = False

    @property
    def is_spatial(self) -> bool:
        return self.axis is not None


class Storage(NamedTuple):
    """`memory` holds the tiles of `tensors` that the loops from `depth` inwards cover."""

    memory: str
    tensors: frozenset[str]
    depth: int


@dataclass(frozen=True)
class LoopNest:
    """One Einsum's loops, outermost first, the storages between them, and the array it runs on."""

    einsum: str
    array: str
    loops: tuple[Loop, ...]
    storages: tuple[Storage, ...]

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(loop.rank for loop in self.loops))

    def storages_of(self, tensor: str) -> tuple[Storage, ...]:
        """The storages that hold `tensor`, outermost first."""
        return tuple(storage for storage in self.storages if tensor in storage.tensors)

    def tile(self, rank: str, depth: int) -> Number:
        """How far along `rank` the loops inside `depth` reach, in elements."""
        return factor_product(self.loops[depth:], rank)


def factor_product(loops: Iterable[Loop], rank: str) -> Number:
    return prod(loop.factor for loop in loops if loop.rank == rank)


def innermost(loops: Sequence[Loop], places: Iterable[int]) -> Iterator[tuple[Number, int]]:
    """The innermost of the loops at `places`, and of a sweep each that is it somewhere.

    With every place comes 1 at the points where it is the innermost with a factor beyond 1, and 0
    elsewhere; the place -1 stands for none.
    """
    left: Number = 1
    for place in sorted(places, reverse=True):
        loop = loops[place]
        if not loop.may_be_one:
            yield left, place
            return
        yield left * (loop.factor != 1), place
        left = left * (loop.factor == 1)
    yield left, -1


def ceil_div(dividend: Number, divisor: Number) -> Number:
    """ceil(dividend / divisor), exact for whole numbers, elementwise for arrays."""
    return -(-dividend // divisor)


def larger(left: Number, right: Number) -> Number:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left if left >= right else right
    return np.maximum(left, right)


def largest(numbers: Iterable[Number]) -> Number:
    """Elementwise, of at least one number."""
    return reduce(larger, numbers)


def smallest(numbers: Iterable[Number]) -> Number:
    return -largest([-number for number in numbers])
