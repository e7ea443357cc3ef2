"""All rows of a table in two objectives, and which of them no other beats.

The front is drawn whole. Of many rows beside it one is drawn for each occupied cell of a grid of
120 x 120, so that the outline and the outliers of the cloud stay; the title says how many.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from accelsim.base.pareto import unbeaten
from accelsim.report.interactive.look import (
    Array,
    Axis,
    axis_of,
    hover_lines,
    labels_of,
    legend_of,
    marked,
    open_figure,
)
from accelsim.report.style import FAINT

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Places = np.ndarray[Any, np.dtype[np.intp]]

CELLS = 120
MOST_POINTS = 3000
FEW = 300
"""Of a cloud that is drawn as it is; of one whose points are seen one by one."""


class Split(NamedTuple):
    """Row numbers: the front by its first objective, each place once, and what is drawn beside."""

    front: Places
    beside: Places
    left_out: int


def scatter(
    frame: pd.DataFrame,
    x: str,
    y: str,
    series: Sequence[str] = (),
    maximise: Sequence[str] = (),
    title: str = "",
) -> "Figure":
    """`y` against `x`, with the front of both; less is better but of what `maximise` names.

    A front for each combination of the values of `series`. Raises StudyError for a column that is
    not there or holds no numbers.
    """
    from plotly.graph_objects import Scatter

    across, up = axis_of(frame, x), axis_of(frame, y)
    signs = np.array([-1.0 if each in maximise else 1.0 for each in (x, y)])
    names = np.array(labels_of(frame, series), dtype=object)
    log = [name for name, axis in (("x", across), ("y", up)) if axis.is_positive]
    layout = (_titled(axis, sign) for axis, sign in zip((across, up), signs, strict=True))
    figure = open_figure(title, *layout, meta={"log": log})
    template = hover_lines(("x", across), ("y", up))
    for number, name in enumerate(dict.fromkeys(names.tolist())):
        found = split(across.values, up.values, np.flatnonzero(names == name), signs)
        is_budget = bool((signs > 0).all())
        figure.add_trace(
            Scatter(
                x=across.values[found.beside],
                y=up.values[found.beside],
                name=f"{name or 'rows'}, beside the front",
                legendgroup=name,
                showlegend=number == 0 and len(found.beside) > 0 and not name,
                mode="markers",
                marker={
                    "color": FAINT,
                    "size": 3 if len(found.beside) > FEW else 6,
                    "opacity": 0.45,
                },
                hovertemplate=f"{template}<extra>{name}</extra>",
            )
        )
        line = {"shape": "hv"} if is_budget else {}
        figure.add_trace(
            Scatter(
                x=across.values[found.front],
                y=up.values[found.front],
                name=name or "Pareto front",
                legendgroup=name,
                mode="lines+markers",
                hovertemplate=f"{template}<extra>{name or 'front'}</extra>",
                **marked(number, **line),
            )
        )
    figure.update_layout(legend=legend_of(series))
    return figure


def split(x: Array, y: Array, rows: Places, signs: Array) -> Split:
    """Of some rows: those on the front, and a share of the others.

    `signs` [2] are -1 for what is to be maximised, otherwise 1.
    """
    rows = rows[~(np.isnan(x[rows]) | np.isnan(y[rows]))]
    places = np.stack([x[rows], y[rows]], axis=1)
    on_front = unbeaten(places * signs)
    front, others = rows[on_front], rows[~on_front]
    front = front[np.unique(places[on_front], axis=0, return_index=True)[1]]
    beside = others[thinned(x[others], y[others])]
    return Split(front, beside, len(others) - len(beside))


def thinned(x: Array, y: Array) -> Places:
    """Numbers of the rows that stand for all: the first in each occupied cell of the grid."""
    if len(x) <= MOST_POINTS:
        return np.arange(len(x))
    cells = _cells(x) * CELLS + _cells(y)
    kept: Places = np.sort(np.unique(cells, return_index=True)[1])
    return kept


def _cells(values: Array) -> Places:
    """In equal ratios where all numbers are above 0, as they are drawn."""
    scaled = np.log(values) if (values > 0).all() else values
    low, high = scaled.min(), scaled.max()
    shares = (scaled - low) / ((high - low) or 1.0)
    cells: Places = np.minimum((shares * CELLS).astype(np.intp), CELLS - 1)
    return cells


def _titled(axis: Axis, sign: float) -> dict[str, Any]:
    better = "more" if sign < 0 else "less"
    found = axis.layout(axis.is_wide)
    return found | {"title": {"text": f"{axis.heading}, {better} is better"}}
