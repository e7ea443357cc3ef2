"""Which parameters results hang on: a strip a measure, a bar a parameter, the largest first.

A bar is an elasticity: to the right the result grows with the parameter, to the left it falls. Of a
kink both sides are drawn, the one below the parameter's value above the one beyond it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from accelsim.base.errors import StudyError
from accelsim.base.units import format_quantity, suffix_of
from accelsim.report.plots.columns import caption_of, shortened
from accelsim.report.sheet import MARGIN_PT, Key, add_boxes, house_style, open_sheet, width_pt
from accelsim.report.style import COLOURS, FAINT, INK, LINE_PT, WIDTH_PT

ROW_PT = 11.0
THICKNESS = 0.74
HEAD_PT = LINE_PT + 3
FOOT_PT = 2 * LINE_PT + 4
MOST = 10
NEGLIGIBLE = 5e-4
HEADS = ("ranks.", "memories.", "compute.", "operations.")
WIDEST_NAME_PT = 84.0
SIDES = {"left": ("a smaller value", "orange"), "right": ("a larger value", "blue")}


def draw_tornado(
    frame: pd.DataFrame, *, most: int = MOST, title: str = "", caption: str = ""
) -> Figure:
    """`frame` has parameter, measure, left and right; at most `most` parameters a measure."""
    strips = {
        str(measure): _told(own, most) for measure, own in frame.groupby("measure", sort=False)
    }
    strips = {measure: own for measure, own in strips.items() if len(own)}
    if not strips:
        raise StudyError("no parameter changes any measure of the table")
    of = f": {frame['of'].iloc[0]}" if "of" in frame else ""
    told = "Elasticity: by how many percent the result changes where the parameter changes by one."
    with house_style():
        return _drawn(
            strips,
            title or f"What it hangs on{of}",
            caption_of(frame, " ".join(filter(None, (told, caption)))),
        )


def _told(own: pd.DataFrame, most: int) -> pd.DataFrame:
    """The parameters that change most, most first."""
    largest = own[["left", "right"]].astype(float).abs().max(axis=1)
    order = largest[largest > NEGLIGIBLE].sort_values(ascending=False, kind="stable")
    return own.loc[order.index[:most]]


def _drawn(strips: dict[str, pd.DataFrame], title: str, caption: str) -> Figure:
    keys = [Key(f"towards {label}", COLOURS[colour]) for label, colour in SIDES.values()]
    heights = {measure: ROW_PT * len(own) for measure, own in strips.items()}
    body_pt = FOOT_PT + sum(heights.values()) + HEAD_PT * len(strips)
    sheet = open_sheet(title, body_pt, keys=keys, caption=caption)
    names = [_named(row) for own in strips.values() for row in own.to_dict("records")]
    left_pt = MARGIN_PT + max(map(width_pt, names)) + 5
    numbers = np.concatenate(
        [own[["left", "right"]].to_numpy(float).ravel() for own in strips.values()]
    )
    reach = 1.12 * float(np.nanmax(np.abs(numbers)))
    is_falling, is_growing = bool((numbers < -NEGLIGIBLE).any()), bool((numbers > NEGLIGIBLE).any())
    top_pt = body_pt
    for place, (measure, own) in enumerate(strips.items()):
        top_pt -= HEAD_PT + heights[measure]
        axes = sheet.axes(left_pt, top_pt, WIDTH_PT - left_pt - MARGIN_PT - 8, heights[measure])
        axes.set_xlim(-reach if is_falling else 0, reach if is_growing else 0)
        _draw_strip(axes, own)
        name = measure.removesuffix(suffix_of(measure)).replace("_", " ")
        axes.annotate(
            name, (0, 1), (MARGIN_PT - left_pt, 3), xycoords="axes fraction",
            textcoords="offset points", weight="bold",
        )  # fmt: skip
        axes.tick_params(axis="x", labelbottom=place == len(strips) - 1)
    axes.set_xlabel("elasticity (% for 1 %)")
    return sheet.figure


def _named(row: Mapping[Any, Any]) -> str:
    """Without the words that all paths have, with its value: `Array2D mac.cycles, 1`."""
    value, name = row.get("value"), str(row["parameter"])
    for head in HEADS:
        name = name.removeprefix(head).replace(f".{head}", " ")
    name = shortened(name, WIDEST_NAME_PT)
    if not isinstance(value, int | float) or pd.isna(value):
        return name
    unit = row.get("unit")
    shown = format_quantity(float(value), unit if isinstance(unit, str) and unit else "1")
    return f"{name}, {shown}"


def _draw_strip(axes: Axes, own: pd.DataFrame) -> None:
    places = np.arange(len(own), dtype=float)
    for number, (side, (label, colour)) in enumerate(SIDES.items()):
        values = own[side].to_numpy(float)
        low = places + (number - 1) * THICKNESS / 2
        boxes = np.stack([np.minimum(values, 0), low, np.maximum(values, 0), low + THICKNESS / 2])
        add_boxes(axes, boxes.T, COLOURS[colour], label)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_ylim(len(own) - 0.5, -0.5)
    axes.set_yticks(places, [_named(row) for row in own.to_dict("records")])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="x", labelcolor=FAINT)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.grid(axis="x")
