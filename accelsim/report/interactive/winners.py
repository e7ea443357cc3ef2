"""Maps of who has the least, as `report/winners.py` draws them: a colour for each who wins."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from accelsim.report.interactive.look import escaped
from accelsim.report.interactive.strips import on, open_strips
from accelsim.report.selection import Array, chosen_rows, direction, nothing_to_draw, values_of
from accelsim.report.spec import Names, Winners
from accelsim.report.style import COLOURS
from accelsim.report.winners import best_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

TIE = COLOURS["silver"]
CELL_PX = 34


def winners(spec: Winners, frame: pd.DataFrame, names: Names) -> "Figure":
    """A map for each panel; NoRowsError if the table has no rows for it."""
    from plotly.graph_objects import Heatmap, Scatter

    rows = chosen_rows(spec, frame, names)
    panels, series, across, up = (
        direction(spec, rows, each, names) for each in (spec.panels, spec.series, spec.x, spec.y)
    )
    values = values_of(spec, rows, spec.value, (panels, series, up, across))
    if np.isnan(values).all():
        raise nothing_to_draw(spec)
    figure = open_strips(
        panels.labels,
        {"type": "category", "title": {"text": escaped(spec.x_axis)}, "showgrid": False},
        {"type": "category", "showgrid": False},
        meta={"log": []},
    )
    figure.layout.height = 110 + CELL_PX * len(up) * len(panels)
    colours, looks = [*series.colours, TIE], [*series.labels, f"none by {spec.tie * 100:g} %"]
    won: set[int] = set()
    for strip, label in enumerate(panels.labels):
        best = best_of(values[strip], spec.tie)
        codes = np.where(best.series == -1, len(series), best.series).astype(float)
        codes[best.series == -2] = np.nan
        won |= {int(code) for code in np.unique(codes[~np.isnan(codes)])}
        trace = Heatmap(
            x=[escaped(each) for each in across.labels],
            y=[escaped(each) for each in up.labels],
            z=codes,
            zmin=-0.5,
            zmax=len(colours) - 0.5,
            colorscale=_even(colours),
            showscale=False,
            xgap=1,
            ygap=1,
            text=_times(best.times, codes),
            texttemplate="%{text}",
            customdata=_named(codes, looks),
            hovertemplate=f"{escaped(label)}; {escaped(spec.x_axis)} %{{x}}, "
            f"{escaped(spec.y_axis)} %{{y}}<br>%{{customdata}}; the next takes %{{text}} times as "
            "long<extra></extra>",
        )
        figure.add_trace(trace.update(on(strip)))
        figure.layout[f"yaxis{strip + 1 if strip else ''}"].title.text = (
            f"{escaped(spec.y_axis)}<br>{escaped(label)}" if label else escaped(spec.y_axis)
        )
    for code in sorted(won):
        marker = {"color": colours[code], "symbol": "square", "size": 12}
        figure.add_trace(
            Scatter(x=[None], y=[None], mode="markers", name=escaped(looks[code]), marker=marker)
        )
    return figure


def _even(colours: Sequence[str]) -> list[tuple[float, str]]:
    """A scale that has each colour over an equal length."""
    ends = [(n / len(colours), (n + 1) / len(colours)) for n in range(len(colours))]
    return [(end, colour) for pair, colour in zip(ends, colours, strict=True) for end in pair]


def _times(times: Array, codes: Array) -> list[list[str]]:
    return [
        ["" if np.isnan(code) or not np.isfinite(each) else f"{each:.2f}" for each, code in pair]
        for pair in (zip(*rows, strict=True) for rows in zip(times, codes, strict=True))
    ]


def _named(codes: Array, looks: Sequence[str]) -> list[list[str]]:
    return [["" if np.isnan(c) else escaped(looks[int(c)]) for c in row] for row in codes]
