"""Which share of the tiles of an Einsum's conditions has a point at all, exactly.

A causal score matrix of P = M = 1024 in tiles of 256 has 16 tiles, 10 with a point: machines skip
the other 6. Tile i of a rank covers t·i ≤ x < t·(i+1); the Einsum's points, projected onto the tile
numbers, are counted without enumeration (`projections`, `unions`).

Along `weighed` ranks a tile counts by its length, so that a ragged last tile counts less:

    share = Σ over tiles with a point of Π length_r / Π size_r · (tiles of the other ranks)
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, combinations
from math import prod
from typing import Any

import numpy as np

from accelsim.workload.conditions import ranks_of
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.points import between, einsum_regions, equality
from accelsim.workload.polynomials import Linear
from accelsim.workload.projections import outer_shadow
from accelsim.workload.regions import Region, UncountableError, content
from accelsim.workload.unions import shadow_size, union_size

Sizes = tuple[tuple[str, int, int], ...]
"""Ranks, their sizes, and the sizes of their tiles."""

Functions = tuple[tuple[tuple[str, int], ...], ...]
"""A region that can be looked up."""


def conditional_ranks(einsum: Einsum) -> tuple[str, ...]:
    """The ranks whose indices the conditions tie to one another."""
    return ranks_of(einsum.conditions)


def share_of_tiles(
    cascade: Cascade, einsum: str, tiles: Mapping[str, Any], weighed: Sequence[str] = ()
) -> Any:
    """Tiles with a point, of all tiles; `tiles` gives a size for each of the conditional ranks.

    Sizes may be arrays that broadcast. Where no closed count is known (blocks and tiles of sizes
    that share few factors, such as 100 and 257) the share is a bound from above: that of the tiles
    which the conditions reach when indices are taken for fractions.
    """
    kept = tuple(rank for rank in tiles if rank in weighed)

    def share(sizes: Mapping[str, Any], tile: Mapping[str, Any]) -> float:
        whole = tuple((rank, int(size)) for rank, size in tile.items())
        ranks = {rank: int(size) for rank, size in sizes.items()}
        return _share(cascade.at_sizes(ranks), einsum, whole, kept)

    values = (*cascade.ranks.values(), *tiles.values())
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    if not arrays:
        return share(cascade.ranks, tiles)
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    points = zip(*(np.broadcast_to(value, shape).ravel() for value in values), strict=True)
    own = len(cascade.ranks)
    shares = [
        share(
            dict(zip(cascade.ranks, point[:own], strict=True)),
            dict(zip(tiles, point[own:], strict=True)),
        )
        for point in points
    ]
    return np.array(shares).reshape(shape)


@lru_cache(maxsize=4096)
def _share(
    cascade: Cascade, name: str, tiles: tuple[tuple[str, int], ...], weighed: tuple[str, ...]
) -> float:
    sizes = tuple((rank, cascade.ranks[rank], tile) for rank, tile in tiles)
    own = {rank for rank, _ in tiles}
    regions = (
        tuple(content(linear) for linear in region if own.issuperset(_ranks_in(linear)))
        for region in einsum_regions(cascade, cascade.einsum(name))
    )
    every = prod(size if rank in weighed else -(-size // tile) for rank, size, tile in sizes)
    return _weight(tuple(regions), sizes, weighed) / every


@lru_cache(maxsize=4096)
def _weight(regions: tuple[Functions, ...], sizes: Sizes, weighed: tuple[str, ...]) -> int:
    """Tiles with a point, each counting by its length along the weighed ranks."""
    numbers = [f"#{rank}" for rank, _, _ in sizes]
    within = [_in_tiles([dict(each) for each in region], sizes) for region in regions]
    own = tuple(each for each in sizes if each[0] in weighed)
    try:
        return _weighed(lambda ends: shadow_size([[*r, *ends] for r in within], numbers), own)
    except UncountableError:
        shadows = [outer_shadow(region, numbers) for region in within]
        known = [shadow for shadow in shadows if shadow is not None]
        return _weighed(lambda ends: union_size([[*r, *ends] for r in known]), own)


def _weighed(count: Callable[[Region], int], sizes: Sizes) -> int:
    """Tiles by their lengths along these ranks, from how many there are where functions hold.

    A length is the tile's size, less what is missing if it is the last; multiplied out, that is a
    sum over the sets of ranks along which only last tiles are counted.
    """
    ragged = [rank for rank, size, tile in sizes if size % tile]
    total = 0
    for chosen in chain.from_iterable(combinations(ragged, n) for n in range(len(ragged) + 1)):
        last = {rank: (size - 1) // tile for rank, size, tile in sizes if rank in chosen}
        ends = [bound for r in chosen for bound in equality({f"#{r}": 1}, {"": last[r]})]
        lengths = (-(-size % tile) if r in chosen else tile for r, size, tile in sizes)
        total += prod(lengths) * count(ends)
    return total


def _in_tiles(region: Region, sizes: Sizes) -> Region:
    """The region's points together with the numbers `#rank` of the tiles that they lie in."""
    bounds = (between(0, {rank: 1, f"#{rank}": -tile, "": 0}, tile - 1) for rank, _, tile in sizes)
    return [*region, *(each for pair in bounds for each in pair)]


def _ranks_in(linear: Linear) -> list[str]:
    """Variables that are ranks; a quotient's variable goes with the ranks in it."""
    return [name for name in linear if name and "//" not in name]
