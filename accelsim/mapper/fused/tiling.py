"""Tiles of a group, and how each Einsum spreads one over each array.

A tile takes a part of every rank that the group cuts. Its grid ranks lie along one axis of the
arrays, first the one that the fewest operands have (queries), then others as far as there is room
(heads, sequences): all Einsums have them, so that what one makes is where the next one needs it.
The ranks that are whole in a tile, in one order for all Einsums, fill the other axis, and what is
left of the first:

    cycles of a tile on an array = cycles of a point · Π ceil(tile / spatial factor)

taken on average over ragged last tiles, and over the tiles that the Einsum's conditions leave.
"""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from math import inf, prod

from accelsim.arch.parts import ComputeArray
from accelsim.arch.spatial import Spatial, missing_operations, point_cost
from accelsim.mapper.fused.group import Group
from accelsim.mapper.partitions import free_partitions
from accelsim.mapping.loops import ceil_div
from accelsim.mapping.spread import Spread, even_part
from accelsim.workload.einsum import Access, Einsum
from accelsim.workload.regions import UncountableError
from accelsim.workload.tiles import conditional_ranks, share_of_tiles

MOST_ROUNDS = 4
"""A tile takes at most so many rounds of an array's axis."""

Axis = str


@dataclass(frozen=True)
class Tiling:
    """`group` at the inner sizes of partitions in `inner`; `tile` by the ranks that are cut."""

    group: Group
    inner: Mapping[str, int]
    tile: Mapping[str, int]
    spreads: Mapping[tuple[str, str], Spread]
    cycles: Mapping[tuple[str, str], float]

    def size(self, rank: str) -> int:
        """How far a tile reaches along a rank."""
        return self.tile.get(rank, self.group.cascade.ranks[rank])

    def count(self, rank: str) -> int:
        """Into how many tiles a rank is cut."""
        return int(ceil_div(self.group.cascade.ranks[rank], self.size(rank)))

    @property
    def tiles(self) -> int:
        return prod(self.count(rank) for rank in self.tile)

    @property
    def points(self) -> int:
        """Of a tile, over all ranks: of two tilings alike the smaller needs less room."""
        return prod(map(self.size, (*self.group.cut, *self.group.whole)))


def tilings(group: Group, arch: Spatial) -> Iterator[Tiling]:
    """All that are tried, but those of which nobody can count the tiles that conditions leave."""
    for inner in _inner_sizes(group, arch):
        sized = group.at(group.cascade.with_ranks(**inner)) if inner else group
        spreading = _Spreading(sized, arch)
        for tile, axis, order in product(_tiles(sized, arch), _axes(arch), _orders(sized)):
            with suppress(UncountableError):
                yield spreading.tiling(inner, tile, axis, order)


# --- sizes ---------------------------------------------------------------------------------------


def _inner_sizes(group: Group, arch: Spatial) -> Iterator[dict[str, int]]:
    """Sizes of the inner rank of the partition whose outer rank is cut: as many keys a step."""
    for whole, parts in free_partitions(group.cascade).items():
        if parts[0] == group.streamed and len(parts) == 2:
            widths = {width for array in arch.compute for width in (array.rows, array.columns)}
            size = group.cascade.ranks[whole]
            for tile in _parts(size, widths):
                yield {parts[1]: tile}
            return
    yield {}


def _parts(size: int, widths: set[int], rounds: int = MOST_ROUNDS) -> list[int]:
    """Even parts of a rank: a few times as wide as an axis, just as wide, or a half, a quarter…"""
    found = {size} if size <= rounds * max(widths) else set()
    for width in widths:
        found |= {even_part(size, width * number) for number in range(1, rounds + 1)}
        while width > 1:
            found.add(even_part(size, width))
            width //= 2
    return sorted(found, reverse=True)


def _tiles(group: Group, arch: Spatial) -> Iterator[dict[str, int]]:
    """One long rank of the grid, and of the others what finds room beside it."""
    sizes = group.cascade.ranks
    streamed = {group.streamed: 1} if group.streamed and group.steps else {}
    widths = {array.columns for array in arch.compute} | {array.rows for array in arch.compute}
    widths = widths - {1} or widths
    seen = set()
    for whole in _streamed_tiles(group, widths):
        grids = _grids(group)
        if not grids:
            yield streamed | whole
        for longest, *others in grids:
            for long in _parts(sizes[longest], widths, rounds=2):
                for width in sorted(widths, reverse=True):
                    tile, room = {longest: long}, width // long
                    for rank in others:
                        tile[rank] = even_part(sizes[rank], max(1, room))
                        room //= tile[rank]
                    key = tuple(sorted(tile.items()))
                    if key not in seen:
                        seen.add(key)
                        yield {rank: tile[rank] for rank in group.grid} | streamed | whole


def _streamed_tiles(group: Group, widths: set[int]) -> list[dict[str, int]]:
    if group.streamed is None or group.steps:
        return [{}]
    size = group.cascade.ranks[group.streamed]
    return [{group.streamed: part} for part in _parts(size, widths, rounds=2)]


def _grids(group: Group) -> list[tuple[str, ...]]:
    """The grid's ranks, those first that the fewest operands have; and with the others turned."""
    operands = [set(access.ranks) for access in group.inputs.values()]
    ranks = sorted(group.grid, key=lambda rank: sum(rank in operand for operand in operands))
    first, rest = tuple(ranks[:1]), tuple(ranks[1:])
    return list(dict.fromkeys([first + rest[::-1], first + rest])) if ranks else []


# --- spreads -------------------------------------------------------------------------------------


def _axes(arch: Spatial) -> tuple[Axis, ...]:
    """The axes along which the grid may lie; on square arrays they are alike."""
    square = all(array.rows in (1, array.columns) for array in arch.compute)
    return ("columns",) if square else ("columns", "rows")


def _orders(group: Group) -> list[tuple[str, ...]]:
    """Each whole rank first once, and last once, the others by size."""
    sizes = group.cascade.ranks
    ranks = sorted((r for r in group.whole if sizes[r] > 1), key=lambda rank: -sizes[rank])
    others = {rank: tuple(other for other in ranks if other != rank) for rank in ranks}
    first = [(rank, *rest) for rank, rest in others.items()]
    last = [(*rest, rank) for rank, rest in others.items()]
    return _apart([*first, *last], group) or [()]


def _apart(orders: list[tuple[str, ...]], group: Group) -> list[tuple[str, ...]]:
    """One each of those in which every Einsum has its ranks in another order."""
    kinds = {frozenset(einsum.ranks) for einsum in group.einsums}
    seen = {
        frozenset((kind, tuple(rank for rank in order if rank in kind)) for kind in kinds): order
        for order in reversed(orders)
    }
    return [order for order in orders if order in seen.values()]


class _Spreading:
    """Spreads of the Einsums of a group; those with the same ranks are worked out once."""

    def __init__(self, group: Group, arch: Spatial) -> None:
        self.group, self.arch = group, arch
        self.shares: dict[Hashable, float] = {}
        self.pairs = [
            (einsum, array, _point_cycles(einsum, array, arch))
            for einsum in group.einsums
            for array in arch.compute
            if not missing_operations(arch, array.name, einsum.operations)
        ]

    def tiling(
        self,
        inner: Mapping[str, int],
        tile: Mapping[str, int],
        axis: Axis,
        order: tuple[str, ...],
    ) -> Tiling:
        known: dict[tuple[str, tuple[str, ...]], tuple[Spread, float]] = {}
        spreads, cycles = {}, {}
        for einsum, array, each in self.pairs:
            key = array.name, tuple(sorted(einsum.ranks))
            if key not in known:
                known[key] = self._spread_and_steps(einsum, array, tile, axis, order)
            spread, steps = known[key]
            spreads[einsum.name, array.name] = spread
            cycles[einsum.name, array.name] = each * steps * self._visited(einsum, tile, spread)
        return Tiling(self.group, inner, tile, spreads, cycles)

    def _spread_and_steps(
        self,
        einsum: Einsum,
        array: ComputeArray,
        tile: Mapping[str, int],
        axis: Axis,
        order: tuple[str, ...],
    ) -> tuple[Spread, float]:
        sizes = self.group.cascade.ranks
        reach = {rank: tile.get(rank, sizes[rank]) for rank in einsum.ranks}
        spread = _spread(array, self.group, reach, axis, order)
        steps = prod(_steps(sizes[r], reach[r], spread.factor(r)) for r in einsum.ranks)
        return spread, steps

    def _visited(self, einsum: Einsum, tile: Mapping[str, int], spread: Spread) -> float:
        """The least share of array steps at which some point exists.

        A step takes a block; or, if register files hold a tile and turns lie inside the array, each
        so-many-th element.
        """
        if not einsum.conditions:
            return 1.0
        sizes = self.group.cascade.ranks
        ranks = conditional_ranks(einsum)
        block = {rank: (min(spread.factor(rank), sizes[rank]),) for rank in ranks}
        turns = {r: ceil_div(tile.get(r, sizes[r]), spread.factor(r)) for r in ranks}
        apart = {r: (1, turns[r], spread.factor(r)) if turns[r] > 1 else block[r] for r in ranks}
        found = self._share(einsum, block)
        return (
            min(found, self._share(einsum, apart))
            if self._may_hold(einsum, tile, spread)
            else found
        )

    def _may_hold(self, einsum: Einsum, tile: Mapping[str, int], spread: Spread) -> bool:
        """Whether a register file may hold several elements of something made in the group."""
        file = next((each for each in self.arch.memories if each.per == spread.array), None)
        if file is None:
            return False
        cascade, room = self.group.cascade, file.capacity_bytes or inf

        def fits(access: Access) -> bool:
            reach = {rank: tile.get(rank, cascade.ranks[rank]) for rank in access.ranks}
            turns = prod(ceil_div(size, spread.factor(rank)) for rank, size in reach.items())
            return bool(1 < turns <= room / cascade.tensors[access.tensor].word_bytes)

        own = [a for a in (*einsum.reads, einsum.output) if a.tensor in self.group.names]
        return any(map(fits, own))

    def _share(self, einsum: Einsum, reaches: Mapping[str, tuple[int, ...]]) -> float:
        cascade = self.group.cascade
        parts = {part for parts in cascade.partitions.values() for part in parts}
        key = einsum.conditions, frozenset(parts & set(einsum.ranks)), tuple(reaches.items())
        if key not in self.shares:
            self.shares[key] = float(share_of_tiles(cascade, einsum.name, reaches))
        return self.shares[key]


def _point_cycles(einsum: Einsum, array: ComputeArray, arch: Spatial) -> float:
    return (
        float(point_cost(arch, array.name, einsum.operations).cycles) if einsum.operations else 1.0
    )


def _spread(
    array: ComputeArray, group: Group, reach: Mapping[str, int], axis: Axis, order: tuple[str, ...]
) -> Spread:
    """The grid along the axis, the other ranks across it, then beside the grid."""
    along, across = array.columns, array.rows
    if axis == "rows" and array.rows > 1:
        along, across = across, along
    left = dict(reach)
    grid = _filled(along, [rank for rank in group.cut if rank in reach], left)
    whole = [rank for rank in order if rank in reach]
    other = _filled(across, whole, left)
    beside = _filled(along // prod(grid.values()), whole, left)
    grid = {rank: factor for rank, factor in {**grid, **beside}.items() if factor > 1}
    other = {rank: factor for rank, factor in other.items() if factor > 1}
    if axis == "rows" and array.rows > 1:
        return Spread(array.name, other, grid)
    return Spread(array.name, grid, other)


def _filled(width: int, ranks: list[str], left: dict[str, int]) -> dict[str, int]:
    """Factors on an axis; `left` is what remains to be done in turn."""
    factors = {}
    for rank in ranks:
        factors[rank] = even_part(left[rank], max(1, width))
        width //= factors[rank]
        left[rank] = ceil_div(left[rank], factors[rank])
    return factors


def _steps(size: int, tile: int, factor: int) -> float:
    """Of a tile, on average."""
    tiles, last = divmod(size, tile)
    steps = tiles * ceil_div(tile, factor) + ceil_div(last, factor)
    return float(steps / (tiles + (last > 0)))
