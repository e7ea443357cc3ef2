"""What if a number were another one: rows, elasticities, where the bound changes, and targets.

    found = what_if(subject, ["memories.DRAM.bandwidth=0.1x:10x"], ["latency=2x"])
    found.table.frame()         a row for each point: the numbers, measures, speedup, bound, error
    found.along[0].segments     what bounds, from where to where, all else as today
    found.sentence              the bound today, and what to do

    speedup = latency today / latency

Points are evaluated all at once where the subject can (`subject`). A point that cannot run is a row
with its error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.base.units import format_quantity
from accelsim.cost.derivative import differentiable
from accelsim.cost.explanation import WORTH_NAMING, Explanation, times
from accelsim.cost.gpu.levers import PATHS
from accelsim.study.crossover import CANNOT_RUN, Segment, boundaries, sentence
from accelsim.study.sensitivity import DERIVATIVE, DIFFERENCE, DOUBLING, Sides, elasticities
from accelsim.study.subject import BOUND, ERROR, LATENCY, ArraySubject, Subject
from accelsim.study.table import Column, Table
from accelsim.study.targets import Solved, read_target, solve
from accelsim.study.varied import Varied, read_varied, refuse_too_many

SPEEDUP = "speedup"
STEP = 0.01
"""Of a difference that stands for a derivative."""
MOST = 2
"""Numbers that are varied at once: what a figure shows."""
MOST_SEGMENTS = 4
"""That a sentence lists."""


@dataclass(frozen=True)
class Along:
    """One of the numbers, all else as today."""

    varied: Varied
    slopes: Mapping[str, Sides]
    method: str
    segments: tuple[Segment, ...]

    @property
    def boundaries(self) -> tuple[float, ...]:
        return tuple(segment.low for segment in self.segments[1:])


@dataclass(frozen=True)
class WhatIf:
    """`today` has the measures as they are."""

    of: str
    table: Table
    along: tuple[Along, ...]
    today: Mapping[str, float]
    bound: str
    solved: tuple[Solved, ...]
    explanation: Explanation
    sentence: str

    @property
    def varied(self) -> tuple[Varied, ...]:
        return tuple(each.varied for each in self.along)


def what_if(subject: Subject, vary: Sequence[str], targets: Sequence[str] = ()) -> WhatIf:
    """`vary` are PATH=RANGE (`varied`), one or two; `targets` as in `targets`.

    Raises
    ------
    StudyError
        for a range, a path or a target that is none, or if nothing can run.
    """
    if not 1 <= len(vary) <= MOST:
        fact = f"{len(vary)} numbers are varied"
        raise StudyError(fact, remedy="Vary one or two; `accelsim sweep` takes any number")
    varied = tuple(read_varied(subject, text, len(vary) == 1) for text in vary)
    refuse_too_many(varied)
    today = _today(subject, varied)
    now = {name: float(today[name][0]) for name in subject.measures}
    asked = [read_target(subject, text, now) for text in targets]
    table = _table(subject, varied, now[LATENCY])
    along = tuple(_along(subject, each) for each in varied)
    solved = tuple(solve(subject, each, target) for target in asked for each in varied)
    explanation = subject.explanation()
    return WhatIf(
        of=subject.of,
        table=table,
        along=along,
        today=now,
        bound=str(today[BOUND][0]),
        solved=solved,
        explanation=explanation,
        sentence=_sentence(table, along, solved, explanation),
    )


def _today(subject: Subject, varied: Sequence[Varied]) -> Table:
    """One row: as it is. Asked at a number's own value, which changes nothing."""
    known = subject.known()
    path = next((p for each in varied for p in each.paths if p in known), next(iter(known)))
    found = subject.answers({path: np.array([known[path].value])})
    if found[ERROR][0]:
        raise StudyError(f"{subject.of} cannot run as it is: {found[ERROR][0]}")
    return found


def _table(subject: Subject, varied: Sequence[Varied], today_s: float) -> Table:
    mesh = np.meshgrid(*(np.asarray(each.values) for each in varied), indexing="ij")
    points = {each.name: axis.reshape(-1) for each, axis in zip(varied, mesh, strict=True)}
    columns: dict[str, Column] = {}
    for each in varied:
        columns |= each.columns(points[each.name])
    found = subject.answers(columns)
    if np.all(found[ERROR] != ""):
        raise StudyError(f"{subject.of} can run at no point: {found[ERROR][0]}")
    measured = {name: found[name] for name in subject.measures}
    speedup = today_s / np.asarray(found[LATENCY], dtype=float)
    return Table({**points, **measured, SPEEDUP: speedup, BOUND: found[BOUND], ERROR: found[ERROR]})


# --- along one number -----------------------------------------------------------------------------


def _along(subject: Subject, varied: Varied) -> Along:
    slopes, method = _slopes(subject, varied)
    return Along(varied, slopes, method, _segments(subject, varied))


def _segments(subject: Subject, varied: Varied) -> tuple[Segment, ...]:
    def labels(values: Column) -> Column:
        found = subject.answers(varied.columns(values))
        return np.where(found[ERROR] != "", CANNOT_RUN, found[BOUND])

    values = np.sort(np.asarray(varied.values))
    if not varied.is_list:
        values = np.union1d(varied.between(subject.grid), values)
    if varied.is_whole:
        values = values.astype(np.int64)
    first = str(labels(values[:1])[0])
    found = boundaries(labels, values, varied.is_whole, subject.precision)
    starts = [values[0].item(), *(each.at for each in found)]
    stops = [*(each.at - varied.is_whole for each in found), values[-1].item()]
    seconds = [subject.answers(varied.columns(ends))[LATENCY].tolist() for ends in (starts, stops)]
    bounds = [first, *(each.after for each in found)]
    return tuple(map(Segment, bounds, starts, stops, *seconds))


def _slopes(subject: Subject, varied: Varied) -> tuple[dict[str, Sides], str]:
    """d log y / d log p today, exact where it can be."""
    if not varied.today:
        return dict.fromkeys(subject.measures, Sides(None, None)), ""
    if isinstance(subject, ArraySubject) and len(varied.paths) == 1:
        path = varied.paths[0]
        if path in differentiable(subject.design.arch):
            rows = elasticities(subject.design, subject.measures, [path]).rows()
            return {row["measure"]: Sides(row["left"], row["right"]) for row in rows}, DERIVATIVE
    own = varied.today
    if varied.is_whole:
        moved, method = (max(1, own // 2), own, 2 * own), DOUBLING
    else:
        moved, method = (own / (1 + STEP), own, own * (1 + STEP)), DIFFERENCE
    found = subject.answers(varied.columns(moved))
    return {
        name: Sides(*(_slope(found[name], moved, side) for side in (0, 2)))
        for name in subject.measures
    }, method


def _slope(y: Column, p: Sequence[float], side: int) -> float | None:
    other, here = float(y[side]), float(y[1])
    if not (np.isfinite(other) and other > 0 and here > 0 and p[side] != p[1]):
        return None
    return float(np.log(other / here) / np.log(p[side] / p[1])) + 0.0


# --- the sentence ---------------------------------------------------------------------------------


def _sentence(
    table: Table, along: Sequence[Along], solved: Sequence[Solved], explanation: Explanation
) -> str:
    """The bound, what the varied numbers change, what else would help."""
    parts = [explanation.bound_text]
    parts += [_of_one(each) for each in along]
    parts += [_best(table, along)]
    parts += [each.short for each in solved]
    own = [path for each in along for path in each.varied.paths]
    helps = [each for each in explanation.helps if each.gain >= WORTH_NAMING]
    others = [each for each in helps if not any(_moves(each.path, path) for path in own)]
    if others:
        first = others[0]
        parts.append(f"{times(first.factor)} {first.path} would give {first.gain:.2f}x")
    return "; ".join(parts)


def _moves(help_: str, path: str) -> bool:
    """Whether what would help is that number, or a lever of a GPU (`H100 L2 bandwidth`) on it."""
    levers = (
        each for lever, each in PATHS.items() if help_ == lever or help_.endswith(f" {lever}")
    )
    moved = [start for each in levers for start in each]
    return help_ == path or any(path == m or f".{path}".find(f".{m}") >= 0 for m in moved)


def _of_one(along: Along) -> str:
    """`memories.DRAM.bandwidth: DRAM-bound below 54 GB/s, compute-bound above`."""
    segments = along.segments
    if len(segments) > MOST_SEGMENTS:
        return f"{along.varied.name}: the bound changes {len(segments) - 1} times in that range"
    found = sentence(segments, lambda value: format_quantity(value, along.varied.unit or "1"))
    for bound in {segment.bound for segment in segments if " " in segment.bound}:
        found = found.replace(f"{bound}-bound", f"bound by {bound}")
    return f"{along.varied.name}: {found}"


def _best(table: Table, along: Sequence[Along]) -> str:
    """The fastest of the points, the one nearest to today of equals."""
    speedup = np.asarray(table[SPEEDUP], dtype=float)
    best = float(np.nanmax(speedup))
    if best < WORTH_NAMING:
        return _nothing(table, along)
    near = np.flatnonzero(speedup >= best * (1 - 1e-9))
    far = np.zeros(len(near))
    for each in along:
        if each.varied.today:
            values = np.asarray(table[each.varied.name], dtype=float)[near]
            far += np.abs(values / each.varied.today - 1)
    place = int(near[np.argmin(far)])
    there = [_value(each.varied, table, place) for each in along]
    return f"fastest at {' and '.join(there)}: {best:.2f}x"


def _nothing(table: Table, along: Sequence[Along]) -> str:
    """No point is faster: whether more of the one number changes anything at all."""
    first = along[0].varied
    if len(along) == 1 and first.today is not None:
        above = np.asarray(table[first.name], dtype=float) > first.today
        speedup = np.asarray(table[SPEEDUP], dtype=float)[above]
        if len(speedup) and np.all(np.abs(speedup - 1) < WORTH_NAMING - 1):
            return f"more {first.name} changes nothing"
    return "nothing in that range is faster"


def _value(varied: Varied, table: Table, place: int) -> str:
    value = format_quantity(float(table[varied.name][place]), varied.unit or "1")
    return f"{varied.name} = {value}"


def as_plain(found: WhatIf) -> dict[str, Any]:
    """For JSON."""
    return {
        "of": found.of,
        "today": {**found.today, BOUND: found.bound},
        "vary": [
            {
                "path": each.varied.name,
                "unit": each.varied.unit,
                "today": each.varied.today,
                "elasticity": {name: sides._asdict() for name, sides in each.slopes.items()},
                "method": each.method,
                "segments": [segment._asdict() for segment in each.segments],
                "crossovers": each.boundaries,
            }
            for each in found.along
        ],
        "targets": [
            {
                "target": each.target.text,
                "path": each.name,
                "value": each.value,
                "reached": each.reached,
                "best_at": each.best_at,
                "bound": each.bound,
                "text": each.text,
            }
            for each in found.solved
        ],
        "rows": found.table.rows(),
        "sentence": found.sentence,
    }
