"""Assignments with the best bounds: the busiest array has little to do, and energy is low.

Every combination is looked at while there are few; beyond that the Einsums are taken one by one,
the longest first, and only the best of the partial assignments are kept.
"""

from collections.abc import Callable
from itertools import product

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.mapper.fused.assignment import Assignment, last_share, runs_last
from accelsim.mapper.fused.energy import Prices
from accelsim.mapper.fused.tiling import Tiling

MOST_PARTIAL = 4096

DIGITS = 9
"""So many digits of two values are compared."""

Rows = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

Score = Callable[[Rows, Rows], Rows]
"""Values of an objective from cycles of a tile, and pJ of all tiles."""


def best_assignments(
    tiling: Tiling, prices: Prices, arch: Spatial, score: Score, most: int
) -> list[Assignment]:
    """Those with the best bound of the value; of those alike, some that have few handovers and some
    that take the least energy, in turn."""
    names, arrays = tiling.group.names, _arrays(tiling)
    share = last_share(tiling)
    is_masked = any(einsum.conditions for einsum in tiling.group.einsums)
    cycles = np.array([[tiling.cycles.get((n, a), np.inf) for a in arrays] for n in names])
    energy = np.array(
        [[prices.einsum_pj(tiling, e, a) for a in arrays] for e in tiling.group.einsums]
    )
    usual_cycles = np.where([[runs_last(tiling, name)] for name in names], 0.0, cycles)
    choices, usual, last = _zeros(1, len(names)), _zeros(1, len(arrays)), _zeros(1, len(arrays))
    pj = np.zeros(1)
    for place in np.argsort(-cycles.min(1), kind="stable"):
        able = np.flatnonzero(np.isfinite(cycles[place]))
        picked = np.tile(able, len(choices))
        choices, usual, last, pj = (
            np.repeat(rows, len(able), axis=0) for rows in (choices, usual, last, pj)
        )
        every = np.arange(len(picked))
        choices[:, place] = picked
        usual[every, picked] += usual_cycles[place, picked]
        last[every, picked] += cycles[place, picked]
        pj += energy[place, picked]
        if len(picked) > MOST_PARTIAL:
            values = score(_period(usual, last, share, is_masked), pj)
            kept = np.argsort(values, kind="stable")[:MOST_PARTIAL]
            choices, usual, last, pj = choices[kept], usual[kept], last[kept], pj[kept]
    pj += _passing_pj(choices.astype(int), arrays, prices, tiling, arch)
    periods = _period(usual, last, share, is_masked)
    values = score(periods, pj)
    alike = np.round(values / max(float(values.min()), 1e-300), DIGITS)
    load = last.sum(1)
    simple = np.lexsort((load, _handovers(choices, tiling), alike))[:most]
    cheap = np.lexsort((load, pj, alike))[:most]
    first = list(dict.fromkeys(int(n) for both in zip(simple, cheap, strict=True) for n in both))
    return [
        Assignment(
            dict(zip(names, (arrays[int(i)] for i in choices[n]), strict=True)),
            float(periods[n]),
            float(pj[n]),
        )
        for n in first[:most]
    ]


def _passing_pj(
    choices: np.ndarray[tuple[int, ...], np.dtype[np.int_]],
    arrays: list[str],
    prices: Prices,
    tiling: Tiling,
    arch: Spatial,
) -> Rows:
    """What each row of choices takes to pass results on."""
    names = list(tiling.group.names)
    total = np.zeros(len(choices))
    for name, readers in tiling.group.readers.items():
        own = [names.index(each) for each in (name, *readers)]
        table = np.zeros((len(arrays),) * len(own))
        for picked in product(range(len(arrays)), repeat=len(own)):
            chosen = {names[n]: arrays[i] for n, i in zip(own, picked, strict=True)}
            if all((each, array) in tiling.cycles for each, array in chosen.items()):
                table[picked] = prices.passing_pj(tiling, name, Assignment(chosen), arch)
        total += table[tuple(choices[:, n] for n in own)]
    return total


def _handovers(choices: Rows, tiling: Tiling) -> Rows:
    """How many reads cross from one array to another."""
    names = list(tiling.group.names)
    total = np.zeros(len(choices))
    for name, readers in tiling.group.readers.items():
        for reader in readers:
            total += choices[:, names.index(name)] != choices[:, names.index(reader)]
    return total


def _zeros(number: int, width: int) -> Rows:
    return np.zeros((number, width))


def _arrays(tiling: Tiling) -> list[str]:
    return list(dict.fromkeys(array for _, array in tiling.cycles))


def _period(usual: Rows, last: Rows, share: float, is_masked: bool) -> Rows:
    """Of masked tiles, fewer are visited than there are, and more of them are last ones: it counts
    only what each array does in all."""
    if is_masked:
        busiest: Rows = ((1 - share) * usual + share * last).max(1)
    else:
        busiest = (1 - share) * usual.max(1) + share * last.max(1)
    return busiest
