"""A number for each name: bars side by side, or bars made of parts that add up."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from accelsim.report.interactive.look import (
    HUES,
    Axis,
    axis_of,
    hover_lines,
    labels_of,
    legend_of,
    open_figure,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PATTERNS = ("", "/", "\\", "x", ".")
"""Of bars whose colours come again."""


def bars(
    frame: pd.DataFrame,
    groups: Sequence[str],
    value: str,
    series: Sequence[str] = (),
    title: str = "",
) -> "Figure":
    """A bar for each row: a group for each combination of `groups`, a colour for each of `series`.

    From 0 upwards; several rows of one bar add up. Raises StudyError for a column that is not
    there or holds no numbers.
    """
    return _drawn(frame, (groups, series), axis_of(frame, value), title, "group")


def stacked(
    frame: pd.DataFrame, groups: Sequence[str], part: str, value: str, title: str = ""
) -> "Figure":
    """A bar for each combination of `groups`, made of what the values of `part` add up to.

    The breakdown of a total: energy by memory, latency by Einsum.
    """
    return _drawn(frame, (groups, (part,)), axis_of(frame, value), title, "stack")


def _drawn(
    frame: pd.DataFrame,
    columns: tuple[Sequence[str], Sequence[str]],
    up: Axis,
    title: str,
    mode: str,
) -> "Figure":
    from plotly.graph_objects import Bar

    groups, series = (labels_of(frame, each) for each in columns)
    sums = (
        pd.DataFrame({"group": groups, "series": series, "value": up.values})
        .groupby(["group", "series"], sort=False)["value"]
        .sum(min_count=1)
    )
    names = list(dict.fromkeys(groups))
    log = ["y"] if up.is_positive and mode == "group" else []
    figure = open_figure(
        title,
        {"type": "category", "categoryorder": "array", "categoryarray": names},
        up.layout(is_log=False),
        barmode=mode,
        meta={"log": log},
    )
    for number, name in enumerate(dict.fromkeys(series)):
        heights = [sums.get((group, name), np.nan) for group in names]
        pattern = PATTERNS[(number // len(HUES)) % len(PATTERNS)]
        figure.add_trace(
            Bar(
                x=names,
                y=np.array(heights, dtype=float),
                name=name,
                marker={"color": HUES[number % len(HUES)], "pattern": {"shape": pattern}},
                hovertemplate=f"%{{x}}<br>{hover_lines(('y', up))}<extra>{name}</extra>",
            )
        )
    figure.update_layout(showlegend=len(figure.data) > 1, legend=legend_of(columns[1]))
    return figure
