"""The Pareto front of a table: the rows that no other row beats.

    pareto(table, minimise=("latency_s", "area_um2"), maximise=("throughput",), by=("model",))

A row beats another if it is no worse in any objective and better in one, so equal rows stay
together. A row without a number in some objective (None, NaN: one that failed) is never on a front.
With `by` there is a front for each combination of these columns' values.
"""

from collections.abc import Sequence

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.base.pareto import Mask, Values, unbeaten
from accelsim.study.table import Column, Table, as_numbers


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
