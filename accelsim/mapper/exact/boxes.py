"""Boxes of factors, many at once: what is possible in them.

A box gives every factor of a root a range. All functions take boxes of any roots of one space
together, and work on whole arrays: there is nothing to compile.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.mapper.exact.tables import Array, Tables

Bools = NDArray[np.bool_]

NEARLY = 1e-9
"""A share that no rounding of floats exceeds."""


class Boxes(NamedTuple):
    """n boxes: ranges n x R x S, whole numbers; the root of each."""

    low: Array
    high: Array
    root: Array

    def at(self, places: Array) -> "Boxes":
        return Boxes(self.low[places], self.high[places], self.root[places])


def joined(*parts: Boxes) -> Boxes:
    return Boxes(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def tightened(boxes: Boxes, t: Tables) -> tuple[Boxes, Bools]:
    """Without what cannot be, and whether something is left of each.

    Rows and columns have their width, memories their room, and no factor is larger than covers its
    rank beside the others; on the array that is said of rows and columns, each by itself. The
    `derived` slot of a rank follows from its others.
    """
    low, high, root = boxes.low.copy(), boxes.high.copy(), boxes.root
    array, pes = t.shared, t.rows * t.columns
    used = low[:, :, array].prod(axis=1)
    is_left = used <= pes
    most = np.floor(pes * low[:, :, array] / used[:, None])
    high[:, :, array] = np.minimum(high[:, :, array], np.maximum(1, most))
    low[:, :, array], high[:, :, array] = _side_by_side(low[:, :, array], high[:, :, array], t)
    is_left &= (low <= high).all(axis=(1, 2))
    high = np.maximum(low, high)
    is_derived = t.derived[root][:, :, None] == np.arange(low.shape[2])
    if t.fixed.any():
        is_fixed = (t.fixed > 0) & ~is_derived
        is_left &= ~(is_fixed & ((t.fixed < low) | (t.fixed > high))).any(axis=(1, 2))
        low, high = np.where(is_fixed, t.fixed, low), np.where(is_fixed, t.fixed, high)
    sizes = t.sizes[:, None]
    reach = low.prod(axis=2)
    is_open = (high > low) & ~is_derived
    is_open[:, :, array] = False
    around = t.sizes * low[:, :, array] / reach
    most = np.floor(((1 + np.sqrt(1 + 4 * around)) / 2) ** 2 * (1 + NEARLY))
    high[:, :, array] = np.minimum(high[:, :, array], np.maximum(low[:, :, array], most))
    widest = np.maximum(1, np.minimum(high, np.ceil(sizes * low / reach[:, :, None])))
    high = np.where(is_open, np.ceil(sizes / np.ceil(sizes / widest)), high)
    low = np.where(is_open, _covering(low, sizes), low)
    is_left &= ~(is_open & (high < low)).any(axis=(1, 2))
    most = np.where(is_derived, 1.0, high).prod(axis=2)
    reach = np.where(is_derived, 1.0, low).prod(axis=2)
    low_derived, high_derived = np.ceil(t.sizes / most), np.ceil(t.sizes / reach)
    low = np.where(is_derived, np.maximum(low, low_derived[:, :, None]), low)
    high = np.where(is_derived, np.minimum(high, high_derived[:, :, None]), high)
    is_left &= (low <= high).all(axis=(1, 2))
    if t.fixed.any():
        is_fixed = (t.fixed > 0) & is_derived
        is_left &= ~(is_fixed & ((t.fixed < low) | (t.fixed > high))).any(axis=(1, 2))
    # A factor that the others at their smallest leave no need for.
    fewer = low - 1
    fewer[:, :, array] = low[:, :, array] - np.floor(np.sqrt(low[:, :, array]))
    covered = low.prod(axis=2)[:, :, None] / low * fewer
    is_left &= ~((low > 1) & (covered >= sizes)).any(axis=(1, 2))
    tight = Boxes(low, high, root)
    for memory in range(1, t.start.size):
        is_left &= _held_bytes(tight, memory, t) <= t.room[memory]
    settled = np.flatnonzero(is_left & (high[:, :, array] == low[:, :, array]).all(axis=1))
    beside = [tuple(each) for each in low[settled, :, array].astype(int).tolist()]
    is_left[settled] = [lies(each, t.rows, t.columns) for each in beside]
    return tight, is_left


def _side_by_side(low: Array, high: Array, t: Tables) -> tuple[Array, Array]:
    """Factors that are so many rows times so many columns."""
    above = np.minimum(np.searchsorted(t.blocks, low, side="left"), t.blocks.size - 1)
    below = np.searchsorted(t.blocks, high, side="right") - 1
    return t.blocks[above], t.blocks[below]


def _covering(least: Array, sizes: Array) -> Array:
    """The smallest ceil(size / whole number) that is no less."""
    least = np.maximum(1, least)
    is_one = np.ceil(sizes / np.ceil(sizes / least)) == least
    above = np.where(is_one, 2.0, least) - 1
    covering: Array = np.ceil(sizes / np.maximum(1, np.floor((sizes - 1) / above)))
    return np.where(is_one, least, covering)


def _held_bytes(boxes: Boxes, memory: int, t: Tables) -> Array:
    """Of all tensors in a memory: their smallest tiles, all of what is at home."""
    start = t.start[memory]
    inside = boxes.low[:, :, start:].prod(axis=2)
    outside = boxes.high[:, :, :start].prod(axis=2)
    reach = np.minimum(np.maximum(inside, np.ceil(t.sizes / outside)), t.sizes)
    held = np.zeros(boxes.root.size)
    for x, member in enumerate(t.member):
        tile = t.sizes if t.home[x] == memory else reach
        words = t.words[x] * np.where(member, tile, 1.0).prod(axis=-1)
        held += t.kept[boxes.root, x, memory] * words
    return held


@lru_cache(maxsize=1 << 16)
def lies(beside: tuple[int, ...], rows: int, columns: int) -> bool:
    """Whether ranks can lie side by side, each on so many rows times so many columns."""
    if not beside:
        return True
    first, *others = beside
    rest = tuple(others)
    if first == 1:
        return lies(rest, rows, columns)
    return any(
        first % own == 0
        and first // own <= columns
        and lies(rest, rows // own, columns // (first // own))
        for own in range(min(rows, first), 0, -1)
    )
