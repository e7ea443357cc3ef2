"""The figures that a study declares, to move about in: the numbers of `report/bars.py`,
`breakdown.py`, `lines.py`, `pareto.py` and `winners.py`, in the same colours and by the same names.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from accelsim.base.pareto import unbeaten
from accelsim.base.units import format_count
from accelsim.report.interactive.look import DASHES, MARKERS, escaped, open_figure
from accelsim.report.interactive.strips import add_band, add_line, on, open_strips
from accelsim.report.interactive.ticks import round_numbers
from accelsim.report.interactive.winners import winners
from accelsim.report.measure import measure
from accelsim.report.selection import (
    Array,
    chosen_rows,
    column_of,
    direction,
    filled,
    mean,
    nothing_to_draw,
    sums_of,
    values_of,
)
from accelsim.report.spec import (
    AnySpec,
    Bars,
    Breakdown,
    FigureSpec,
    Lines,
    Names,
    Pareto,
    Winners,
    shown_per_unit,
    shown_unit,
)
from accelsim.report.style import tick_label, unit_label

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


FEWEST_TICKS = 3


def declared(spec: AnySpec, frame: pd.DataFrame, names: Names) -> "Figure":
    """One figure of a study; NoRowsError if the table has no rows for it."""
    return _DRAW[type(spec)](spec, frame, names)


def caption_of(spec: AnySpec, frame: pd.DataFrame, names: Names) -> str:
    """Its title, what is to be known of it, and after whom it is drawn."""
    rows = chosen_rows(spec, frame, names)
    title = spec.title
    if isinstance(spec, Bars):
        shown = measure(spec, frame, names)
        baseline = "" if shown.baseline is None else shown.series.labels[shown.baseline]
        title = title.replace("{baseline}", baseline)
    said = f"{title}. {spec.caption} {spec.source}"
    return " ".join(filled(spec, said, rows, names).split())


def _bars(spec: Bars, frame: pd.DataFrame, names: Names) -> "Figure":
    from plotly.graph_objects import Bar

    shown = measure(spec, frame, names)
    groups, values = [escaped(label) for label in shown.groups.labels], shown.values
    if len(groups) > 1:
        groups.append("mean")
        values = np.concatenate([values, mean(values, axis=1)[:, None]], axis=1)
    figure = open_strips(
        shown.panels.labels,
        {"type": "category", "title": {"text": escaped(spec.axis)}, "showgrid": False},
        {"ticksuffix": _after(shown.unit), "rangemode": "tozero"},
        barmode="group",
        meta={"log": ["y"] if (values[~np.isnan(values)] > 0).all() else []},
    )
    for strip, label in enumerate(shown.panels.labels):
        add_band(figure, strip, spec.band)
        if shown.baseline is not None:
            add_line(figure, strip, 1.0)
        for series in shown.bars:
            name = escaped(shown.series.labels[series])
            trace = Bar(
                x=groups,
                y=values[strip, :, series],
                name=name,
                legendgroup=name,
                showlegend=strip == 0,
                marker={"color": shown.series.colours[series]},
                hovertemplate=f"{escaped(label)} %{{x}}: %{{y:.4~g}}{_after(shown.unit)}"
                f"<extra>{name}</extra>",
            )
            figure.add_trace(trace.update(on(strip)))
    return figure


def _lines(spec: Lines, frame: pd.DataFrame, names: Names) -> "Figure":
    from plotly.graph_objects import Scatter

    rows = chosen_rows(spec, frame, names)
    panels, series = (direction(spec, rows, each, names) for each in (spec.panels, spec.series))
    places = direction(spec, rows, spec.x, {})
    unit = "" if spec.unit == "×" else spec.unit
    every = [
        values_of(spec, rows, column, (panels, series, places)) / shown_per_unit(column, unit)
        for column in (spec.value, *([spec.beside] if spec.beside else []))
    ]
    if np.isnan(every[0]).all():
        raise nothing_to_draw(spec)
    x = np.array([float(value) for value in places.places])
    after = _after(spec.unit or shown_unit(spec.value, spec.unit))
    ticks = {"tickvals": x.tolist(), "ticktext": list(places.labels)} if len(x) <= 12 else {}
    kinds = [{"type": "log" if side in spec.log else "linear"} for side in ("x", "y")]
    log = [s for s, each in (("x", x), ("y", every[0])) if np.nanmin(each) > 0]
    figure = open_strips(
        panels.labels,
        {"title": {"text": escaped(spec.axis)}} | ticks | kinds[0],
        {"ticksuffix": after} | kinds[1] | _round_ticks(np.stack(every), after, "y" in spec.log),
        meta={"log": log},
    )
    for strip, label in enumerate(panels.labels):
        add_band(figure, strip, spec.band)
        if spec.line_at is not None:
            add_line(figure, strip, spec.line_at)
        for place, colour in enumerate(series.colours):
            name, rank = escaped(series.labels[place]), series.ranks[place]
            for number, values in enumerate(every):
                trace = Scatter(
                    x=x,
                    y=values[strip, place],
                    name=name,
                    legendgroup=name,
                    showlegend=strip == 0 and number == 0,
                    mode="lines+markers" if number == 0 else "lines",
                    marker={"color": colour, "symbol": MARKERS[rank % len(MARKERS)], "size": 7},
                    line={"color": colour, "width": 2 - number, "dash": DASHES[number]},
                    customdata=[format_count(value) for value in places.places],
                    hovertemplate=f"{escaped(label)} %{{customdata}}: %{{y:.4~g}}{after}"
                    f"<extra>{name}{f', {escaped(str(spec.beside))}' if number else ''}</extra>",
                )
                figure.add_trace(trace.update(on(strip)))
    return figure


def _round_ticks(values: Array, after: str, is_log: bool) -> dict[str, Any]:
    """plotly's own ticks between two powers of ten are many, and small."""
    if not is_log or np.nanmin(values) == np.nanmax(values):
        return {}
    places = round_numbers(float(np.nanmin(values)), float(np.nanmax(values)), 10, True)
    if len(places) < FEWEST_TICKS:
        return {}
    return {"tickvals": places, "ticktext": [f"{tick_label(each)}{after}" for each in places]}


def _breakdown(spec: Breakdown, frame: pd.DataFrame, names: Names) -> "Figure":
    from plotly.graph_objects import Bar

    rows = chosen_rows(spec, frame, names)
    groups, bars, parts = (
        direction(spec, rows, each, names) for each in (spec.groups, spec.bars, spec.parts)
    )
    values = sums_of(spec, rows, spec.value, (groups, bars, parts))
    values /= shown_per_unit(spec.value, spec.unit)
    unit = shown_unit(spec.value, spec.unit)
    across: dict[str, Any] = {
        "title": {"text": escaped(spec.axis)},
        "ticksuffix": _after(unit),
        "rangemode": "tozero",
    }
    figure = open_figure(
        "",
        across | ({"range": [0, spec.full]} if spec.full else {}),
        {"type": "multicategory", "autorange": "reversed"},
        barmode="stack",
        meta={"log": []},
        height=max(400, 110 + 24 * len(groups) * len(bars)),
    )
    sides = [
        [escaped(group) for group in groups.labels for _ in bars.labels],
        [escaped(bar) for _ in groups.labels for bar in bars.labels],
    ]
    for part, (label, colour) in enumerate(zip(parts.labels, parts.colours, strict=True)):
        figure.add_trace(
            Bar(
                x=values[..., part].ravel(),
                y=sides,
                orientation="h",
                name=escaped(label),
                marker={"color": colour},
                hovertemplate=f"%{{y}}: %{{x:.4~g}}{_after(unit)}<extra>{escaped(label)}</extra>",
            )
        )
    return figure


def _pareto(spec: Pareto, frame: pd.DataFrame, names: Names) -> "Figure":
    from plotly.graph_objects import Scatter

    rows = chosen_rows(spec, frame, names)
    series = direction(spec, rows, spec.series, names)
    x, y = (
        column_of(spec, rows, axis.column).to_numpy(float) / shown_per_unit(axis.column, axis.unit)
        for axis in (spec.x, spec.y)
    )
    place_of = np.array([series.places[value] for value in rows[series.column]])
    called = np.array(_called(spec, rows), dtype=object)
    layouts = [
        {"type": "log", "title": {"text": escaped(f"{axis.label} ({unit_label(unit)})")}}
        for axis in (spec.x, spec.y)
        for unit in [shown_unit(axis.column, axis.unit)]
    ]
    figure = open_figure("", *layouts, meta={"log": ["x", "y"]})
    for place, (label, colour) in enumerate(zip(series.labels, series.colours, strict=True)):
        own = np.flatnonzero((place_of == place) & (x > 0) & (y > 0))
        own = own[np.argsort(x[own], kind="stable")]
        best = unbeaten(np.stack([x[own], y[own]], axis=1))
        symbol = MARKERS[series.ranks[place] % len(MARKERS)]
        shape = "hv" if spec.join == "steps" else "linear"
        for some, mode, mark in (
            (best, "lines+markers", symbol),
            (~best, "markers", "circle-open"),
        ):
            figure.add_trace(
                Scatter(
                    x=x[own[some]],
                    y=y[own[some]],
                    name=escaped(label),
                    legendgroup=escaped(label),
                    showlegend=mode != "markers",
                    mode=mode,
                    marker={"color": colour, "symbol": mark, "size": 7},
                    line={"color": colour, "width": 2, "shape": shape},
                    text=called[own[some]],
                    hovertemplate=f"%{{text}}<br>{escaped(spec.x.label)} %{{x:.4~g}}, "
                    f"{escaped(spec.y.label)} %{{y:.4~g}}<extra>{escaped(label)}</extra>",
                )
            )
    return figure


def _called(spec: Pareto, rows: pd.DataFrame) -> Sequence[str]:
    if spec.points is None:
        return [""] * len(rows)
    column = column_of(spec, rows, spec.points).tolist()
    return [escaped(spec.point_label.replace("{}", format_count(value))) for value in column]


def _after(unit: str) -> str:
    """A unit after a number on a tick."""
    return unit_label(unit) if unit in ("", "×") else f" {unit_label(unit)}"


_DRAW: Mapping[type[FigureSpec], Callable[[Any, pd.DataFrame, Names], "Figure"]] = {
    Bars: _bars,
    Breakdown: _breakdown,
    Lines: _lines,
    Pareto: _pareto,
    Winners: winners,
}
