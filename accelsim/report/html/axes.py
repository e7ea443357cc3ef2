"""Which columns name a row, and which are measured.

The columns that name a row are the shortest beginning of the table that tells all its rows apart,
and every column before the first that is called like a measure (`latency_s`, `ride_pj`): rows of a
random sample are told apart by their first number, and have more of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from accelsim.base.units import suffix_of
from accelsim.report.interactive.look import Axis, axis_or_none
from accelsim.study.measures import is_measure

_WHAT = "model scope workload phase"
_HOW_MUCH = "seq_len context batch prompt generated problems trials length lengths cached rate"
PROBLEM = frozenset(f"{_WHAT} {_HOW_MUCH} requests".split())
"""Columns that say what is computed, not on what: no front goes across them."""


@dataclass(frozen=True)
class Columns:
    """Of a table: what names its rows and differs among them, and what is measured.

    `numbers` are those of both that hold more than one number.
    """

    axes: Sequence[str]
    measured: Sequence[str]
    numbers: Mapping[str, Axis]

    @property
    def numeric_axes(self) -> list[str]:
        return [name for name in self.axes if name in self.numbers]

    @property
    def measures(self) -> list[str]:
        """Numbers that were measured."""
        return [name for name in self.measured if name in self.numbers]

    @property
    def problem(self) -> list[str]:
        return [name for name in self.axes if is_of_problem(name)]


def is_of_problem(column: str) -> bool:
    return column in PROBLEM or column.startswith("workload.")


def columns_of(frame: pd.DataFrame) -> Columns:
    names = [str(name) for name in frame.columns]
    number = max(_enough(frame, names), _before_measures(names))
    differing = [name for name in names if frame[name].nunique(dropna=False) > 1]
    axes = [name for name in names[:number] if name in differing]
    found = {name: axis_or_none(frame, name) for name in differing}
    numbers = {name: axis for name, axis in found.items() if axis and _differs(axis)}
    return Columns(axes, [name for name in names if name not in names[:number]], numbers)


def _differs(axis: Axis) -> bool:
    there = axis.values[~np.isnan(axis.values)]
    return len(there) > 1 and bool(there.min() < there.max())


def _before_measures(names: Sequence[str]) -> int:
    """0 if none is called like a measure."""
    return next((place for place, name in enumerate(names) if _is_measured(name)), 0)


def _is_measured(name: str) -> bool:
    """Nobody sets a time, an energy or an area."""
    return is_measure(name) or suffix_of(name) in ("_s", "_cycles", "_pj", "_um2", "_w")


def _enough(frame: pd.DataFrame, names: Sequence[str]) -> int:
    """How many columns tell all rows apart; 0 if even all before the first measure do not."""
    first = _before_measures(names) or len(names)
    for number in range(1, first + 1):
        if not frame.duplicated(list(names[:number])).any():
            return number
    return 0
