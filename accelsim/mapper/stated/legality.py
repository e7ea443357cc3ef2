"""Which of many candidates are legal, by their numbers: the laws of `mapping.check`, over arrays.

numbers    factors and tiles are whole and at least 1; what is spilled is a share
loops      cover every rank; spatial loops fit the axis they lie on
capacity   every memory holds what it must

What else `check` asks - where tensors are, in which order loops and Einsums run - is asked of the
few candidates that would win.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.loops import Number, factor_product
from accelsim.mapping.occupancy import occupancy_bytes

Holds = NDArray[np.bool_]


def legal_by_numbers(mapping: BoundMapping, candidates: int) -> Holds:
    """For each of so many candidates, whose parts are legal (`mapping.check.check_parts`)."""
    holds = np.ones(candidates, dtype=bool)
    for law in (*_numbers(mapping), *_loops(mapping), *_capacity(mapping)):
        holds &= law
    return holds


def _numbers(mapping: BoundMapping) -> Iterator[Any]:
    factors = [loop.factor for nest in mapping.nests.values() for loop in nest.loops]
    tiles = [size for step in mapping.steps for size in step.tile.values()]
    for number in (*factors, *tiles):
        yield np.greater_equal(number, 1) & np.equal(number, np.floor(number))
    for spill in mapping.spills:
        yield np.greater_equal(spill.fraction, 0) & np.less_equal(spill.fraction, 1)


def _loops(mapping: BoundMapping) -> Iterator[Any]:
    for name, nest in mapping.nests.items():
        for rank in mapping.cascade.einsum(name).ranks:
            yield np.greater_equal(factor_product(nest.loops, rank), mapping.sizes[rank])
        array = mapping.arch.array(nest.array)
        widths: dict[str, Number] = {"rows": array.rows, "columns": array.columns}
        for axis, width in widths.items():
            used = prod(loop.factor for loop in nest.loops if loop.axis == axis)
            yield np.less_equal(used, width)


def _capacity(mapping: BoundMapping) -> Iterator[Any]:
    held = occupancy_bytes(mapping)
    for memory in mapping.arch.memories:
        if memory.capacity_bytes is not None:
            yield np.less_equal(held[memory.name], memory.capacity_bytes)
