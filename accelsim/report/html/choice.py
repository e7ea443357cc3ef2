"""Which figures a table is worth, by what its columns are.

    an actor, a start and an end                a schedule in time, and nothing else
    requests that were answered                 how many waited how long, and nothing else
    two of latency, energy, area, ...           a cloud and its Pareto front, for each problem
    energy_pj.DRAM, energy_pj.Array2D, ...      bars made of parts; so for rows named by a part
    an axis of numbers                          a line over it, for each of the other axes
    two axes of numbers                         a map of both, on the ground of the bound
    only names                                  bars

What would be more lines or bars than can be told apart is held at one value, and the caption says
at which. Rows that do not fit their machine are no designs, so no front has them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
import pandas as pd

from accelsim.report.html.axes import Columns, columns_of
from accelsim.report.html.chosen import Chosen
from accelsim.report.html.served import has_waits, schedule, waits
from accelsim.report.interactive.bars import bars, stacked
from accelsim.report.interactive.cloud import CELLS, Split, scatter, split
from accelsim.report.interactive.lines import lines
from accelsim.report.interactive.look import axis_of, axis_or_none, title_of, written
from accelsim.report.interactive.maps import contour, heat_map
from accelsim.report.interactive.spans import has_spans

MOST_FIGURES = 4
MOST_SERIES = 8
MOST_FRONTS = 6
MOST_BARS = 24
MOST_STACKS = 12
FEWEST_DESIGNS = 8
FEWEST_ON_FRONT = 3
"""Rows of one problem, and of one front, to be worth drawing."""
MAP = (3, 80)
"""Fewest and most values of a map's axis."""
COSTS = ("latency_s", "energy_pj", "energy", "area_um2", "average_power_w", "usd")
PARTS = ("part", "einsum", "resource", "action")
COUNTS = ("choices", "points", "rows", "count", "number")
ADDED = ("energy_pj", "latency_s", "traffic_bytes", "cycles")


@dataclass(frozen=True)
class Held:
    """Rows at one value of some columns."""

    rows: pd.DataFrame
    values: Mapping[str, str]

    @property
    def text(self) -> str:
        listed = ", ".join(f"{title_of(name)} {value}" for name, value in self.values.items())
        return f"; for {listed}" if listed else ""


def choose(frame: pd.DataFrame) -> list[Chosen]:
    """At most MOST_FIGURES; none for a table that nothing is known of."""
    if has_spans(frame):
        return [schedule(frame)]
    if has_waits(frame):
        return [waits(frame)]
    columns = columns_of(frame)
    kinds = (_fronts, _parts, _lines, _maps, _bars)
    return list(islice((each for kind in kinds for each in kind(frame, columns)), MOST_FIGURES))


# --- kinds of figures -----------------------------------------------------------------------------


def _fronts(frame: pd.DataFrame, columns: Columns) -> Iterator[Chosen]:
    designs = frame[frame["fits"].eq(True)] if "fits" in frame else frame
    unfit = len(frame) - len(designs)
    costs = [name for name in ranked(columns.measures) if _is_cost(name)][:3]
    kept, held = _within(designs, columns.problem, MOST_FRONTS)
    fewest = held.rows.groupby(kept).size().min() if kept else len(held.rows)
    if len(costs) < 2 or not len(held.rows) or fewest < FEWEST_DESIGNS:
        return
    for one, other in list(combinations(costs, 2))[:2]:
        x, y = (other, one) if other.startswith("area") else (one, other)
        found = _split(held.rows, x, y, kept)
        if max(len(each.front) for each in found) < FEWEST_ON_FRONT:
            continue
        left_out = sum(each.left_out for each in found)
        cut = (
            f"; beside the front a row stands for all in its cell of {CELLS} by {CELLS}, "
            f"which leaves {left_out:,} of {len(held.rows):,} undrawn"
        )
        yield Chosen(
            f"{_capital(title_of(y))} against {title_of(x)}, and the rows that no other beats"
            f"{_each('front', kept)}{held.text}{cut if left_out else ''}"
            f"{f'; without {unfit:,} rows that do not fit' if unfit else ''}.",
            scatter(held.rows, x, y, kept),
        )


def _parts(frame: pd.DataFrame, columns: Columns) -> Iterator[Chosen]:
    for head in ADDED[:3]:
        parts = [name for name in columns.measured if name.startswith(f"{head}.")]
        if len(parts) > 1 and all(axis_or_none(frame, name) for name in parts):
            kept, held = _within(frame, columns.axes, MOST_STACKS)
            long = held.rows.melt(id_vars=kept, value_vars=parts, var_name="part", value_name=head)
            long["part"] = long["part"].str.removeprefix(f"{head}.")
            caption = f"{_capital(title_of(head))} by part{_each('bar', kept)}{held.text}."
            yield Chosen(caption, stacked(long, kept, "part", head))
    named = next((name for name in PARTS if name in columns.axes), None)
    added = [name for name in columns.measures if name.partition(".")[0] in ADDED]
    if named is not None and added:
        others = [name for name in columns.axes if name != named]
        kept, held = _within(frame, others, MOST_STACKS)
        caption = f"{_capital(title_of(added[0]))} by {named}{_each('bar', kept)}{held.text}."
        yield Chosen(caption, stacked(held.rows, kept, named, added[0]))


def _lines(frame: pd.DataFrame, columns: Columns) -> Iterator[Chosen]:
    if not columns.numeric_axes or any(name in columns.axes for name in PARTS):
        return
    x = max(columns.numeric_axes, key=lambda name: frame[name].nunique())
    others = _designs_first(columns, without=(x,))
    kept, held = _within(frame, others, MOST_SERIES)
    if held.rows[x].nunique() < 2 or held.rows.duplicated([*kept, x]).any():
        return
    there = [name for name in ranked(columns.measures) if _differs(held.rows, name)]
    for y in there[:2]:
        caption = f"{_capital(title_of(y))} over {title_of(x)}{_each('line', kept)}{held.text}."
        yield Chosen(caption, lines(held.rows.dropna(subset=[x]), x, y, kept))


def _maps(frame: pd.DataFrame, columns: Columns) -> Iterator[Chosen]:
    fewest, most = MAP
    wide = [n for n in columns.numeric_axes if fewest <= frame[n].nunique() <= most]
    if len(wide) < 2:
        return
    x, y = sorted(wide, key=lambda name: -frame[name].nunique())[:2]
    others = _designs_first(columns, without=(x, y))
    _, held = _within(frame, others, 1)
    rows = held.rows.dropna(subset=[x, y])
    if rows.duplicated([x, y]).any() or len(rows) < 0.8 * rows[x].nunique() * rows[y].nunique():
        return
    there = [name for name in ranked(columns.measures) if _differs(rows, name)]
    for value in there[:1]:
        is_bound = "bound" in rows and rows["bound"].nunique() > 1
        caption = f"{_capital(title_of(value))} over {title_of(x)} and {title_of(y)}"
        if is_bound:
            figure = contour(_today_first(rows), x, y, value, "bound")
            yield Chosen(f"{caption}, coloured by the bound{held.text}.", figure)
        else:
            yield Chosen(f"{caption}{held.text}.", heat_map(rows, x, y, value))


def _today_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Of a what-if, so that today's bound has the first colour, as it has in its picture."""
    if "speedup" not in rows:
        return rows
    return rows.sort_values("speedup", key=lambda speedup: speedup != 1, kind="stable")


def _bars(frame: pd.DataFrame, columns: Columns) -> Iterator[Chosen]:
    if columns.numeric_axes or not columns.axes or any(n in columns.axes for n in PARTS):
        return
    few = [name for name in columns.axes if frame[name].nunique() <= MOST_BARS]
    if not few:
        return
    group = max(few, key=lambda name: frame[name].nunique())
    series, held = _within(frame, [n for n in columns.axes if n != group], MOST_SERIES)
    groups = [group]
    for value in ranked(columns.measures)[:2]:
        caption = f"{_capital(title_of(value))}{_each('bar', [*groups, *series])}{held.text}."
        yield Chosen(caption, bars(held.rows, groups, value, series))


# --- which rows -----------------------------------------------------------------------------------


def _within(frame: pd.DataFrame, columns: Sequence[str], most: int) -> tuple[list[str], Held]:
    """The columns, in order, whose combinations are no more than `most`; the others are held at
    the value that most rows have."""
    kept: list[str] = []
    held: dict[str, str] = {}
    rows = frame
    for name in columns:
        if len(rows) and len(rows.drop_duplicates([*kept, name])) <= most:
            kept.append(name)
        elif len(rows):
            value = _usual(rows, name)
            rows = rows[rows[name] == value]
            held[name] = _written(rows, name, value)
    return [name for name in kept if rows[name].nunique() > 1], Held(rows, held)


def _usual(rows: pd.DataFrame, column: str) -> Any:
    """What most rows have; of several, the middle number or the first name."""
    counts = rows[column].value_counts()
    first = [value for value in rows[column].unique() if counts.get(value) == counts.max()]
    if axis_or_none(rows, column) is None:
        return first[0]
    places = dict(zip(rows[column].tolist(), axis_of(rows, column).values.tolist(), strict=True))
    return sorted(first, key=lambda value: places[value])[len(first) // 2]


def _written(rows: pd.DataFrame, column: str, value: Any) -> str:
    axis = axis_or_none(rows, column)
    return str(value) if axis is None else written(float(axis.values[0]), axis.unit)


def _designs_first(columns: Columns, without: Sequence[str]) -> list[str]:
    """Names before numbers, and what a design is before what it is used for."""
    others = [name for name in columns.axes if name not in without]
    return sorted(others, key=lambda name: (name in columns.problem, name in columns.numbers))


def _split(rows: pd.DataFrame, x: str, y: str, by: Sequence[str]) -> list[Split]:
    """The front and the others of each group, as they are drawn."""
    xs, ys = axis_of(rows, x).values, axis_of(rows, y).values
    every: list[Any] = [np.arange(len(rows))]
    groups = rows.groupby(list(by), sort=False).indices.values() if by else every
    return [split(xs, ys, np.asarray(each), np.ones(2)) for each in groups]


def _differs(rows: pd.DataFrame, column: str) -> bool:
    return rows[column].nunique() > 1


# --- measures and words ---------------------------------------------------------------------------


def ranked(measures: Sequence[str]) -> list[str]:
    """Latency, energy and area first, wholes before parts, counts of rows last."""

    def rank(name: str) -> tuple[int, bool, bool]:
        head = name.partition(".")[0]
        place = COSTS.index(head) if head in COSTS else len(COSTS)
        return place, "." in name, name in COUNTS

    return sorted(measures, key=rank)


def _is_cost(name: str) -> bool:
    head, dot, _ = name.partition(".")
    return (head in COSTS and not dot) or head == "energy" or head.endswith("_usd")


def _each(what: str, columns: Sequence[str]) -> str:
    named = " and ".join(title_of(name) for name in columns)
    return f", a {what} for each {named}" if columns else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
