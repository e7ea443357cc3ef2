"""Tables over tables: what formulas are over many points, and where they are most.

    ratios:
    - name: gains
      over: {table: uniform, series: kernel, points: [machine, batch, context]}
      of: {flash_decoding: flash_decoding.latency_s / lean_attention.latency_s}
      by: [machine]

A row for each machine and each formula: `ratio` is its name, then `points` (so many have a value),
`mean`, `geomean`, `least` and `most` over them, and `most_batch`, `most_context`: where it is most,
the first of equal ones. Points at which a row lacks the number do not count.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.study.formula import Aligned, Point, aligned, values_of
from accelsim.study.study import Ratio
from accelsim.study.table import Table, array_of


def ratio_table(ratio: Ratio, tables: Mapping[str, Table]) -> Table:
    """Raises StudyError if there is no such table, or a formula names what it does not have."""
    if ratio.over.table not in tables:
        remedy = did_you_mean(ratio.over.table, tables) or f"There are {', '.join(tables)}"
        raise StudyError(f"ratio {ratio.name}: no table {ratio.over.table!r}", remedy=remedy)
    rows = aligned(tables[ratio.over.table], ratio.over)
    places = [ratio.over.points.index(name) for name in ratio.by]
    groups: dict[Point, list[Point]] = {}
    for point in rows.points:
        groups.setdefault(tuple(point[place] for place in places), []).append(point)
    found = [
        {**dict(zip(ratio.by, key, strict=True)), "ratio": name, **_over(rows, formula, points)}
        for key, points in groups.items()
        for name, formula in ratio.of.items()
    ]
    others = [f"most_{name}" for name in ratio.over.points if name not in ratio.by]
    names = [*ratio.by, "ratio", "points", "mean", "geomean", "least", "most", *others]
    return Table({name: array_of(row.get(name) for row in found) for name in names})


def _over(rows: Aligned, formula: str, points: list[Point]) -> dict[str, Any]:
    values = values_of(formula, rows, points)
    there = np.flatnonzero(~np.isnan(values))
    if not there.size:
        return {"points": 0}
    some = values[there]
    most = points[there[np.argmax(some)]]
    return {
        "points": len(some),
        "mean": float(some.mean()),
        "geomean": float(np.exp(np.log(some).mean())),
        "least": float(some.min()),
        "most": float(some.max()),
        **{f"most_{name}": value for name, value in zip(rows.layout.points, most, strict=True)},
    }
