"""Which instances of memories and processing elements work in a step of a nest, and where.

The words are those of `walk.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from accelsim.mapping.loops import LoopNest
from accelsim.workload.einsum import Einsum

Tile = tuple[range, ...]
Instance = tuple[int, ...]


class Site(NamedTuple):
    """An instance at work, with the positions that the loops inside it cover."""

    instance: Instance
    covered: Mapping[str, range]

    def tile(self, ranks: Iterable[str]) -> Tile:
        return tuple(self.covered[rank] for rank in ranks)


Sites = Mapping[int, Sequence[Site]]
"""The instances at work by depth."""


def working_elements(einsum: Einsum, nest: LoopNest, sizes: Mapping[str, int]) -> list[int]:
    """Processing elements at work, step by step."""
    own = {rank: sizes[rank] for rank in einsum.ranks}
    inside = len(nest.loops)
    return [len(sites(nest, inside, step, own)) for step in settings(nest, 0, inside)]


def settings(nest: LoopNest, start: int, end: int) -> Iterator[tuple[int, ...]]:
    """Every setting of the temporal loops from `start` to `end`; spatial loops stand at 0."""
    loops = nest.loops[start:end]
    return product(*(range(1 if loop.is_spatial else loop.factor) for loop in loops))


def sites(nest: LoopNest, depth: int, step: Sequence[int], sizes: Mapping[str, int]) -> list[Site]:
    """The instances of a storage at `depth` that work in `step`."""
    outer = nest.loops[:depth]
    spatial = [i for i, loop in enumerate(outer) if loop.is_spatial]
    choices = (
        range(loop.factor) if loop.is_spatial else (at,)
        for loop, at in zip(outer, step, strict=False)
    )
    found = []
    for indices in product(*choices):
        covered = {r: covered_positions(nest, depth, indices, r, sizes[r]) for r in sizes}
        if all(covered.values()):
            found.append(Site(tuple(indices[i] for i in spatial), covered))
    return found


def covered_positions(
    nest: LoopNest, depth: int, indices: Sequence[int], rank: str, size: int
) -> range:
    """Positions of `rank` below `depth` where the loops outside stand at `indices`."""
    place = 0
    for loop, index in zip(nest.loops, indices, strict=False):
        if loop.rank == rank:
            place = place * loop.factor + index
    tile = nest.tile(rank, depth)
    return range(min(place * tile, size), min((place + 1) * tile, size))
