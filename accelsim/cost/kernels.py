"""Numba loops for the cost of GPUs. Numbers and arrays only."""

from heapq import heappop, heappush
from typing import Any

from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


@njit(cache=True)
def scheduled_cycles(busy: Array, alone: Array, ends: float, slots: int, sms: int) -> float:
    """When the last block ends (see `scheduled`)."""
    return scheduled(busy, alone, ends, slots, sms)[0]


@njit(cache=True)
def scheduled(busy: Array, alone: Array, ends: float, slots: int, sms: int) -> tuple[float, float]:
    """When the last block ends, and for how long slots held blocks, all together: blocks go, in
    order, to the first SM with a free slot.

    A block needs `busy` cycles of its SM's pipes, `alone >= busy` cycles by itself, and `ends`
    before and after, when it has nothing to compute. With r blocks on an SM each is done after
    max(r · busy, alone) + ends cycles, if that goes on; what is left of each shrinks in proportion.
    """
    blocks = busy.shape[0]
    # Of more SMs than blocks, the others never have one.
    sms = min(sms, blocks)
    here = [0] * (sms * slots)
    left = [0.0] * (sms * slots)
    count = [0] * sms
    then = [0.0] * sms
    version = [0] * sms
    waiting = 0
    events = [(0.0, 0, 0)]
    heappop(events)
    for slot in range(slots):
        for sm in range(sms):
            if waiting < blocks:
                here[sm * slots + slot] = waiting + 1
                left[sm * slots + slot] = 1.0
                count[sm] += 1
                waiting += 1
    for sm in range(sms):
        if count[sm]:
            heappush(events, (_soonest(sm, slots, here, left, count, busy, alone, ends), sm, 0))
    end = held = 0.0
    while len(events):
        now, sm, number = heappop(events)
        if number != version[sm]:
            continue
        passed, sharing, end = now - then[sm], count[sm], now
        then[sm] = now
        held += passed * sharing
        for slot in range(sm * slots, (sm + 1) * slots):
            block = here[slot] - 1
            if block >= 0:
                left[slot] -= passed / (max(sharing * busy[block], alone[block]) + ends)
                if left[slot] <= 1e-9:
                    count[sm] -= 1
                    here[slot] = 0
        for slot in range(sm * slots, (sm + 1) * slots):
            if here[slot] == 0 and waiting < blocks:
                here[slot], left[slot] = waiting + 1, 1.0
                count[sm] += 1
                waiting += 1
        if count[sm]:
            version[sm] += 1
            soonest = now + _soonest(sm, slots, here, left, count, busy, alone, ends)
            heappush(events, (soonest, sm, version[sm]))
    return end, held


@njit(cache=True)
def _soonest(
    sm: int,
    slots: int,
    here: Any,
    left: Any,
    count: Any,
    busy: Array,
    alone: Array,
    ends: float,
) -> float:
    soonest = 1e300
    for slot in range(sm * slots, (sm + 1) * slots):
        block = here[slot] - 1
        if block >= 0:
            each = max(count[sm] * busy[block], alone[block]) + ends
            soonest = min(soonest, left[slot] * each)
    return soonest
