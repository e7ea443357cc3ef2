"""Which share of a nest's tiles an Einsum's conditions leave to be visited.

Tiles without a point are skipped: a causal score matrix has half of its tiles below the diagonal.
What is moved, and the steps an array takes, shrink by the share of the tiles they belong to:

    share(inside) = tiles with a point / all tiles,   a tile spanning the loops `inside`

Within a visited tile, masked points take their step like any other, and inputs come whole; outputs
move only where a point updates them, and what an Einsum made under the same conditions comes only
where it is. The shares are multiplied into counts that hold without
conditions; what rests across skipped tiles is then counted as if they were visited.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from accelsim.cost.traffic import Walks, array_steps
from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.dataflow import step_of
from accelsim.mapping.loops import LoopNest, Number, innermost
from accelsim.workload.einsum import Einsum
from accelsim.workload.tiles import conditional_ranks, share_of_tiles

Key = tuple[str, tuple[int, ...] | None, tuple[str, ...]]
"""An Einsum, the places of the loops inside a tile, and the ranks along which tiles are weighed.

Without places it is the tile of the Einsum's step in the schedule.
"""

Coverage = Callable[[Key], Number]

Inside = list[tuple[Number, list[int]]]
"""The places of the loops inside a tile. Of a sweep there may be several, each with 1 at its points
and 0 at the others."""


def everywhere(key: Key) -> Number:
    """The coverage without conditions: every tile."""
    return 1


def coverage_of(mapping: BoundMapping) -> Callable[[Key], Number]:
    """The share of tiles with a point, counted for the mapping's numbers."""

    def share(key: Key) -> Number:
        einsum, inside, weighed = key
        ranks = conditional_ranks(mapping.cascade.einsum(einsum))
        if inside is None:
            tiles = _step_tile(einsum, ranks, mapping)
        else:
            tiles = {rank: _reaches(mapping.nests[einsum], rank, inside) for rank in ranks}
        return share_of_tiles(mapping.cascade, einsum, tiles, weighed)

    return share


def _reaches(nest: LoopNest, rank: str, inside: tuple[int, ...]) -> tuple[Number, ...]:
    """Elements in a tile and steps between tiles in turn, from the innermost loop outwards.

    Loops outside the outermost one that is inside the tile number whole tiles.
    """
    own = [place for place in range(len(nest.loops)) if nest.loops[place].rank == rank]
    first = next((place for place in own if place in inside), len(nest.loops))
    reaches: list[Number] = [1]
    for place in (place for place in reversed(own) if place >= first):
        counts_elements = len(reaches) % 2 == 1
        if (place in inside) != counts_elements:
            reaches.append(1)
        reaches[-1] = reaches[-1] * nest.loops[place].factor
    return tuple(reaches)


def _step_tile(einsum: str, ranks: Iterable[str], mapping: BoundMapping) -> dict[str, Number]:
    tile = mapping.steps[step_of(einsum, mapping)].tile
    return {rank: tile.get(rank, mapping.cascade.ranks[rank]) for rank in ranks}


def noting(coverage: Coverage, found: dict[Key, Number]) -> Coverage:
    """The same coverage, which also notes what it was asked."""

    def share(key: Key) -> Number:
        if key not in found:
            found[key] = coverage(key)
        return found[key]

    return share


def visited_steps(
    einsum: Einsum, nest: LoopNest, sizes: Mapping[str, Number], coverage: Coverage
) -> Number:
    """Steps of the array at which at least one point exists."""
    spatial = [i for i, loop in enumerate(nest.loops) if loop.is_spatial]
    return array_steps(Walks(nest.loops, sizes)) * share_of(einsum, spatial, (), coverage)


def visited_tiles(einsum: Einsum, coverage: Coverage) -> Number:
    """The share of its schedule step's tiles at which at least one point exists."""
    return coverage((einsum.name, None, ())) if einsum.conditions else 1


class Places(NamedTuple):
    """Which loops of a nest lie inside a tile, as one tensor sees it.

    The tensor rests while temporal loops further in than the innermost one that carries it run;
    instances that share what they are sent count as one.
    """

    nest: LoopNest
    tensor_ranks: frozenset[str]
    shared_from: int

    def of_fetched_tiles(self, depth: int) -> Inside:
        """An input comes in whole tiles of the loops inside `depth`."""
        own = [i for i in self._all if i >= depth and self._carries(i)]
        return [(where, sorted([*own, *resting])) for where, resting in self._resting(depth)]

    def of_kept_results(self, depth: int) -> Inside:
        """An output is kept and sent up element by element: what no point updates is neither."""
        return self._resting(depth)

    def of_all(self, depth: int) -> Inside:
        """Tiles of the loops inside `depth`, however often they come."""
        return [(1, [i for i in self._all if i >= depth or not self._carries(i)])]

    def of_steps(self) -> Inside:
        """Nothing rests in a processing element: every step takes and makes anew."""
        return [(1, [i for i in self._all if self._is_shared(i)])]

    @property
    def _all(self) -> range:
        return range(len(self.nest.loops))

    def _carries(self, place: int) -> bool:
        return self.nest.loops[place].rank in self.tensor_ranks

    def _is_shared(self, place: int) -> bool:
        is_spatial = self.nest.loops[place].is_spatial
        return place >= self.shared_from and is_spatial and not self._carries(place)

    def _resting(self, depth: int) -> Inside:
        """Loops over other ranks that do not bring another tile to `depth`."""
        loops = self.nest.loops
        moving = [i for i in range(depth) if self._carries(i) and not loops[i].is_spatial]
        return [(where, self._inside(depth, last)) for where, last in innermost(loops, moving)]

    def _inside(self, depth: int, last: int) -> list[int]:
        loops = self.nest.loops
        return [
            i
            for i in self._all
            if not self._carries(i)
            and (i >= depth or self._is_shared(i) or (i > last and not loops[i].is_spatial))
        ]


def share_of(
    einsum: Einsum, inside: Iterable[int], weighed: Iterable[str], coverage: Coverage
) -> Number:
    """Tiles spanning the loops `inside` that have a point, of all tiles."""
    if not einsum.conditions:
        return 1
    return coverage((einsum.name, tuple(inside), tuple(weighed)))
