"""The best mapping, or kernels, found anew at each point of a what-if, beside what is kept.

anew_latency_s  anew_energy_pj     of the best there
anew_speedup                       latency today, with what is kept / anew_latency_s
anew_bound  anew_error             as of what is kept
optimal  gap  strategy             what the search proved, and what found it (`search`)

The search at a point is that of `accelsim map` there: of an array `anew_mapping`, of a GPU
`anew_kernels`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from accelsim.mapper.objective import Objective
from accelsim.study.columns import SEARCH
from accelsim.study.faults import FAULTS, text_of
from accelsim.study.subject import BOUND, ENERGY, ERROR, LATENCY, Columns
from accelsim.study.table import Column, Table, array_of

PREFIX = "anew_"
NEGLIGIBLE = 1e-9
NOT_SEARCHED = "not searched: interrupted"

Told = Callable[[int, int], None]
Row = Mapping[str, Any]
Values = Mapping[str, Any]
"""By path; what is not there is as today."""


class Search(NamedTuple):
    """For a `noun` that minimises something, beside what is `kept`.

    `ask(values, is_legal)` is a `told` row of the best at a point, at which what is kept may be
    legal. It raises one of FAULTS if there is none, and KeyboardInterrupt.
    """

    minimise: Objective
    noun: str
    kept: str
    ask: Callable[[Values, bool], Row]


@dataclass(frozen=True)
class Anew:
    """`today` at today's numbers; `columns` over the points. `is_cut_short`: by an interrupt, which
    leaves the points after it with an error."""

    search: Search
    today: Row
    columns: Mapping[str, Column]
    is_cut_short: bool

    @property
    def minimise(self) -> Objective:
        return self.search.minimise

    @property
    def measure(self) -> str:
        """What is told of it first: the latency, if it is not energy that is sought."""
        return ENERGY if self.minimise == "energy" else LATENCY

    @property
    def today_anew(self) -> Row:
        """Today under the names of the columns."""
        return {name if name in SEARCH else f"{PREFIX}{name}": v for name, v in self.today.items()}


def found_anew(search: Search, columns: Columns, kept: Table, today_s: float, told: Told) -> Anew:
    """`columns` are the points, `kept` what they take with what is kept; `told` hears how many
    searches are done, and of how many."""
    points = len(kept)
    rows: list[Row] = []
    try:
        rows.append(_at(search, {}, is_legal=True))
        for place in range(points):
            told(place + 1, points + 1)
            values = {path: column[place].item() for path, column in columns.items()}
            rows.append(_at(search, values, is_legal=not kept[ERROR][place]))
        told(points + 1, points + 1)
        is_cut_short = False
    except KeyboardInterrupt:
        is_cut_short = True
    rows += [_nothing(NOT_SEARCHED)] * (points + 1 - len(rows))
    today, *there = rows
    return Anew(search, today, _columns(there, today_s), is_cut_short)


def anew_text(anew: Anew, today: Mapping[str, float], places: Sequence[str]) -> str:
    """What the search gains today, and at the best of the points, which are called `places`."""
    name, now = anew.measure, today[anew.measure]
    word = "energy" if name == ENERGY else "time"
    values = np.asarray(anew.columns[f"{PREFIX}{name}"], dtype=float)
    own = float(anew.today[name])
    parts = [] if np.isnan(own) else [f"{own / now:.3g}x the {word} today"]
    best = int(np.nanargmin(values)) if np.isfinite(values).any() else None
    if best is not None and not values[best] >= own * (1 - NEGLIGIBLE):
        parts.append(f"{values[best] / now:.3g}x at {places[best]}")
    told = ", ".join(parts) or "nothing yet"
    return f"with the {anew.search.noun} found anew for {anew.minimise}: {told}"


def told_row(
    latency_s: float, energy_pj: float, bound: str, optimal: bool | None, gap: Any, strategy: str
) -> Row:
    """What is told of an answer; `optimal` and `gap` are None of what no search has found."""
    of_search = dict(zip(SEARCH, (optimal, gap, strategy), strict=True))
    return {LATENCY: latency_s, ENERGY: energy_pj, BOUND: bound, ERROR: "", **of_search}


def _at(search: Search, values: Values, *, is_legal: bool) -> Row:
    try:
        return search.ask(values, is_legal)
    except FAULTS as error:
        return _nothing(text_of(error))


def _nothing(error: str) -> Row:
    none = {LATENCY: float("nan"), ENERGY: float("nan"), BOUND: "", ERROR: error}
    return {**none, **dict.fromkeys(SEARCH)}


def _columns(rows: list[Row], today_s: float) -> dict[str, Column]:
    told = {f"{PREFIX}{name}": array_of(row[name] for row in rows) for name in (LATENCY, ENERGY)}
    speedup = {f"{PREFIX}speedup": today_s / np.asarray(told[f"{PREFIX}{LATENCY}"], dtype=float)}
    names = {f"{PREFIX}{name}": array_of(row[name] for row in rows) for name in (BOUND, ERROR)}
    return {**told, **speedup, **names, **{n: array_of(row[n] for row in rows) for n in SEARCH}}
