"""What conditions leave of a fused kernel: the share of its tiles, and of each block's steps.

The share is exact (`workload.tiles`). How it is spread over blocks is looked up at the corners of
tiles, of MOST_TILES at most along each rank, and scaled to the share.
"""

from itertools import product
from math import prod
from typing import Any

import numpy as np

from accelsim.base.entrywise import Number
from accelsim.mapping.fused_kernel import FusedKernel, extents
from accelsim.workload.einsum import Einsum
from accelsim.workload.extent import iteration_points
from accelsim.workload.tiles import conditional_ranks, share_of_tiles

MOST_TILES = 512


def visited_share(kernel: FusedKernel, einsum: Einsum, rough: bool) -> Number:
    """Of an Einsum's tiles those with a point; roughly: of its points those that exist."""
    ranks = conditional_ranks(einsum)
    if not ranks:
        return 1.0
    cascade = kernel.fusion.whole
    if rough:
        every = kernel.padded_points(einsum.ranks) * kernel.fusion.launches
        return float(iteration_points(cascade, einsum.name)) / every
    here = extents(kernel.fusion, kernel.tile)
    return float(share_of_tiles(cascade, einsum.name, {rank: here[rank] for rank in ranks}))


def block_weights(kernel: FusedKernel) -> np.ndarray | None:
    """Every block's work, of the mean one's, the longest first; None if all are equal."""
    fusion = kernel.fusion
    conditional = [e for e in fusion.cascade.einsums if conditional_ranks(e)]
    if not conditional:
        return None
    largest = max(conditional, key=lambda e: prod(kernel.padded(rank) for rank in e.ranks))
    of_kind = _weights(kernel, largest)
    total = of_kind.sum()
    if not total:
        return None
    some = np.sort(of_kind[of_kind > 0])
    each = np.repeat(some, -(-kernel.blocks // len(of_kind)))[::-1]
    return np.ascontiguousarray(each * (kernel.blocks / each.sum()))


def _weights(kernel: FusedKernel, einsum: Einsum) -> np.ndarray:
    """By block along the conditional ranks: the share of its steps that it visits."""
    cascade, here = kernel.fusion.cascade, extents(kernel.fusion, kernel.tile)
    ranks = conditional_ranks(einsum)
    tiles = [_tiles(kernel.size(rank), here[rank]) for rank in ranks]
    visited = np.zeros([len(each) for each in tiles], dtype=bool)
    for corner in product((0, 1), repeat=len(ranks)):
        at = {
            rank: _along(
                np.minimum(of * here[rank] + end * (here[rank] - 1), kernel.size(rank) - 1),
                axis,
                len(ranks),
            )
            for axis, (rank, of, end) in enumerate(zip(ranks, tiles, corner, strict=True))
        }
        holds: Any = True
        for condition in einsum.conditions:
            holds = holds & condition.holds(at, cascade.ranks)
        visited |= np.broadcast_to(holds, visited.shape)
    others = tuple(axis for axis, rank in enumerate(ranks) if rank not in kernel.fusion.grid)
    return np.asarray(visited.mean(axis=others).reshape(-1), dtype=float)


def _tiles(size: int, extent: int) -> np.ndarray:
    """Numbers of tiles, evenly spread if there are too many."""
    number = -(-size // extent)
    return np.unique(np.linspace(0, number - 1, min(number, MOST_TILES)).round().astype(np.int64))


def _along(values: np.ndarray, axis: int, axes: int) -> np.ndarray:
    return values.reshape([-1 if at == axis else 1 for at in range(axes)])
