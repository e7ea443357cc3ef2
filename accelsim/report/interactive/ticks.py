"""Round numbers between two: where the ticks of an axis stand that are written out."""

import math

MOST = 7
"""Ticks on an axis, about."""
FEW_DECADES = 2.0
"""Up to which a logarithmic axis has ticks at 1, 2 and 5."""


def round_numbers(low: float, high: float, base: int, is_log: bool) -> list[float]:
    """Numbers from `low` to `high`, both above 0 if `is_log`: of 1, 2 and 5 times powers of ten, or
    of powers of two where `base` is 1024.

    round_numbers(40, 4000, 10, True) is [50, 100, 200, 500, 1000, 2000]; of 1 MiB to 64 MiB it is
    1, 2, 4, ... MiB.
    """
    if base == 1024:
        return _doubled(low, high) if is_log else _stepped(low, high, 2.0 ** _power(low, high, 2))
    if is_log:
        return _decades(low, high)
    rough = 10.0 ** _power(low, high, 10)
    steps = (rough / 10 * part for part in (1, 2, 5, 10))
    return _stepped(low, high, next(step for step in steps if (high - low) / step <= MOST))


def _power(low: float, high: float, base: int) -> int:
    """Of the least power of the base that is at most MOST times in the range."""
    return math.ceil(math.log((high - low) / MOST) / math.log(base) - 1e-9)


def _stepped(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _doubled(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log2(low) - 1e-9), math.floor(math.log2(high) + 1e-9)
    step = max(1, math.ceil((last - first) / MOST))
    return [2.0**power for power in range(first, last + 1, step)]


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    parts = (1, 2, 5) if math.log10(high / low) <= FEW_DECADES else (1,)
    step = max(1, math.ceil((last - first) / MOST)) if len(parts) == 1 else 1
    every = [part * 10.0**power for power in range(first, last + 1, step) for part in parts]
    within = 1 + 1e-9
    return [number for number in every if low / within <= number <= high * within]
