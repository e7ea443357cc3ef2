"""Strips of one figure, one above the other: an x for all, a y for each, named at its side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelsim.report.interactive.look import escaped, open_figure
from accelsim.report.spec import Band
from accelsim.report.style import FAINT, GRID, INK

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

STRIP_PX = 165
AROUND_PX = 110
LEAST_PX = 400
GAP = 0.16
"""Between two strips, as a share of one."""


def open_strips(
    labels: Sequence[str], x: dict[str, Any], y: dict[str, Any], **layout: Any
) -> "Figure":
    """An empty figure with so many strips; traces of strip n go `on(n)`."""
    figure = open_figure("", x, y, **layout)
    one = 1 / (len(labels) + GAP * (len(labels) - 1))
    for number, label in enumerate(labels):
        bottom = max(0.0, 1 - one - number * one * (1 + GAP))
        side = {"domain": [bottom, min(1.0, bottom + one)], "title": {"text": escaped(label)}}
        shared = figure.layout.yaxis.to_plotly_json() | side
        figure.layout[f"yaxis{_suffix(number)}"] = shared
    figure.layout.xaxis.anchor = f"y{_suffix(len(labels) - 1)}"
    figure.layout.height = max(LEAST_PX, AROUND_PX + STRIP_PX * len(labels))
    return figure


def on(strip: int) -> dict[str, str]:
    """Which axes a trace or a shape of a strip refers to."""
    return {"xaxis": "x", "yaxis": f"y{_suffix(strip)}"}


def add_line(figure: "Figure", strip: int, at: float) -> None:
    """What everything in a strip is read against, such as 1."""
    where = {"xref": "x domain", "yref": on(strip)["yaxis"]}
    figure.add_shape(
        type="line", x0=0, x1=1, y0=at, y1=at, line={"color": INK, "width": 1}, **where
    )


def add_band(figure: "Figure", strip: int, band: Band | None) -> None:
    """A range behind what is drawn, with its name."""
    if band is None:
        return
    figure.add_shape(
        type="rect",
        xref="x domain",
        yref=on(strip)["yaxis"],
        x0=0,
        x1=1,
        y0=band.low,
        y1=band.high,
        fillcolor=GRID,
        opacity=0.6,
        line={"width": 0},
        layer="below",
    )
    if strip == 0:
        figure.add_annotation(
            x=1,
            y=1,
            xref="x domain",
            yref="paper",
            text=escaped(f"shaded: {band.label}"),
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
            font={"color": FAINT, "size": 11},
        )


def _suffix(number: int) -> str:
    return "" if number == 0 else str(number + 1)
