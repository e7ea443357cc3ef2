"""Steps that keep to limits of the cascade's whole traffic, where the best ones do not.

Limits of a sum over all steps have no answer step by step. A price for every byte has:

    least  Σ over objectives  power · value / best value  +  s · Σ over limits  bytes / limit

is the objective as its tangent at the best without limits, and s times how much of the limits is
used. The more a byte costs, the fewer are moved. The least price decides between mappings that are
as good as the best; the first at which the limits are kept is then brought nearer to the last at
which they were not. Of a price much higher than the objective nothing is left but bytes.
"""

from collections.abc import Callable
from math import sqrt
from typing import TypeVar

from accelsim.mapper.exact.steps import Steps, Total
from accelsim.mapper.exact.tables import Weights
from accelsim.mapper.objective import powers_of
from accelsim.mapper.question import Question

PRICES = (1e-6, 1e-3, 0.1, 1.0, 8.0, 64.0)
NEARER = 2
"""Prices between two of these, once the limits are kept at the higher one."""

LEADING = 0.05
"""Energy that counts beside the bytes, as a share of the price: bounds of bytes alone are alike for
so many boxes that a search finds no way."""

T = TypeVar("T")


def within_limits(
    best: Total, steps: Steps, question: Question, kept: Callable[[Total], T | None]
) -> T | None:
    """What `kept` makes of the last total that keeps to the limits; None if none does.

    `best` is the one without limits.
    """

    def tried(price: float) -> T | None:
        total = steps.best(_weights(best, price, question))
        return None if total is None else kept(total)

    low, found = 0.0, None
    for price in PRICES:
        found = tried(price)
        if found is not None:
            break
        low = price
    high = price
    for _ in range(NEARER if low and found is not None else 0):
        middle = sqrt(low * high)
        nearer = tried(middle)
        if nearer is None:
            low = middle
        else:
            high, found = middle, nearer
    return found


def _weights(best: Total, price: float, question: Question) -> Weights:
    powers, arch = powers_of(question.minimise), question.arch
    limits = question.constraints.traffic_bytes
    return Weights(
        pj=(powers.get("energy", 0) + LEADING * price) / best.energy_pj,
        cycle=powers.get("latency", 0) / (best.latency_s * arch.clock_hz),
        per_byte=tuple(
            price / limits[memory.name] if memory.name in limits else 0.0
            for memory in arch.memories
        ),
    )
