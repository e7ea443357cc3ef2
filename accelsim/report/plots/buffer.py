"""The ski slope: traffic against the size of a buffer, falling to what must move once.

A line a run; below it, broken and in the same colour, the least that its passes, its products and
the chip's room allow. What no mapping fits has no point.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from accelsim.base.units import format_bytes
from accelsim.report.plots.columns import caption_of, common_name, run_names
from accelsim.report.sheet import MARGIN_PT, Key, house_style, open_sheet, width_pt
from accelsim.report.style import COLOURS, LINE_PT, MARKERS, WIDTH_PT

AXES_PT = 140.0
FOOT_PT = 2 * LINE_PT + 4
HUES = tuple(COLOURS[name] for name in ("blue", "vermillion", "green", "purple", "orange", "slate"))
MOST_TICKS = 7
ROOM = 1.5
BROKEN = "Broken: the least that any mapping moves, by passes, products and what the chip holds."


def draw_buffer(frame: pd.DataFrame, *, title: str = "", caption: str = "") -> Figure:
    """`frame` has capacity_bytes, traffic_bytes and, for the bound, least_bytes and passes."""
    rows = frame.assign(run=run_names(frame, ("workload", "machine", "mapping", "config")))
    of = common_name(frame)
    moved = "/".join(dict.fromkeys(frame["memory"])) if "memory" in frame else "memory"
    buffer = "/".join(dict.fromkeys(frame["buffer"])) if "buffer" in frame else "buffer"
    with house_style():
        return _drawn(
            rows,
            title or f"{moved} traffic against {buffer}{': ' if of else ''}{of}",
            (f"capacity of {buffer}", f"{moved} traffic"),
            caption_of(frame, " ".join(filter(None, (BROKEN, caption)))),
        )


def _drawn(rows: pd.DataFrame, title: str, labels: tuple[str, str], caption: str) -> Figure:
    runs = {
        str(name): own.sort_values("capacity_bytes")
        for name, own in rows.groupby("run", sort=False)
    }
    keys = [
        Key(_named(run, own), HUES[n % len(HUES)], marker=MARKERS[n % len(MARKERS)])
        for n, (run, own) in enumerate(runs.items())
    ]
    sheet = open_sheet(title, FOOT_PT + AXES_PT, keys=keys, caption=caption)
    left_pt = MARGIN_PT + LINE_PT + width_pt("000 GiB") + 6
    axes = sheet.axes(left_pt, FOOT_PT, WIDTH_PT - left_pt - MARGIN_PT - 6, AXES_PT)
    for number, own in enumerate(runs.values()):
        _draw_run(axes, own, number)
    _set_scales(axes, rows, labels)
    return sheet.figure


def _named(run: str, own: pd.DataFrame) -> str:
    """With its passes: `attention/three_pass (3 passes)`."""
    if "passes" not in own:
        return run
    passes = int(own["passes"].iloc[0])
    counted = f"{passes} pass" + "es" * (passes != 1)
    return f"{run} ({counted})" if run else counted


def _draw_run(axes: Axes, own: pd.DataFrame, number: int) -> None:
    colour, marker = HUES[number % len(HUES)], MARKERS[number % len(MARKERS)]
    size = own["capacity_bytes"].to_numpy(float)
    traffic = own["traffic_bytes"].to_numpy(float)
    axes.plot(size, traffic, color=colour, marker=marker, markersize=3.5, zorder=4)
    if "least_bytes" in own:
        least = own["least_bytes"].to_numpy(float)
        # Where bounds coincide, both are seen.
        dashes = (4 * (number % 2), (4, 4))
        axes.plot(size, least, color=colour, linestyle=dashes, linewidth=1.0, zorder=3)


def _set_scales(axes: Axes, rows: pd.DataFrame, labels: tuple[str, str]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    sizes = np.unique(rows["capacity_bytes"].to_numpy(float))
    axes.xaxis.set_major_locator(FixedLocator(sizes[:: -(-len(sizes) // MOST_TICKS)].tolist()))
    columns = [name for name in ("traffic_bytes", "least_bytes") if name in rows]
    numbers = rows[columns].to_numpy(float)
    axes.set_ylim(np.nanmin(numbers) / ROOM, np.nanmax(numbers) * ROOM)
    axes.yaxis.set_major_locator(LogLocator(base=2, numticks=7))
    for axis, label in ((axes.xaxis, labels[0]), (axes.yaxis, labels[1])):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_bytes(value)))
        axis.set_label_text(label)
    axes.grid(True)
