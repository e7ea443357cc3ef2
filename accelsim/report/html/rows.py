"""A table as cells, and which rows stand for a long one.

Of more rows than there is room for, those of the front in the first two costs stay (up to half the
room), and of the others every so many; the note says so.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from accelsim.base.pareto import unbeaten
from accelsim.report.html.axes import columns_of
from accelsim.report.html.choice import ranked
from accelsim.report.html.contents import Cell, Constant, TableShown
from accelsim.report.interactive.look import Axis, axis_or_none, title_of, written

MOST_ROWS = 300
FEWEST_ROWS = 30
MOST_CELLS = 24_000
"""Of all tables together."""
MOST_COLUMNS = 40
LONG = 40
"""Letters of a text that would fill a cell in each row."""

Places = np.ndarray[Any, np.dtype[np.intp]]


def shown(frame: pd.DataFrame, name: str, tables: int = 1) -> TableShown:
    """The table, as one of so many that share the room."""
    room = MOST_CELLS // (tables * min(len(frame.columns), MOST_COLUMNS))
    chosen, note = _chosen(frame, max(FEWEST_ROWS, min(MOST_ROWS, room)))
    said = _said_once(frame)
    frame = frame.drop(columns=list(said))
    note += "".join(f" {title_of(name).capitalize()}: {text}." for name, text in said.items())
    names = [str(column) for column in frame.columns][:MOST_COLUMNS]
    if len(names) < len(frame.columns):
        note += f" The first {len(names)} of {len(frame.columns)} columns."
    rows = frame.iloc[chosen]
    axes = [axis_or_none(rows, column) for column in names]
    columns = [_cells(rows, column, axis) for column, axis in zip(names, axes, strict=True)]
    cells = tuple(zip(*columns, strict=True))
    return TableShown(name, names, [axis is not None for axis in axes], cells, note.strip())


def of_constants(constants: Sequence[Constant]) -> TableShown:
    cells = [
        (Cell(c.input), Cell(c.path), Cell(c.value, c.number), Cell(c.source)) for c in constants
    ]
    names = ("input", "path", "value", "source")
    return TableShown("constants", names, (False, False, True, False), cells, "")


def _said_once(frame: pd.DataFrame) -> dict[str, str]:
    """Long texts that all rows have: they are said below the table."""
    found = {}
    for name in frame.columns:
        first = frame[name].iloc[0]
        is_long = isinstance(first, str) and len(first) > LONG and len(frame) > 1
        if is_long and frame[name].nunique(dropna=False) == 1:
            found[str(name)] = first.rstrip(".")
    return found if len(found) < len(frame.columns) else {}


def _chosen(frame: pd.DataFrame, most: int) -> tuple[Places, str]:
    if len(frame) <= most:
        return np.arange(len(frame)), ""
    costs = ranked(columns_of(frame).measures)[:2]
    values = [axis for axis in (axis_or_none(frame, name) for name in costs) if axis]
    front = _front(values)
    kept = front[: most // 2]
    others = np.setdiff1d(np.arange(len(frame)), kept)
    step = math.ceil(len(others) / (most - len(kept)))
    places = np.sort(np.concatenate([kept, others[::step]]))
    least = " and ".join(title_of(name) for name in costs)
    of_front = f" those of the least {least} ({len(kept)} of {len(front)}) and" if len(kept) else ""
    note = f"{len(places):,} of {len(frame):,} rows:{of_front} one in every {step:,} of the others."
    return places, note


def _front(values: list[Axis]) -> Places:
    if len(values) < 2:
        return np.empty(0, np.intp)
    return np.flatnonzero(unbeaten(np.stack([axis.values for axis in values], axis=1)))


def _cells(rows: pd.DataFrame, column: str, axis: Axis | None) -> list[Cell]:
    if axis is None:
        return [Cell("" if _is_gap(value) else str(value)) for value in rows[column].tolist()]
    return [_number(value, axis.unit) for value in axis.values.tolist()]


def _number(value: float, unit: str) -> Cell:
    """What has no number comes last in either order."""
    return Cell("") if math.isnan(value) else Cell(written(value, unit), value)


def _is_gap(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
