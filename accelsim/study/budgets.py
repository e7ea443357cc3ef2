"""What a front says of budgets, and of designs that somebody else made.

least_within    of the rows within a budget, the one with the least of an objective:
                "the fastest of at most 400 mm^2"
lead            by how much the front is ahead of a row in each of two objectives while it is no
                worse in the other: "as fast on 18 % less area"; below 0 the row is ahead
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.base.expression import parse_expression
from accelsim.base.pareto import Values
from accelsim.base.units import quantity
from accelsim.study.axes import as_tuple
from accelsim.study.pareto import groups, numbers
from accelsim.study.table import Column, Table, unit_of


class Budget(NamedTuple):
    """At most so much of a column, in the column's unit."""

    column: str
    limits: tuple[float, ...]


def read_budget(text: str) -> Budget:
    """`area_um2=100 mm^2,200 mm^2`; a number without a unit is in the column's."""
    column, equals, limits = (part.strip() for part in text.partition("="))
    if not (equals and column and limits):
        example = "Write it like 'area_um2=100 mm^2,200 mm^2'"
        raise StudyError(f"{text!r} is no budget", remedy=example)
    return Budget(column, tuple(_number(each, unit_of(column)) for each in as_tuple(limits)))


def where(table: Table, condition: str) -> Table:
    """The rows that meet a condition over their columns; truths count as 0 and 1."""
    expression = parse_expression(condition)
    values = {name: _values(table, name) for name in sorted(expression.names)}
    met = np.broadcast_to(np.asarray(expression.evaluate(values), dtype=float), len(table))
    return table.at(np.flatnonzero(met == 1))


def least_within(
    table: Table, minimise: Sequence[str], budget: Budget, by: Sequence[str] = ()
) -> Table:
    """For each group and limit the row with the least of the first objective; of equals the one
    with the least of the next. A limit that no row of a group keeps has no row.

    The first column, `within_` and the budget's, is the limit.
    """
    ranked = np.stack([numbers(table, name) for name in minimise])
    spent = numbers(table, budget.column)
    chosen: list[int] = []
    limits: list[float] = []
    for group in groups(table, by):
        group = group[~np.isnan(ranked[:, group]).any(axis=0)]
        group = group[np.lexsort(ranked[::-1, group])]
        for limit in budget.limits:
            within = group[spent[group] <= limit]
            if len(within):
                chosen.append(int(within[0]))
                limits.append(limit)
    found = table.at(np.array(chosen, dtype=int))
    return Table({f"within_{budget.column}": np.array(limits), **found.columns})


class Lead(NamedTuple):
    """Shares of the row's own numbers; NaN where no row of the front is as good in the other."""

    x: float
    y: float


def lead(front: Table, row: Table, x: str, y: str) -> Lead:
    """Of the front over a table of one row, in objectives of which less is better."""
    return Lead(_lead(front, row, x, y), _lead(front, row, y, x))


def _lead(front: Table, row: Table, less: str, no_more: str) -> float:
    own, limit = float(numbers(row, less)[0]), float(numbers(row, no_more)[0])
    as_good: Values = numbers(front, less)[numbers(front, no_more) <= limit]
    return 1 - float(as_good.min()) / own if len(as_good) else float("nan")


def _values(table: Table, name: str) -> Column:
    """Truths as 0 and 1, nothing as NaN; of a CSV, which has no truths, their texts too."""
    cells = table[name]
    if cells.dtype.kind in "iuf":
        return cells
    truths = {True: 1.0, False: 0.0, "True": 1.0, "False": 0.0, "": np.nan, None: np.nan}
    listed = cells.tolist()
    if all(isinstance(cell, str | bool | None) and cell in truths for cell in listed):
        return np.array([truths[cell] for cell in listed])
    return numbers(table, name)


def _number(text: str, unit: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float(quantity(text, unit or "1"))


def named_rows(table: Table, column: str) -> list[tuple[str, Table]]:
    """Each row by its name in a column; names that come again stay apart."""
    names: Column = table[column]
    return [(str(name), table.at(np.array([place]))) for place, name in enumerate(names.tolist())]
