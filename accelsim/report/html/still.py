"""An interactive figure drawn for print, as SVG: the same traces, ticks and colours by matplotlib.

It knows what `report/interactive` makes: scatter, bar, heatmap, contour.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis as DrawnAxis
from matplotlib.axis import XAxis
from matplotlib.figure import Figure as Drawn
from matplotlib.ticker import FixedLocator, Formatter, FuncFormatter, NullLocator

from accelsim.report.sheet import house_style
from accelsim.report.style import GRID, prefixed, tick_label

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SIZE_IN = (7.0, 3.3)
MOST_VECTORS = 1500
"""Points of a trace that are drawn as vectors."""
DOTS = 200
SYMBOLS: Mapping[str, str] = {
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "diamond": "D",
    "triangle-down": "v",
    "cross": "P",
    "x": "X",
    "pentagon": "p",
    "circle-open": "o",
}
LINES: Mapping[str, str] = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
HATCHES: Mapping[str, str] = {"": "", "/": "///", "\\": "\\\\\\", "x": "xxx", ".": "..."}
FEWEST_DIGITS, MOST_DIGITS = 3, 8
"""Of a tick, where three would make two of them the same."""
BAR = 0.8
WIDEST = 80
"""Letters of all names of an axis that stand side by side."""


def svg(figure: "Figure") -> bytes:
    """SVG without a date, so that the same figure gives the same bytes."""
    with house_style():
        drawn = Drawn(figsize=SIZE_IN, layout="constrained")
        axes = drawn.subplots()
        kinds = {trace.type for trace in figure.data}
        if "bar" in kinds:
            _draw_bars(axes, figure)
        for trace in figure.data:
            if trace.type in _DRAW:
                _DRAW[trace.type](axes, trace)
        for axis, layout in ((axes.xaxis, figure.layout.xaxis), (axes.yaxis, figure.layout.yaxis)):
            if layout.type != "category":
                _set_scale(axis, layout)
        axes.set(xlabel=_plain(figure.layout.xaxis.title.text or ""))
        axes.set(ylabel=_plain(figure.layout.yaxis.title.text or ""))
        if "heatmap" not in kinds:
            axes.grid(True, color=GRID)
        _add_legend(drawn, axes, _plain(figure.layout.legend.title.text or ""))
        return svg_of(drawn)


def svg_of(drawn: Drawn) -> bytes:
    """A figure of matplotlib's, the same bytes each time."""
    content = BytesIO()
    options: Any = {"metadata": {"Date": None, "Creator": None}, "dpi": DOTS}
    with house_style():
        drawn.savefig(content, format="svg", **options)
    return content.getvalue()


# --- traces ---------------------------------------------------------------------------------------


def _draw_scatter(axes: Axes, trace: Any) -> None:
    xs, ys = _array(trace.x), _array(trace.y)
    mode, marker, line = trace.mode or "lines", trace.marker, trace.line
    colour = marker.color or line.color
    is_open = str(marker.symbol or "").endswith("-open")
    axes.plot(
        xs,
        ys,
        color=colour,
        marker=SYMBOLS.get(marker.symbol or "circle", "o") if "markers" in mode else "",
        markersize=(marker.size or 6) / 2.2,
        markerfacecolor="none" if is_open else colour,
        markeredgewidth=0.8 if is_open else 0,
        alpha=marker.opacity,
        linestyle=LINES.get(line.dash or "solid", "-") if "lines" in mode else "",
        linewidth=(line.width or 2) / 1.8,
        drawstyle="steps-post" if line.shape == "hv" else "default",
        label=_plain(trace.name or "") if trace.showlegend is not False and trace.name else None,
        rasterized=len(xs) > MOST_VECTORS,
    )
    for x, y, text in zip(xs, ys, trace.text if "text" in mode else (), strict=False):
        axes.annotate(_plain(text), (x, y), ha="right", va="bottom", color=trace.textfont.color)


def _draw_bars(axes: Axes, figure: "Figure") -> None:
    names = list(figure.layout.xaxis.categoryarray)
    traces = [trace for trace in figure.data if trace.type == "bar"]
    is_stack = figure.layout.barmode == "stack"
    wide = BAR if is_stack else BAR / len(traces)
    floor = np.zeros(len(names))
    for number, trace in enumerate(traces):
        heights = np.nan_to_num(_array(trace.y))
        shift = 0.0 if is_stack else (number - (len(traces) - 1) / 2) * wide
        axes.bar(
            np.arange(len(names)) + shift,
            heights,
            wide,
            bottom=floor if is_stack else None,
            color=trace.marker.color,
            hatch=HATCHES[trace.marker.pattern.shape or ""],
            edgecolor="white",
            linewidth=0.3,
            label=_plain(trace.name or ""),
        )
        floor += heights
    _name_cells(axes.xaxis, names)


def _draw_heatmap(axes: Axes, trace: Any) -> None:
    cells = np.asarray(trace.z, dtype=float)
    is_ground = trace.showscale is False
    colours: Any = "cividis"
    if is_ground:
        from matplotlib.colors import ListedColormap

        colours = ListedColormap([colour for _, colour in trace.colorscale][::2])
    named = [_is_names(side) for side in (trace.x, trace.y)]
    xs, ys = (
        np.arange(len(side)) if is_name else _array(side)
        for side, is_name in zip((trace.x, trace.y), named, strict=True)
    )
    drawn = axes.pcolormesh(
        xs, ys, cells, cmap=colours, shading="nearest", alpha=trace.opacity, rasterized=True,
        vmin=trace.zmin, vmax=trace.zmax,
    )  # fmt: skip
    if named[0]:
        _name_cells(axes.xaxis, trace.x)
    if named[1]:
        _name_cells(axes.yaxis, trace.y)
    if not is_ground:
        _add_bar(axes, drawn, trace.colorbar)
    for (row, column), value in np.ndenumerate(cells):
        if trace.texttemplate and np.isfinite(value):
            light = value > (np.nanmax(cells) + np.nanmin(cells)) / 2
            axes.text(
                float(xs[column]),
                float(ys[row]),
                trace.text[row][column],
                ha="center",
                va="center",
                color="black" if light else "white",
            )


def _draw_contour(axes: Axes, trace: Any) -> None:
    xs, ys, cells = _array(trace.x), _array(trace.y), np.asarray(trace.z, dtype=float)
    draw = axes.contour if trace.contours.coloring == "lines" else axes.contourf
    _add_bar(axes, draw(xs, ys, cells, levels=trace.ncontours, cmap="cividis"), trace.colorbar)


_DRAW: Mapping[str, Callable[[Axes, Any], None]] = {
    "scatter": _draw_scatter,
    "heatmap": _draw_heatmap,
    "contour": _draw_contour,
}


# --- axes -----------------------------------------------------------------------------------------


def _set_scale(axis: DrawnAxis, layout: Any) -> None:
    if layout.type == "log":
        axis._set_axes_scale("log")  # type: ignore[attr-defined]
    if layout.tickvals is not None:
        axis.set_major_locator(FixedLocator(list(layout.tickvals)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(_listed(layout.tickvals, layout.ticktext)))
        return
    axis.set_major_formatter(_Ticks(layout))
    axis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


class _Ticks(Formatter):
    """Numbers as the layout has them, with so many digits that no two ticks read the same."""

    def __init__(self, layout: Any) -> None:
        self._suffix = layout.ticksuffix or ""
        self._has_prefix = "s" in (layout.tickformat or "")

    def __call__(self, value: float, pos: int | None = None) -> str:
        return self._text(value, FEWEST_DIGITS)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        texts: list[str] = []
        for digits in range(FEWEST_DIGITS, MOST_DIGITS + 1):
            texts = [self._text(value, digits) for value in values]
            if len(set(texts)) == len(texts):
                break
        return texts

    def _text(self, value: float, digits: int) -> str:
        number = prefixed(value, digits) if self._has_prefix else tick_label(value)
        return f"{number}{self._suffix}"


def _listed(values: Sequence[float], texts: Sequence[str]) -> Callable[[float, int | None], str]:
    by_value = dict(zip((float(value) for value in values), texts, strict=True))
    return lambda value, _: _plain(by_value.get(float(value), ""))


def _name_cells(axis: DrawnAxis, names: Sequence[Any]) -> None:
    axis.set_ticks(np.arange(len(names)), [_plain(str(name)) for name in names])
    if isinstance(axis, XAxis) and sum(len(str(name)) for name in names) > WIDEST:
        axis.set_tick_params(rotation=90)


def _add_bar(axes: Axes, drawn: Any, layout: Any) -> None:
    bar = axes.figure.colorbar(drawn, ax=axes, pad=0.01)
    bar.set_label(_plain(layout.title.text or ""))
    if layout.tickvals is not None:
        bar.set_ticks(list(layout.tickvals), labels=[_plain(text) for text in layout.ticktext])
        return
    bar.formatter = _Ticks(layout)
    bar.update_ticks()


def _add_legend(drawn: Drawn, axes: Axes, title: str) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1:
        longest = max(map(len, labels))
        columns = max(1, min(len(labels), 100 // (longest + 6)))
        place: dict[str, Any] = {"loc": "outside lower center", "ncols": columns}
        drawn.legend(handles, labels, title=title or None, frameon=False, **place)


def _array(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _is_names(values: Sequence[Any]) -> bool:
    return len(values) > 0 and isinstance(values[0], str)


def _plain(text: str) -> str:
    """plotly's texts are HTML; here a name is a name."""
    return html.unescape(text)
