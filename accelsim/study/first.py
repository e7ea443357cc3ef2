"""Of rows that differ only in one axis, the first that meets a condition."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.base.expression import parse_expression
from accelsim.study.study import TableSpec
from accelsim.study.table import Table


def first_rows(table: Table, spec: TableSpec, axes: Sequence[str]) -> Table:
    """Per group of rows that differ only in one axis, the first that meets the condition."""
    assert spec.first is not None
    condition = parse_expression(spec.first.where)
    known = {name: table[name] for name in condition.names}
    met = np.broadcast_to(condition.evaluate(known), len(table)).astype(bool)
    fixed = [name for run in spec.runs for name in run.columns]
    names = [name for name in dict.fromkeys([*fixed, *axes]) if name != spec.first.of]
    keys = list(zip(*(table[name].tolist() for name in names), strict=True))
    first: dict[Any, int] = {}
    for place in np.flatnonzero(met):
        first.setdefault(keys[place], int(place))
    if len(first) < len(set(keys)):
        raise StudyError(
            f"no {spec.first.of} meets {spec.first.where!r} at some points",
            remedy=f"Give the axis {spec.first.of} more values",
        )
    return table.at(np.array(sorted(first.values())))
