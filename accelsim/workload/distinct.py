"""A count at each point of a sweep, made once for points of the same sizes.

A sweep of bandwidths and lengths has few lengths, and what is counted without a formula (the tiles
that a mask leaves) takes as long at each of its points.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def at_each_once(
    count: Callable[[tuple[Any, ...]], float], sizes: Sequence[NDArray[Any]]
) -> NDArray[np.float64]:
    """`count` of the sizes at each point; all of `sizes` have one shape, which the result has."""
    points = list(zip(*(each.ravel().tolist() for each in sizes), strict=True))
    known = {point: count(point) for point in dict.fromkeys(points)}
    found = np.array([known[point] for point in points], dtype=np.float64)
    return found.reshape(sizes[0].shape)
