"""What changed between two tables: rows matched by their points, measures that differ.

A row is known by its leading columns, those before the first measure (`study.measures`): as many of
them as tell the rows of both tables apart, or those that are named. Rows that are still alike are
matched in their order, and so are the rows of tables that have one each. Numbers differ where they
do so by more than a share of the larger one; two gaps (None, NaN) are equal.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.study.measures import is_measure
from accelsim.study.table import Column, Table, array_of, as_numbers

ADDRESS = "point"
"""The column of a sweep that addresses a row: it changes with the inputs, not with results."""

Places = NDArray[np.intp]


@dataclass(frozen=True)
class TableDiff:
    """`changed` has the columns of `key`, then measure, before, after, absolute and relative
    change, the largest relative change first; `absolute` and `relative` are None for texts."""

    key: tuple[str, ...]
    rows: int
    changed: Table
    only_before: Table
    only_after: Table
    columns_before: tuple[str, ...]
    columns_after: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        parts = (self.changed, self.only_before, self.only_after)
        return not (any(map(len, parts)) or self.columns_before or self.columns_after)


def diff_tables(
    before: Table, after: Table, by: Sequence[str] = (), tolerance: float = 0.0
) -> TableDiff:
    """`by` names the columns that rows are known by; a StudyError if a table lacks one.

    `tolerance` is the share of the larger of two numbers by which they may differ.
    """
    shared = [name for name in before.columns if name in after and name != ADDRESS]
    key = tuple(by) or _key(before, after, shared)
    left, right = _matched(_keys(before, key), _keys(after, key))
    measures = [name for name in shared if name not in key]
    old, new = before.at(left), after.at(right)
    changes = [_changes(name, old, new, key, tolerance) for name in measures]
    return TableDiff(
        key=key,
        rows=len(left),
        changed=_largest_first(changes, key),
        only_before=before.at(_others(len(before), left)),
        only_after=after.at(_others(len(after), right)),
        columns_before=_beside(before, after),
        columns_after=_beside(after, before),
    )


# --- matching -------------------------------------------------------------------------------------


def _key(before: Table, after: Table, shared: Sequence[str]) -> tuple[str, ...]:
    """The fewest leading columns that tell all rows apart, or all before the first measure."""
    if len(before) == len(after) == 1:
        return ()
    first = next((n for n, name in enumerate(shared) if is_measure(name)), len(shared))
    leading = tuple(shared[:first])
    for number in range(1, len(leading)):
        key = leading[:number]
        if all(len(set(_keys(table, key))) == len(table) for table in (before, after)):
            return key
    return leading


def _keys(table: Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    columns = [table[name].tolist() for name in names]
    return list(zip(*columns, strict=True)) if columns else [()] * len(table)


def _matched(before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]) -> tuple[Places, Places]:
    """Row numbers of both tables, pair by pair."""
    waiting: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place in range(len(after) - 1, -1, -1):
        waiting[after[place]].append(place)
    pairs = [(n, waiting[key].pop()) for n, key in enumerate(before) if waiting.get(key)]
    found = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _others(rows: int, chosen: Places) -> Places:
    return np.setdiff1d(np.arange(rows), chosen)


def _beside(one: Table, other: Table) -> tuple[str, ...]:
    return tuple(name for name in one.columns if name not in other and name != ADDRESS)


# --- comparing ------------------------------------------------------------------------------------


def _changes(name: str, old: Table, new: Table, key: Sequence[str], tolerance: float) -> Table:
    """Rows in which a measure differs."""
    before, after = as_numbers(old[name]), as_numbers(new[name])
    absolute: Column
    if before is None or after is None:
        places = np.flatnonzero([a != b for a, b in zip(old[name], new[name], strict=True)])
        absolute = relative = np.full(len(places), None)
    else:
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = after - before
            allowed = tolerance * np.maximum(np.abs(before), np.abs(after))
            same = (before == after) | (np.abs(gap) <= allowed)
            places = np.flatnonzero(~(same | (np.isnan(before) & np.isnan(after))))
            absolute, relative = gap[places], (gap / np.abs(before))[places]
    columns = {column: old[column][places] for column in key}
    told = {"before": old[name][places], "after": new[name][places]}
    measure = np.full(len(places), name, dtype=object)
    return Table(
        {**columns, "measure": measure, **told, "absolute": absolute, "relative": relative}
    )


def _largest_first(changes: Sequence[Table], key: Sequence[str]) -> Table:
    """One below the other; first what has no number to compare."""
    names = [*key, "measure", "before", "after", "absolute", "relative"]
    whole = {n: array_of(v for t in changes for v in t[n].tolist()) for n in names}
    relative = as_numbers(whole["relative"]) if len(whole["relative"]) else np.zeros(0)
    assert relative is not None, "changes are numbers or None"
    size = np.where(np.isnan(relative), np.inf, np.abs(relative))
    return Table(whole).at(np.argsort(-size, kind="stable"))
