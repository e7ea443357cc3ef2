"""Sums of products of arrays, by matrix products.

The arrays are aligned: all have the same number of axes, with size 1 where they do not vary.

    contract([A[m,k,1], B[1,k,n]], kept={0, 2}) = C[m,1,n] = Σ_k A[m,k] · B[k,n]

Arrays meet in pairs, those with the smallest product first. An axis that both have is summed in the
matrix product as soon as nothing else needs it, so that no product of all axes is ever held.
"""

from collections.abc import Sequence, Set
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def contract(operands: Sequence[Array], kept: Set[int]) -> Array:
    """Σ over the axes that are not kept (they stay, with size 1) of the product of the operands."""
    waiting = list(operands)
    while len(waiting) > 1:
        first, second = min(
            combinations(range(len(waiting)), 2),
            key=lambda pair: _product_size(waiting[pair[0]], waiting[pair[1]]),
        )
        left, right = waiting[first], waiting[second]
        waiting = [each for at, each in enumerate(waiting) if at not in (first, second)]
        needed = set(kept).union(*(varying(each) for each in waiting))
        waiting.append(_pair(left, right, needed))
    return _sum_but(waiting[0], kept)


def varying(array: Array) -> set[int]:
    """The axes along which an aligned array has more than one element."""
    return {axis for axis, size in enumerate(array.shape) if size > 1}


def _product_size(left: Array, right: Array) -> int:
    return prod(max(sizes) for sizes in zip(left.shape, right.shape, strict=True))


def _sum_but(array: Array, kept: Set[int]) -> Array:
    axes = tuple(sorted(varying(array) - kept))
    total: Array = array.sum(axis=axes, keepdims=True)
    return total


def _pair(left: Array, right: Array, needed: Set[int]) -> Array:
    """The product of two arrays, summed over the axes that nothing else needs."""
    left = _sum_but(left, needed | varying(right))
    right = _sum_but(right, needed | varying(left))
    both = varying(left) & varying(right)
    summed = sorted(both - needed)
    if not summed:
        return left * right
    batch = sorted(both & needed)
    rows, columns = sorted(varying(left) - both), sorted(varying(right) - both)
    product = np.matmul(_matrix(left, batch, rows, summed), _matrix(right, batch, summed, columns))
    return _aligned(product, [*batch, *rows, *columns], left, right)


def _matrix(array: Array, batch: list[int], rows: list[int], columns: list[int]) -> Array:
    """The array as matrices: (each batch axis …, all rows, all columns)."""
    order = [*batch, *rows, *columns]
    rest = [axis for axis in range(array.ndim) if axis not in order]
    size = array.shape
    shape = [*(size[a] for a in batch), prod(size[a] for a in rows), prod(size[a] for a in columns)]
    return array.transpose([*order, *rest]).reshape(shape)


def _aligned(product: Array, order: list[int], left: Array, right: Array) -> Array:
    """The matrices' elements back on their axes, size 1 on all others."""
    sizes = [max(pair) for pair in zip(left.shape, right.shape, strict=True)]
    rest = [axis for axis in range(left.ndim) if axis not in order]
    spread = product.reshape([*(sizes[axis] for axis in order), *(1 for _ in rest)])
    return spread.transpose(np.argsort([*order, *rest]))
