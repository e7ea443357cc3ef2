"""The points of a table: every combination of its axes, as columns of equal length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.units import UNIT_OF_SUFFIX, quantity, suffix_of
from accelsim.study.axes import Axis, Value
from accelsim.study.study import INPUTS
from accelsim.study.table import Column, array_of


@dataclass(frozen=True)
class Points:
    """`columns` name the points; `settings` give each path its value at each point, as written."""

    number: int
    columns: Mapping[str, Column]
    settings: Mapping[str, Column]
    models: Column | None

    def __len__(self) -> int:
        return self.number

    def at(self, chosen: np.ndarray[Any, Any]) -> "Points":
        """The points with these numbers."""
        columns = {name: column[chosen] for name, column in self.columns.items()}
        settings = {path: column[chosen] for path, column in self.settings.items()}
        models = None if self.models is None else self.models[chosen]
        return Points(len(chosen), columns, settings, models)


def crossed(models: Sequence[str], axes: Mapping[str, Axis]) -> Points:
    """All combinations, the last axis fastest."""
    values: dict[str, list[Value]] = {"model": list(models)} if models else {}
    values |= {name: [plain(value) for value in axis.to] for name, axis in axes.items()}
    for name, choices in values.items():
        if not choices:
            raise StudyError(f"the axis {name} has no values", remedy="Give it one or more")
    rows = list(product(*values.values()))
    written = {name: array_of(row[i] for row in rows) for i, name in enumerate(values)}
    return Points(
        number=len(rows),
        columns={name: _in_its_unit(name, column) for name, column in written.items()},
        settings={path: written[name] for path, name in _axis_of_path(axes).items()},
        models=written.get("model"),
    )


def plain(value: Value) -> Value:
    """`1024` typed on a command line is a number; a quantity stays text."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        return value


def _axis_of_path(axes: Mapping[str, Axis]) -> dict[str, str]:
    """Which axis sets a path; each is set by one."""
    found: dict[str, str] = {}
    for name, axis in axes.items():
        for path in axis.set:
            refuse_unless_path(path)
            if path in found:
                raise StudyError(f"{path} is set by two axes, {found[path]} and {name}")
            found[path] = name
    return found


def refuse_unless_path(path: str) -> None:
    head, _, rest = path.partition(".")
    if head not in INPUTS or not rest:
        near = did_you_mean(head, INPUTS) if rest else None
        remedy = near or "Paths begin with 'workload.' or 'arch.', like workload.ranks.P"
        raise StudyError(f"{path!r} is no path of an input", remedy=remedy)


def _in_its_unit(name: str, column: Column) -> Column:
    """A column whose name declares a unit holds numbers in it: buffer_bytes of "128 KiB"."""
    unit = UNIT_OF_SUFFIX.get(suffix_of(name))
    if unit is None or "." in name or column.dtype != object:
        return column
    return array_of(quantity(value, unit) if isinstance(value, str) else value for value in column)
