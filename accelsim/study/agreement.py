"""How well a law of cost ranks choices, beside what they cost.

spearman    correlation of ranks: 1 if the law orders all choices right
discordant  share of pairs of choices that the law puts in the wrong order
error       largest factor by which the law's ratio of two choices is off: with q = cost / law,
            the greatest q over the least
equal       largest ratio of costs between two choices that are equal by the law, to 5 %
"""

from typing import NamedTuple

import numpy as np

EQUAL = 1.05
"""Ratio of two costs that count as equal."""

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Agreement(NamedTuple):
    """`under` and `over` are the numbers of the choices that the law finds too cheap and too dear
    by most, beside the others."""

    choices: int
    spearman: float
    discordant: float
    error: float
    equal: float
    under: int
    over: int


def agreement(law: Array, cost: Array) -> Agreement:
    """Of two choices or more, all costs above 0."""
    quotient = cost / law
    under, over = int(np.argmax(quotient)), int(np.argmin(quotient))
    return Agreement(
        choices=len(law),
        spearman=float(np.corrcoef(ranks(law), ranks(cost))[0, 1]),
        discordant=discordant(law, cost),
        error=float(quotient[under] / quotient[over]),
        equal=most_among_equals(law, cost),
        under=under,
        over=over,
    )


def ranks(values: Array) -> Array:
    """From 1; equal values share the mean of their ranks."""
    _, inverse, number = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(number)
    shared: Array = (last - (number - 1) / 2)[inverse]
    return shared


def discordant(law: Array, cost: Array) -> float:
    """Of pairs that differ in both."""
    signs = np.sign(np.subtract.outer(law, law)) * np.sign(np.subtract.outer(cost, cost))
    differ = np.count_nonzero(signs)
    return float(np.count_nonzero(signs < 0) / differ) if differ else 0.0


def most_among_equals(law: Array, cost: Array) -> float:
    """1 if no two choices are equal by the law."""
    order = np.argsort(law, kind="stable")
    sorted_law, costs = law[order], cost[order]
    ends = np.searchsorted(sorted_law, sorted_law * EQUAL, side="right")
    spans = (costs[place:end] / costs[place] for place, end in enumerate(ends))
    return float(max(max(span.max(), 1 / span.min()) for span in spans))
