"""The last line of a what-if: the bound, what the varied numbers change, what else would help."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from accelsim.cost.explanation import WORTH_NAMING, Explanation, times
from accelsim.study.along import Along
from accelsim.study.crossover import sentence
from accelsim.study.subject import ENERGY, TOKENS
from accelsim.study.table import Column, Table
from accelsim.study.targets import Solved
from accelsim.study.varied import Varied

SPEEDUP = "speedup"
MOST_SEGMENTS = 4
"""That a sentence lists."""


def advice(
    table: Table,
    along: Sequence[Along],
    solved: Sequence[Solved],
    explanation: Explanation,
    today: Mapping[str, float],
) -> str:
    """The bound, what the varied numbers change, what else would help."""
    parts = [explanation.bound_text, *([explanation.remedy] if explanation.remedy else [])]
    parts += [_of_one(each) for each in along]
    tokens = _most_tokens(table, along, today.get(TOKENS, math.nan))
    # Devices that make no token sooner may make more of them.
    parts += [each for each in (_best(table, along, tokens, today), tokens) if each]
    parts += [each.short for each in solved]
    own = [path for each in along for path in each.varied.paths]
    helps = [each for each in explanation.helps if each.gain >= WORTH_NAMING]
    others = [each for each in helps if not any(each.is_of(path) for path in own)]
    if others:
        first = others[0]
        parts.append(f"{times(first.factor)} {first.path} would give {first.gain:.2f}x")
    return "; ".join(parts)


def _of_one(along: Along) -> str:
    """`memories.DRAM.bandwidth: DRAM-bound below 54 GB/s, compute-bound above`."""
    segments = along.segments
    if len(segments) > MOST_SEGMENTS:
        return f"{along.varied.name}: the bound changes {len(segments) - 1} times in that range"
    return f"{along.varied.name}: {sentence(segments, along.varied.text)}"


def _best(table: Table, along: Sequence[Along], tokens: str, today: Mapping[str, float]) -> str:
    """The fastest of the points, the one nearest to today of equals."""
    speedup = np.asarray(table[SPEEDUP], dtype=float)
    best = float(np.nanmax(speedup))
    if best < WORTH_NAMING:
        return "" if tokens else _nothing(table, along, today)
    near = np.flatnonzero(speedup >= best * (1 - 1e-9))
    far = np.zeros(len(near))
    for each in along:
        if each.varied.today:
            values = np.asarray(table[each.varied.name], dtype=float)[near]
            far += np.abs(values / each.varied.today - 1)
    place = int(near[np.argmin(far)])
    there = told_at([each.varied for each in along], table.at(np.array([place])).rows()[0])
    return f"fastest at {' and '.join(there)}: {best:.2f}x"


def _nothing(table: Table, along: Sequence[Along], today: Mapping[str, float]) -> str:
    """No point is faster: whether one takes less energy, or more of the one number changes anything
    at all."""
    shares = _energy_shares(table, today)
    first = along[0].varied
    if len(along) == 1 and first.today is not None:
        above = np.asarray(table[first.name], dtype=float) > first.today
        ratios = [np.asarray(table[SPEEDUP], dtype=float)[above], shares[above]]
        if above.any() and all(np.all(np.abs(each - 1) < WORTH_NAMING - 1) for each in ratios):
            return f"more {first.name} changes nothing"
    none = "nothing in that range is faster"
    least = int(np.nanargmin(shares))
    if shares[least] * WORTH_NAMING > 1:
        return none
    there = told_at([each.varied for each in along], table.at(np.array([least])).rows()[0])
    return f"{none}; least energy at {' and '.join(there)}: {times(shares[least])}"


def _energy_shares(table: Table, today: Mapping[str, float]) -> Column:
    """Of today's energy; 1 where none is known."""
    if ENERGY not in table.columns or not today.get(ENERGY):
        return np.ones(len(table))
    return np.asarray(table[ENERGY], dtype=float) / today[ENERGY]


def _most_tokens(table: Table, along: Sequence[Along], today: float) -> str:
    """Of models on systems, where more tokens a second are no sooner ones."""
    if TOKENS not in table.columns:
        return ""
    times = np.asarray(table[TOKENS], dtype=float) / today
    best = int(np.nanargmax(times))
    if times[best] < WORTH_NAMING:
        return ""
    there = told_at([each.varied for each in along], table.at(np.array([best])).rows()[0])
    return f"most tokens a second at {' and '.join(there)}: {times[best]:.2f}x"


def told_at(varied: Sequence[Varied], row: Mapping[str, Any]) -> list[str]:
    """`clock = 2 GHz` of each number at a row."""
    return [f"{each.name} = {each.text(float(row[each.name]))}" for each in varied]
