"""Along one number, all else as today: elasticities, and where the bound changes.

    elasticity = d log y / d log p

Exact by differentiation where a subject is an array and the number a rate, a time, an energy, a
power or an area; else by moving the number (all of several) by 1 % both ways, whole ones by halving
and doubling. A side is None where nothing can run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.cost.derivative import differentiable
from accelsim.study.crossover import CANNOT_RUN, Segment, boundaries
from accelsim.study.sensitivity import DERIVATIVE, DIFFERENCE, DOUBLING, Sides, elasticities
from accelsim.study.subject import BOUND, ERROR, LATENCY, ArraySubject, Subject
from accelsim.study.table import Column
from accelsim.study.varied import Varied

STEP = 0.01
"""Of a difference that stands for a derivative."""


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


def along_one(subject: Subject, varied: Varied) -> Along:
    slopes, method = _slopes(subject, varied)
    return Along(varied, slopes, method, _segments(subject, varied))


def _segments(subject: Subject, varied: Varied) -> tuple[Segment, ...]:
    def labels(values: Column) -> Column:
        found = subject.answers(varied.columns(values))
        return np.where(found[ERROR] != "", CANNOT_RUN, found[BOUND])

    # Next to 0 there is no ratio to halve.
    values = np.sort([value for value in varied.values if value > 0])
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
