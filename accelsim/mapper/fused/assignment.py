"""Which array runs which Einsum of a tile, whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from accelsim.mapper.fused.tiling import Tiling


@dataclass(frozen=True)
class Assignment:
    """Arrays by Einsum; the cycles of a tile below which no schedule of them gets; the least energy
    of all tiles, but for the outermost memory's and what leaks; the least bytes that the buffer is
    asked for, but for what fills it from the outermost memory."""

    arrays: Mapping[str, str]
    least_cycles: float = 0.0
    least_pj: float = 0.0
    least_bytes: float = 0.0


def last_share(tiling: Tiling) -> float:
    """The share of tiles at which Einsums run that lack some rank which is cut."""
    missing = {
        rank for einsum in tiling.group.einsums for rank in tiling.tile if rank not in einsum.ranks
    }
    return 1 / prod(tiling.count(rank) for rank in missing)


def runs_last(tiling: Tiling, name: str) -> bool:
    ranks = tiling.group.cascade.einsum(name).ranks
    return any(rank not in ranks for rank in tiling.tile)
