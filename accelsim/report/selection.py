"""The numbers that a figure draws, chosen from a table.

A figure names one column for each of its directions (panels, groups, series, ...) and one for the
value. The rows that `where` and `prefer` leave are put into an array with one axis a direction:

    values[i, j, k] = the value of the one row with panel i, group j, series k;  NaN without a row

Two rows for one bar are an error, for one of them would not be seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.units import format_count
from accelsim.report.spec import FigureSpec, Look, Names, Value
from accelsim.report.style import COLOURS

Array = np.ndarray[Any, np.dtype[np.float64]]


class NoRowsError(StudyError):
    """The tables have no rows for a figure: no mistake if a study was run in part."""


@dataclass(frozen=True)
class Direction:
    """The values of one column in drawing order: what they are called, and their looks.

    `labels[places[value]]` is the label of a value; two values may share a place. `ranks` number
    the looks: they count the values that have a name even where the table has no row of them.
    """

    column: str
    labels: tuple[str, ...]
    colours: tuple[str, ...]
    ranks: tuple[int, ...]
    places: Mapping[Any, int]

    def __len__(self) -> int:
        return len(self.labels)

    def place(self, value: Value | None) -> int | None:
        """Where a value written in YAML stands; None if the table has no such value."""
        return next((p for key, p in self.places.items() if str(key) == str(value)), None)


def chosen_rows(spec: FigureSpec, frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The rows that `where` and `prefer` leave; at least one."""
    rows = frame
    for column, wanted in spec.where.items():
        some = wanted if isinstance(wanted, tuple) else (wanted,)
        rows = rows[column_of(spec, rows, column).isin(some)]
    for column, wanted in spec.prefer.items():
        rows = rows[column_of(spec, rows, column) == preferred(rows, column, wanted, names)]
    if rows.empty:
        raise nothing_to_draw(spec)
    return rows


def nothing_to_draw(spec: FigureSpec) -> NoRowsError:
    return NoRowsError(f"figure {spec.name}: table {spec.table} has no rows for it")


def preferred(rows: pd.DataFrame, column: str, wanted: Value, names: Names) -> Any:
    """The wanted value if any row has it, otherwise the first that there is."""
    there = in_order(rows[column], names.get(column, {}))
    return wanted if wanted in there or not there else there[0]


def filled(spec: FigureSpec, text: str, rows: pd.DataFrame, names: Names) -> str:
    """The text with `{model}` as the name of the one model that `prefer` left."""
    for column in spec.prefer:
        text = text.replace(f"{{{column}}}", _label(rows[column].iloc[0], names.get(column, {})))
    return text


def column_of(spec: FigureSpec, frame: pd.DataFrame, column: str) -> "pd.Series[Any]":
    if column not in frame:
        near = did_you_mean(column, frame.columns) or f"it has {', '.join(frame.columns)}"
        raise StudyError(f"figure {spec.name}: {spec.table} has no column {column!r}", remedy=near)
    return frame[column]


def direction(spec: FigureSpec, rows: pd.DataFrame, column: str | None, names: Names) -> Direction:
    """A column of the rows as a direction; without a column, one nameless place for all rows."""
    if column is None:
        return Direction("", ("",), (COLOURS["blue"],), (0,), {})
    looks = names.get(column, {})
    values = in_order(column_of(spec, rows, column), looks)
    label_of = {value: _label(value, looks) for value in values}
    labels = tuple(dict.fromkeys(label_of.values()))
    known = list(dict.fromkeys([*(look.label for look in looks.values()), *labels]))
    colour_of = _colours(looks, known)
    return Direction(
        column,
        labels,
        tuple(colour_of[label] for label in labels),
        tuple(known.index(label) for label in labels),
        {value: labels.index(label) for value, label in label_of.items()},
    )


def in_order(column: "pd.Series[Any]", looks: Mapping[str, Look]) -> list[Any]:
    """Distinct values: the named ones in the order of their names, then numbers by size, then the
    others as they come."""
    values = list(dict.fromkeys(column.dropna().tolist()))
    named = list(looks)

    def rank(value: Any) -> tuple[int, float]:
        if str(value) in looks:
            return named.index(str(value)), 0.0
        return len(named), float(value) if isinstance(value, Real) else 0.0

    return sorted(values, key=rank)


def _label(value: Any, looks: Mapping[str, Look]) -> str:
    look = looks.get(str(value))
    return look.label if look else format_count(value)


def _colours(looks: Mapping[str, Look], labels: Sequence[str]) -> dict[str, str]:
    """The colours that are given; the others are dealt in turn from what is left."""
    given = {look.label: COLOURS[look.colour] for look in looks.values() if look.colour}
    free = [colour for colour in COLOURS.values() if colour not in given.values()]
    dealt = zip((label for label in labels if label not in given), cycle(free or COLOURS.values()))
    return {**dict(dealt), **given}


# --- arrays ---------------------------------------------------------------------------------------


def values_of(
    spec: FigureSpec, rows: pd.DataFrame, value: str, directions: Sequence[Direction]
) -> Array:
    """The value of the row at each place; NaN where there is none."""
    places = _places(rows, directions)
    if places.duplicated().any():
        twice = (places == places[places.duplicated()].iloc[0]).all(axis=1).to_numpy()
        raise _two_rows(spec, rows[twice].drop(columns=value), directions)
    values = np.full([len(side) for side in directions], np.nan)
    values[tuple(places.to_numpy().T)] = column_of(spec, rows, value)
    return values


def sums_of(
    spec: FigureSpec, rows: pd.DataFrame, value: str, directions: Sequence[Direction]
) -> Array:
    """The sum of the rows at each place; 0 where there is none."""
    sums = np.zeros([len(side) for side in directions])
    places = tuple(_places(rows, directions).to_numpy().T)
    np.add.at(sums, places, column_of(spec, rows, value).to_numpy(float))
    return sums


def _places(rows: pd.DataFrame, directions: Sequence[Direction]) -> pd.DataFrame:
    columns = [
        rows[side.column].map(dict(side.places)) if side.column else pd.Series(0, rows.index)
        for side in directions
    ]
    return pd.concat(columns, axis=1).astype(int)


def _two_rows(spec: FigureSpec, rows: pd.DataFrame, directions: Sequence[Direction]) -> StudyError:
    columns = [side.column for side in directions if side.column]
    where = ", ".join(f"{column} {rows[column].iloc[0]}" for column in columns)
    several = [c for c in rows.columns if c not in columns and rows[c].iloc[:2].nunique() > 1]
    fact = f"figure {spec.name}: {spec.table} has two rows for {where}"
    remedy = f"Choose by 'where', for instance one {several[0]}" if several else None
    return StudyError(fact, remedy=remedy)


def mean(values: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """The arithmetic mean of what is there; NaN of nothing."""
    there = ~np.isnan(values)
    count = there.sum(axis=axis)
    with np.errstate(invalid="ignore"):
        found: Array = np.where(there, values, 0.0).sum(axis=axis) / count
    return found
