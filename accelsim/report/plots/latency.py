"""Where time goes: what each resource needs, when steps and phases run, what Einsums need.

A bar a row, coloured by what does it; a line stands where the run ends. Steps and phases begin
where the ones before end (a waterfall), resources and Einsums overlap and begin at 0.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from accelsim.base.errors import StudyError
from accelsim.report.plots.columns import (
    OTHERS,
    caption_of,
    common_name,
    in_unit,
    largest_first,
    palette,
    run_names,
    shortened,
)
from accelsim.report.sheet import (
    MARGIN_PT,
    Key,
    add_boxes,
    house_style,
    open_sheet,
    width_pt,
)
from accelsim.report.style import FAINT, INK, LINE_PT, TEXT_PT, WIDTH_PT, tick_label

ROW_PT = 10.0
GAP = 0.6
NAME_ROWS = 3.4
BEHIND = {"facecolor": "white", "linewidth": 0, "pad": 0.5}
"""Of numbers that lie on a line."""
"""Between the groups of a strip, in rows."""
THICKNESS = 0.74
FOOT_PT = 2 * LINE_PT + 2
HEAD_PT = LINE_PT + 3
WIDEST_NAME_PT = 96.0
MOST_IN_A_GROUP = 12
OTHER_ACTORS = 8
WHOLE = ("step", "phase")
"""Of which one alone is the whole run, and says nothing."""


def draw_latency(
    frame: pd.DataFrame, *, by: str = "", title: str = "", caption: str = ""
) -> Figure:
    """A strip a run, a group of bars for each value of `by` (or the one that is named)."""
    rows = frame if not by else frame[frame["by"] == by]
    if rows.empty:
        known = ", ".join(dict.fromkeys(frame["by"]))
        raise StudyError(f"--by: no row is by {by!r}", remedy=f"There are {known}")
    rows = rows.assign(run=run_names(rows), on=_actors(rows))
    lonely = rows.groupby(["run", "by"])["name"].transform("size") == 1
    rows = rows[~(lonely & rows["by"].isin(WHOLE))]
    of = common_name(frame)
    with house_style():
        return _drawn(rows, title or f"Latency{': ' if of else ''}{of}", caption_of(frame, caption))


def _actors(rows: pd.DataFrame) -> "pd.Series[str]":
    """What does it; beyond what there are colours for, others."""
    kept = largest_first(rows["time_s"].groupby(rows["on"]).sum(), OTHER_ACTORS)
    return rows["on"].where(rows["on"].isin(kept), OTHERS)


def _drawn(rows: pd.DataFrame, title: str, caption: str) -> Figure:
    actors = [name for name in dict.fromkeys(rows["on"]) if name != OTHERS]
    colours = palette(actors)
    shown = [*actors, *([OTHERS] if OTHERS in set(rows["on"]) else [])]
    runs = {str(name): _largest(own) for name, own in rows.groupby("run", sort=False)}
    heads_pt = HEAD_PT * (len(runs) > 1)
    heights = [ROW_PT * _rows_of(own) for own in runs.values()]
    body_pt = sum(heights) + len(runs) * (heads_pt + FOOT_PT)
    keys = [Key(name, colours[name]) for name in shown]
    sheet = open_sheet(title, body_pt, keys=[*keys, Key("end of the run", INK, line=True)],
                       caption=caption)  # fmt: skip
    names = [shortened(str(name), WIDEST_NAME_PT) for own in runs.values() for name in own["name"]]
    left_pt = MARGIN_PT + LINE_PT + max(map(width_pt, names)) + 6
    wide_pt = WIDTH_PT - left_pt - MARGIN_PT - width_pt("100%")
    top_pt = body_pt
    for (run, own), height_pt in zip(runs.items(), heights, strict=True):
        top_pt -= heads_pt + height_pt
        axes = sheet.axes(left_pt, top_pt, wide_pt, height_pt)
        _draw_run(axes, own, colours, left_pt)
        if heads_pt:
            axes.annotate(
                run, (0, 1), (MARGIN_PT - left_pt, 4), weight="bold", xycoords="axes fraction",
                textcoords="offset points",
            )  # fmt: skip
        top_pt -= FOOT_PT
    return sheet.figure


def _largest(own: pd.DataFrame) -> pd.DataFrame:
    """Of each group the longest few, in their own order."""
    ranks = own.groupby("by")["time_s"].rank(ascending=False, method="first")
    return own[ranks <= MOST_IN_A_GROUP]


def _rows_of(own: pd.DataFrame) -> float:
    sizes = own.groupby("by", sort=False).size().tolist()
    return sum(_high(size, sizes) for size in sizes) + GAP * (len(sizes) - 1) + 0.4


def _high(rows: int, groups: Sequence[int]) -> float:
    """A group has room for its name upwards, where it has one."""
    return float(rows) if len(groups) == 1 else max(rows, NAME_ROWS)


def _draw_run(axes: Axes, own: pd.DataFrame, colours: dict[str, str], left_pt: float) -> None:
    end = float(own["latency_s"].max())
    factor, unit = in_unit(end, "s")
    places, place = [], 0.0
    sizes = own.groupby("by", sort=False).size().tolist()
    for name, group in own.groupby("by", sort=False):
        middle = place + (_high(len(group), sizes) - 1) / 2
        axes.annotate(
            str(name).replace("einsum", "Einsum") if len(sizes) > 1 else "",
            (0, middle),
            (MARGIN_PT + 0.5 * TEXT_PT - left_pt, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="center",
            color=FAINT,
        )
        places += [place + step for step in range(len(group))]
        place += _high(len(group), sizes) + GAP
    at = np.array(places)
    starts = (own["start_s"] if "start_s" in own else 0 * own["time_s"]).to_numpy(float) / factor
    ends = starts + own["time_s"].to_numpy(float) / factor
    for actor in dict.fromkeys(own["on"]):
        is_own = (own["on"] == actor).to_numpy()
        low, high = at[is_own] - THICKNESS / 2, at[is_own] + THICKNESS / 2
        boxes = np.stack([starts[is_own], low, ends[is_own], high], axis=1)
        add_boxes(axes, boxes, colours[actor], actor)
    axes.axvline(end / factor, color=INK, linewidth=0.8)
    for place_of, stop, share in zip(at, ends, own["time_s"] / end, strict=True):
        text = f"{share:.0%}" if share >= 0.005 else "<1%"
        axes.annotate(
            text, (stop, place_of), (2, 0), textcoords="offset points", va="center_baseline",
            color=FAINT, bbox=BEHIND,
        )  # fmt: skip
    axes.set_xlim(0, max(end / factor, float(ends.max())))
    axes.set_ylim(place - GAP - 0.3, -0.7)
    axes.set_yticks(at, [shortened(str(name), WIDEST_NAME_PT) for name in own["name"]])
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="x", labelcolor=FAINT)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: tick_label(value))
    axes.set_xlabel(f"time ({unit})")
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
