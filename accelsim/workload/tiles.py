"""Which share of the tiles of an Einsum's conditions has a point at all, exactly.

A causal score matrix of P = M = 1024 in tiles of 256 has 16 tiles, 10 with a point: machines skip
the other 6. Tile i of a rank covers t·i ≤ x < t·(i+1); the Einsum's points, projected onto the tile
numbers, are counted without enumeration (`projections`, `regions`).

Along `weighed` ranks a tile counts by its length, so that a ragged last tile counts less:

    share = Σ over tiles with a point of Π length_r / Π size_r · (tiles of the other ranks)
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain, combinations
from math import prod
from typing import Any

import numpy as np

from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.points import einsum_regions, equality, union_size
from accelsim.workload.projections import projected
from accelsim.workload.regions import Region, UncountableError, variables_of

Sizes = tuple[tuple[str, int], ...]


def conditional_ranks(einsum: Einsum) -> tuple[str, ...]:
    """The ranks whose indices the conditions tie to one another."""
    return tuple(dict.fromkeys(rank for each in einsum.conditions for rank in each.ranks))


def share_of_tiles(
    cascade: Cascade, einsum: str, tiles: Mapping[str, Any], weighed: Sequence[str] = ()
) -> Any:
    """Tiles with a point, of all tiles; `tiles` gives a size for each of the conditional ranks.

    Sizes may be arrays that broadcast. Where no closed count is known all tiles count as visited.
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
def _share(cascade: Cascade, name: str, tiles: Sizes, weighed: tuple[str, ...]) -> float:
    size_of, tile_of = cascade.ranks, dict(tiles)
    every = prod(
        size_of[rank] if rank in weighed else -(-size_of[rank] // tile) for rank, tile in tiles
    )
    try:
        shadows = [
            shadow
            for region in einsum_regions(cascade, cascade.einsum(name))
            if (shadow := _tile_numbers(region, tiles)) is not None
        ]
        return _weight(shadows, weighed, tile_of, size_of) / every
    except UncountableError:
        return 1.0


def _weight(
    shadows: list[Region],
    weighed: tuple[str, ...],
    tile_of: Mapping[str, int],
    size_of: Mapping[str, int],
) -> int:
    """Tiles in the shadows, each counting by its length along the weighed ranks.

    A length is the tile's size, less what is missing if it is the last; multiplied out, that is a
    sum over the sets of ranks along which only last tiles are counted.
    """
    total = 0
    missing = {rank: -size_of[rank] % tile_of[rank] for rank in weighed}
    ragged = [rank for rank in weighed if missing[rank]]
    for chosen in chain.from_iterable(combinations(ragged, n) for n in range(len(ragged) + 1)):
        at_end = [
            bound
            for rank in chosen
            for bound in equality(
                {f"#{rank}": 1, "": 0}, {"": (size_of[rank] - 1) // tile_of[rank]}
            )
        ]
        lengths = prod(tile_of[rank] for rank in weighed if rank not in chosen)
        count = union_size([[*shadow, *at_end] for shadow in shadows])
        total += lengths * prod(-missing[rank] for rank in chosen) * count
    return total


def _tile_numbers(region: Region, tiles: Sizes) -> Region | None:
    """The numbers `#rank` of the tiles in which the region has a point."""
    names = {rank for rank, _ in tiles}
    coupled = [linear for linear in region if names.issuperset(_ranks_in([linear]))]
    bounds = [
        bound
        for rank, tile in tiles
        for bound in (
            {rank: 1, f"#{rank}": -tile, "": 0},
            {rank: -1, f"#{rank}": tile, "": tile - 1},
        )
    ]
    return projected([*coupled, *bounds], [f"#{rank}" for rank in names])


def _ranks_in(region: Region) -> list[str]:
    """Variables that are ranks; a quotient's variable goes with the ranks in it."""
    return [name for name in variables_of(region) if "//" not in name]
