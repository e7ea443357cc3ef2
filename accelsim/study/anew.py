"""The best mapping found anew at each point of a what-if, beside the one that is kept.

anew_latency_s  anew_energy_pj     of the best mapping there
anew_speedup                       latency today, with the mapping kept / anew_latency_s
anew_bound  anew_error             as of the mapping that is kept
optimal  gap  strategy             what the search proved, and what found it (`search`)

The search at a point is that of `accelsim map` there. Its spaces need not hold the mapping that is
kept; where that one is better, it stays (`kept`), and nothing is proved.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapper.find import find_mapping
from accelsim.mapper.found import figures_of
from accelsim.mapper.objective import Objective, objective, value_of
from accelsim.study.columns import SEARCH
from accelsim.study.design import Design
from accelsim.study.faults import FAULTS, text_of
from accelsim.study.subject import BOUND, ENERGY, ERROR, LATENCY, ArraySubject, Columns
from accelsim.study.table import Column, Table, array_of

PREFIX = "anew_"
KEPT = "kept"
NEGLIGIBLE = 1e-9
NOT_SEARCHED = "not searched: interrupted"

Told = Callable[[int, int], None]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Anew:
    """`today` at today's numbers; `columns` over the points. `is_cut_short`: by an interrupt, which
    leaves the points after it with an error."""

    minimise: Objective
    today: Row
    columns: Mapping[str, Column]
    is_cut_short: bool

    @property
    def measure(self) -> str:
        """What is told of it first: the latency, if it is not energy that is sought."""
        return ENERGY if self.minimise == "energy" else LATENCY

    @property
    def today_anew(self) -> Row:
        """Today under the names of the columns."""
        return {name if name in SEARCH else f"{PREFIX}{name}": v for name, v in self.today.items()}


def found_anew(
    subject: ArraySubject,
    columns: Columns,
    kept: Table,
    minimise: str,
    today_s: float,
    told: Told,
) -> Anew:
    """`columns` are the points, `kept` what they take with the mapping kept; `told` hears how many
    searches are done, and of how many.

    Raises
    ------
    MapperError
        if there is no such objective.
    """
    design = subject.design
    wanted = objective(minimise, [memory.name for memory in design.arch.memories])
    known = subject.known()
    points = len(kept)
    rows: list[Row] = []
    try:
        rows.append(_searched(design, wanted, True))
        for place in range(points):
            told(place + 1, points + 1)
            values = {path: column[place].item() for path, column in columns.items()}
            units = {path: known[path].unit for path in values if path in known}
            rows.append(_at(design, values, units, wanted, not kept[ERROR][place]))
        told(points + 1, points + 1)
        is_cut_short = False
    except KeyboardInterrupt:
        is_cut_short = True
    rows += [_nothing(NOT_SEARCHED)] * (points + 1 - len(rows))
    today, *there = rows
    return Anew(wanted, today, _columns(there, today_s), is_cut_short)


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
    return f"with the mapping found anew for {anew.minimise}: {told}"


def _at(
    design: Design,
    values: Mapping[str, Any],
    units: Mapping[str, str],
    wanted: Objective,
    is_legal: bool,
) -> Row:
    """Of one point, at which the mapping that is kept may be legal."""
    try:
        return _searched(design.at(values, units), wanted, is_legal)
    except FAULTS as error:
        return _nothing(text_of(error))


def _searched(design: Design, wanted: Objective, is_legal: bool) -> Row:
    old = evaluate(design.cascade, design.arch, design.alternative()) if is_legal else None
    try:
        found = find_mapping(design.cascade, design.arch, wanted)
    except FAULTS as error:
        return _nothing(text_of(error)) if old is None else _told(old, None, None, KEPT)
    if found.is_cut_short:
        # The best so far is no answer here.
        raise KeyboardInterrupt
    if old is not None and value_of(wanted, figures_of(old)) < found.value:
        return _told(old, None, None, KEPT)
    return _told(found.cost, found.optimal, found.gap, found.strategy)


def _told(cost: Cost, optimal: bool | None, gap: float | None, strategy: str) -> Row:
    told = {LATENCY: float(cost.latency_s), ENERGY: float(cost.energy_pj), BOUND: str(cost.bound)}
    return {**told, ERROR: "", **dict(zip(SEARCH, (optimal, gap, strategy), strict=True))}


def _nothing(error: str) -> Row:
    none = {LATENCY: float("nan"), ENERGY: float("nan"), BOUND: "", ERROR: error}
    return {**none, **dict.fromkeys(SEARCH)}


def _columns(rows: list[Row], today_s: float) -> dict[str, Column]:
    told = {f"{PREFIX}{name}": array_of(row[name] for row in rows) for name in (LATENCY, ENERGY)}
    speedup = {f"{PREFIX}speedup": today_s / np.asarray(told[f"{PREFIX}{LATENCY}"], dtype=float)}
    names = {f"{PREFIX}{name}": array_of(row[name] for row in rows) for name in (BOUND, ERROR)}
    return {**told, **speedup, **names, **{n: array_of(row[n] for row in rows) for n in SEARCH}}
