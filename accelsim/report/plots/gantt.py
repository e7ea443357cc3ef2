"""A schedule in time: a row a phase and array, and a row a port; how busy each is, beside it.

Neighbouring tiles differ in colour where the table has tiles, otherwise activities do; what waits
is grey. `busy` is over all of the table, whatever part of it is drawn.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from accelsim.report.plots.columns import caption_of, in_unit, palette, shortened
from accelsim.report.sheet import (
    MARGIN_PT,
    Key,
    add_boxes,
    house_style,
    open_sheet,
    width_pt,
)
from accelsim.report.style import COLOURS, FAINT, LINE_PT, WIDTH_PT, tick_label
from accelsim.sim.trace import IDLE

ROW_PT = 12.0
THICKNESS = 0.76
FOOT_PT = 2 * LINE_PT + 4
WIDEST_NAME_PT = 92.0
BUSY_PT = 26.0
TILES = tuple(COLOURS[name] for name in ("blue", "orange", "sky", "green"))
WAITING = COLOURS["silver"]
PORTS = ("load", "write")
FIRST_TILES = 4
"""What is drawn of a table with tiles, unless `until` says otherwise."""


def draw_gantt(
    frame: pd.DataFrame, *, until: float = 0.0, title: str = "", caption: str = ""
) -> Figure:
    """`frame` has actor and start and end, in cycles or s; `until` ends the picture, in these."""
    unit = "s" if "start_s" in frame else "cycle"
    start, end = ("start_s", "end_s") if unit == "s" else ("start_cycles", "end_cycles")
    rows = frame.assign(start=frame[start], end=frame[end], row=_row_names(frame))
    rows = rows.assign(waits=rows["activity"].isin(IDLE) if "activity" in rows else False)
    stop = until or _end_of_tiles(rows)
    of = f": {frame['of'].iloc[0]}" if "of" in frame else ""
    with house_style():
        return _drawn(rows, stop, unit, title or f"Schedule{of}", caption_of(frame, caption))


def _row_names(frame: pd.DataFrame) -> "pd.Series[str]":
    """`1 Array2D` in phase 1, `DRAM load` of a port, else the actor; with the step if several."""
    name = frame["actor"].astype(str)
    if "activity" in frame:
        is_port = frame["activity"].isin(PORTS)
        name = name.where(~is_port, name + " " + frame["activity"].astype(str))
        if "phase" in frame:
            name = name.where(is_port, frame["phase"].astype(str) + " " + name)
    if "step" in frame and frame["step"].nunique() > 1:
        name = frame["step"].astype(str) + " " + name
    return name


def _end_of_tiles(rows: pd.DataFrame) -> float:
    if "tile" not in rows:
        return float(rows["end"].max())
    first = rows[(rows["tile"] < FIRST_TILES) & ~rows["waits"]]
    first = first[first["step"] == first["step"].iloc[0]] if "step" in first else first
    return float(first["end"].max())


def _drawn(rows: pd.DataFrame, stop: float, unit: str, title: str, caption: str) -> Figure:
    shown = rows[rows["start"] < stop]
    colours, keys = _colours(shown)
    if shown["waits"].any():
        keys.append(Key("waits", WAITING))
    order = _order(shown)
    labels = {name: _label(name, shown[shown["row"] == name]) for name in order}
    body_pt = ROW_PT * len(order)
    sheet = open_sheet(title, FOOT_PT + body_pt, keys=keys, caption=caption)
    left_pt = MARGIN_PT + max(map(width_pt, labels.values())) + 5
    axes = sheet.axes(left_pt, FOOT_PT, WIDTH_PT - left_pt - MARGIN_PT - BUSY_PT, body_pt)
    factor, shown_unit = in_unit(stop, unit) if unit == "s" else (1.0, "cycles")
    for place, name in enumerate(order):
        own = shown[shown["row"] == name]
        _draw_row(axes, place, own, colours, factor)
        busy = _busy(rows, name)
        axes.annotate(f"{busy:.0%}", (1, place), (4, 0), xycoords=("axes fraction", "data"),
                      textcoords="offset points", va="center_baseline", color=FAINT)  # fmt: skip
    axes.annotate("busy", (1, 1), (4, 3), xycoords="axes fraction", textcoords="offset points",
                  color=FAINT)  # fmt: skip
    axes.set_xlim(0, stop / factor)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_yticks(range(len(order)), list(labels.values()))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"time ({shown_unit})")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: tick_label(value))
    axes.grid(axis="x")
    return sheet.figure


def _colours(shown: pd.DataFrame) -> tuple[Mapping[Any, str], list[Key]]:
    """By tile, or by activity, or by actor: what the table has."""
    if "tile" in shown:
        count = len(TILES)
        keys = [Key(f"tile {n}, {n + count}, …", colour) for n, colour in enumerate(TILES)]
        return {n: TILES[int(n) % count] for n in set(shown["tile"])}, keys
    column = "activity" if "activity" in shown else "actor"
    named = palette([name for name in dict.fromkeys(shown[column]) if name not in IDLE])
    keys = [Key(name, colour) for name, colour in named.items() if name in set(shown[column])]
    return dict(named), keys


def _order(shown: pd.DataFrame) -> list[str]:
    """Phases first, ports last, each as they begin; steps one after the other."""
    is_port = shown["activity"].isin(PORTS) if "activity" in shown else shown["waits"]
    keyed = shown.assign(port=is_port)
    by = ["port", "phase", "row"] if "phase" in keyed else ["port", "start"]
    if "step" in keyed:
        first = {step: n for n, step in enumerate(dict.fromkeys(keyed["step"]))}
        keyed, by = keyed.assign(turn=keyed["step"].map(first)), ["turn", *by]
    return list(dict.fromkeys(keyed.sort_values(by, kind="stable")["row"]))


def _label(name: str, own: pd.DataFrame) -> str:
    if "einsum" not in own:
        return name
    einsums = " ".join(dict.fromkeys(own.sort_values("start", kind="stable")["einsum"]))
    return shortened(f"{name}: {einsums}", WIDEST_NAME_PT)


def _busy(rows: pd.DataFrame, name: str) -> float:
    """Of the time of the whole table."""
    own = rows[(rows["row"] == name) & ~rows["waits"]]
    whole = float(rows["end"].max() - rows["start"].min())
    return float((own["end"] - own["start"]).sum()) / whole if whole else 0.0


def _draw_row(
    axes: Axes, place: int, own: pd.DataFrame, colours: Mapping[Any, str], factor: float
) -> None:
    column = next(name for name in ("tile", "activity", "actor") if name in own)
    hue = own[column].map(dict(colours)).where(~own["waits"], WAITING)
    for colour in dict.fromkeys(hue):
        some = own[hue == colour]
        low, high = (
            np.full(len(some), place - THICKNESS / 2),
            np.full(len(some), place + THICKNESS / 2),
        )
        starts, ends = (some[name].to_numpy(float) / factor for name in ("start", "end"))
        add_boxes(axes, np.stack([starts, low, ends, high], axis=1), colour, "")
