"""How much of a tensor a tile of loops touches.

Along a position such as `p + w` or `m1*M0 + m0` that several ranks move together,

    touched = min(Π tile_r,  1 + Σ |coefficient_r| · (tile_r - 1),  size of the tensor's rank)

A convolution's window of 3 over 100 outputs touches 102 inputs, not 300. A partition whose last
tile is ragged touches, over all tiles, the rank's own size.
"""

from collections.abc import Callable, Iterator
from math import prod

from accelsim.mapping.loops import Number, smallest
from accelsim.workload.affine import Index, size_value
from accelsim.workload.einsum import Access, Cascade

Tile = Callable[[str], Number]
"""How far a tile reaches along a rank."""


def touched_elements(access: Access, cascade: Cascade, tile: Tile) -> Number:
    """Elements of the accessed tensor that one tile touches."""
    ranks = cascade.tensors[access.tensor].ranks
    return prod(
        smallest([_reach(index, cascade, tile), _length(access.tensor, rank, cascade)])
        for rank, index in zip(ranks, cascade.positions(access), strict=True)
    )


def overlap(access: Access, cascade: Cascade, tile: Tile) -> Number:
    """Elements that tiles touch, for each of the product of their ranks' tiles; at most 1."""
    shares = list(_shares(access, cascade, tile))
    return prod(shares) if shares else 1


def _shares(access: Access, cascade: Cascade, tile: Tile) -> Iterator[Number]:
    if all(len(index.ranks) <= 1 for index in access.indices) and not cascade.partitions:
        return
    ranks = cascade.tensors[access.tensor].ranks
    for rank, index in zip(ranks, cascade.positions(access), strict=True):
        if len(index.ranks) > 1:
            yield _reach(index, cascade, tile) / prod(tile(r) for r in index.ranks)
            if cascade.partitions.get(rank) == index.ranks:
                yield cascade.ranks[rank] / prod(cascade.ranks[part] for part in index.ranks)


def _reach(index: Index, cascade: Cascade, tile: Tile) -> Number:
    product = prod(tile(rank) for rank in index.ranks)
    if len(index.ranks) <= 1 or index.quotients:
        return product
    extent = 1 + sum(
        abs(size_value(coefficient, cascade.ranks)) * (tile(rank) - 1)
        for rank, coefficient in index.terms
    )
    return smallest([product, extent])


def _length(tensor: str, rank: str, cascade: Cascade) -> Number:
    """The tensor's length along a rank; a running value has one element more than it has steps."""
    return cascade.ranks[rank] + (rank in cascade.iterative_ranks(tensor))
