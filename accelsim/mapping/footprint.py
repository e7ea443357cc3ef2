"""How much of a tensor a tile of loops touches.

Along a position such as `p + w` or `m1*M0 + m0` that several ranks move together,

    touched = min(Π tile_r,  1 + Σ |coefficient_r| · (tile_r - 1),  size of the tensor's rank)

A convolution's window of 3 over 100 outputs touches 102 inputs, not 300. A partition whose last
tile is ragged touches, over all tiles, the rank's own size.

Accesses that are shifts of one another (`X[m] * X[m+1]`) are a *family*: they touch their union,

    tile + Σ min(tile, gap)        gaps between the offsets, in order

less what the shifts push out of the tensor.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from math import prod

from accelsim.mapping.loops import Number, largest, smallest
from accelsim.workload.affine import Index, size_value
from accelsim.workload.einsum import Access, Cascade

Tile = Callable[[str], Number]
"""How far a tile reaches along a rank."""

Family = tuple[Access, ...]
"""One access, or several of a tensor whose offsets form a grid."""


def families(accesses: Iterable[Access], cascade: Cascade) -> list[Family]:
    """The accesses, those that are shifts of one another together.

    Steps of running values stay apart: they are kept one by one.
    """
    every = list(accesses)
    if len({access.tensor for access in every}) == len(every):
        return [(access,) for access in every]
    alike: dict[tuple[str, tuple[Index, ...]], list[Access]] = {}
    for access in every:
        ranks = cascade.tensors[access.tensor].ranks
        at = tuple(
            replace(index, offset=0) if _is_shift(access.tensor, rank, index, cascade) else index
            for rank, index in zip(ranks, cascade.positions(access), strict=True)
        )
        alike.setdefault((access.tensor, at), []).append(access)
    grids = (tuple(group) for group in alike.values())
    return [
        family
        for group in grids
        for family in ([group] if _is_grid(group, cascade) else [(each,) for each in group])
    ]


def _is_shift(tensor: str, rank: str, index: Index, cascade: Cascade) -> bool:
    """Whether the position is one index and a whole number."""
    plain = isinstance(index.offset, int) and replace(index, offset=0).plain_rank is not None
    return plain and rank not in cascade.iterative_ranks(tensor)


def _is_grid(group: Family, cascade: Cascade) -> bool:
    return len(group) == prod(len(set(each)) for each in _offsets(group, cascade))


def _offsets(family: Family, cascade: Cascade) -> list[list[Number]]:
    """The offsets of the family's accesses at each position of the tensor, in order."""
    positions = zip(*(cascade.positions(access) for access in family), strict=True)
    offsets = (dict.fromkeys(index.offset for index in indices) for indices in positions)
    return [sorted(each) if len(each) > 1 else list(each) for each in offsets]


def _halo(offsets: list[Number], tile: Number) -> Number:
    """What a family touches along a position, beside the tile of one access."""
    return sum(smallest([tile, after - before]) for before, after in pairwise(offsets))


def touched_elements(family: Family, cascade: Cascade, tile: Tile) -> Number:
    """Elements of the accessed tensor that one tile touches."""
    tensor = family[0].tensor
    positions, offsets = cascade.positions(family[0]), _offsets(family, cascade)
    total: Number = 1
    for rank, index, own in zip(cascade.tensors[tensor].ranks, positions, offsets, strict=True):
        reach = _reach(index, cascade, tile)
        total = total * smallest([reach + _halo(own, reach), _length(tensor, rank, cascade)])
    return total


def spread(family: Family, cascade: Cascade, tile: Tile) -> Number:
    """Elements that a family touches, over all tiles, for each that one of its accesses does."""
    if len(family) == 1:
        return 1
    positions, offsets = cascade.positions(family[0]), _offsets(family, cascade)
    total: Number = 1
    for rank, index, own in zip(
        cascade.tensors[family[0].tensor].ranks, positions, offsets, strict=True
    ):
        if len(own) > 1:
            (moving,) = index.ranks
            size = cascade.ranks[moving]
            reached = _reached(size, tile(moving), own, cascade.ranks[rank])
            total = total * reached / size
    return total


def _reached(size: Number, tile: Number, offsets: list[Number], end: Number) -> Number:
    """Elements of 0 … end - 1 that the tiles of a rank touch at these offsets, tile by tile.

    A tile touches the first offset's interval and, for each further one, the `width` elements that
    its interval adds at its end. The last tile may be smaller.
    """
    tiles, total = size // tile, 0
    gaps = (size, *(after - before for before, after in pairwise(offsets)))
    for offset, gap in zip(offsets, gaps, strict=True):
        width, last = smallest([tile, gap]), smallest([size - tiles * tile, gap])
        total = total + tiles * width - _outside(tiles, tile, width, offset, end)
        total = total + _within(size + offset, end) - _within(size + offset - last, end)
    return total


def _outside(tiles: Number, tile: Number, width: Number, offset: Number, end: Number) -> Number:
    """How many of the intervals' elements lie outside 0 … end - 1.

    Interval i = 1 … tiles ends at i · tile + offset. At either side one may stick out in part.
    """
    first = largest([1, (end - offset) // tile + 1])
    above = largest([0, tiles + 1 - first])
    part_above = (above > 0) * largest([0, width - (first * tile - (end - offset))])
    below = smallest([tiles, largest([0, (width - offset - 1) // tile])])
    part_below = (below > 0) * largest([0, width - (width - offset - below * tile)])
    return (above + below) * width - part_above - part_below


def _within(position: Number, end: Number) -> Number:
    return largest([0, smallest([position, end])])


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
    if len(index.ranks) <= 1 or not index.is_linear:
        return product
    extent = 1 + sum(
        abs(size_value(coefficient, cascade.ranks)) * (tile(rank) - 1)
        for rank, coefficient in index.terms
    )
    return smallest([product, extent])


def _length(tensor: str, rank: str, cascade: Cascade) -> Number:
    """The tensor's length along a rank; a running value has one element more than it has steps."""
    return cascade.ranks[rank] + (rank in cascade.iterative_ranks(tensor))
