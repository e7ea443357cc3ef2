"""Where energy goes: a bar a run, made of parts (or Einsums, actions, tensors).

Above in joules, below as shares of the run's own energy, so that a small run is read too.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from accelsim.report.plots.columns import (
    OTHERS,
    caption_of,
    column_named,
    common_name,
    in_unit,
    largest_first,
    palette,
    run_names,
    shortened,
)
from accelsim.report.sheet import MARGIN_PT, Key, add_boxes, house_style, open_sheet, width_pt
from accelsim.report.style import FAINT, INK, LINE_PT, WIDTH_PT, decimals, readable, tick_label

BAR_PT = 14.0
THICKNESS = 0.74
FOOT_PT = 2 * LINE_PT + 2
GAP_PT = 6.0
BESIDE_PT = 3.0
WIDEST_NAME_PT = 96.0
ROOM_FOR_SHARE_PT = 22.0
"""A share is written where its box is wider."""
BY = "part"


def draw_energy(frame: pd.DataFrame, *, by: str = BY, title: str = "", caption: str = "") -> Figure:
    """`frame` has `energy_pj` and the column `by`; runs are told apart by workload, machine,
    mapping and config, where it has them."""
    names = _names(frame, by)
    runs = run_names(frame)
    parts = largest_first(frame["energy_pj"].groupby(names).sum())
    shown = names.where(names.isin(parts), OTHERS)
    order = list(dict.fromkeys(runs))
    table = frame["energy_pj"].groupby([runs, shown]).sum().unstack().fillna(0.0)
    table = table.reindex(index=order, columns=parts, fill_value=0.0)
    with house_style():
        return _drawn(table, title or _title(frame, by), caption_of(frame, caption))


def _names(frame: pd.DataFrame, by: str) -> "pd.Series[str]":
    """What each row counts for; of no Einsum (or tensor) is what a part takes by itself, such as a
    board. What a part's units leak (`Array2D.mac`) is the part's, as in `evaluate`."""
    names = column_named(frame, by, "--by").fillna("").astype(str)
    if by == BY:
        names = names.str.partition(".")[0]
    if "part" in frame:
        names = names.where(names != "", frame["part"].fillna("").astype(str))
    return names.where(names != "", f"no {by}")


def _title(frame: pd.DataFrame, by: str) -> str:
    of = common_name(frame)
    return f"Energy by {by}{': ' if of else ''}{of}"


def _drawn(table: pd.DataFrame, title: str, caption: str) -> Figure:
    colours = palette(list(table.columns))
    keys = [Key(name, colours[name]) for name in table.columns]
    bars_pt = BAR_PT * len(table)
    body_pt = 2 * (bars_pt + FOOT_PT) + GAP_PT
    sheet = open_sheet(title, body_pt, keys=keys, caption=caption)
    table.index = pd.Index([shortened(str(name), WIDEST_NAME_PT) for name in table.index])
    left_pt = MARGIN_PT + max(map(width_pt, table.index)) + 5
    factor, unit = in_unit(float(table.sum(axis=1).max()), "pJ")
    blocks = (
        (table / factor, f"energy ({unit})", body_pt - bars_pt),
        (100 * table.div(table.sum(axis=1), axis=0), "share of the run's energy (%)", FOOT_PT),
    )
    for values, label, bottom_pt in blocks:
        right_pt = MARGIN_PT + width_pt("0000") + BESIDE_PT
        axes = sheet.axes(left_pt, bottom_pt, WIDTH_PT - left_pt - right_pt, bars_pt)
        _draw_bars(axes, values, colours)
        axes.set_xlabel(label)
        if label.endswith("(%)"):
            axes.set_xlim(0, 100)
            _write_shares(axes, values, colours, WIDTH_PT - left_pt - right_pt)
        else:
            _write_sums(axes, values)
    return sheet.figure


def _draw_bars(axes: Axes, values: pd.DataFrame, colours: dict[str, str]) -> None:
    ends = values.cumsum(axis=1).to_numpy()
    places = np.arange(len(values), dtype=float)
    low, high = places - THICKNESS / 2, places + THICKNESS / 2
    for number, name in enumerate(values.columns):
        starts = ends[:, number] - values[name].to_numpy()
        boxes = np.stack([starts, low, ends[:, number], high], axis=1)
        add_boxes(axes, boxes, colours[name], name)
    axes.set_xlim(0, float(ends[:, -1].max()) or 1.0)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_yticks(places, list(values.index))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: tick_label(value))
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="x", labelcolor=FAINT)
    axes.spines["bottom"].set_visible(False)
    axes.grid(axis="x")


def _write_sums(axes: Axes, values: pd.DataFrame) -> None:
    sums = values.sum(axis=1).to_numpy()
    digits = decimals(float(sums.max()))
    for place, total in enumerate(sums):
        axes.annotate(
            f"{total:.{digits}f}",
            (total, place),
            (BESIDE_PT, 0),
            textcoords="offset points",
            va="center_baseline",
        )


def _write_shares(
    axes: Axes, values: pd.DataFrame, colours: dict[str, str], wide_pt: float
) -> None:
    """Within its box, where there is room."""
    ends = values.cumsum(axis=1).to_numpy()
    for place, row in enumerate(values.to_numpy()):
        for number, share in enumerate(row):
            if share / 100 * wide_pt >= ROOM_FOR_SHARE_PT:
                middle = ends[place, number] - share / 2
                text = _on(colours[values.columns[number]])
                axes.text(middle, place, f"{share:.0f}", ha="center", va="center", color=text)


def _on(colour: str) -> str:
    """White on what is dark enough to be read as text on white, ink on what is not."""
    return "white" if readable(colour) == colour else INK
