"""Which share of the tiles of an Einsum's conditions has a point at all, exactly.

A causal score matrix of P = M = 1024 in tiles of 256 has 16 tiles, 10 with a point: machines skip
the other 6. Tile i of a rank covers t·i ≤ x < t·(i+1); the Einsum's points, projected onto the tile
numbers, are counted without enumeration (`projections`, `unions`).

A tile may also be cut: spatial loops with temporal ones over the same rank inside take every t-th
element. Its rank then has several *reaches*, from the inside out: elements in the tile, steps
between them, elements, … With (1, 2, 4) a tile has the elements 0, 2, 4, 6, the next 1, 3, 5, 7.

Along `weighed` ranks a tile counts by its length, so that a ragged last tile counts less:

    share = Σ over tiles with a point of Π length_r / Π size_r · (tiles of the other ranks)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import chain, combinations
from math import prod
from typing import Any

import numpy as np

from accelsim.workload.conditions import ranks_of
from accelsim.workload.distinct import at_each_once
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.enumerated import enumerated_size
from accelsim.workload.points import between, einsum_regions, equality
from accelsim.workload.polynomials import Linear
from accelsim.workload.projections import outer_shadow
from accelsim.workload.regions import UncountableError, combine, content
from accelsim.workload.tightening import Region
from accelsim.workload.unions import shadow_size, union_size

Reaches = tuple[int, ...]
"""Of a rank: (tile,), or elements and steps in turn, from the inside out."""

Sizes = tuple[tuple[str, int, Reaches], ...]
"""Ranks, their sizes, and the reaches of their tiles."""

Functions = tuple[tuple[tuple[str, int], ...], ...]
"""A region that can be looked up."""


def conditional_ranks(einsum: Einsum) -> tuple[str, ...]:
    """The ranks whose indices the conditions tie to one another."""
    return ranks_of(einsum.conditions)


def share_of_tiles(
    cascade: Cascade, einsum: str, tiles: Mapping[str, Any], weighed: Sequence[str] = ()
) -> Any:
    """Tiles with a point, of all tiles; `tiles` gives, for each of the conditional ranks, the size
    of its tiles, or several reaches (along weighed ranks tiles are never cut).

    Sizes may be arrays that broadcast. Where no closed count is known (blocks and tiles of sizes
    that share few factors) the share is a bound from above: that of the tiles which the conditions
    reach when indices are taken for fractions. These tiles may have no closed count either; they
    are then counted one by one, or all tiles are, if there are more than `enumerated.MOST_POINTS`.
    """
    kept = tuple(rank for rank in tiles if rank in weighed)
    reaches = {rank: each if isinstance(each, tuple) else (each,) for rank, each in tiles.items()}

    def share(numbers: Sequence[Any]) -> float:
        given = iter(int(number) for number in numbers)
        ranks = {rank: next(given) for rank in cascade.ranks}
        own = tuple((rank, tuple(next(given) for _ in each)) for rank, each in reaches.items())
        return _share(cascade.at_sizes(ranks), einsum, own, kept)

    values = (*cascade.ranks.values(), *(each for own in reaches.values() for each in own))
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    if not arrays:
        return share(values)
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    return at_each_once(share, [np.broadcast_to(value, shape) for value in values])


@lru_cache(maxsize=4096)
def _share(
    cascade: Cascade, name: str, tiles: tuple[tuple[str, Reaches], ...], weighed: tuple[str, ...]
) -> float:
    sizes = tuple((rank, cascade.ranks[rank], reaches) for rank, reaches in tiles)
    own = {rank for rank, _ in tiles}
    regions = (
        tuple(content(linear) for linear in region if own.issuperset(_ranks_in(linear)))
        for region in einsum_regions(cascade, cascade.einsum(name))
    )
    return _weight(tuple(regions), sizes, weighed) / _every(sizes, weighed)


def _tiles(size: int, reaches: Reaches) -> int:
    """All tiles of a rank."""
    if len(reaches) == 1:
        return -(-size // reaches[0])
    whole = (tuple(content(linear) for linear in between(0, {"R": 1}, size - 1)),)
    return _weight(whole, (("R", size, reaches),), ())


@lru_cache(maxsize=4096)
def _weight(regions: tuple[Functions, ...], sizes: Sizes, weighed: tuple[str, ...]) -> int:
    """Tiles with a point, each counting by its length along the weighed ranks."""
    numbers = [f"#{rank}{n}" for rank, _, own in sizes for n in (0, *range(1, len(own), 2))]
    within = [_in_tiles([dict(each) for each in region], sizes) for region in regions]
    own = tuple(
        (rank, size, tile)
        for rank, size, reaches in sizes
        if rank in weighed
        for (tile,) in [reaches]
    )
    try:
        return _weighed(lambda ends: shadow_size([[*r, *ends] for r in within], numbers), own)
    except UncountableError:
        shadows = [outer_shadow(region, numbers) for region in within]
        known = [shadow for shadow in shadows if shadow is not None]
    # In sums over it the sizes of tiles are factors, which may leave too many remainders.
    for count in (union_size, enumerated_size):
        with suppress(UncountableError):
            return _weighed(partial(_together, known, count), own)
    return _every(sizes, weighed)


def _together(
    regions: Sequence[Region], count: Callable[[Sequence[Region]], int], ends: Region
) -> int:
    """Points of the regions at these ends."""
    return count([[*region, *ends] for region in regions])


def _every(sizes: Sizes, weighed: tuple[str, ...]) -> int:
    """All tiles, each counting by its length along the weighed ranks."""
    return prod(size if rank in weighed else _tiles(size, own) for rank, size, own in sizes)


def _weighed(count: Callable[[Region], int], sizes: tuple[tuple[str, int, int], ...]) -> int:
    """Tiles by their lengths along these ranks, from how many there are where functions hold.

    A length is the tile's size, less what is missing if it is the last; multiplied out, that is a
    sum over the sets of ranks along which only last tiles are counted.
    """
    ragged = [rank for rank, size, tile in sizes if size % tile]
    total = 0
    for chosen in chain.from_iterable(combinations(ragged, n) for n in range(len(ragged) + 1)):
        last = {rank: (size - 1) // tile for rank, size, tile in sizes if rank in chosen}
        ends = [bound for r in chosen for bound in equality({f"#{r}0": 1}, {"": last[r]})]
        lengths = (-(-size % tile) if r in chosen else tile for r, size, tile in sizes)
        total += prod(lengths) * count(ends)
    return total


def _in_tiles(region: Region, sizes: Sizes) -> Region:
    """The region's points together with the numbers of the tiles that they lie in."""
    bounds = [bound for rank, _, own in sizes for bound in _digits({rank: 1, "": 0}, rank, own)]
    return [*region, *bounds]


def _digits(position: Linear, rank: str, reaches: Reaches) -> Iterator[Linear]:
    """The position's digits: `#rank0` and the steps `#rank1`, … say which tile, `@rank2`, … not."""
    place = 1
    for n, reach in enumerate(reaches[1:], 1):
        place *= reaches[n - 1]
        digit = {f"{'#' if n % 2 else '@'}{rank}{n}": 1}
        position = combine(position, digit, 1, -place)
        yield from between(0, {**digit, "": 0}, reach - 1)
    whole = combine(position, {f"#{rank}0": 1}, 1, -prod(reaches))
    yield from between(0, whole, reaches[0] - 1)


def _ranks_in(linear: Linear) -> list[str]:
    """Variables that are ranks; a quotient's variable goes with the ranks in it."""
    return [name for name in linear if name and "//" not in name]
