"""What figures of a what-if have in common: scales, colours of bounds, legend, caption."""

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from accelsim.base.units import format_bytes, format_count
from accelsim.report.sheet import Key, width_pt
from accelsim.report.style import (
    COLOURS,
    INK,
    LINE_PT,
    SCALED,
    tick_label,
    unit_label,
    with_prefix,
)
from accelsim.study.crossover import CANNOT_RUN
from accelsim.study.varied import Varied
from accelsim.study.whatif import WhatIf

BASE_PT = 2 * LINE_PT + 4
MOST_TICKS = 7
WIDEST_LABEL_PT = 170.0
TINT = 0.72
"""How much white is in the colour of a region."""
REGIONS = ("blue", "orange", "green", "purple", "vermillion", "sky", "yellow", "slate")
TODAY: Mapping[str, Any] = {
    "color": INK,
    "marker": "o",
    "markersize": 4.5,
    "markeredgecolor": "white",
    "markeredgewidth": 0.8,
    "linestyle": "none",
    "zorder": 5,
}
ANEW: Mapping[str, Any] = {
    "color": COLOURS["vermillion"],
    "marker": ".",
    "markersize": 4.0,
    "linewidth": 1.0,
}
"""The line of the mapping that is found anew."""


def bounds_of(found: WhatIf) -> dict[str, str]:
    """Every bound that is drawn with its colour: today's first, then as they come."""
    every = [found.bound]
    if len(found.along) == 1:  # A map has its points, and not what lies between them.
        every += [s.bound for s in found.along[0].segments if s.bound != CANNOT_RUN]
    every += [str(bound) for bound in found.table["bound"].tolist() if bound]
    names = list(dict.fromkeys(every))
    colours = [COLOURS[REGIONS[number % len(REGIONS)]] for number in range(len(names))]
    return dict(zip(names, colours, strict=True))


def tinted(colour: str) -> str:
    """Paler, so that lines and words on it are read."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 * TINT + part * (1 - TINT)):02X}" for part in parts)


def is_within(varied: Varied) -> bool:
    """Whether today's value is between the ends, so that it is marked."""
    return varied.today is not None and min(varied.values) <= varied.today <= max(varied.values)


def legend_of(found: WhatIf, colours: dict[str, str]) -> list[Key]:
    keys = [Key(f"bound: {name}", tinted(colour)) for name, colour in colours.items()]
    if all(is_within(each) for each in found.varied):
        keys.append(Key("today", INK, marker="o"))
    if found.anew is not None and len(found.along) == 1:
        keys.append(
            Key(f"{found.anew.search.noun} found anew", ANEW["color"], line=True, marker=".")
        )
    if (found.table["error"] != "").any():
        keys.append(Key("cannot run (hatched)", "#FFFFFF"))
    return keys


def caption_of(found: WhatIf) -> str:
    """What is drawn, and who says today's values, of each number that today's formulas have."""
    known = found.explanation.sources
    sources = {path: known[path] for each in found.varied for path in each.paths if path in known}
    if len(found.varied) == 1:
        told = f" Today's value: {next(iter(sources.values()))}" if sources else ""
    else:
        told = "".join(f" {path} today: {source}." for path, source in sources.items())
    note = f" {found.note[:1].upper()}{found.note[1:]}." if found.note else ""
    return f"{found.explanation.bound_text} today.{note}{told}"


def set_scale(axes: Axes, varied: Varied, side: str) -> None:
    axis = axes.xaxis if side == "x" else axes.yaxis
    is_doubled = varied.unit == "B" or (varied.is_whole and not varied.unit)
    low, high = min(varied.values), max(varied.values)
    if varied.is_log and high > low:
        scale = axes.set_xscale if side == "x" else axes.set_yscale
        scale("log", base=2 if is_doubled else 10)
        if is_doubled:
            axis.set_major_locator(LogLocator(base=2, numticks=MOST_TICKS))
        elif math.floor(math.log10(high)) - math.ceil(math.log10(low)) < 2:
            # Of one or two powers of ten alone no scale is read.
            # Of quantities with units three would not stand side by side.
            is_close = side == "x" and varied.unit in SCALED
            axis.set_major_locator(LogLocator(subs=(1, 3) if is_close else (1, 2, 5)))
        axis.set_minor_locator(NullLocator())
    if varied.unit == "B":
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_bytes(value)))
    elif is_doubled and varied.is_log:
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_count(round(value))))
    elif varied.unit in SCALED:
        axis.set_major_formatter(FuncFormatter(lambda value, _: with_prefix(value, varied.unit)))
    else:
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))
    if side == "x" and high > low:
        axes.set_xlim(low, high)


def axis_label(varied: Varied) -> str:
    """Of several paths that are longer than the sheet is wide, the first is named."""
    on_ticks = ("", "B", *SCALED)
    unit = "" if varied.unit in on_ticks else f" ({unit_label(varied.unit)})"
    whole = f"{varied.name}{unit}"
    if len(varied.paths) == 1 or width_pt(whole) <= WIDEST_LABEL_PT:
        return whole
    return f"{varied.paths[0]} and {len(varied.paths) - 1} more{unit}"
