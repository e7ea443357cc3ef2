"""The points of a variant: all combinations of values of its ranks and tiles, as arrays.

Names are gone through in order, those that another needs before it: an option may make a tile of
the space depend on one that stands after it. A name with one formula gets its value at every point
there is by then; one with several values multiplies the points. A condition is applied as soon as
all that it names is known, so that what it forbids is not multiplied further.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import ExpressionError, MapperError
from accelsim.base.expression import parse_expression
from accelsim.mapper.stated.space import Several
from accelsim.mapper.stated.structures import Variant
from accelsim.mapper.stated.values import MOST_VALUES, is_several, names_in, values_of
from accelsim.mapping.binding import known_values, value_of
from accelsim.mapping.loops import Number
from accelsim.workload.einsum import Cascade

Points = dict[str, NDArray[np.float64]]
"""An array a name, all of one length: a value for each point."""


def points_of(variant: Variant, cascade: Cascade, arch: Spatial) -> Points:
    """All points that meet the conditions: values of every rank and tile of the variant.

    Ranks that were set for the cascade keep their sizes, as `binding.bind` has it.

    Raises
    ------
    MapperError
        if an expression has no value, or there are too many points.
    """
    growing = _Growing(known_values(cascade, arch), variant.where)
    ranks = {rank: said for rank, said in variant.ranks.items() if rank not in cascade.chosen}
    for rank, said in ranks.items():
        growing.add(rank, said)
    growing.add_sizes(cascade, list(ranks))
    tiles = _in_order(variant.tiles)
    for tile in tiles:
        growing.add(tile, variant.tiles[tile])
    growing.refuse_unused_conditions()
    return {name: growing.columns[name] for name in (*ranks, *tiles)}


def _in_order(tiles: Mapping[str, Several]) -> list[str]:
    """The first of those left that needs none of the others, again and again."""
    left = list(tiles)
    found: list[str] = []
    while left:
        free = (name for name in left if not names_in(tiles[name]) & {*left} - {name})
        found.append(next(free, left[0]))
        left.remove(found[-1])
    return found


def number_of(points: Points) -> int:
    return len(next(iter(points.values()), np.empty(1)))


class _Growing:
    """The points of the names so far."""

    def __init__(self, known: Mapping[str, Number], where: tuple[str, ...]) -> None:
        self.known = known
        self.waiting = list(where)
        self.columns: Points = {}
        self.length = 1

    def add(self, name: str, said: Several) -> None:
        try:
            self._add(name, said)
        except ExpressionError as error:
            remedy = error.remedy or "A condition may leave out the points that it is for"
            raise MapperError(f"{name} has no value: {error.fact}", remedy=remedy) from error
        self._apply_conditions()

    def add_sizes(self, cascade: Cascade, ranks: list[str]) -> None:
        """The sizes of all ranks, once those that a mapping decides are known."""
        decided = {rank: self.columns[rank].astype(np.int64) for rank in ranks}
        sizes = cascade.with_ranks(**decided).ranks if decided else {}
        for rank, size in sizes.items():
            self.columns[rank] = self._everywhere(size)
        self._apply_conditions()

    def refuse_unused_conditions(self) -> None:
        if self.waiting:
            names = parse_expression(self.waiting[0]).names - self.known.keys()
            fact = f"the condition {self.waiting[0]!r} names {', '.join(sorted(names))}"
            raise MapperError(f"{fact}, of which not all are known")

    def _add(self, name: str, said: Several) -> None:
        if not is_several(said):
            self.columns[name] = self._everywhere(self._value(said))
            return
        needed = sorted(names_in(said) & self.columns.keys())
        if not needed:
            found = values_of(said, self.known)
            self._multiply(np.full(self.length, len(found)))
            self.columns[name] = np.tile(found, self.length // max(1, len(found)))
            return
        rows = np.stack([self.columns[each] for each in needed], axis=1)
        rows, which = np.unique(rows, axis=0, return_inverse=True)
        lists = [self._values_at(said, dict(zip(needed, row, strict=True))) for row in rows]
        which = which.ravel()
        self._multiply(np.array([len(each) for each in lists], dtype=int)[which])
        self.columns[name] = np.concatenate([np.empty(0), *(lists[place] for place in which)])

    def _values_at(self, said: Several, row: Mapping[str, float]) -> NDArray[np.float64]:
        whole = {name: int(v) if v == int(v) else float(v) for name, v in row.items()}
        return values_of(said, {**self.known, **whole})

    def _multiply(self, times: NDArray[np.int_]) -> None:
        length = int(times.sum())
        if length > MOST_VALUES:
            fact = f"the space has {length:,} points of one structure"
            remedy = f"Leave at most {MOST_VALUES:,}, by conditions or fewer values"
            raise MapperError(fact, remedy=remedy)
        self.columns = {name: np.repeat(each, times) for name, each in self.columns.items()}
        self.length = length

    def _value(self, said: Several) -> Number:
        assert isinstance(said, int | str)
        return value_of(said, {**self.known, **self.columns})

    def _everywhere(self, value: Number) -> NDArray[np.float64]:
        return np.array(np.broadcast_to(value, self.length), dtype=float)

    def _apply_conditions(self) -> None:
        known = self.known.keys() | self.columns.keys()
        ready = [text for text in self.waiting if parse_expression(text).names <= known]
        for text in ready:
            holds = self._everywhere(self._value(text)) != 0
            self.columns = {name: each[holds] for name, each in self.columns.items()}
            self.length = int(holds.sum()) if self.columns else int(holds.all())
            self.waiting.remove(text)
