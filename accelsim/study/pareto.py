"""The Pareto front of a table: the rows that no other row beats.

    pareto(table, minimise=("latency_s", "area_um2"), maximise=("throughput",), by=("model",))

A row beats another if it is no worse in any objective and better in one, so equal rows stay
together. A row without a number in some objective (None, NaN: one that failed) is never on a front.
With `by` there is a front for each combination of these columns' values.

For n rows and two objectives: sort, then a running minimum, O(n log n). For k more, divide and
conquer over the rows in lexicographic order, O(n log^(k-1) n) whatever share of them is on the
front (Kung, Luccio and Preparata, "On finding the maxima of a set of vectors", J. ACM 22, 1975).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.study.table import Column, Table, as_numbers

FEW = 128
"""Rows that are compared each with each."""
FEW_PAIRS = FEW * FEW
PIVOTS = 8
"""Rows near the ideal one that are tried against all others before anything else."""

Values = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def pareto(
    table: Table,
    minimise: Sequence[str] = (),
    maximise: Sequence[str] = (),
    by: Sequence[str] = (),
) -> Table:
    """The rows on the front, in the table's order.

    Raises StudyError without an objective, for one named twice, and for a column that is not there
    or holds no numbers.
    """
    return table.at(np.flatnonzero(on_front(table, minimise, maximise, by)))


def on_front(
    table: Table,
    minimise: Sequence[str] = (),
    maximise: Sequence[str] = (),
    by: Sequence[str] = (),
) -> Mask:
    """Whether each row of the table is on the front."""
    names = [*minimise, *maximise]
    if not names:
        raise StudyError("a front needs an objective", remedy="Name what to minimise or maximise")
    for name in names:
        if names.count(name) > 1:
            raise StudyError(f"the objective {name!r} is named twice", remedy="Name it once")
    signs = [1.0] * len(minimise) + [-1.0] * len(maximise)
    values = np.stack([s * numbers(table, n) for s, n in zip(signs, names, strict=True)], axis=1)
    found = np.zeros(len(table), dtype=bool)
    for rows in groups(table, by):
        found[rows] = unbeaten(values[rows])
    return found


def numbers(table: Table, name: str) -> Values:
    """A column as floats, NaN where there is no number; a StudyError if it holds something else."""
    found = as_numbers(table[name])
    if found is None:
        remedy = "Name a column of numbers"
        raise StudyError(f"the column {name!r} does not hold numbers", remedy=remedy)
    return found


def unbeaten(values: Values) -> Mask:
    """Of n rows of k numbers, all to be minimised: which no other row beats.

    Equal rows are beaten together or not at all; a row with a NaN never counts.
    """
    found = np.zeros(len(values), dtype=bool)
    there = np.flatnonzero(~np.isnan(values).any(axis=1))
    if len(there):
        there = there[_near_front(values[there])]
        distinct, inverse = _distinct(values[there])
        front = np.zeros(len(distinct), dtype=bool)
        front[_front(distinct)] = True
        found[there] = front[inverse]
    return found


def groups(table: Table, by: Sequence[str]) -> list[Column]:
    """Row numbers of each group, in the order of their numbers or texts."""
    if not by or not len(table):
        return [np.arange(len(table))]
    columns = [table[name] for name in by]
    keys = [each if each.dtype.kind in "iuf" else each.astype(str) for each in columns]
    codes = [np.unique(key, return_inverse=True)[1] for key in keys]
    _, group = np.unique(np.stack(codes), axis=1, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(group.ravel()))[:-1]
    return list(np.split(order, ends))


def _near_front(values: Values) -> Column:
    """Numbers of the rows that some good rows do not beat: all that may be on the front."""
    left = np.arange(len(values))
    for turn in range(min(PIVOTS, len(values))):
        now = values[left]
        low, high = now.min(axis=0), now.max(axis=0)
        with np.errstate(invalid="ignore"):
            share = np.nan_to_num((now - low) / np.where(high > low, high - low, 1))
        weights = np.ones(values.shape[1])
        weights[turn % len(weights)] += turn
        pivot = now[np.argmin(share @ weights)]
        beaten = (now >= pivot).all(axis=1) & (now > pivot).any(axis=1)
        left = left[~beaten]
    return left


def _distinct(values: Values) -> tuple[Values, Column]:
    """Rows in lexicographic order, each once, and which of them each row is."""
    order = np.lexsort(values.T[::-1])
    ordered = values[order]
    is_new = np.ones(len(values), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    inverse = np.empty(len(values), dtype=np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    return ordered[is_new], inverse


def _front(rows: Values) -> Column:
    """Numbers of the unbeaten among distinct rows in lexicographic order.

    Only an earlier row can beat a later one, and its first number is no larger already.
    """
    number, objectives = rows.shape
    if objectives == 1:
        return np.arange(1)
    if objectives == 2:
        before = np.concatenate([[np.inf], np.minimum.accumulate(rows[:-1, 1])])
        first = np.arange(number) == 0
        return np.flatnonzero(first | (rows[:, 1] < before))
    if number <= FEW:
        beats = (rows[:, None, 1:] <= rows[None, :, 1:]).all(axis=2)
        return np.flatnonzero(~np.triu(beats, 1).any(axis=0))
    half = number // 2
    first_half, second_half = _front(rows[:half]), half + _front(rows[half:])
    beaten = _beaten(rows[first_half, 1:], rows[second_half, 1:])
    return np.concatenate([first_half, second_half[~beaten]])


def _beaten(by: Values, rows: Values) -> Mask:
    """Which rows have one of `by` that is nowhere larger."""
    if not len(by) or not len(rows):
        return np.zeros(len(rows), dtype=bool)
    objectives = rows.shape[1]
    if objectives == 1:
        return np.asarray(rows[:, 0] >= by[:, 0].min())
    if objectives == 2:
        return _beaten_in_two(by, rows)
    if len(by) * len(rows) <= FEW_PAIRS:
        return np.asarray((by[:, None] <= rows[None]).all(axis=2).any(axis=0))
    firsts = np.concatenate([by[:, 0], rows[:, 0]])
    most = firsts.max()
    if firsts.min() == most:
        return _beaten(by[:, 1:], rows[:, 1:])
    cut = np.partition(firsts, len(firsts) // 2)[len(firsts) // 2]
    cut = firsts[firsts < most].max() if cut == most else cut
    low_by, low = by[:, 0] <= cut, rows[:, 0] <= cut
    found = np.zeros(len(rows), dtype=bool)
    found[low] = _beaten(by[low_by], rows[low])
    found[~low] = _beaten(by[low_by, 1:], rows[~low, 1:])
    left = np.flatnonzero(~low & ~found)
    found[left] = _beaten(by[~low_by], rows[left])
    return found


def _beaten_in_two(by: Values, rows: Values) -> Mask:
    order = np.argsort(by[:, 0], kind="stable")
    least = np.minimum.accumulate(by[order, 1])
    reach = np.searchsorted(by[order, 0], rows[:, 0], side="right")
    best = np.concatenate([[np.inf], least])[reach]
    return np.asarray((reach > 0) & (best <= rows[:, 1]))
