"""What a figure reads off its table: that its columns are there, what runs are called, in which
unit numbers are read best, and where they come from."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.report.plots.catalogue import RUN, Plot
from accelsim.report.sheet import width_pt, wrapped
from accelsim.report.style import COLOURS, PREFIXES

OTHERS = "others"
SOURCE = "source"
MOST_SOURCES = 8
"""In a caption."""
_SCALE = {"pJ": (1e-12, "J"), "um^2": (1e-12, "m²")}
"""Units whose prefix is part of them."""


def missing(columns: Iterable[str], plot: Plot) -> list[str]:
    """What the figure needs and is not there."""
    there = set(columns)
    return [need for need in plot.needs if there.isdisjoint(need.split("|"))]


def refuse_missing(frame: pd.DataFrame, plot: Plot, what: str) -> None:
    """A StudyError that names the first missing column and the nearest one of the table."""
    for need in missing(frame.columns, plot):
        either = need.split("|")
        near = next(filter(None, (did_you_mean(name, frame.columns) for name in either)), None)
        remedy = near or f"Make one with `{plot.table}`"
        named = " or ".join(repr(name) for name in either)
        raise StudyError(f"{what} has no column {named}, which {plot.name} needs", remedy=remedy)


def column_named(frame: pd.DataFrame, name: str, what: str) -> "pd.Series[Any]":
    """A column that somebody chose; a StudyError if there is none of that name."""
    if name not in frame:
        remedy = did_you_mean(name, frame.columns) or f"There are {', '.join(frame.columns)}"
        raise StudyError(f"{what}: the table has no column {name!r}", remedy=remedy)
    return frame[name]


def run_names(frame: pd.DataFrame, columns: Sequence[str] = RUN) -> "pd.Series[Any]":
    """What each row's run is called: the values of as few columns as tell all runs apart."""
    there = [name for name in columns if name in frame]
    telling = [name for name in there if frame[name].nunique() > 1] or there[:1]
    if not telling:
        return pd.Series("", index=frame.index)
    runs = len(frame[telling].drop_duplicates())
    few = next(
        list(some)
        for count in range(1, len(telling) + 1)
        for some in combinations(telling, count)
        if len(frame[list(some)].drop_duplicates()) == runs
    )
    texts = frame[few].fillna("").astype(str)
    return texts.apply(lambda row: ", ".join(filter(None, row)), axis=1)


def common_name(frame: pd.DataFrame, columns: Sequence[str] = RUN) -> str:
    """What all rows have in common: `attention/one_pass on fusemax_cloud under fusemax_binding`."""
    there = {name: frame[name].dropna().unique() for name in columns if name in frame}
    same = {name: str(values[0]) for name, values in there.items() if len(values) == 1}
    words = {"workload": "", "machine": "on ", "mapping": "under "}
    return " ".join(f"{word}{same[name]}" for name, word in words.items() if name in same)


def caption_of(frame: pd.DataFrame, told: str = "") -> str:
    """What is told, then every source that the table names."""
    listed = frame[SOURCE].dropna().unique().tolist() if SOURCE in frame else []
    each = dict.fromkeys(part.strip() for text in listed for part in str(text).split(";"))
    named = [part.rstrip(".") for part in each if part]
    more = f"; {len(named) - MOST_SOURCES} more in the table" if len(named) > MOST_SOURCES else ""
    sources = "; ".join(named[:MOST_SOURCES]) + more
    return " ".join(filter(None, (told, f"Sources: {sources}." if sources else "")))


def in_unit(largest: float, unit: str) -> tuple[float, str]:
    """What to divide by, and the unit that is read best: (1e-3, "ms") for 0.0297 s; powers of
    1024 for bytes."""
    if unit == "B":
        step = 0
        while abs(largest) >= 1024 ** (step + 1) and step < 6:
            step += 1
        return 1024.0**step, f"{('', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei')[step]}B"
    factor, base = _SCALE.get(unit, (1.0, unit))
    size, power = abs(largest) * factor, 0
    while size >= 1000 and power < 6:
        size, power = size / 1000, power + 1
    while 0 < size < 1 and power > -6:
        size, power = size * 1000, power - 1
    return 1000.0**power / factor, f"{PREFIXES[power]}{base}"


def palette(names: Sequence[str]) -> dict[str, str]:
    """A colour a name, in turn; what is left over is light grey."""
    free = [colour for name, colour in COLOURS.items() if name != "silver"]
    own = [name for name in names if name != OTHERS]
    return {**dict(zip(own, free, strict=False)), OTHERS: COLOURS["silver"]}


def largest_first(values: "pd.Series[Any]", most: int = len(COLOURS) - 1) -> list[str]:
    """The names of a series by size; those beyond `most` are `others`."""
    ordered = [str(name) for name in values.sort_values(ascending=False, kind="stable").index]
    return ordered if len(ordered) <= most else [*ordered[: most - 1], OTHERS]


def shortened(text: str, widest_pt: float) -> str:
    """As much of it as has room, by words, then by letters."""
    lines = wrapped(text, widest_pt)
    if len(lines) < 2 and width_pt(text) <= widest_pt:
        return text
    found = lines[0]
    while found and width_pt(f"{found}…") > widest_pt:
        found = found[:-1]
    return f"{found}…"
