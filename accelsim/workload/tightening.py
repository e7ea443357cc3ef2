"""Regions with fewer, smaller functions, and those that are evidently empty.

A region is a list of linear functions that must all be >= 0 (`regions`). Each is divided by what
its factors have in common, its constant rounded down; of those with equal factors the strongest
stays. What the variables' own bounds imply is dropped. Bounds that follow from the functions are
propagated: with U the greatest value of c + Σ f·x over the box,

    f > 0:  x >= ⌈upper(x) - U / f⌉          f < 0:  x <= ⌊lower(x) - U / f⌋

A variable that is left no value, or a U < 0, says that the region is empty. Tightening what is
tightened changes nothing, not even the order.
"""

from collections.abc import Sequence
from math import gcd, inf

from accelsim.workload.polynomials import Linear

Region = Sequence[Linear]

#: How often bounds are propagated when looking for a contradiction.
ROUNDS = 3

#: Least and greatest value of each variable.
Box = dict[str, tuple[float, float]]

Factors = tuple[tuple[str, int], ...]
"""Of a function, by the names of its variables, without its constant."""


def tightened(region: Region) -> list[Linear] | None:
    """The same points with fewer, smaller functions; None if it is evident that there are none."""
    strongest: dict[Factors, int] = {}
    for linear in region:
        factors = [each for each in linear.items() if each[0] and each[1]]
        constant = linear.get("", 0)
        if factors:
            factors.sort()
            divisor = gcd(*[factor for _, factor in factors])
            if divisor != 1:
                factors = [(name, factor // divisor) for name, factor in factors]
                constant //= divisor
            key = tuple(factors)
            if constant < strongest.get(key, inf):
                strongest[key] = constant
        elif constant < 0:
            return None
    for key, constant in strongest.items():
        # Of two that are opposite, one begins with a factor above 0.
        if key[0][1] > 0:
            opposite = strongest.get(tuple([(name, -factor) for name, factor in key]))
            if opposite is not None and constant + opposite < 0:
                return None
    return _within_box(strongest)


def _within_box(strongest: dict[Factors, int]) -> list[Linear] | None:
    """Without what the variables' own bounds already imply; None if they contradict it."""
    lows: dict[str, float] = {}
    highs: dict[str, float] = {}
    for key, constant in strongest.items():
        if len(key) == 1:
            # Divided by itself, the factor is 1 or -1.
            ((name, factor),) = key
            if factor > 0:
                lows[name] = -constant
            else:
                highs[name] = constant
    kept: list[Linear] = []
    joint: list[tuple[Factors, int]] = []
    for key, constant in strongest.items():
        if len(key) > 1:
            least: float = constant
            for name, factor in key:
                lows.setdefault(name, -inf)
                highs.setdefault(name, inf)
                least += factor * (lows[name] if factor > 0 else highs[name])
            if least >= 0:
                continue
            joint.append((key, constant))
        kept.append({**dict(key), "": constant})
    return None if _contradicts(joint, lows, highs) else kept


def _contradicts(
    joint: list[tuple[Factors, int]], lows: dict[str, float], highs: dict[str, float]
) -> bool:
    """Whether bounds that follow from functions of several variables leave some variable no value.

    Own bounds of a variable, which the box begins with, never narrow it.
    """
    for _ in range(ROUNDS):
        is_narrower = False
        for key, constant in joint:
            most: float = constant
            for name, factor in key:
                most += factor * (highs[name] if factor > 0 else lows[name])
            if most < 0:
                return True
            if most == inf:
                continue
            # The others at their best leave this much for factor · variable.
            for name, factor in key:
                if factor > 0:
                    low = -((most - factor * highs[name]) // factor)
                    if low > lows[name]:
                        lows[name], is_narrower = low, True
                        if low > highs[name]:
                            return True
                else:
                    high = (factor * lows[name] - most) // factor
                    if high < highs[name]:
                        highs[name], is_narrower = high, True
                        if high < lows[name]:
                            return True
        if not is_narrower:
            return False
    return False


def variables_of(region: Region) -> list[str]:
    return [name for name in {name: None for linear in region for name in linear} if name]


def bounding_box(region: Region) -> Box:
    """Least and greatest value of each variable, as far as it has bounds of its own."""
    box: Box = {name: (-inf, inf) for name in variables_of(region)}
    for linear in region:
        names = [name for name in linear if name]
        if len(names) == 1:
            name, constant = names[0], linear.get("", 0)
            low, high = box[name]
            if linear[name] > 0:
                box[name] = (max(low, -(constant // linear[name])), high)
            else:
                box[name] = (low, min(high, constant // -linear[name]))
    return box


def extremes(linear: Linear, box: Box) -> tuple[float, float]:
    """Least and greatest value of a linear function over the box."""
    low: float = linear.get("", 0)
    high: float = low
    for name, factor in linear.items():
        if name:
            least, greatest = box[name]
            if factor < 0:
                least, greatest = greatest, least
            low += factor * least
            high += factor * greatest
    return low, high
