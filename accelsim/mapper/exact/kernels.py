"""Numba loops: boxes of mappings on a heap, split and bounded, the most promising first.

They are in one file since numba keeps what it has compiled as long as a function's own file is the
same: a bound changed elsewhere would not be noticed.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy import ceil, floor
from numpy.typing import NDArray

Array = NDArray[Any]

POPS = 4096
"""After so many boxes it is time to look for something better to beat."""


# --- what is possible in a box, and what nothing in it can be below -------------------------------


@njit(cache=True, error_model="numpy")
def tighten(low: Array, high: Array, root: int, t: Any) -> bool:
    """Takes from a box (R x S) what cannot be; False if nothing is left.

    Rows and columns have their width, memories their room, and no factor is larger than covers its
    rank beside the others. The `derived` slot of a rank follows from its others.
    """
    ranks, slots = low.shape
    used, array = 1.0, t.shared
    for r in range(ranks):
        used *= low[r, array]
    if used > t.rows * t.columns:
        return False
    for r in range(ranks):
        most = floor(t.rows * t.columns * low[r, array] / used)
        high[r, array] = min(high[r, array], most)
    for r in range(ranks):
        derived = t.derived[root, r]
        for slot in range(slots):
            fixed = t.fixed[r, slot]
            if fixed > 0 and slot != derived:
                if fixed < low[r, slot] or fixed > high[r, slot]:
                    return False
                low[r, slot], high[r, slot] = fixed, fixed
        reach, most, size = 1.0, 1.0, t.sizes[r]
        for slot in range(slots):
            if slot != derived:
                reach *= low[r, slot]
        for slot in range(slots):
            if slot == derived or high[r, slot] == low[r, slot]:
                most *= high[r, slot] if slot != derived else 1.0
                continue
            widest = min(high[r, slot], ceil(size * low[r, slot] / reach))
            high[r, slot] = ceil(size / ceil(size / widest))
            low[r, slot] = _covering(low[r, slot], size)
            if high[r, slot] < low[r, slot]:
                return False
            most *= high[r, slot]
        low[r, derived], high[r, derived] = ceil(size / most), ceil(size / reach)
        fixed = t.fixed[r, derived]
        if fixed > 0 and (fixed < low[r, derived] or fixed > high[r, derived]):
            return False
        reach *= low[r, derived]
        for slot in range(slots):
            if low[r, slot] > 1 and reach / low[r, slot] * (low[r, slot] - 1) >= size:
                return False
    for memory in range(1, t.start.shape[0]):
        held = 0.0
        for x in range(t.words.shape[0]):
            if t.kept[root, x, memory]:
                held += _tile_bytes(low, high, x, memory, t)
        if held > t.room[memory]:
            return False
    for r in range(ranks):
        if high[r, array] > low[r, array]:
            return True
    return _lie(low, t)


@njit(cache=True, error_model="numpy")
def _lie(low: Array, t: Any) -> bool:
    """Whether the ranks can lie side by side: rows for each, and ceil(factor / rows) columns."""
    ranks, r = low.shape[0], 0
    own, rows, columns = np.zeros(ranks), np.zeros(ranks + 1), np.zeros(ranks + 1)
    rows[0], columns[0] = t.rows, t.columns
    while r >= 0:
        if r == ranks:
            return True
        beside = low[r, t.shared]
        own[r] += 1
        across = ceil(beside / own[r])
        if own[r] > min(rows[r], beside):
            own[r] = 0
            r -= 1
        elif across <= columns[r]:
            rows[r + 1], columns[r + 1] = floor(rows[r] / own[r]), floor(columns[r] / across)
            r += 1
    return False


@njit(cache=True, error_model="numpy")
def _covering(least: float, size: float) -> float:
    """The smallest ceil(size / whole number) that is no less."""
    if least <= 1 or ceil(size / ceil(size / least)) == least:
        return least
    return float(ceil(size / floor((size - 1) / (least - 1))))


@njit(cache=True, error_model="numpy")
def _tile_bytes(low: Array, high: Array, x: int, memory: int, t: Any) -> float:
    """Of a tensor in a memory: its smallest tile, all of it at home."""
    size = t.words[x]
    for r in range(low.shape[0]):
        if t.member[x, r]:
            reach, outer = 1.0, 1.0
            for slot in range(low.shape[1]):
                if slot >= t.start[memory]:
                    reach *= low[r, slot]
                else:
                    outer *= high[r, slot]
            reach = max(reach, ceil(t.sizes[r] / outer))
            size *= t.sizes[r] if t.home[x] == memory else min(reach, t.sizes[r])
    return float(size)


@njit(cache=True, error_model="numpy")
def least(low: Array, high: Array, root: int, t: Any, w: Any, heap: Any) -> float:
    """A number that no mapping of the box is below: see `accelsim.mapper.exact.branch`."""
    ranks, memories, last = low.shape[0], t.start.shape[0], t.words.shape[0] - 1
    moved, sent_bytes, sent_pj = heap.moved, heap.sent_bytes, heap.sent_pj
    moved[:] = 0.0
    sent_bytes[:] = 0.0
    sent_pj[:] = 0.0
    energy, apart_pj, off_pj, apart_bytes, off_bytes = t.fixed_pj, 0.0, 0.0, 0.0, 0.0
    for x in range(last + 1):
        whole = t.words[x]
        for r in range(ranks):
            if t.member[x, r]:
                whole *= t.sizes[r]
        outer, outside = t.home[x], 0
        for inner in range(outer + 1, memories + 1):
            if inner < memories and not t.kept[root, x, inner]:
                continue
            is_point = inner == memories
            depth = low.shape[1] if is_point else t.start[inner]
            times, smooth = _moves(low, high, root, x, outside, depth, is_point, t)
            sent = times * whole
            back = whole if x == last and outer == t.home[x] else 0.0
            written = sent if x == last else 0.0
            read = sent - back
            if x != last and not is_point:
                filled, _ = _moves(low, high, root, x, depth, depth, False, t)
                moved[inner] += filled * whole
                energy += filled * whole * t.write_pj[inner]
            pj = read * t.read_pj[outer] + written * t.write_pj[outer]
            if outside <= t.shared < depth:
                apart_pj += pj
                off_pj += back * t.read_pj[outer]
                each = t.read_pj[outer] + (t.write_pj[outer] if x == last else 0.0)
                sent_pj[x] = smooth * whole * each
            else:
                energy += pj
            if outer == t.shared - 1 and depth > t.shared:
                apart_bytes += read + written
                off_bytes += back
                sent_bytes[x] = smooth * whole * (2.0 if x == last else 1.0)
            else:
                moved[outer] += read + written
            outer, outside = inner, depth
    feeding = t.shared - 1
    energy += max(apart_pj, _together(low, high, sent_pj, t, heap.scratch) - off_pj)
    moved[feeding] += max(
        apart_bytes, _together(low, high, sent_bytes, t, heap.scratch) - off_bytes
    )
    steps, chain, points = 1.0, 1.0, 1.0
    for r in range(ranks):
        steps *= ceil(t.sizes[r] / high[r, t.shared])
        points *= t.sizes[r]
        if t.reduced[r]:
            chain *= low[r, t.shared]
    steps = max(steps, ceil(points / (t.rows * t.columns)))
    cycles = (steps + chain if t.drains[root] else steps) * t.point_cycles
    for memory in range(memories):
        cycles = max(cycles, moved[memory] / t.rate[memory])
        if moved[memory] > t.most_moved[memory]:
            return np.inf
    if cycles > w.most_cycles:
        return np.inf
    return float(w.pj * (energy + t.leaked_pj * cycles) + w.cycle * cycles)


@njit(cache=True, error_model="numpy")
def _together(low: Array, high: Array, sent: Array, t: Any, scratch: Array) -> float:
    """What a memory sends over the array at least, if all ranks share its processing elements:

        Σ over tensors  sent / Π over other ranks of (side by side / most side by side)

    is convex in the logarithms of what lies side by side. It is no less than its tangent, whose
    least value where these add up to the logarithm of all processing elements fills up the
    steepest rank first. `sent` is what each would be at the largest factors.
    """
    ranks, tensors, array = low.shape[0], t.words.shape[0], t.shared
    most = 1.0
    for r in range(ranks):
        most *= high[r, array]
    if most <= t.rows * t.columns:
        return 0.0
    widths, slopes, span, total = scratch[0], scratch[1], 0.0, 0.0
    for r in range(ranks):
        widths[r] = np.log(high[r, array] / low[r, array])
        slopes[r] = 0.0
        span += widths[r]
    if span <= 0:
        return 0.0
    excess = np.log(most / (t.rows * t.columns))
    # The tangent's point: back from the largest by the same share of every rank's range.
    for x in range(tensors):
        grown = 0.0
        for r in range(ranks):
            if not t.member[x, r]:
                grown += widths[r]
        sends = sent[x] * np.exp(grown * excess / span)
        total += sends
        for r in range(ranks):
            if not t.member[x, r]:
                slopes[r] += sends
    room = span - excess
    for _ in range(ranks):
        at = 0
        for r in range(ranks):
            if slopes[r] > slopes[at]:
                at = r
        put = min(room, widths[at])
        room -= put
        total -= max(slopes[at], 0.0) * (put - widths[at] * (1 - excess / span))
        slopes[at] = -1.0
    return float(total)


@njit(cache=True, error_model="numpy")
def _moves(
    low: Array, high: Array, root: int, x: int, outside: int, depth: int, is_point: bool, t: Any
) -> tuple[float, float]:
    """How often a tensor comes into the tiles at `depth`, at least; neighbours inside `outside`
    share what they are sent. Then the same without rounding up."""
    ranks, slots = low.shape
    stop, place_stop, alone = slots, -1, 0.0
    if not is_point:
        stop = 0
        for slot in range(depth - 1, -1, -1):
            if slot != t.shared:
                place_stop = _blocking(low, root, x, slot, t)
                if place_stop >= 0:
                    stop = slot
                    alone = _lone_share(low, high, t.order[root, slot, place_stop], slot, depth, t)
                    break
    times, smooth = 1.0, 1.0
    for place in range(ranks):
        r = t.order[root, min(stop, slots - 1), place]
        if t.member[x, r]:
            continue
        # Loops in slots from `stop` on bring nothing, but those before the one that blocks.
        first = slots if is_point else stop + 1
        if not is_point and place > place_stop:
            first = stop
        reach = 1.0
        for slot in range(slots):
            if slot == t.shared:
                reach *= high[r, slot] if slot >= depth or slot >= outside else 1.0
            elif slot >= first or slot >= depth:
                reach *= high[r, slot]
        seldom = ceil(t.sizes[r] / reach)
        if first > 0 and depth > 0:
            seldom = max(seldom, low[r, 0])
        times *= seldom
        smooth *= t.sizes[r] / reach
    return 1 + (times - 1) * (1 - alone), smooth * (1 - alone)


@njit(cache=True, error_model="numpy")
def _blocking(low: Array, root: int, x: int, slot: int, t: Any) -> int:
    """The place in a slot's order of the innermost loop that surely moves the tensor; -1: none."""
    for place in range(low.shape[0] - 1, -1, -1):
        r = t.order[root, slot, place]
        if t.member[x, r] and low[r, slot] > 1:
            return place
    return -1


@njit(cache=True, error_model="numpy")
def _lone_share(low: Array, high: Array, r: int, slot: int, depth: int, t: Any) -> float:
    """Of a rank that moves a tensor, the largest share that may rest for being a loop's only tile:
    the last one outside others, or those of neighbours that have one tile where others have two."""
    turns, share, beside, tile = low[r, slot], 0.0, 1.0, 1.0
    for outer in range(slot):
        if outer != t.shared and high[r, outer] > 1:
            share = 1 / (turns + 1)
    for inner in range(low.shape[1]):
        if inner >= depth:
            tile *= high[r, inner]
        elif inner == t.shared:
            beside *= high[r, inner]
    if turns <= 2 and beside > 1:
        tiles = ceil(t.sizes[r] / tile)
        share = max(share, min(1.0, (2 * beside - tiles) / tiles))
    return share


# --- the heap -------------------------------------------------------------------------------------


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def enter(heap: Any, root: int, low: Array, high: Array, t: Any, w: Any, best: float) -> bool:
    """Puts the box of a root on the heap, if it may hold something below `best`."""
    box = _taken(heap)
    heap.low[box], heap.high[box], heap.root[box] = low, high, root
    if _bounded(heap, box, t, w, best):
        _push(heap, box)
        return True
    _drop(heap, box)
    return False


@njit(cache=True, error_model="numpy")
def release(heap: Any, leaves: Array) -> None:
    for box in leaves:
        _drop(heap, box)


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def _widest(low: Array, high: Array, derived: Array) -> tuple[int, int]:
    widest, at, where = 1.0, -1, -1
    for r in range(low.shape[0]):
        for slot in range(low.shape[1]):
            if slot != derived[r] and high[r, slot] > widest * low[r, slot]:
                widest, at, where = high[r, slot] / low[r, slot], r, slot
    return at, where


@njit(cache=True, error_model="numpy")
def _taken(heap: Any) -> int:
    heap.counts[1] -= 1
    return int(heap.free[heap.counts[1]])


@njit(cache=True, error_model="numpy")
def _drop(heap: Any, box: int) -> None:
    heap.free[heap.counts[1]] = box
    heap.counts[1] += 1


@njit(cache=True, error_model="numpy")
def _before(heap: Any, one: int, other: int) -> bool:
    """Of boxes with the same bound the smaller comes first."""
    if heap.bound[one] != heap.bound[other]:
        return bool(heap.bound[one] < heap.bound[other])
    return bool(heap.size[one] < heap.size[other])


@njit(cache=True, error_model="numpy")
def _push(heap: Any, box: int) -> None:
    place = heap.counts[0]
    heap.counts[0] += 1
    while place > 0 and _before(heap, box, heap.order[(place - 1) // 2]):
        heap.order[place] = heap.order[(place - 1) // 2]
        place = (place - 1) // 2
    heap.order[place] = box


@njit(cache=True, error_model="numpy")
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
