"""What all interactive figures have in common: the look of `report/style.py`, in plotly's words.

A column becomes an axis: its numbers in the unit without a prefix (s, B, J; chips in mm²), which
stands in its title; ticks carry the prefix (`20m`), what is hovered over both (`20.3ms`). Of a
column that was varied the ticks are whole quantities (`50 GB/s`). A text that is a quantity
(`512 KiB`) is a number too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from accelsim.base.errors import InputError, StudyError, did_you_mean
from accelsim.base.units import format_bytes, format_count, format_quantity, quantity, suffix_of
from accelsim.report.interactive.ticks import round_numbers
from accelsim.report.style import (
    COLOURS,
    FAINT,
    FONT,
    GRID,
    INK,
    SCALED,
    prefixed,
    unit_label,
    with_prefix,
)
from accelsim.study.columns import unit_of_measure
from accelsim.study.spread import HOUSE_UNITS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Array = np.ndarray[Any, np.dtype[np.float64]]

TEXT_PX = 13
HEIGHT_PX = 420
# Yellow and silver are hardly seen as thin lines on white.
HUES = tuple(
    COLOURS[name] for name in ("blue", "orange", "green", "vermillion", "purple", "sky", "slate")
)
MARKERS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x", "pentagon")
DASHES = ("solid", "dash", "dot", "dashdot")
_QUANTITY = re.compile(r"[-+]?[\d.]+(?:e[-+]?\d+)? ?[A-Za-zµ%][A-Za-zµ^/\d]{0,15}|[\d.]+")
"""What a text must look like to be tried as one."""
SHOWN: Mapping[str, tuple[float, str]] = {"pJ": (1e-12, "J"), "um^2": (1e-6, "mm^2")}
"""Of a house unit, the one that it is shown in, and how many of these it is."""
WITHOUT_PREFIX = ("mm^2", "nm", "USD/h", "bit", "")
LARGE = 1_000_000
"""From here on a number without a unit has a prefix; a length that is short in powers of 1024 has
that one (`1M`), 50e9 is `50G`."""
MOST_TICKS = 10
WIDE = 4.0
FEW_DECADES = 2.5
"""Ticks that are listed; largest by least number from which on an axis is logarithmic;
decades below which it has ticks between them."""


@dataclass(frozen=True)
class Axis:
    """A column as numbers: [rows] of them in `unit`, NaN where there is none."""

    title: str
    values: Array
    unit: str

    @property
    def is_positive(self) -> bool:
        """Whether it can be logarithmic: all numbers are above 0."""
        return bool((self.values[~np.isnan(self.values)] > 0).all())

    @property
    def is_wide(self) -> bool:
        """Whether it is better seen by ratios: the largest is several times the least."""
        there = self.values[~np.isnan(self.values)]
        return self.is_positive and there.size > 0 and bool(there.max() >= WIDE * there.min())

    @property
    def suffix(self) -> str:
        """After a number that carries the prefix: `20m` and `s`, but `1,200` and ` mm²`."""
        space = " " if self.unit in WITHOUT_PREFIX else ""
        return f"{space}{unit_label(self.unit)}" if self.unit else ""

    @property
    def heading(self) -> str:
        """`latency (s)`: plotly leaves a suffix out of the small ticks of a logarithmic axis."""
        return f"{self.title} ({unit_label(self.unit)})" if self.unit else self.title

    @property
    def hover(self) -> str:
        """plotly's format of one number, four digits."""
        return ",.4~g" if self.unit in WITHOUT_PREFIX else ".4~s"

    def layout(self, is_log: bool) -> dict[str, Any]:
        """For `layout.xaxis` or `.yaxis`."""
        has_many = self.unit == "" and np.nanmax(np.abs(self.values), initial=0) >= 10_000
        ticks = "~s" if has_many or self.unit not in WITHOUT_PREFIX else ",~g"
        scale = {"type": "log", "dtick": _steps(self.values)} if is_log else {"type": "linear"}
        if not is_log and self.is_wide:
            scale["rangemode"] = "tozero"
        return {"title": {"text": self.heading}, "tickformat": ticks} | scale

    def listed(self, is_log: bool) -> dict[str, Any]:
        """The same, with ticks as they are written: at each of a few values, else at round
        quantities."""
        values = np.unique(self.values[~np.isnan(self.values)])
        if is_log and 1 < len(values) <= MOST_TICKS:
            return self._at(values.tolist(), is_log)
        return self.rounded(is_log) if self.unit in (*SCALED, "B") else self.layout(is_log)

    def rounded(self, is_log: bool) -> dict[str, Any]:
        """The same, with ticks at round quantities, of bytes in powers of 1024."""
        values = self.values[~np.isnan(self.values)]
        if not values.size or values.min() == values.max():
            return self.layout(is_log)
        base = 1024 if self.unit == "B" else 10
        places = round_numbers(float(values.min()), float(values.max()), base, is_log)
        return self._at(places, is_log) if len(places) > 1 else self.layout(is_log)

    def _at(self, places: Sequence[float], is_log: bool) -> dict[str, Any]:
        texts = [written(value, self.unit) for value in places]
        own = {"title": {"text": self.title}, "ticksuffix": self.suffix}
        return self.layout(is_log) | own | {"tickvals": list(places), "ticktext": texts}

    def scales(self) -> dict[str, dict[str, Any]]:
        """Both ways in which an axis is `listed`, for a button that changes between them."""
        return {"log": self.listed(True), "linear": self.listed(False)} if self.is_positive else {}


def axis_of(frame: pd.DataFrame, column: str) -> Axis:
    """A column of numbers or of quantities; a StudyError if it is neither."""
    found = axis_or_none(frame, column)
    if found is None:
        fact = f"the column {column!r} does not hold numbers"
        raise StudyError(fact, remedy="Name a column of numbers")
    return found


def axis_or_none(frame: pd.DataFrame, column: str) -> Axis | None:
    """None if the column holds anything that is neither a number nor a quantity of one kind."""
    cells = cells_of(frame, column)
    unit = unit_of_measure(column)
    if pd.api.types.is_bool_dtype(cells):
        return None
    if pd.api.types.is_numeric_dtype(cells):
        return _axis(column, cells.to_numpy(float, na_value=np.nan), unit)
    there = cells.dropna()
    if pd.api.types.infer_dtype(there) in ("integer", "floating", "mixed-integer-float"):
        return _axis(column, cells.to_numpy(float, na_value=np.nan), unit)
    distinct: dict[Any, float] = {}
    units: set[str] = set()
    for cell in there.unique():
        found = _number(cell, unit)
        if found is None:
            return None
        distinct[cell] = found[0]
        units.add(found[1])
    if len(units) != 1:
        return None
    return _axis(column, cells.map(distinct).to_numpy(float), units.pop())


def cells_of(frame: pd.DataFrame, column: str) -> "pd.Series[Any]":
    if column not in frame:
        near = did_you_mean(column, frame.columns) or f"It has {', '.join(frame.columns)}"
        raise StudyError(f"the table has no column {column!r}", remedy=near)
    return frame[column]


def title_of(column: str) -> str:
    """`latency` of latency_s, `traffic, DRAM` of traffic_bytes.DRAM, `GlobalBuffer.capacity` of
    what a sweep varied at arch.memories.GlobalBuffer.capacity, or a question of what if at
    memories.GlobalBuffer.capacity_bytes."""
    head, dot, part = column.partition(".")
    if head in ("arch", "workload") or (suffix_of(column) and not suffix_of(head)):
        return ".".join(column.removesuffix(suffix_of(column)).split(".")[-2:])
    name = head.removesuffix(suffix_of(head)).replace("_", " ")
    return f"{name}, {part}" if dot else name


def written(value: Any, unit: str) -> str:
    """A value as a person writes it: `512 KiB`, `4K`, `flat`."""
    if isinstance(value, float) and value.is_integer() and not unit:
        value = int(value)
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if unit == "mm^2" and is_number:
        return f"{value:,.4g} mm²"
    if unit == "B" and is_number:
        return format_bytes(value)
    if unit in SCALED and is_number:
        return with_prefix(value, unit)
    if unit and is_number:
        return unit_label(format_quantity(value, unit))
    if is_number and abs(value) >= LARGE:
        count = format_count(value)
        return count if len(count) <= 5 else prefixed(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"
    return format_count(value)


def labels_of(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Of each row, what it is called by some columns: `flat, 4K`; "" by none."""
    parts = [_texts(frame, column) for column in columns]
    return [", ".join(each) for each in zip(*parts, strict=True)] if parts else [""] * len(frame)


def open_figure(title: str, x: dict[str, Any], y: dict[str, Any], **layout: Any) -> "Figure":
    """An empty figure in the house's look."""
    from plotly.graph_objects import Figure

    lines = {"gridcolor": GRID, "linecolor": INK, "zeroline": False, "automargin": True}
    font = {"family": f"{FONT}, Verdana, sans-serif", "size": TEXT_PX, "color": INK}
    legend = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
    heading = {"text": escaped(title), "font": {"size": TEXT_PX + 2}, "x": 0, "xref": "paper"}
    whole = {
        "template": "none",
        "title": heading | {"y": 0.97, "yref": "container", "yanchor": "top"},
        "font": font,
        "colorway": list(HUES),
        "height": HEIGHT_PX,
        "margin": {"l": 60, "r": 16, "t": 40 if title else 14, "b": 50},
        "legend": legend | {"maxheight": 0.3},
        "hovermode": "closest",
        "hoverlabel": {"font": {"family": font["family"], "size": TEXT_PX - 1}},
        "xaxis": lines | x,
        "yaxis": lines | y | {"showline": False, "tickfont": {"color": FAINT}},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
    }
    return Figure(layout=whole | layout)


def marked(number: int, **line: Any) -> dict[str, Any]:
    """Colour, marker and line style of a series, each of its own, so that it is found without its
    colour too."""
    colour = HUES[number % len(HUES)]
    dash = DASHES[(number // len(HUES)) % len(DASHES)]
    symbol = MARKERS[number % len(MARKERS)]
    return {
        "marker": {"color": colour, "symbol": symbol, "size": 7},
        "line": {"color": colour, "dash": dash, "width": 2, **line},
    }


def hover_lines(*axes: tuple[str, Axis]) -> str:
    """`latency: 20.3 ms` for each of plotly's variables `x`, `y`, `z`."""
    return "<br>".join(
        f"{escaped(axis.title)}: %{{{name}:{axis.hover}}}{axis.suffix}" for name, axis in axes
    )


def legend_of(columns: Sequence[str]) -> dict[str, Any]:
    """For `layout.legend`: what the names in it are values of."""
    return {"title": {"text": escaped(", ".join(title_of(column) for column in columns))}}


def escaped(text: str) -> str:
    """plotly reads some HTML in its texts; a name is written as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _axis(column: str, values: Array, unit: str) -> Axis:
    factor, shown = SHOWN.get(unit, (1.0, unit))
    cycles = f"{title_of(column)} (cycles)" if shown == "cycle" and column != "cycles" else ""
    shown = "" if shown in ("cycle", "1") else shown
    return Axis(escaped(cycles or title_of(column)), values * factor, shown)


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    axis = axis_or_none(frame, column)
    if axis is None:
        return [escaped(format_count(cell)) for cell in cells_of(frame, column).tolist()]
    shown = {value: written(value, axis.unit) for value in np.unique(axis.values).tolist()}
    return [shown.get(value, "none") for value in axis.values.tolist()]


def _steps(values: Array) -> Any:
    """A tick each decade, or at 1, 2 and 5 of each where there are few."""
    there = values[~np.isnan(values)]
    decades = np.log10(there.max() / there.min()) if there.size else 0
    return "D2" if decades < FEW_DECADES else max(1, round(decades / 8))


@lru_cache(maxsize=65536)
def _number(cell: Any, unit: str) -> tuple[float, str] | None:
    """A text that is a quantity, as a number of its house unit."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell), unit
    if not isinstance(cell, str) or not _QUANTITY.fullmatch(cell):
        return None
    for house_unit in HOUSE_UNITS:
        try:
            return float(quantity(cell, house_unit)), house_unit
        except InputError:
            continue
    return None
