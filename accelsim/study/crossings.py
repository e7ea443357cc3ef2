"""Where a formula over a table of a study crosses a value along an axis: break-even points.

Of numbers that are there; where the *bound* of a design changes, which is evaluated anew, is
`crossover`.

    crossings:
    - name: break_even_price
      over: {table: dollars, series: kind, points: [model, bandwidth, price]}
      of: offload.tokens_per_usd / together.tokens_per_usd
      along: price
      at: 1

A row for each combination of the other points: `crossing` on the axis, linear between neighbours
(the first one, if there are several), and `first` and `last`: the formula at the two ends of the
axis. Where it does not cross there is no number.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.study.formula import Point, aligned, values_of
from accelsim.study.study import Crossing
from accelsim.study.table import Table, array_of


def crossing_table(crossing: Crossing, tables: Mapping[str, Table]) -> Table:
    """Raises StudyError if there is no such table, or a formula names what it does not have."""
    over = crossing.over
    if over.table not in tables:
        remedy = did_you_mean(over.table, tables) or f"There are {', '.join(tables)}"
        raise StudyError(f"crossing {crossing.name}: no table {over.table!r}", remedy=remedy)
    rows = aligned(tables[over.table], over)
    place = over.points.index(crossing.along)
    lines: dict[Point, list[Point]] = {}
    for point in rows.points:
        lines.setdefault((*point[:place], *point[place + 1 :]), []).append(point)
    others = [name for name in over.points if name != crossing.along]
    found = []
    for key, points in lines.items():
        along = np.array([float(point[place]) for point in points])
        order = np.argsort(along)
        values = values_of(crossing.of, rows, points)[order]
        where = crosses(along[order], values, crossing.at)
        found.append({**dict(zip(others, key, strict=True)), "crossing": where, **_ends(values)})
    names = [*others, "crossing", "first", "last"]
    return Table({name: array_of(row[name] for row in found) for name in names})


def crosses(along: Any, values: Any, at: float) -> float | None:
    """Where a line through points (x ascending) first comes to a value; None if it never does."""
    off = np.asarray(values) - at
    for left in range(len(off) - 1):
        low, high = float(off[left]), float(off[left + 1])
        if low == 0 or low * high < 0:
            share = 0.0 if low == 0 else low / (low - high)
            return float(along[left] + share * (along[left + 1] - along[left]))
    return float(along[-1]) if len(off) and off[-1] == 0 else None


def _ends(values: Any) -> dict[str, float]:
    return {"first": float(values[0]), "last": float(values[-1])}
