"""A roofline: ceilings of the pipes and of each memory, and kernels under them.

A kernel stands at its FLOP a byte of device memory and its FLOP a second; predicted ones are
filled, measured ones hollow.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from accelsim.report.interactive.look import (
    Axis,
    axis_of,
    axis_or_none,
    cells_of,
    escaped,
    hover_lines,
    open_figure,
)
from accelsim.report.style import COLOURS, FAINT, INK

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SLOPES = ("green", "sky", "purple")
KINDS: Mapping[str, Mapping[str, Any]] = {
    "predicted": {"color": COLOURS["blue"], "symbol": "circle", "size": 8},
    "measured": {"color": INK, "symbol": "circle-open", "size": 9},
}


def roofline(
    frame: pd.DataFrame,
    ceilings: Mapping[str, float],
    bandwidths: Mapping[str, float],
    title: str = "",
) -> "Figure":
    """`frame` has a row a kernel: `name`, `intensity` in FLOP/B, `predicted` and perhaps `measured`
    in FLOP/s; `ceilings` in FLOP/s by name, `bandwidths` in B/s by memory.

    Raises StudyError for a column that is not there or holds no numbers.
    """
    from plotly.graph_objects import Scatter

    intensity = axis_of(frame, "intensity")
    across = Axis("FLOP per byte of device memory", intensity.values, "")
    top = max(ceilings.values())
    low = 0.5 * float(np.nanmin(across.values, initial=1.0))
    high = 2 * float(np.nanmax(across.values, initial=2 * top / min(bandwidths.values())))
    up = Axis("FLOP per second", np.array([low * min(bandwidths.values()), top]), "FLOP/s")
    figure = open_figure(title, across.layout(True), up.layout(True), meta={"log": ["x", "y"]})
    for number, (name, bandwidth) in enumerate(bandwidths.items()):
        ends = np.geomspace(low, max(top / bandwidth, low), 20)
        colour = COLOURS[SLOPES[number % len(SLOPES)]]
        line = {"color": colour, "width": 2}
        label = f"bandwidth of {escaped(name)}"
        figure.add_trace(Scatter(x=ends, y=ends * bandwidth, name=label, mode="lines", line=line))
    for name, ceiling in ceilings.items():
        figure.add_trace(
            Scatter(
                x=[low, high],
                y=[ceiling, ceiling],
                mode="lines+text",
                text=["", escaped(name)],
                textposition="top left",
                textfont={"color": FAINT},
                line={"color": FAINT, "width": 1},
                showlegend=False,
                hovertemplate=f"{hover_lines(('y', up))}<extra>{escaped(name)}</extra>",
            )
        )
    names = [escaped(str(name)) for name in cells_of(frame, "name").tolist()]
    for kind, marker in KINDS.items():
        speeds = axis_or_none(frame, kind) if kind in frame else None
        if speeds is None or np.isnan(speeds.values).all():
            continue
        figure.add_trace(
            Scatter(
                x=across.values,
                y=speeds.values,
                name=kind,
                mode="markers",
                marker=dict(marker),
                text=names,
                hovertemplate=f"%{{text}}<br>{hover_lines(('x', across), ('y', up))}"
                f"<extra>{kind}</extra>",
            )
        )
    return figure
