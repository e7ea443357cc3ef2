"""Which tiles a kernel made by rules may have: its candidates, and those that have room.

sides    grid ranks along which the same data is used again; each is cut so finely or coarsely
steps    what a block takes at a time of the main ranks
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np

from accelsim.mapping.fused_kernel import FusedKernel, Room, has_room, multiplies, with_room
from accelsim.mapping.fusion import Fusion, of_form


@dataclass(frozen=True)
class Shapes:
    """Which sizes are tried, each ascending.

    `sides` of a product's tile: what a warp or four of them multiply at a time is at least 16 wide.
    `alike` are points along ranks that all tensors of a kernel have, where nothing is multiplied.
    `steps` are those of products, `plain_steps` of others; `inner` the sizes of an inner part.
    """

    sides: tuple[int, ...]
    alike: tuple[int, ...]
    steps: tuple[int, ...]
    plain_steps: tuple[int, ...]
    inner: tuple[int, ...]


BY_RULES = Shapes(
    sides=(1, 16, 32, 64, 128, 256),
    alike=(1, 8, 64, 1024, 8192),
    steps=(32, 64, 128),
    plain_steps=(256, 2048),
    inner=(64, 128, 256),
)


@dataclass(frozen=True)
class Candidates:
    """All kernels of a fusion for which there is room, of which there is at least one.

    They are made when somebody looks at them: most kernels are far from the best way to cut.
    """

    fusion: Fusion
    room: Room
    shapes: Shapes = BY_RULES

    @cached_property
    def kernels(self) -> FusedKernel:
        """As one of arrays."""
        found = list(tiles(self.fusion, self.shapes))
        sizes = {rank: np.array([tile[rank] for tile in found]) for rank in found[0]}
        kernels = with_room(self.fusion, sizes, self.room)
        assert kernels is not None, "the least tile has room"
        return kernels

    @property
    def number(self) -> int:
        return len(self.kernels.stages)

    @cached_property
    def most_blocks(self) -> int:
        """Of any candidate: those of the least tile."""
        tile, ranks = least_tile(self.fusion, self.shapes), self.fusion.cascade.ranks
        return prod(-(-int(ranks[rank]) // tile[rank]) for rank in self.fusion.grid)

    @cached_property
    def least_trips(self) -> int:
        """Of any candidate: those of the greatest tile."""
        tile, ranks = greatest_tile(self.fusion, self.shapes), self.fusion.cascade.ranks
        steps = self.fusion.steps
        along = dict.fromkeys((*self.fusion.main, *steps))
        return prod(-(-int(ranks[rank]) // (1 if rank in steps else tile[rank])) for rank in along)


def candidates(fusion: Fusion, room: Room, shapes: Shapes = BY_RULES) -> Candidates | None:
    """None if there are none: no tile needs less room than the least one."""
    least = least_tile(fusion, shapes)
    return Candidates(fusion, room, shapes) if has_room(fusion, least, room) else None


def least_tile(fusion: Fusion, shapes: Shapes = BY_RULES) -> dict[str, int]:
    """The candidate that is no longer than any other along any rank: sizes ascend in `Shapes`, and
    what is filled up to more points is filled at least as far along each of its ranks."""
    return {rank: size for part in _parts(fusion, shapes) for rank, size in part[0].items()}


def greatest_tile(fusion: Fusion, shapes: Shapes = BY_RULES) -> dict[str, int]:
    """The candidate that is no shorter than any other along any rank."""
    return {rank: size for part in _parts(fusion, shapes) for rank, size in part[-1].items()}


def tiles(fusion: Fusion, shapes: Shapes = BY_RULES) -> Iterator[dict[str, int]]:
    """Candidates: every side of the grid cut so finely or coarsely, and every step so long."""
    found: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}
    for chosen in product(*_parts(fusion, shapes)):
        each = {rank: size for part in chosen for rank, size in part.items()}
        found[tuple(each.items())] = each
    yield from found.values()


def _parts(fusion: Fusion, shapes: Shapes) -> list[list[dict[str, int]]]:
    """For every side, and for the steps, the tiles of its ranks."""
    is_multiplying = multiplies(fusion)
    alike = shapes.alike[:1] if is_multiplying else shapes.alike
    parts = [
        [_filled(fusion, ranks, target) for target in (shapes.sides if side else alike)]
        for side, ranks in sides_of_grid(fusion).items()
    ]
    steps = shapes.steps if is_multiplying else shapes.plain_steps
    return [*parts, [_step(fusion, step) for step in steps]]


@of_form
def sides_of_grid(fusion: Fusion) -> dict[frozenset[str], list[str]]:
    """Grid ranks by the reads that do not have them: along these a block's data is used again."""
    found: dict[frozenset[str], list[str]] = {}
    for rank in fusion.grid:
        lacking = frozenset(
            f"{einsum.name} {access}"
            for einsum in fusion.cascade.einsums
            if rank in einsum.ranks
            for access in einsum.reads
            if rank not in access.ranks
        )
        found.setdefault(lacking, []).append(rank)
    return found


def _filled(fusion: Fusion, ranks: list[str], target: int) -> dict[str, int]:
    """Tiles of about so many points, the last rank first."""
    tile = {}
    for rank in reversed(ranks):
        tile[rank] = max(1, min(int(fusion.cascade.ranks[rank]), target))
        target //= tile[rank]
    return tile


def _step(fusion: Fusion, target: int) -> dict[str, int]:
    if fusion.steps:
        return {rank: 1 for rank in fusion.main}
    inner = [parts for parts in fusion.cascade.partitions.values() if parts[0] in fusion.main]
    for parts in inner:
        around = prod(
            int(fusion.cascade.ranks[part]) for part in parts[1:] if part not in fusion.main
        )
        target = max(1, target // around)
    return _filled(fusion, list(fusion.main), target)
