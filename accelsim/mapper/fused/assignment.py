"""Which array runs which Einsum, so that the busiest array has as little to do as possible.

Every combination is looked at while there are few; beyond that the Einsums are taken one by one,
the longest first, and only the best of the partial assignments are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from accelsim.mapper.fused.tiling import Tiling

MOST_PARTIAL = 4096
ALIKE = 8
"""Of those with the least to do, so many for each one wanted are told apart by handovers."""

Rows = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Assignment:
    """Arrays by Einsum, and the cycles of a tile below which no schedule of them gets."""

    arrays: Mapping[str, str]
    least_cycles: float


def last_share(tiling: Tiling) -> float:
    """The share of tiles at which Einsums run that lack some rank which is cut."""
    missing = {
        rank for einsum in tiling.group.einsums for rank in tiling.tile if rank not in einsum.ranks
    }
    return 1 / prod(tiling.count(rank) for rank in missing)


def runs_last(tiling: Tiling, name: str) -> bool:
    ranks = tiling.group.cascade.einsum(name).ranks
    return any(rank not in ranks for rank in tiling.tile)


def best_assignments(tiling: Tiling, most: int) -> list[Assignment]:
    """Those with the least to do for the busiest array; of those alike, with few handovers."""
    names, arrays = tiling.group.names, _arrays(tiling)
    share = last_share(tiling)
    cycles = np.array([[tiling.cycles.get((n, a), np.inf) for a in arrays] for n in names])
    usual_cycles = np.where([[runs_last(tiling, name)] for name in names], 0.0, cycles)
    choices, usual, last = _zeros(1, len(names)), _zeros(1, len(arrays)), _zeros(1, len(arrays))
    for place in np.argsort(-cycles.min(1), kind="stable"):
        able = np.flatnonzero(np.isfinite(cycles[place]))
        picked = np.tile(able, len(choices))
        choices, usual, last = (
            np.repeat(rows, len(able), axis=0) for rows in (choices, usual, last)
        )
        every = np.arange(len(picked))
        choices[:, place] = picked
        usual[every, picked] += usual_cycles[place, picked]
        last[every, picked] += cycles[place, picked]
        if len(picked) > MOST_PARTIAL:
            kept = np.argsort(_period(usual, last, share), kind="stable")[:MOST_PARTIAL]
            choices, usual, last = choices[kept], usual[kept], last[kept]
    periods = np.round(_period(usual, last, share), 6)
    first = np.argsort(periods, kind="stable")[: most * ALIKE]
    chosen = [dict(zip(names, (arrays[int(i)] for i in choices[n]), strict=True)) for n in first]
    found = [
        (period, _handovers(tiling, each), load, number, each)
        for number, (period, load, each) in enumerate(
            zip(periods[first], last[first].sum(1), chosen, strict=True)
        )
    ]
    return [Assignment(each, float(period)) for period, *_, each in sorted(found)[:most]]


def _zeros(number: int, width: int) -> Rows:
    return np.zeros((number, width))


def _arrays(tiling: Tiling) -> list[str]:
    return list(dict.fromkeys(array for _, array in tiling.cycles))


def _period(usual: Rows, last: Rows, share: float) -> Rows:
    busiest: Rows = (1 - share) * usual.max(1) + share * last.max(1)
    return busiest


def _handovers(tiling: Tiling, arrays: Mapping[str, str]) -> int:
    """How many reads cross from one array to another."""
    return sum(
        arrays[name] != arrays[reader]
        for name, readers in tiling.group.readers.items()
        for reader in readers
    )
