"""Larger, smaller, chosen: of numbers, and entry by entry of arrays over candidates.

Numbers stay plain Python numbers, so that one formula serves for a kernel and for a thousand.
"""

from functools import reduce
from typing import Any

import numpy as np

Number = Any
"""A number, or an array over candidates."""


def longer(*values: Number) -> Number:
    return reduce(np.maximum, values) if any(map(is_array, values)) else max(values)


def shorter(*values: Number) -> Number:
    return reduce(np.minimum, values) if any(map(is_array, values)) else min(values)


def either(holds: Number, yes: Number, no: Number) -> Number:
    """`yes` where it holds, else `no`."""
    if is_array(holds):
        return np.where(holds, yes, no)
    return yes if holds else no


def is_array(value: Number) -> bool:
    return isinstance(value, np.ndarray)
