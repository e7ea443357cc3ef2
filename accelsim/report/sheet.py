"""A figure's frame: title, headline, legend and caption around a body of axes.

Everything is placed in points from measured text, top to bottom, so that nothing overlaps and no
layout has to be solved:

    title, headline, legend        as many lines as they need
    body                           axes, placed by the kind of figure
    caption and source             as many lines as they need
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib import style as matplotlib_style
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Affine2D

from accelsim.report.spec import Band
from accelsim.report.style import (
    FAINT,
    FONT,
    INK,
    LINE_PT,
    RC_PARAMS,
    TEXT_PT,
    TITLE_PT,
    WIDTH_PT,
    tick_label,
    with_prefix,
)

BAND = "#d9e6f2"
Array = np.ndarray[Any, np.dtype[np.float64]]

MARGIN_PT = 4.0
GAP_PT = 4.0
SWATCH_PT = 7.0


@dataclass(frozen=True)
class Key:
    """An entry of the legend: a filled box, or with `line` or `marker` a line or a marker."""

    label: str
    colour: str
    line: bool = False
    marker: str = ""


@dataclass(frozen=True)
class Sheet:
    """A figure with its frame drawn; (0, 0) of the body is its lower left corner."""

    figure: Figure
    bottom_pt: float
    body_pt: float

    def axes(self, left_pt: float, bottom_pt: float, width_pt: float, height_pt: float) -> Axes:
        whole_pt = self.figure.get_figheight() * 72
        return self.figure.add_axes(
            (
                left_pt / WIDTH_PT,
                (self.bottom_pt + bottom_pt) / whole_pt,
                width_pt / WIDTH_PT,
                height_pt / whole_pt,
            )
        )


def house_style() -> AbstractContextManager[None]:
    """The style while a figure is drawn and saved, whatever the user's matplotlibrc says."""
    return matplotlib_style.context(["default", dict(RC_PARAMS)])


def open_sheet(
    title: str, body_pt: float, *, headline: str = "", keys: Sequence[Key] = (), caption: str = ""
) -> Sheet:
    """A figure with room for a body of this height."""
    line_pt = WIDTH_PT - 2 * MARGIN_PT
    titles = wrapped(title, line_pt, TITLE_PT, "bold")
    above, below, rows = wrapped(headline, line_pt), wrapped(caption, line_pt), _legend_rows(keys)
    head_pt = (TITLE_PT + 2.5) * len(titles) + (LINE_PT + 1) * (len(above) + len(rows))
    foot_pt = LINE_PT * len(below) + GAP_PT * bool(below)
    height_pt = 2 * MARGIN_PT + head_pt + GAP_PT + body_pt + foot_pt
    figure = Figure(figsize=(WIDTH_PT / 72, height_pt / 72))
    top_pt = _write(figure, titles, height_pt - MARGIN_PT, TITLE_PT + 2.5, weight="bold")
    top_pt = _write(figure, above, top_pt, LINE_PT + 1)
    for row in rows:
        _draw_legend_row(figure, row, top_pt)
        top_pt -= LINE_PT + 1
    _write(figure, below, foot_pt + MARGIN_PT - GAP_PT * bool(below), LINE_PT, colour=FAINT)
    return Sheet(figure, foot_pt + MARGIN_PT, body_pt)


def write_title(figure: Figure, title: str, beside_pt: float = 0.0) -> None:
    """A title over a figure that lays itself out, in as many lines as it needs, with so much room
    to its right for what stands there."""
    room_pt = figure.get_figwidth() * 72 - 2 * MARGIN_PT - beside_pt
    lines = wrapped(title, room_pt, TITLE_PT, "bold")
    figure.suptitle("\n".join(lines), size=TITLE_PT, weight="bold", x=0.01, ha="left")


def write_below(figure: Figure, caption: str) -> None:
    """A caption under a figure that lays itself out; nothing if there is none."""
    line_pt = figure.get_figwidth() * 72 - 2 * MARGIN_PT
    if caption:
        below = "\n".join(wrapped(caption, line_pt))
        figure.supxlabel(below, size=TEXT_PT, color=FAINT, x=0.01, ha="left")


def mark_logarithmic(axis: Axis, unit: str = "") -> None:
    """Ticks of a logarithmic axis whose limits are set: decades, between few of them 2 and 5 too
    (of quantities side by side 3 alone, for they are wide), and within one evenly; all as numbers
    or quantities, for text here is never mathematics."""
    between = (3,) if unit and isinstance(axis, XAxis) else (2, 5)
    low, high = sorted(axis.get_view_interval())
    if high / low < 4:
        axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    else:
        axis.set_major_locator(LogLocator(subs=(1, *between) if high / low < 100 else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _on_tick(float(f"{value:.6g}"), unit)))
    axis.set_minor_formatter(NullFormatter())


def _on_tick(value: float, unit: str) -> str:
    return with_prefix(value, unit) if unit else tick_label(value)


def band_keys(band: Band | None) -> list[Key]:
    """What the legend says of a band."""
    return [] if band is None else [Key(band.label, BAND)]


def draw_band(axes: Axes, band: Band | None) -> None:
    """Behind everything else."""
    if band is not None:
        axes.axhspan(band.low, band.high, facecolor=BAND, linewidth=0, zorder=0)


def add_boxes(axes: Axes, boxes: Array, colour: str, label: str) -> None:
    """Boxes (left, bottom, right, top), a row each, as one artist; rows with a NaN are left out.

    One artist is drawn several times faster than as many rectangles.
    """
    left, bottom, right, top = boxes[~np.isnan(boxes).any(axis=1)].T
    corners = [(left, bottom), (left, top), (right, top), (right, bottom)]
    outlines = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    artist = PolyCollection(list(outlines), facecolors=colour, linewidths=0, label=label)
    artist.set_snap(True)
    axes.add_collection(artist, autolim=False)


@lru_cache(maxsize=4096)
def width_pt(text: str, size_pt: float = TEXT_PT, weight: str = "normal") -> float:
    """How wide a line of text is, in points."""
    font = FontProperties(family=[FONT], size=size_pt, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def wrapped(
    text: str, line_pt: float, size_pt: float = TEXT_PT, weight: str = "normal"
) -> list[str]:
    """The text in lines no wider than `line_pt`; a word that is wider has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_pt(longer, size_pt, weight) <= line_pt:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _write(
    figure: Figure,
    lines: Sequence[str],
    top_pt: float,
    pitch_pt: float,
    *,
    colour: str = INK,
    weight: str = "normal",
) -> float:
    """Writes lines downwards from `top_pt`; says where the last one ends."""
    size_pt = TITLE_PT if weight == "bold" else TEXT_PT
    whole_pt = figure.get_figheight() * 72
    for line in lines:
        place = (MARGIN_PT / WIDTH_PT, (top_pt - 0.8 * pitch_pt) / whole_pt)
        figure.text(*place, line, size=size_pt, color=colour, weight=weight)
        top_pt -= pitch_pt
    return top_pt


# --- legend ---------------------------------------------------------------------------------------


def _entry_pt(key: Key) -> float:
    return SWATCH_PT + 3 + width_pt(key.label) + 8


def _legend_rows(keys: Sequence[Key]) -> list[list[Key]]:
    """The entries in as few rows as they need, evenly filled."""
    line_pt = WIDTH_PT - 2 * MARGIN_PT
    for count in range(1, len(keys) + 1):
        size = -(-len(keys) // count)
        rows = [list(keys[i : i + size]) for i in range(0, len(keys), size)]
        if all(sum(map(_entry_pt, row)) <= line_pt for row in rows):
            return rows
    return [[key] for key in keys]


def _draw_legend_row(figure: Figure, row: Sequence[Key], top_pt: float) -> None:
    whole_pt = figure.get_figheight() * 72
    middle_pt, x_pt = top_pt - 0.55 * LINE_PT, MARGIN_PT
    for key in row:
        _draw_swatch(figure, key, x_pt, middle_pt)
        place = ((x_pt + SWATCH_PT + 3) / WIDTH_PT, (middle_pt - 0.36 * TEXT_PT) / whole_pt)
        figure.text(*place, key.label)
        x_pt += _entry_pt(key)


def _draw_swatch(figure: Figure, key: Key, x_pt: float, middle_pt: float) -> None:
    points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans
    if key.line or key.marker:
        ends = [x_pt, x_pt + SWATCH_PT] if key.line else [x_pt + SWATCH_PT / 2]
        figure.add_artist(
            Line2D(ends, [middle_pt] * len(ends), color=key.colour, marker=key.marker or "None",
                   linewidth=1.0, transform=points)
        )  # fmt: skip
        return
    corner = (x_pt, middle_pt - SWATCH_PT / 2 + 0.5)
    box = Rectangle(corner, SWATCH_PT, SWATCH_PT - 1, color=key.colour, linewidth=0)
    box.set_transform(points)
    figure.add_artist(box)


def name_upwards(axes: Axes, label: str, left_pt: float, height: float = 0.5) -> None:
    """Up the left edge of the sheet, at the same place beside every strip."""
    axes.annotate(
        label,
        (0, height),
        (MARGIN_PT + 0.5 * TEXT_PT - left_pt, 0),
        xycoords="axes fraction",
        textcoords="offset points",
        rotation=90,
        ha="center",
        va="center",
        weight="bold",
    )
