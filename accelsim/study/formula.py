"""A formula over a table, at every point: `flat.latency_s / binding.latency_s`.

Rows that agree in the columns `points` stand beside each other, one of each value of `series`:

    SERIES.COLUMN    of that series                                   flat.latency_s
    COLUMN           what tells points apart, or of the series that   seq_len
                     the formula is asked for                         latency_s

Where a table lacks a row that the formula needs, its value is NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.expression import parse_expression
from accelsim.study.study import Layout
from accelsim.study.table import Column, Table

Point = tuple[Any, ...]
_ONLY = ""


@dataclass(frozen=True)
class Aligned:
    """Rows of a table beside each other: `places[series][point]` is the number of the row."""

    table: Table
    layout: Layout
    points: tuple[Point, ...]
    places: Mapping[Any, Mapping[Point, int]]

    @property
    def series(self) -> tuple[Any, ...]:
        """What is compared, in order of appearance; without series, one nameless."""
        return tuple(self.places)


def aligned(table: Table, layout: Layout) -> Aligned:
    rows = _rows_where(table, layout.where)
    keys = _keys(table, layout.points, rows)
    series = table[layout.series][rows].tolist() if layout.series else [_ONLY] * len(rows)
    places: dict[Any, dict[Point, int]] = {}
    for row, key, name in zip(rows.tolist(), keys, series, strict=True):
        if key in places.setdefault(name, {}):
            told = ", ".join((*layout.where, *layout.points, *filter(None, [layout.series])))
            raise StudyError(f"table {layout.table} has two rows that agree in {told or 'nothing'}")
        places[name][key] = row
    return Aligned(table, layout, tuple(dict.fromkeys(keys)), places)


def values_of(
    formula: str, rows: Aligned, points: Sequence[Point] | None = None, own: Any = _ONLY
) -> Column:
    """The formula's value at each of the points (all of them, if none are given)."""
    wanted = rows.points if points is None else points
    expression = parse_expression(formula)
    values = {name: _named(name, rows, wanted, own) for name in expression.names}
    found = np.asarray(expression.evaluate(values), dtype=float)
    return np.broadcast_to(found, len(wanted))


def _named(name: str, rows: Aligned, points: Sequence[Point], own: Any) -> Column:
    if name in rows.layout.points:
        place = rows.layout.points.index(name)
        return np.array([point[place] for point in points])
    series, _, column = name.rpartition(".")
    if column not in rows.table:
        column, series = name, ""
    places = rows.places.get(series or own)
    if places is None:
        return _absent(series or own, rows, len(points))
    numbers = rows.table[column].tolist()
    return np.array([numbers[places[p]] if p in places else np.nan for p in points], dtype=float)


def _absent(series: Any, rows: Aligned, number: int) -> Column:
    """A series that the table has in other rows is missing here; one it never has is a slip."""
    column = rows.layout.series
    known = [] if column is None else list(dict.fromkeys(rows.table[column].tolist()))
    if known and series not in known:
        listed = ", ".join(map(str, known))
        remedy = did_you_mean(str(series), map(str, known)) or f"There are {listed}"
        raise StudyError(f"table {rows.layout.table} has no {column} {series!r}", remedy=remedy)
    return np.full(number, np.nan)


def _rows_where(table: Table, where: Mapping[str, Any]) -> Column:
    chosen = np.ones(len(table), dtype=bool)
    for column, value in where.items():
        chosen &= np.array([cell == value for cell in table[column].tolist()], dtype=bool)
    return np.flatnonzero(chosen)


def _keys(table: Table, columns: Sequence[str], rows: Column) -> list[Point]:
    if not columns:
        return [()] * len(rows)
    return list(zip(*(table[name][rows].tolist() for name in columns), strict=True))
