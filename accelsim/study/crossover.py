"""Where the bound changes along one number of a design: "DRAM-bound below 612 GB/s".

Where a formula over a study's table crosses a value is `crossings`.

The bound (what most of the time waits for, `Cost.bound`) is found at points of a grid, all in one
evaluation; between two neighbours of which it differs, the place is found by halving, to a relative
1e-9, or to the whole number from which on it differs. A bound that comes and goes between two
neighbours of the grid is not seen. Where a memory does not hold what it must, or the design cannot
run at all (no size of a tile, more tiles side by side than an array has rows), that is said instead
of a bound. A mapping that chooses among alternatives chooses at each value.

What is asked point after point (a GPU, a call, a system) has a grid of fewer points and halves to
a relative 1e-3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.base.errors import AccelsimError, StudyError
from accelsim.cost.derivative import differentiable
from accelsim.cost.result import Cost
from accelsim.study.design import Design
from accelsim.study.pareto import numbers
from accelsim.study.spread import Range
from accelsim.study.subject import BOUND, ERROR, LATENCY, ArraySubject, Subject, grid_of
from accelsim.study.table import Table, array_of, stacked

GRID = 512
PRECISION = 1e-9
DOES_NOT_FIT, CANNOT_RUN = "does not fit", "cannot run"

Array = NDArray[Any]


class Boundary(NamedTuple):
    """From `at` on it is `after`; of whole numbers, `at` is the first that is."""

    at: float
    before: str
    after: str


class Segment(NamedTuple):
    """What bounds between two values, and the latency at both."""

    bound: str
    low: float
    high: float
    low_latency_s: float
    high_latency_s: float


@dataclass(frozen=True)
class Crossover:
    """`grid` has the values, the latency and the seconds that each resource needs by itself:
    columns `value`, `latency_s`, `compute`, `DRAM`, ..."""

    along: Range
    segments: tuple[Segment, ...]
    grid: Table

    @property
    def boundaries(self) -> tuple[float, ...]:
        return tuple(segment.low for segment in self.segments[1:])


def crossover(design: Design, along: Range, grid: int = GRID) -> Crossover:
    """The segments of a range, in order. Raises what `evaluate` raises if it does so everywhere."""
    values = _grid(along, grid)
    whole = _rows(design, along, values)
    if np.isnan(whole["latency_s"]).all():
        _columns(design, along, values)
        (why,) = _at(design, along, values[:1]).misfits(1)
        raise StudyError(f"the mapping can run nowhere in that range: {why}")
    segments = _segments(
        lambda some: _rows(design, along, some)["bound"],
        lambda some: _rows(design, along, some)["latency_s"],
        values,
        along.is_whole,
        PRECISION,
    )
    shown = [name for name in whole.columns if name != "bound"]
    return Crossover(along, segments, whole.select(shown))


def crossover_of(subject: Subject, along: Range, grid: int | None = None) -> Crossover:
    """The same of whatever can be asked; its `grid` has the resources of an array alone.

    Raises
    ------
    StudyError
        if it can run nowhere in the range; of an array, what `evaluate` raises.
    """
    if isinstance(subject, ArraySubject) and along.path in subject.design.numbers():
        return crossover(subject.design, along, grid or GRID)
    values = _grid(along, grid or grid_of(subject, [along.path]))
    found = subject.answers({along.path: values})
    if np.all(found[ERROR] != ""):
        raise StudyError(f"{subject.of} can run nowhere in that range: {found[ERROR][0]}")
    segments = segments_of(subject, lambda some: {along.path: some}, values, along.is_whole)
    table = Table({"value": values, "latency_s": np.asarray(found[LATENCY], dtype=float)})
    return Crossover(along, segments, table)


Columns = Callable[[Array], Mapping[str, Array]]


def segments_of(
    subject: Subject, columns: Columns, values: Array, is_whole: bool
) -> tuple[Segment, ...]:
    """Between ascending values, of which `columns` makes points of the subject."""

    def labels(some: Array) -> Array:
        found = subject.answers(columns(some))
        return np.where(found[ERROR] != "", CANNOT_RUN, found[BOUND])

    def seconds(some: Array) -> Array:
        return subject.answers(columns(some))[LATENCY]

    return _segments(labels, seconds, values, is_whole, subject.precision)


def _segments(
    label: Callable[[Array], Array],
    seconds: Callable[[Array], Array],
    values: Array,
    is_whole: bool,
    precision: float,
) -> tuple[Segment, ...]:
    first = str(label(values[:1])[0])
    found = boundaries(label, values, is_whole, precision)
    starts = [values[0].item(), *(each.at for each in found)]
    stops = [*(each.at - is_whole for each in found), values[-1].item()]
    bounds = [first, *(each.after for each in found)]
    at_starts, at_stops = (seconds(np.array(ends)).tolist() for ends in (starts, stops))
    return tuple(map(Segment, bounds, starts, stops, at_starts, at_stops))


def boundaries(
    label: Callable[[Array], Array],
    values: Array,
    is_whole: bool = False,
    precision: float = PRECISION,
) -> list[Boundary]:
    """Where a label changes along ascending values, at least once between unlike neighbours."""
    labels = label(values)
    unlike = np.flatnonzero(labels[1:] != labels[:-1])
    todo = [(values[n], labels[n], values[n + 1], labels[n + 1]) for n in unlike]
    found: list[Boundary] = []
    while todo:
        low, before, high, after = (np.array(column) for column in zip(*todo, strict=True))
        apart = 1.0 if is_whole else precision
        low, high, there = _halved(label, low, before, high, after, is_whole, apart)
        found += map(Boundary, high.tolist(), before.tolist(), there.tolist())
        rest = zip(high, there, values[_next(values, high)], after, strict=True)
        todo = [each for each in rest if each[1] != each[3]]
    return sorted(found)


def _halved(
    label: Callable[[Array], Array],
    low: Array,
    before: Array,
    high: Array,
    after: Array,
    is_whole: bool,
    apart: float,
) -> tuple[Array, Array, Array]:
    """Intervals that hold the first change of each, and the label right after it."""
    there = after.copy()
    while True:
        wide = high - low > (apart if is_whole else apart * np.abs(high))
        middle = (low + high) // 2 if is_whole else (low + high) / 2
        if not (wide & (middle > low) & (middle < high)).any():
            return low, high, there
        labels = label(middle)
        is_before = labels == before
        low = np.where(wide & is_before, middle, low)
        high = np.where(wide & ~is_before, middle, high)
        there = np.where(wide & ~is_before, labels, there)


def _next(values: Array, places: Array) -> Array:
    """The grid's value to the right of places, or the last one."""
    return np.minimum(np.searchsorted(values, places), len(values) - 1)


def _grid(along: Range, number: int) -> Array:
    spaced = np.geomspace if along.low > 0 else np.linspace
    values = spaced(along.low, along.high, number)
    values[[0, -1]] = along.low, along.high
    return np.unique(np.round(values).astype(np.int64)) if along.is_whole else values


def _at(design: Design, along: Range, values: Array) -> Design:
    return design.at({along.path: values}, {along.path: along.unit})


def _columns(design: Design, along: Range, values: Array) -> dict[str, Array]:
    """No numbers where the mapping is illegal, which rates and energies cannot make it."""
    moved = _at(design, along, values)
    found = moved.columns(_told, len(values))
    if along.path in differentiable(design.arch):
        return found
    is_legal = moved.misfits(len(values)) == ""
    bound = found.pop("bound")
    is_told = is_legal | (bound == DOES_NOT_FIT)
    known = {name: np.where(is_legal, column, np.nan) for name, column in found.items()}
    return {"bound": np.where(is_told, bound, CANNOT_RUN), **known}


def _told(cost: Cost) -> dict[str, Any]:
    """Columns bound, latency_s and the seconds of each resource."""
    # Objects, for of texts a longer one would be cut to the length of the others.
    bound = np.where(cost.fits, cost.bound, DOES_NOT_FIT).astype(object)
    resources = {name: n / cost.clock_hz for name, n in cost.cycles_by_resource.items()}
    return {"bound": bound, "latency_s": cost.latency_s, **resources}


def _rows(design: Design, along: Range, values: Array) -> Table:
    """With a column value. Where the design cannot run there are no numbers, which costs an
    evaluation for each such value."""
    try:
        return Table({"value": values, **_columns(design, along, values)})
    except AccelsimError:
        if len(values) == 1:
            gap = {"value": values, "bound": array_of([CANNOT_RUN]), "latency_s": [np.nan]}
            return Table({name: np.asarray(column) for name, column in gap.items()})
        half = len(values) // 2
        table = stacked([_rows(design, along, some) for some in (values[:half], values[half:])])
        return Table({n: table[n] if n == "bound" else numbers(table, n) for n in table.columns})


def sentence(segments: Sequence[Segment], text: Callable[[float], str]) -> str:
    """`DRAM-bound below 612 GB/s, compute-bound above`; `text` writes a value."""
    words = [_word(segment.bound) for segment in segments]
    if len(words) == 1:
        return f"{words[0]} from {text(segments[0].low)} to {text(segments[0].high)}"
    places = [text(segment.low) for segment in segments[1:]]
    between = [f"{word} up to {at}" for word, at in zip(words[1:], places[1:], strict=False)]
    return ", ".join([f"{words[0]} below {places[0]}", *between, f"{words[-1]} above"])


def _word(bound: str) -> str:
    if bound in (DOES_NOT_FIT, CANNOT_RUN):
        return bound
    return f"bound by {bound}" if " " in bound else f"{bound}-bound"
