"""What a what-if is asked of: something whose numbers have paths, and what it takes with others.

    answers({path: values})     a row for each point: the measures, the bound, and an error instead
                                where it cannot run

A workload on a spatial array answers for all points in one evaluation (`ArraySubject`), of those
with the same tiles, which are numbers of its mapping; what makes
other kernels at each point is asked one point after the other (`pointwise`).
"""

from collections.abc import Mapping as ByPath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.units import format_bytes, quantity
from accelsim.cost.derivative import differentiable
from accelsim.cost.explanation import Explanation
from accelsim.cost.result import Cost
from accelsim.study.design import Design, is_whole
from accelsim.study.explained_design import explained_design
from accelsim.study.faults import FAULTS, text_of
from accelsim.study.quantities import Quantity
from accelsim.study.table import Column, Table, array_of, stacked
from accelsim.study.tiles import GRID as TILES_GRID
from accelsim.study.tiles import START as TILES
from accelsim.study.tiles import by_tiles, tiles_of, with_tiles

Columns = ByPath[str, Column]
LATENCY, ENERGY = "latency_s", "energy_pj"
TOKENS, TOKEN_ENERGY = "tokens_per_s", "energy_per_token_pj"
BOUND, ERROR = "bound", "error"


class Subject(Protocol):
    """`steps` are the points of a range where none are asked for: of one number, and of each of
    two; `grid` those between which a change of the bound is looked for, to a share of
    `precision`."""

    @property
    def of(self) -> str: ...
    @property
    def note(self) -> str:
        """What a reader of the measures must know; empty if there is nothing."""

    @property
    def measures(self) -> tuple[str, ...]: ...
    @property
    def steps(self) -> tuple[int, int]: ...
    @property
    def grid(self) -> int: ...
    @property
    def precision(self) -> float: ...

    def known(self) -> ByPath[str, Quantity]:
        """Today's numbers by path."""

    def read(self, path: str, text: str) -> Quantity:
        """What a text means at a path; raises what says why it means nothing there."""

    def is_whole(self, path: str) -> bool: ...

    def answers(self, columns: Columns) -> Table:
        """Columns of the measures (NaN where there is an error), `bound` and `error`."""

    def explanation(self) -> Explanation:
        """Of today."""

    def nouns(self) -> ByPath[str, Any]:
        """What it is made of, by name (`study.provenance`)."""


@dataclass(frozen=True)
class ArraySubject:
    """A workload on a spatial array under a mapping, which stays the same; both are `called` so."""

    design: Design
    of: str
    called: tuple[str, str] = ("machine", "mapping")
    measures: tuple[str, ...] = (LATENCY, ENERGY)
    steps: tuple[int, int] = (65, 33)
    grid: int = 257
    precision: float = 1e-9
    note: str = ""

    def known(self) -> ByPath[str, Quantity]:
        return {**self.design.numbers(), **tiles_of(self.design)}

    def read(self, path: str, text: str) -> Quantity:
        refuse_unknown(path, self.known(), self._is_number(path))
        if path.startswith(TILES):
            return Quantity(quantity(text, "1"))
        return self.design.read(path, text)

    def is_whole(self, path: str) -> bool:
        return is_whole(path) or path.startswith(TILES)

    def explanation(self) -> Explanation:
        return explained_design(self.design, self.of)

    def nouns(self) -> ByPath[str, Any]:
        machine, mapping = self.called
        own = {machine: self.design.arch, mapping: self.design.mapping}
        return {self.design.cascade.name: self.design.cascade, **own}

    def answers(self, columns: Columns) -> Table:
        """Where some points fail they are halved until the failing ones stand alone."""
        points = len(next(iter(columns.values())))
        if any(path.startswith(TILES) for path in columns):
            return self._of_tiles(columns, points)
        try:
            return self._evaluated(columns, points)
        except FAULTS as error:
            if points == 1:
                return failed(self.measures, text_of(error))
        half = points // 2
        halves = (slice(None, half), slice(half, None))
        return stacked([self.answers({p: c[each] for p, c in columns.items()}) for each in halves])

    def _of_tiles(self, columns: Columns, points: int) -> Table:
        """Those of the same tiles in one evaluation."""
        rest = {path: column for path, column in columns.items() if not path.startswith(TILES)}
        if not rest:
            # Ranks as they are: what changes nothing, and is checked.
            known = self.design.numbers()
            path = next(path for path in known if path.startswith("ranks."))
            rest = {path: np.full(points, known[path].value)}
        parts, order = [], []
        for values, places in by_tiles(columns):
            other = replace(self, design=with_tiles(self.design, values))
            parts.append(other.answers({path: column[places] for path, column in rest.items()}))
            order.append(places)
        return stacked(parts).at(np.argsort(np.concatenate(order), kind="stable"))

    def _is_number(self, path: str) -> bool:
        """Those that a file leaves at their defaults are not listed, but can be read."""
        return path.partition(".")[0] in ("memories", "compute", "clock", "technology")

    def _evaluated(self, columns: Columns, points: int) -> Table:
        known = self.design.numbers()
        units = {path: known[path].unit for path in columns if path in known}
        moved = self.design.at(columns, units)
        found = moved.columns(_told, points)
        errors = _overfull(found, points)
        if not set(columns) <= set(differentiable(self.design.arch)):
            errors = np.where(errors == "", moved.misfits(points), errors)
        return told_at(self.measures, found, errors)


def grid_of(subject: Subject, paths: Sequence[str]) -> int:
    """The subject's, or fewer points where tiles are varied."""
    is_slow = any(path.startswith(TILES) for path in paths)
    return min(subject.grid, TILES_GRID) if is_slow else subject.grid


def quietly() -> None:
    """For whoever does not want to hear of every point that is asked."""


def refuse_unknown(path: str, known: ByPath[str, Quantity], may_be: bool = False) -> None:
    """A StudyError with what may be meant, for a path that is no number."""
    if path in known or may_be:
        return
    remedy = did_you_mean(path, known)
    if remedy is None:
        tails = [each for each in known if each.rpartition(".")[2] == path.rpartition(".")[2]]
        remedy = f"There are {', '.join((tails or list(known))[:6])}, ..."
    raise StudyError(f"there is no number {path!r}", remedy=remedy)


def told_at(measures: tuple[str, ...], found: ByPath[str, Any], errors: Column) -> Table:
    """Of points some of which have errors: no numbers there."""
    is_bad = errors != ""
    columns = {
        name: np.where(is_bad, np.nan, np.asarray(found[name], dtype=float)) for name in measures
    }
    bound = np.where(is_bad, "", np.asarray(found[BOUND], dtype=object))
    return Table({**columns, BOUND: bound, ERROR: errors})


def failed(measures: tuple[str, ...], error: str) -> Table:
    """Of one point."""
    nothing = {name: np.array([np.nan]) for name in measures}
    return Table({**nothing, BOUND: array_of([""]), ERROR: array_of([error])})


def _told(cost: Cost) -> dict[str, Any]:
    held = {f"held {name}": number for name, number in cost.occupancy_bytes.items()}
    room = {f"room {n}": c for n, c in cost.capacity_bytes.items() if c is not None}
    totals = {LATENCY: cost.latency_s, ENERGY: cost.energy_pj}
    return {**totals, BOUND: np.asarray(cost.bound).astype(object), **held, **room}


def _overfull(found: ByPath[str, Column], points: int) -> Column:
    """Which memory does not hold what it must, and by how much."""
    errors = np.full(points, "", dtype=object)
    for name in (each[len("room ") :] for each in found if each.startswith("room ")):
        held, room = found[f"held {name}"], found[f"room {name}"]
        for place in np.flatnonzero((held > room) & (errors == "")):
            needs, has = format_bytes(float(held[place])), format_bytes(float(room[place]))
            errors[place] = f"{name} needs {needs} but holds {has}"
    return errors
