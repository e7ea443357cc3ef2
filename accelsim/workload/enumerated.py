"""Points of regions counted one by one, where sums over them have no closed form here.

Every point of the box around all regions is looked at, by numpy; a box of more than `MOST_POINTS`
is refused.
"""

from collections.abc import Sequence
from math import ceil, floor, inf, prod

import numpy as np

from accelsim.workload.regions import UncountableError
from accelsim.workload.tightening import (
    Box,
    Region,
    bounding_box,
    extremes,
    tightened,
    variables_of,
)

MOST_POINTS = 2_000_000
"""About a tenth of a second for a few functions."""


def enumerated_size(regions: Sequence[Region]) -> int:
    """Points in at least one region."""
    known = [tight for region in regions if (tight := tightened(region)) is not None]
    names = list(dict.fromkeys(name for region in known for name in variables_of(region)))
    if not known:
        return 0
    boxes = [_box(region) for region in known]
    spans = [_span([box.get(name, (-inf, inf)) for box in boxes]) for name in names]
    if prod(last - first + 1 for first, last in spans) > MOST_POINTS:
        raise UncountableError
    axes = [np.arange(first, last + 1) for first, last in spans]
    points = dict(zip(names, np.meshgrid(*axes, indexing="ij", sparse=True), strict=True))
    found = np.zeros([len(axis) for axis in axes], dtype=bool)
    for region in known:
        inside = np.ones_like(found)
        for linear in region:
            own = (factor * points[name] for name, factor in linear.items() if name)
            inside &= sum(own, start=np.int64(linear.get("", 0))) >= 0
        found |= inside
    return int(found.sum())


def _box(region: Region) -> Box:
    """Least and greatest value of each variable, as the others' own bounds leave them."""
    box = bounding_box(region)
    for linear in region:
        for name, factor in linear.items():
            rest = extremes({other: f for other, f in linear.items() if other != name}, box)[1]
            if name and rest < inf:
                low, high = box[name]
                # factor · variable >= -rest
                end = -rest / factor
                box[name] = (
                    (max(low, ceil(end)), high) if factor > 0 else (low, min(high, floor(end)))
                )
    return box


def _span(ends: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """The whole numbers between the outermost of these ends."""
    first, last = min(low for low, _ in ends), max(high for _, high in ends)
    if inf in (-first, last):
        raise UncountableError
    return ceil(first), floor(last)
