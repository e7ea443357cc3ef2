"""Rows in two quantities of which less is better, and the front of each run: `report.front`, of a
table."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from accelsim.base.errors import StudyError
from accelsim.base.pareto import unbeaten
from accelsim.report.front import Group, Objective, draw_front
from accelsim.report.plots.columns import caption_of, column_named, common_name

USUAL = ("area_um2", "latency_s", "energy_pj", "traffic_bytes")
"""The first two of these that differ among the rows of a table are drawn, if none are named."""


def draw_pareto(
    frame: pd.DataFrame,
    *,
    x: str = "",
    y: str = "",
    by: str = "",
    title: str = "",
    caption: str = "",
) -> Figure:
    """Columns `x` and `y`, numbers above 0; with `by`, a front for each of its values.

    Raises StudyError if a column is missing, no row has both numbers, or too few columns differ.
    """
    x, y = _axes(frame, x, y)
    numbers = frame[[x, y]].apply(pd.to_numeric, errors="coerce")
    there = numbers.notna().all(axis=1)
    if not there.any():
        raise StudyError(f"no row has both {x} and {y}")
    keys = column_named(frame, by, "--by").astype(str) if by else pd.Series("", index=frame.index)
    groups = [
        _group(str(name), own) for name, own in numbers[there].groupby(keys[there], sort=False)
    ]
    counted = sum(int(group.on_front.sum()) for group in groups)
    of = common_name(frame) or "less of both is better"
    told = f"{counted} of {int(there.sum())} rows are on a front."
    return draw_front(
        Objective(x), Objective(y), groups, title or f"Pareto front: {of}", (),
        caption_of(frame, " ".join(filter(None, (told, caption)))),
    )  # fmt: skip


def _axes(frame: pd.DataFrame, x: str, y: str) -> tuple[str, str]:
    for option, name in (("--x", x), ("--y", y)):
        if name:
            column_named(frame, name, option)
    there = [name for name in USUAL if name in frame and name not in (x, y)]
    free = [name for name in there if pd.to_numeric(frame[name], errors="coerce").nunique() > 1]
    left = list(free)
    chosen = [name or (left.pop(0) if left else "") for name in (x, y)]
    if not all(chosen):
        same = [name for name in there if name not in free]
        of_same = f"; all rows have one {' and one '.join(same)}" if same else ""
        fact = f"pareto needs two columns that differ among the rows{of_same}"
        raise StudyError(fact, remedy="Name them: --x area_um2 --y latency_s")
    return chosen[0], chosen[1]


def _group(name: str, own: pd.DataFrame) -> Group:
    values = own.to_numpy(float)
    return Group(name, values[:, 0], values[:, 1], np.asarray(unbeaten(values)))
