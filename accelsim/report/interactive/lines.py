"""A number over a number: a line for each series, broken where a number is missing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from accelsim.base.errors import StudyError
from accelsim.report.interactive.look import (
    Array,
    axis_of,
    hover_lines,
    labels_of,
    legend_of,
    marked,
    open_figure,
    written,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def lines(
    frame: pd.DataFrame, x: str, y: str, series: Sequence[str] = (), title: str = ""
) -> "Figure":
    """`y` over `x`, a line for each combination of the values of `series`; logarithmic where
    numbers are above 0 and far apart.

    Raises StudyError for a column that is not there or holds no numbers, and for two rows at one
    place of a line, for then it has no one value there.
    """
    from plotly.graph_objects import Scatter

    across, up = axis_of(frame, x), axis_of(frame, y)
    names = np.array(labels_of(frame, series), dtype=object)
    log = [name for name, axis in (("x", across), ("y", up)) if axis.is_positive]
    scales = {"x": across.scales()}
    if up.unit == "B" and up.is_positive:
        # Bytes are read in powers of 1024, which plotly's own ticks are not.
        scales["y"] = {"log": up.rounded(True), "linear": up.rounded(False)}
    figure = open_figure(
        title,
        across.listed(across.is_wide),
        up.rounded(up.is_wide) if up.unit == "B" else up.layout(up.is_wide),
        meta={"log": log, "scales": scales},
    )
    for number, name in enumerate(dict.fromkeys(names.tolist())):
        rows = np.flatnonzero(names == name)
        rows = rows[np.argsort(across.values[rows], kind="stable")]
        _refuse_two(across.values[rows], x, name)
        figure.add_trace(
            Scatter(
                x=across.values[rows],
                y=up.values[rows],
                name=name,
                mode="lines+markers",
                customdata=[written(value, across.unit) for value in across.values[rows]],
                hovertemplate=f"{across.title}: %{{customdata}}<br>{hover_lines(('y', up))}"
                f"<extra>{name}</extra>",
                **marked(number),
            )
        )
    figure.update_layout(showlegend=len(figure.data) > 1, legend=legend_of(series))
    return figure


def _refuse_two(places: Array, x: str, name: str) -> None:
    if (np.diff(places) == 0).any():
        fact = f"two rows of the line {name!r} are at one {x}" if name else f"two rows at one {x}"
        raise StudyError(fact, remedy="Name the columns that tell them apart as series")
