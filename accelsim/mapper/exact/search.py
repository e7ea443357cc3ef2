"""Boxes that may hold something better than what is known: split and bounded, many together.

The boxes with the least bounds are split in two, until no box is below the best mapping known. Now
and then some are followed down to single mappings at once, to have something to beat.
"""

from typing import NamedTuple

import numpy as np

from accelsim.mapper.exact.bounds import least
from accelsim.mapper.exact.boxes import Bools, Boxes, joined, tightened
from accelsim.mapper.exact.tables import Array, Tables, Weights

FEWEST, MOST = 32, 2048
"""Boxes that are split together: a quarter of those there are, within these."""

TIE = 1e-10
"""Share of a bound that counts as nothing beside a box's size."""


class Bounded(NamedTuple):
    """Boxes, and what nothing in each is below."""

    boxes: Boxes
    bound: Array

    def at(self, places: Array | Bools) -> "Bounded":
        return Bounded(self.boxes.at(places), self.bound[places])


class Search:
    """Of one space. `below` is the value to beat; `bounded` counts boxes."""

    def __init__(self, tables: Tables, weights: Weights, widest: Boxes, below: float) -> None:
        self.tables, self.weights, self.below = tables, weights, below
        self.bounded = 0
        self._pool = _Pool(widest)
        self._pool.put(_kept(self._judged(widest), below))

    @property
    def bound(self) -> float:
        """Nothing that is left to search is below; infinite if nothing is left."""
        return self._pool.least()

    @property
    def is_open(self) -> bool:
        return self.bound < self.below

    def dive(self, number: int) -> Bounded:
        """Single mappings inside the most promising boxes."""
        leaves, following = [self._pool.taken(0)], self._pool.taken(number)
        while following.bound.size:
            is_leaf, one, other = self._split(following)
            leaves.append(following.at(is_leaf))
            is_first = one.bound <= other.bound
            following = _kept(_either(is_first, one, other), self.below)
            self._pool.put(_kept(_either(~is_first, one, other), self.below))
        return _together(leaves)

    def step(self) -> Bounded:
        """Splits a share of the boxes; those of one mapping are returned."""
        number = min(MOST, max(FEWEST, self._pool.size // 4))
        taken = _kept(self._pool.taken(number), self.below)
        is_leaf, one, other = self._split(taken)
        self._pool.put(_kept(one, self.below))
        self._pool.put(_kept(other, self.below))
        return taken.at(is_leaf)

    def _judged(self, boxes: Boxes) -> Bounded:
        self.bounded += boxes.root.size
        tight, is_left = tightened(boxes, self.tables)
        bound = np.full(boxes.root.size, np.inf)
        bound[is_left] = least(tight.at(is_left), self.tables, self.weights)
        return Bounded(tight, bound)

    def _split(self, taken: Bounded) -> tuple[Bools, Bounded, Bounded]:
        """Which are single mappings, and the halves of the others."""
        low, high, root = taken.boxes
        ratio = high / low
        ratio[self.tables.derived[root][:, :, None] == np.arange(low.shape[2])] = 1.0
        flat = ratio.reshape(root.size, low.shape[1] * low.shape[2])
        at = np.argmax(flat, axis=1)
        is_leaf = flat[np.arange(root.size), at] <= 1
        boxes, at = taken.boxes.at(~is_leaf), at[~is_leaf]
        one, other = halves(boxes, at)
        both = self._judged(joined(one, other))
        return is_leaf, both.at(np.arange(at.size)), both.at(np.arange(at.size, 2 * at.size))


def halves(boxes: Boxes, at: Array) -> tuple[Boxes, Boxes]:
    """Each box in two, at the geometric mean of a range; `at` counts ranks and slots through."""
    low, high = boxes.low.copy(), boxes.high.copy()
    where = np.arange(at.size), *np.divmod(at, low.shape[2])
    middle = np.floor(np.sqrt(low[where] * high[where]))
    low[where], high[where] = middle + 1, middle
    return Boxes(boxes.low, high, boxes.root), Boxes(low, boxes.high, boxes.root)


def _either(is_first: Bools, one: Bounded, other: Bounded) -> Bounded:
    low, high = (
        np.where(is_first[:, None, None], a, b)
        for a, b in zip(one.boxes[:2], other.boxes[:2], strict=True)
    )
    return Bounded(Boxes(low, high, one.boxes.root), np.where(is_first, one.bound, other.bound))


def _kept(bounded: Bounded, below: float) -> Bounded:
    return bounded.at(bounded.bound < below)


def _together(parts: list[Bounded]) -> Bounded:
    return Bounded(
        joined(*(part.boxes for part in parts)), np.concatenate([part.bound for part in parts])
    )


class _Pool:
    """Boxes in arrays with room for more; a free place has an infinite bound. Of boxes with the
    same bound the smaller comes first."""

    def __init__(self, like: Boxes) -> None:
        room = max(4096, 2 * like.root.size)
        self._boxes = _empty(like, room)
        self._bound = np.full(room, np.inf)
        self._order = np.full(room, np.inf)
        self._free = np.arange(room)[::-1].copy()
        self._free_count = room

    @property
    def size(self) -> int:
        return self._bound.size - self._free_count

    def least(self) -> float:
        return float(self._bound.min())

    def put(self, bounded: Bounded) -> None:
        number = bounded.bound.size
        while number > self._free_count:
            self._grow()
        self._free_count -= number
        places = self._free[self._free_count : self._free_count + number]
        for own, new in zip(self._boxes, bounded.boxes, strict=True):
            own[places] = new
        self._bound[places] = bounded.bound
        spread = np.log(bounded.boxes.high / bounded.boxes.low).sum(axis=(1, 2))
        self._order[places] = bounded.bound * (1 + TIE * spread)

    def taken(self, number: int) -> Bounded:
        """So many with the least bounds, or all; they are not in the pool any more."""
        number = min(number, self.size)
        places = np.argpartition(self._order, max(0, number - 1))[:number]
        found = Bounded(self._boxes.at(places), self._bound[places])
        self._bound[places] = self._order[places] = np.inf
        self._free[self._free_count : self._free_count + number] = places
        self._free_count += number
        return found

    def _grow(self) -> None:
        room = self._bound.size
        self._boxes = joined(self._boxes, _empty(self._boxes, room))
        self._bound = np.concatenate([self._bound, np.full(room, np.inf)])
        self._order = np.concatenate([self._order, np.full(room, np.inf)])
        free = self._free[: self._free_count]
        self._free = np.concatenate([free, np.arange(room, 2 * room), np.empty(room, dtype=int)])
        self._free_count += room


def _empty(like: Boxes, room: int) -> Boxes:
    return Boxes(*(np.empty((room, *each.shape[1:]), dtype=each.dtype) for each in like))
