"""Numba loops: what is possible in a box of mappings, and what nothing in it can be below."""

from typing import Any

import numpy as np
from numba import njit
from numpy import ceil, floor
from numpy.typing import NDArray

Array = NDArray[Any]


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
def _covering(least: float, size: float) -> float:
    """The smallest ceil(size / whole number) that is no less."""
    if least <= 1 or ceil(size / ceil(size / least)) == least:
        return least
    return float(ceil(size / floor((size - 1) / (least - 1))))


@njit(cache=True)
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


@njit(cache=True)
def least(low: Array, high: Array, root: int, t: Any, w: Any, heap: Any) -> float:
    """A number that no mapping of the box is below: see `accelsim.mapper.branch`."""
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
    energy += max(apart_pj, _together(low, high, sent_pj, t) - off_pj)
    moved[feeding] += max(apart_bytes, _together(low, high, sent_bytes, t) - off_bytes)
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


@njit(cache=True)
def _together(low: Array, high: Array, sent: Array, t: Any) -> float:
    """What a memory sends over the array at least, if all ranks share its processing elements:

        Σ over tensors  sent / Π over other ranks of (side by side / most side by side)

    is convex in the logarithms of what lies side by side. It is no less than its tangent, whose
    least value where these add up to the logarithm of all processing elements fills up the
    steepest rank first. `sent` is what each would be at the largest factors.
    """
    ranks, tensors = low.shape[0], t.words.shape[0]
    excess, span = -np.log(t.rows * t.columns), 0.0
    for r in range(ranks):
        excess += np.log(high[r, t.shared])
        span += np.log(high[r, t.shared] / low[r, t.shared])
    if excess <= 0 or span <= 0:
        return 0.0
    total, room = 0.0, span - excess
    for x in range(tensors):
        total += sent[x] * _steepness(low, high, x, excess / span, t)
    filled = np.zeros(ranks)
    for _ in range(ranks):
        steepest, at = -1.0, -1
        for r in range(ranks):
            if filled[r] == 0:
                slope = 0.0
                for x in range(tensors):
                    if not t.member[x, r]:
                        slope += sent[x] * _steepness(low, high, x, excess / span, t)
                if slope > steepest:
                    steepest, at = slope, r
        filled[at] = 1
        width = np.log(high[at, t.shared] / low[at, t.shared])
        put = min(room, width)
        room -= put
        total -= steepest * (put - width * (1 - excess / span))
    return float(total)


@njit(cache=True)
def _steepness(low: Array, high: Array, x: int, back: float, t: Any) -> float:
    """Π over other ranks (largest / smallest) ^ back: a tensor's term at the tangent's point."""
    grown = 0.0
    for r in range(low.shape[0]):
        if not t.member[x, r]:
            grown += np.log(high[r, t.shared] / low[r, t.shared])
    return float(np.exp(back * grown))


@njit(cache=True)
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


@njit(cache=True)
def _blocking(low: Array, root: int, x: int, slot: int, t: Any) -> int:
    """The place in a slot's order of the innermost loop that surely moves the tensor; -1: none."""
    for place in range(low.shape[0] - 1, -1, -1):
        r = t.order[root, slot, place]
        if t.member[x, r] and low[r, slot] > 1:
            return place
    return -1


@njit(cache=True)
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
