"""Numba loops for `interpret.py`. Numbers and arrays only."""

from typing import Any

from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


@njit(cache=True)
def linear_recurrence(factor: Array, term: Array, running: Array) -> None:
    """running[i + 1] = factor[i] · running[i] + term[i], for each lane (second axis) on its own."""
    for step in range(factor.shape[0]):
        for lane in range(factor.shape[1]):
            running[step + 1, lane] = factor[step, lane] * running[step, lane] + term[step, lane]
