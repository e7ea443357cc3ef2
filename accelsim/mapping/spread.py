"""How an Einsum spreads over the rows and columns of an array, and on which array it finishes soonest.

The columns are filled first, then the rows. On an axis the rank that gains most there comes next,
and what room it leaves goes to further ranks:

    gain of a rank = tiles left / ceil(tiles left / room)          how many of them run side by side
    factor         = ceil(tiles left / ceil(tiles left / room))    so that all rounds are alike

    1000 queries on 256 columns    250 columns, 4 rounds (256 would need 4 as well)
    E = 64, H = 12 on 256 rows     E fills 64, and 3 heads fit beside one another 4 times: H 4

Ranks of the output come before reduced ones (sums over an array take time to come out), and ranks
that are not yet on the other axis before those that are (an operand is then shared along an axis).

    cycles = cycles of a point · Π ceil(size / factor)             the least decides the array
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from accelsim.arch.parts import ComputeArray
from accelsim.arch.spatial import Spatial, missing_operations, point_cost
from accelsim.base.errors import MappingError
from accelsim.mapping.loops import ceil_div
from accelsim.workload.einsum import Cascade, Einsum

Factors = Mapping[str, int]


@dataclass(frozen=True)
class Spread:
    """Spatial factors by rank, on the axes of an array."""

    array: str
    columns: Factors
    rows: Factors

    def factor(self, rank: str) -> int:
        return self.columns.get(rank, 1) * self.rows.get(rank, 1)


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
            f"no array of the machine can do all of {cascade.name}:{listed}",
            remedy="\nGive an array these operations, made of others if need be: square: {as: {mul: 1}}",
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


def _spread(
    array: ComputeArray, einsum: Einsum, sizes: Factors, whole: frozenset[str]
) -> Spread:
    columns = _filled(array.columns, einsum, sizes, (), whole)
    left = {rank: ceil_div(size, columns.get(rank, 1)) for rank, size in sizes.items()}
    rows = _filled(array.rows, einsum, left, tuple(columns), whole)
    return Spread(array.name, columns, rows)


def _filled(
    width: int, einsum: Einsum, left: Factors, taken: tuple[str, ...], whole: frozenset[str]
) -> dict[str, int]:
    """Factors on an axis of this width; `taken` are the ranks on the other one."""
    factors: dict[str, int] = {}
    kinds = [
        [rank for rank in ranks if (rank in taken) == used]
        for ranks in (einsum.output.ranks, einsum.reduced_ranks)
        for used in (False, True)
    ]
    for kind in kinds:
        waiting = [rank for rank in kind if left.get(rank, 1) > 1]
        while waiting:
            room = width // prod(factors.values())
            rank = max(waiting, key=lambda rank: left[rank] / ceil_div(left[rank], room))
            waiting.remove(rank)
            factors[rank] = _factor(left[rank], room, rank in whole)
    return {rank: factor for rank, factor in factors.items() if factor > 1}


def _factor(tiles: int, room: int, divides: bool) -> int:
    if divides:
        return max(factor for factor in range(1, min(tiles, room) + 1) if tiles % factor == 0)
    return ceil_div(tiles, ceil_div(tiles, room))
