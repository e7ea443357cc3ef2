"""A schedule in time: a row a phase and array, and a row a port; how busy each is, beside it. Of a
system that serves requests, a row a device and a link.

Neighbouring tiles differ in colour where the table has tiles, otherwise activities do; what waits
is grey. Where a table has batches, each that has room says how many sequences it is of. `busy` is
over all of the table, whatever part of it is drawn.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from accelsim.base.errors import StudyError
from accelsim.report.plots.columns import caption_of, in_unit, palette, shortened
from accelsim.report.serving import activity_colours
from accelsim.report.sheet import (
    MARGIN_PT,
    Key,
    add_boxes,
    house_style,
    open_sheet,
    width_pt,
)
from accelsim.report.style import COLOURS, FAINT, LINE_PT, WIDTH_PT, tick_label
from accelsim.sim.timeline import ACTIVITIES as SERVING
from accelsim.sim.trace import IDLE

ROW_PT = 12.0
THICKNESS = 0.76
FOOT_PT = 2 * LINE_PT + 4
WIDEST_NAME_PT = 92.0
BUSY_PT = 26.0
TILES = tuple(COLOURS[name] for name in ("blue", "orange", "sky", "green"))
WAITING = COLOURS["silver"]
PORTS = ("load", "write", "send")
LATE = 0.2
"""Share of the end from which on a picture begins where the table does, not at 0."""
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
    if not (rows["start"] < stop).any():
        fact = f"nothing begins before {stop:g}; the first at {rows['start'].min():g}"
        raise StudyError(fact, remedy=f"--until is in {'s' if unit == 's' else 'cycles'}")
    if "batch" in rows:
        caption = " ".join(filter(None, ("Numbers: sequences of a batch.", caption)))
    with house_style():
        return _drawn(rows, stop, unit, title or f"Schedule{of}", caption_of(frame, caption))


def _row_names(frame: pd.DataFrame) -> "pd.Series[str]":
    """`1 Array2D` in phase 1, `DRAM load` of a port, else the actor; with the step if several."""
    name = frame["actor"].astype(str)
    if "activity" in frame:
        is_port = frame["activity"].isin(PORTS)
        # A link does nothing else than send.
        own = (" " + frame["activity"].astype(str)).replace(" send", "")
        name = name.where(~is_port, name + own)
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
    begin = float(rows["start"].min())
    begin = begin if begin > LATE * stop else 0.0
    shown = shown.assign(start=shown["start"] - begin, end=shown["end"] - begin)
    factor, shown_unit = in_unit(stop - begin, unit) if unit == "s" else (1.0, "cycles")
    for place, name in enumerate(order):
        own = shown[shown["row"] == name]
        _draw_row(axes, place, own, colours, factor)
        _write_batches(axes, place, own, factor, (stop - begin) / factor)
        busy = _busy(rows, name)
        axes.annotate(f"{busy:.0%}", (1, place), (4, 0), xycoords=("axes fraction", "data"),
                      textcoords="offset points", va="center_baseline", color=FAINT)  # fmt: skip
    axes.annotate("busy", (1, 1), (4, 3), xycoords="axes fraction", textcoords="offset points",
                  color=FAINT)  # fmt: skip
    axes.set_xlim(0, (stop - begin) / factor)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_yticks(range(len(order)), list(labels.values()))
    axes.tick_params(axis="y", length=0)
    since = f" since {begin:.6g} {unit if unit == 's' else 'cycles'}" if begin else ""
    axes.set_xlabel(f"time{since} ({shown_unit})")
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
    if column == "activity" and set(shown[column]) <= set(SERVING):
        served = activity_colours(name for name in shown[column] if name not in IDLE)
        return served, [Key(name, colour) for name, colour in served.items()]
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
    """Of the time of the whole table; what overlaps counts once."""
    own = rows[(rows["row"] == name) & ~rows["waits"]].sort_values("start", kind="stable")
    whole = float(rows["end"].max() - rows["start"].min())
    starts, ends = own["start"].to_numpy(float), own["end"].to_numpy(float)
    if not whole or not len(own):
        return 0.0
    before = np.concatenate([[starts[0]], np.maximum.accumulate(ends)[:-1]])
    return float(np.maximum(0, ends - np.maximum(starts, before)).sum()) / whole


def _write_batches(axes: Axes, place: int, own: pd.DataFrame, factor: float, whole: float) -> None:
    """How many sequences a batch is of, where its number has room on what is drawn of it."""
    if "batch" not in own:
        return
    wide_pt = axes.get_window_extent().width * 72 / axes.figure.dpi
    said = own[(own["batch"] > 0) & (own["activity"] != "send")]
    columns = (said[name].to_numpy(float) for name in ("start", "end", "batch"))
    for start, end, batch in zip(*columns, strict=True):
        low, high = max(0.0, start / factor), min(whole, end / factor)
        text = f"{batch:.0f}"
        if (high - low) / whole * wide_pt > width_pt(text) + 2:
            axes.text((low + high) / 2, place, text, ha="center", va="center_baseline",
                      color="white", clip_on=True)  # fmt: skip


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
