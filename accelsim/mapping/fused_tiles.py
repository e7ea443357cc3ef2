"""Which tiles a kernel made by rules may have: its candidates, and those that have room.

sides    grid ranks along which the same data is used again; each is cut so finely or coarsely
steps    what a block takes at a time of the main ranks
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod

import numpy as np

from accelsim.arch.gpu import Multiprocessor
from accelsim.mapping.fused_kernel import FusedKernel, is_product, with_room
from accelsim.mapping.fusion import Fusion


@dataclass(frozen=True)
class Shapes:
    """Which sizes are tried.

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


def candidates(fusion: Fusion, sm: Multiprocessor, shapes: Shapes = BY_RULES) -> FusedKernel | None:
    """All kernels for which the SM has room, as one of arrays; None if there are none."""
    found = list(tiles(fusion, shapes))
    return with_room(
        fusion, {rank: np.array([tile[rank] for tile in found]) for rank in found[0]}, sm
    )


def tiles(fusion: Fusion, shapes: Shapes = BY_RULES) -> Iterator[dict[str, int]]:
    """Candidates: every side of the grid cut so finely or coarsely, and every step so long."""
    multiplies = any(map(is_product, fusion.cascade.einsums))
    by_side = sides_of_grid(fusion)
    alike = shapes.alike[:1] if multiplies else shapes.alike
    parts = [
        [_filled(fusion, ranks, target) for target in (shapes.sides if side else alike)]
        for side, ranks in by_side.items()
    ]
    parts.append(
        [_step(fusion, step) for step in (shapes.steps if multiplies else shapes.plain_steps)]
    )
    found: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}
    for chosen in product(*parts):
        each = {rank: size for part in chosen for rank, size in part.items()}
        found[tuple(each.items())] = each
    yield from found.values()


@lru_cache(maxsize=1024)
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
