"""Which array runs which Einsum, so that the busiest array has as little to do as possible.

Every combination is looked at while there are few; beyond that the Einsums are taken one by one,
the longest first, and only the best of the partial assignments are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.mapper.fused.tiling import Tiling

MOST_PARTIAL = 4096


@dataclass(frozen=True)
class Assignment:
    """Arrays by Einsum, and the cycles of a tile below which no schedule of them gets."""

    arrays: Mapping[str, str]
    least_cycles: float


def last_share(tiling: Tiling) -> float:
    """The share of tiles at which Einsums run that lack some rank which is cut."""
    missing = {
        rank
        for einsum in tiling.group.einsums
        for rank in tiling.tile
        if rank not in einsum.ranks
    }
    return 1 / np.prod([max(1.0, tiling.count(rank)) for rank in missing])


def runs_last(tiling: Tiling, name: str) -> bool:
    ranks = tiling.group.cascade.einsum(name).ranks
    return any(rank not in ranks for rank in tiling.tile)


def best_assignments(tiling: Tiling, most: int) -> list[Assignment]:
    """Those with the least to do for the busiest array first; of two alike, with fewer handovers."""
    names, arrays = tiling.group.names, _arrays(tiling)
    share = last_share(tiling)
    order = sorted(range(len(names)), key=lambda i: -_longest(tiling, names[i]))
    choices = np.zeros((1, len(names)), dtype=int)
    usual = np.zeros((1, len(arrays)))
    last = np.zeros((1, len(arrays)))
    for place in order:
        cycles = _row(tiling, names[place], arrays)
        able = np.flatnonzero(np.isfinite(cycles))
        rows = np.repeat(np.arange(len(choices)), len(able))
        picked = np.tile(able, len(choices))
        choices, usual, last = choices[rows], usual[rows], last[rows]
        choices[:, place] = picked
        every = np.arange(len(rows))
        last[every, picked] += cycles[picked]
        if not runs_last(tiling, names[place]):
            usual[every, picked] += cycles[picked]
        if len(rows) > MOST_PARTIAL:
            kept = np.argsort(_period(usual, last, share), kind="stable")[:MOST_PARTIAL]
            choices, usual, last = choices[kept], usual[kept], last[kept]
    periods = _period(usual, last, share)
    ranked = np.lexsort((last.sum(1), _handovers(tiling, choices), np.round(periods, 6)))[:most]
    return [
        Assignment(
            {name: arrays[choice] for name, choice in zip(names, choices[i], strict=True)},
            float(periods[i]),
        )
        for i in ranked
    ]


def _arrays(tiling: Tiling) -> list[str]:
    return list(dict.fromkeys(array for _, array in tiling.cycles))


def _row(tiling: Tiling, name: str, arrays: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([tiling.cycles.get((name, array), np.inf) for array in arrays])


def _longest(tiling: Tiling, name: str) -> float:
    return max(cycles for (einsum, _), cycles in tiling.cycles.items() if einsum == name)


def _period(usual: "Rows", last: "Rows", share: float) -> "Rows":
    return (1 - share) * usual.max(1) + share * last.max(1)


def _handovers(tiling: Tiling, choices: "Rows") -> "Rows":
    """How many reads cross from one array to another."""
    names = tiling.group.names
    pairs = [(m, r) for m, name in enumerate(names) for r, reader in enumerate(names)
             if reader in tiling.group.readers(name)]
    return sum((choices[:, m] != choices[:, r] for m, r in pairs), np.zeros(len(choices), int))


Rows = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
