"""How an Einsum spreads over the columns and rows of an array, and on which it finishes soonest.

The columns are filled first, then the rows. On an axis the rank that gains most there comes next,
and what room it leaves goes to further ranks:

    gain of a rank = tiles left / ceil(tiles left / room)          how many of them run side by side
    factor         = ceil(tiles left / ceil(tiles left / room))    so that all rounds are alike

    1000 queries on 256 columns    250 columns, 4 rounds (256 would need 4 as well)
    E = 64, H = 12 on 256 rows     E fills 64, and 3 heads fit beside one another 4 times: H 4

Ranks of the output come before reduced ones (sums over an array take time to come out). Of them,
ranks that some operand lacks come first, since it is then shared; best if they are not on the other
axis already. Of ranks that gain the same, the one for which a step reads fewer elements is taken.

    cycles = cycles of a point · Π ceil(size / factor)             the least decides the array
"""

from collections.abc import Iterator, Mapping
from math import prod
from typing import NamedTuple

from accelsim.arch.parts import ComputeArray
from accelsim.arch.spatial import Spatial, missing_operations, point_cost
from accelsim.base.errors import MappingError
from accelsim.mapping.loops import ceil_div
from accelsim.mapping.mapping import Formula
from accelsim.workload.einsum import Cascade, Einsum

Factors = Mapping[str, int]


class Spread(NamedTuple):
    """Spatial factors by rank, on the axes of an array."""

    array: str
    columns: Factors
    rows: Factors

    def factor(self, rank: str) -> int:
        return self.columns.get(rank, 1) * self.rows.get(rank, 1)

    @property
    def axes(self) -> dict[str, dict[str, Formula]]:
        """The axes that are used, as a level of a mapping has them."""
        both: dict[str, dict[str, Formula]]
        both = {"columns": dict(self.columns), "rows": dict(self.rows)}
        return {axis: factors for axis, factors in both.items() if factors}


def fastest_spread(
    einsum: Einsum, arch: Spatial, sizes: Factors, whole: frozenset[str] = frozenset()
) -> Spread:
    """The spread with the fewest cycles; of two alike, the one on the array that is listed first.

    `sizes` are those of the ranks that may be spread; factors of `whole` ranks divide their size.
    """
    found = [
        (_cycles(spread, einsum, arch, sizes), spread)
        for array in arch.compute
        if not missing_operations(arch, array.name, einsum.operations)
        for spread in [_spread(array, einsum, sizes, whole)]
    ]
    return min(found, key=lambda pair: pair[0])[1]


def refuse_impossible(cascade: Cascade, arch: Spatial) -> None:
    """A MappingError that names each Einsum no array can do, with the operations that lack."""
    lines = [line for einsum in cascade.einsums for line in _lacking(einsum, arch)]
    if lines:
        listed = "".join(f"\n  {line}" for line in lines)
        raise MappingError(
            f"the machine cannot run {cascade.name}; give one of its arrays what they lack, "
            f"if need be made of other operations (square: {{as: {{mul: 1}}}}):{listed}"
        )


def _lacking(einsum: Einsum, arch: Spatial) -> Iterator[str]:
    lacking = {
        array.name: missing_operations(arch, array.name, einsum.operations)
        for array in arch.compute
    }
    if all(lacking.values()):
        arrays = "; ".join(
            f"{array} cannot do {', '.join(map(repr, names))}" for array, names in lacking.items()
        )
        yield f"{einsum.name}: {arrays}"


def _cycles(spread: Spread, einsum: Einsum, arch: Spatial, sizes: Factors) -> float:
    steps = prod(ceil_div(size, spread.factor(rank)) for rank, size in sizes.items())
    return float(steps * point_cost(arch, spread.array, einsum.operations).cycles)


def _spread(array: ComputeArray, einsum: Einsum, sizes: Factors, whole: frozenset[str]) -> Spread:
    columns = _filled(array.columns, einsum, sizes, {}, whole)
    left = {rank: ceil_div(size, columns.get(rank, 1)) for rank, size in sizes.items()}
    rows = _filled(array.rows, einsum, left, columns, whole)
    return Spread(array.name, columns, rows)


def _filled(
    width: int, einsum: Einsum, left: Factors, across: Factors, whole: frozenset[str]
) -> dict[str, int]:
    """Factors on an axis of this width, beside those on the axis across."""
    factors: dict[str, int] = {}
    for kind in _kinds(einsum, across):
        waiting = [rank for rank in kind if left[rank] > 1]
        while waiting:
            room = width // prod(factors.values())
            both = _product(factors, across)
            rank = max(waiting, key=lambda rank: _gain(rank, left[rank], room, both, einsum))
            waiting.remove(rank)
            cut = largest_divisor if rank in whole else even_part
            factors[rank] = cut(left[rank], room)
    return {rank: factor for rank, factor in factors.items() if factor > 1}


def _kinds(einsum: Einsum, across: Factors) -> Iterator[list[str]]:
    """The ranks, those to be spread first coming first."""
    shares = {r: any(r not in access.ranks for access in einsum.reads) for r in einsum.ranks}
    outputs = einsum.output.ranks
    yield [rank for rank in outputs if shares[rank] and rank not in across]
    yield [rank for rank in outputs if shares[rank] and rank in across]
    yield [rank for rank in outputs if not shares[rank]]
    yield list(einsum.reduced_ranks)


def _gain(rank: str, tiles: int, room: int, factors: Factors, einsum: Einsum) -> tuple[float, int]:
    """Tiles side by side; of ranks alike in that, the one for which a step reads fewer elements."""
    spread = _product(factors, {rank: even_part(tiles, room)})
    reads = sum(prod(spread.get(r, 1) for r in access.ranks) for access in einsum.reads)
    return tiles / ceil_div(tiles, room), -reads


def _product(left: Factors, right: Factors) -> dict[str, int]:
    return {rank: left.get(rank, 1) * right.get(rank, 1) for rank in {**left, **right}}


def even_part(number: int, most: int) -> int:
    """At most `most` of `number` at a time, in as few rounds, which are alike if they can be."""
    return int(ceil_div(number, ceil_div(number, most)))


def largest_divisor(number: int, most: int) -> int:
    """As `even_part`, but of equal rounds."""
    return max(part for part in range(1, min(number, most) + 1) if number % part == 0)
