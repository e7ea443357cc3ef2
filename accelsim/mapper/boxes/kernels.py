"""Numba loops: boxes of mappings on a heap, split and bounded, the most promising first."""

from typing import Any

import numpy as np
from numba import njit
from numpy import floor
from numpy.typing import NDArray

from accelsim.mapper.bounds.kernels import least, tighten

Array = NDArray[Any]

POPS = 4096
"""After so many boxes it is time to look for something better to beat."""


@njit(cache=True)
def explore(heap: Any, t: Any, w: Any, best: float, plunges: int, leaves: Array) -> int:
    """Splits boxes, the one with the least bound first, until `leaves` (rows of heap places) is
    full, room runs out, nothing below `best` is left, or a while has passed; returns how many
    leaves there are.

    The first `plunges` boxes are followed down to a leaf at once, to have something to beat. Leaves
    are off the heap when it returns; their places stay taken until `release`.
    """
    found = 0
    for _ in range(POPS):
        if heap.counts[0] == 0 or found == leaves.shape[0] or heap.counts[1] < 2:
            break
        box = _pop(heap)
        going = heap.bound[box] < best
        if not going:
            _drop(heap, box)
        while going:
            r, slot = _widest(heap.low[box], heap.high[box], t.derived[heap.root[box]])
            if r < 0:
                leaves[found] = box
                found += 1
                break
            if heap.counts[1] < 1:
                _push(heap, box)
                break
            other = _taken(heap)
            heap.low[other], heap.high[other] = heap.low[box], heap.high[box]
            heap.root[other] = heap.root[box]
            middle = floor(np.sqrt(heap.low[box, r, slot] * heap.high[box, r, slot]))
            heap.high[box, r, slot], heap.low[other, r, slot] = middle, middle + 1
            keep = _bounded(heap, box, t, w, best)
            keep_other = _bounded(heap, other, t, w, best)
            if keep and keep_other and heap.bound[other] <= heap.bound[box]:
                box, other = other, box
            elif keep_other and not keep:
                box, other, keep, keep_other = other, box, True, False
            if keep_other:
                _push(heap, other)
            else:
                _drop(heap, other)
            going = keep and plunges > 0
            if keep and not going:
                _push(heap, box)
            elif not keep:
                _drop(heap, box)
        plunges -= 1
    return found


@njit(cache=True)
def enter(heap: Any, root: int, low: Array, high: Array, t: Any, w: Any, best: float) -> bool:
    """Puts the box of a root on the heap, if it may hold something below `best`."""
    box = _taken(heap)
    heap.low[box], heap.high[box], heap.root[box] = low, high, root
    if _bounded(heap, box, t, w, best):
        _push(heap, box)
        return True
    _drop(heap, box)
    return False


@njit(cache=True)
def release(heap: Any, leaves: Array) -> None:
    for box in leaves:
        _drop(heap, box)


@njit(cache=True)
def _bounded(heap: Any, box: int, t: Any, w: Any, best: float) -> bool:
    low, high, root = heap.low[box], heap.high[box], heap.root[box]
    heap.counts[2] += 1
    if not tighten(low, high, root, t):
        return False
    heap.bound[box] = least(low, high, root, t, w, heap)
    size = 0.0
    for r in range(low.shape[0]):
        for slot in range(low.shape[1]):
            if slot != t.derived[root, r]:
                size += high[r, slot] - low[r, slot]
    heap.size[box] = size
    return bool(heap.bound[box] < best)


@njit(cache=True)
def _widest(low: Array, high: Array, derived: Array) -> tuple[int, int]:
    widest, at, where = 1.0, -1, -1
    for r in range(low.shape[0]):
        for slot in range(low.shape[1]):
            if slot != derived[r] and high[r, slot] > widest * low[r, slot]:
                widest, at, where = high[r, slot] / low[r, slot], r, slot
    return at, where


@njit(cache=True)
def _taken(heap: Any) -> int:
    heap.counts[1] -= 1
    return int(heap.free[heap.counts[1]])


@njit(cache=True)
def _drop(heap: Any, box: int) -> None:
    heap.free[heap.counts[1]] = box
    heap.counts[1] += 1


@njit(cache=True)
def _before(heap: Any, one: int, other: int) -> bool:
    """Of boxes with the same bound the smaller comes first."""
    if heap.bound[one] != heap.bound[other]:
        return bool(heap.bound[one] < heap.bound[other])
    return bool(heap.size[one] < heap.size[other])


@njit(cache=True)
def _push(heap: Any, box: int) -> None:
    place = heap.counts[0]
    heap.counts[0] += 1
    while place > 0 and _before(heap, box, heap.order[(place - 1) // 2]):
        heap.order[place] = heap.order[(place - 1) // 2]
        place = (place - 1) // 2
    heap.order[place] = box


@njit(cache=True)
def _pop(heap: Any) -> int:
    top = heap.order[0]
    heap.counts[0] -= 1
    count = heap.counts[0]
    box, place = heap.order[count], 0
    while 2 * place + 1 < count:
        child = 2 * place + 1
        if child + 1 < count and _before(heap, heap.order[child + 1], heap.order[child]):
            child += 1
        if not _before(heap, heap.order[child], box):
            break
        heap.order[place] = heap.order[child]
        place = child
    heap.order[place] = box
    return int(top)
