"""What no mapping of a box is below: see `accelsim.mapper.exact.branch`. Many boxes at once."""

from typing import NamedTuple

import numpy as np

from accelsim.mapper.exact.boxes import Boxes
from accelsim.mapper.exact.tables import Array, Tables, Weights


class _Trips(NamedTuple):
    """How often a tensor comes into tiles, at least: for each of the neighbours on the array, and
    for all of them together where they share what they are sent; then that without rounding up."""

    each: Array
    shared: Array
    smooth: Array


class _Products(NamedTuple):
    """n x R x (S + 1): of the largest factors of the loops from a slot inwards, and outside it,
    without the array's; n x R: side by side; n x S x R: places of ranks in the orders of loops."""

    inside: Array
    outside: Array
    beside: Array
    places: Array


def least(boxes: Boxes, t: Tables, w: Weights) -> Array:
    """A number for each box; infinite where it moves or takes more than is allowed."""
    number, memories, last = boxes.root.size, t.start.size, t.words.size - 1
    products = _products(boxes, t)
    moved = np.zeros((memories, number))
    energy, apart_pj, off_pj = np.full(number, t.fixed_pj), np.zeros(number), np.zeros(number)
    apart_bytes, off_bytes = np.zeros(number), np.zeros(number)
    sent_bytes, sent_pj = np.zeros((last + 1, number)), np.zeros((last + 1, number))
    for x, member in enumerate(t.member):
        whole = t.words[x] * t.sizes[member].prod()
        kept = t.kept[boxes.root, x]
        blocking = _blocking(boxes, products, x, t)
        outer = np.full(number, t.home[x])
        for inner in range(t.home[x] + 1, memories + 1):
            is_point = inner == memories
            here = np.ones(number, dtype=bool) if is_point else kept[:, inner]
            if not here.any():
                continue
            depth = t.slots if is_point else int(t.start[inner])
            trips = _trips(boxes, products, blocking, x, depth, t)
            # Neighbours share what comes from outside the array, or from a memory around it.
            is_around = (outer == t.home[x]) | (t.start[outer] <= t.shared)
            feeds = is_around & (depth > t.shared)
            sent = np.where(is_around, trips.shared, trips.each) * whole * here
            is_home = outer == t.home[x]
            back = whole * here * is_home if x == last else np.zeros(number)
            written = sent if x == last else np.zeros(number)
            read = sent - back
            if x != last and not is_point:
                filled = trips.each * whole * here
                moved[inner] += filled
                energy += filled * t.write_pj[inner]
            read_pj, write_pj = t.read_pj[outer], t.write_pj[outer]
            pj = read * read_pj + written * write_pj
            apart_pj += np.where(feeds, pj, 0.0)
            off_pj += np.where(feeds, back * read_pj, 0.0)
            energy += np.where(feeds, 0.0, pj)
            smooth = trips.smooth * whole * here
            each_pj = read_pj + write_pj if x == last else read_pj
            sent_pj[x] = np.where(feeds & here, smooth * each_pj, sent_pj[x])
            is_feeder = (outer == t.shared - 1) & (depth > t.shared)
            apart_bytes += np.where(is_feeder, read + written, 0.0)
            off_bytes += np.where(is_feeder, back, 0.0)
            twice = 2.0 if x == last else 1.0
            sent_bytes[x] = np.where(is_feeder & here, smooth * twice, sent_bytes[x])
            for memory in range(memories):
                moved[memory] += np.where((outer == memory) & ~is_feeder, read + written, 0.0)
            outer = np.where(here, inner, outer) if not is_point else outer
    energy += np.maximum(apart_pj, _together(boxes, sent_pj, t) - off_pj)
    moved[t.shared - 1] += np.maximum(apart_bytes, _together(boxes, sent_bytes, t) - off_bytes)
    cycles = _cycles(boxes, moved, t)
    bound = w.pj * (energy + t.leaked_pj * cycles) + w.cycle * cycles
    if w.per_byte:
        bound += np.array(w.per_byte)[t.memory] @ moved
    is_allowed = (moved <= t.most_moved[:, None]).all(axis=0) & (cycles <= w.most_cycles)
    return np.where(is_allowed, bound, np.inf)


def _cycles(boxes: Boxes, moved: Array, t: Tables) -> Array:
    steps = np.ceil(t.sizes / boxes.high[:, :, t.shared]).prod(axis=1)
    steps = np.maximum(steps, np.ceil(t.sizes.prod() / (t.rows * t.columns)))
    chain = np.where(t.reduced, boxes.low[:, :, t.shared], 1.0).prod(axis=1)
    cycles = (steps + np.where(t.drains[boxes.root], chain, 0.0)) * t.point_cycles
    found: Array = np.maximum(cycles, (moved / t.rate[:, None]).max(axis=0))
    return found


def _products(boxes: Boxes, t: Tables) -> _Products:
    beside = boxes.high[:, :, t.shared]
    loops = boxes.high.copy()
    loops[:, :, t.shared] = 1.0
    none = np.ones((*beside.shape, 1))
    inside = np.concatenate([np.cumprod(loops[:, :, ::-1], axis=2)[:, :, ::-1], none], axis=2)
    outside = np.concatenate([none, np.cumprod(loops, axis=2)], axis=2)
    return _Products(inside, outside, beside, t.place[boxes.root])


def _blocking(boxes: Boxes, products: _Products, x: int, t: Tables) -> Array:
    """n x S: the place in a slot's order of the innermost loop that surely moves the tensor; -1
    for none."""
    moves = t.member[x] & (boxes.low.transpose(0, 2, 1) > 1)
    blocking: Array = np.where(moves, products.places, -1).max(axis=2, initial=-1)
    blocking[:, t.shared] = -1
    return blocking


def _trips(
    boxes: Boxes, products: _Products, blocking: Array, x: int, depth: int, t: Tables
) -> _Trips:
    """Of a tensor into its tiles at `depth`."""
    number = boxes.root.size
    all_, is_point = np.arange(number), depth == t.slots
    stop, place = np.zeros(number, dtype=np.int64), np.full(number, -1)
    alone = np.zeros(number)
    if not is_point:
        for slot in range(depth):
            is_here = blocking[:, slot] >= 0
            stop[is_here], place[is_here] = slot, blocking[is_here, slot]
        alone = np.where(place >= 0, _lone_share(boxes, products, stop, place, depth, t), 0.0)
    each, shared, smooth = np.ones(number), np.ones(number), np.ones(number)
    for r in np.flatnonzero(~t.member[x]):
        # Loops in slots from `stop` on bring nothing, but those before the one that blocks.
        first = np.full(number, t.slots)
        if not is_point:
            first = np.where(products.places[all_, stop, r] > place, stop, stop + 1)
        reach = products.inside[all_, r, first]
        beside = products.beside[:, r]
        at_least = np.where(first > 0, boxes.low[:, r, 0], 1.0)
        reach_shared = reach * beside
        if depth <= t.shared:
            reach = reach_shared
        each *= np.maximum(np.ceil(t.sizes[r] / reach), at_least)
        shared *= np.maximum(np.ceil(t.sizes[r] / reach_shared), at_least)
        smooth *= t.sizes[r] / reach_shared
    return _Trips(
        1 + (each - 1) * (1 - alone), 1 + (shared - 1) * (1 - alone), smooth * (1 - alone)
    )


def _lone_share(
    boxes: Boxes, products: _Products, slot: Array, place: Array, depth: int, t: Tables
) -> Array:
    """Of a rank that moves a tensor, the largest share that may rest for being a loop's only tile:
    the last one outside others, or those of neighbours that have one tile where others have two.
    Either happens once only, at the rank's end."""
    all_ = np.arange(slot.size)
    r = t.order[boxes.root, slot, place]
    turns = boxes.low[all_, r, slot]
    share = np.where(products.outside[all_, r, slot] > 1, 1 / (turns + 1), 0.0)
    beside = products.beside[all_, r]
    if depth > t.shared:
        # Two tiles each would be so much more than the rank has: that is what those with one lack.
        of_neighbours = 2 * beside * products.inside[all_, r, depth] / t.sizes[r] - 1
        is_short = (turns <= 2) & (beside > 1)
        share = np.where(is_short, np.maximum(share, of_neighbours), share)
    turn = products.inside[all_, r, slot + 1] * np.where(slot < t.shared, beside, 1.0)
    found: Array = np.minimum(share, np.minimum(1.0, turn / t.sizes[r]))
    return found


def _together(boxes: Boxes, sent: Array, t: Tables) -> Array:
    """What a memory sends over the array at least, if all ranks share its processing elements:

        Σ over tensors  sent / Π over other ranks of (side by side / most side by side)

    is convex in the logarithms of what lies side by side. It is no less than its tangent, whose
    least value where these add up to the logarithm of all processing elements fills up the
    steepest rank first. `sent` is what each would be at the largest factors.
    """
    low, high = boxes.low[:, :, t.shared], boxes.high[:, :, t.shared]
    widths = np.log(high / low)
    span = widths.sum(axis=1)
    excess = np.log(high.prod(axis=1) / (t.rows * t.columns))
    matters = (excess > 0) & (span > 0)
    # The tangent's point: back from the largest by the same share of every rank's range.
    back = np.where(matters, excess / np.where(span > 0, span, 1.0), 0.0)
    grown = widths @ ~t.member.T
    sends = sent.T * np.exp(grown * back[:, None])
    slopes = sends @ ~t.member
    order = np.argsort(-slopes, axis=1)
    widths, slopes = np.take_along_axis(widths, order, 1), np.take_along_axis(slopes, order, 1)
    room = (span - excess)[:, None]
    before = np.cumsum(widths, axis=1) - widths
    put = np.clip(room - before, 0.0, widths)
    total = sends.sum(axis=1) - (slopes * (put - widths * (1 - back[:, None]))).sum(axis=1)
    return np.where(matters, total, 0.0)
