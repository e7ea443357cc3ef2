"""The best rows of a table: of those that agree in some columns, that with the most of another.

    best:
    - {name: best, of: devices, most: tokens_per_usd, by: [model, kind, attention]}
    - {name: fewest, of: devices, least: usd_per_hour, by: [model, kind, attention]}

Rows without the number, and those without a `required` one, do not count; of equal ones, the first.
"""

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.study.study import Best
from accelsim.study.table import Table


def best_table(best: Best, tables: dict[str, Table]) -> Table:
    """Raises StudyError if there is no such table, or it lacks a column."""
    if best.of not in tables:
        remedy = did_you_mean(best.of, tables) or f"There are {', '.join(tables)}"
        raise StudyError(f"best {best.name}: no table {best.of!r}", remedy=remedy)
    table = tables[best.of]
    numbers = _numbers(table, best.most or best.least)
    if best.required:
        numbers = np.where(np.isnan(_numbers(table, best.required)), np.nan, numbers)
    ranked = -numbers if best.most else numbers
    keys = list(zip(*(table[name].tolist() for name in best.by), strict=True))
    chosen: dict[tuple[object, ...], int] = {}
    for place in np.flatnonzero(~np.isnan(ranked)).tolist():
        key = keys[place]
        if key not in chosen or ranked[place] < ranked[chosen[key]]:
            chosen[key] = place
    return table.at(np.array(list(chosen.values()), dtype=int))


def _numbers(table: Table, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if v is None else float(v) for v in table[name].tolist()])
