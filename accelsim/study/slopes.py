"""Elasticities of whatever can be asked: d log y / d log p, exact where there is a derivative.

A workload on a spatial array is differentiated (`sensitivity`). What is asked point after point, a
workload or a call on a GPU or a model on a system, is asked again with the number moved:

    left = log(y(p) / y(p')) / log(p / p')      p' = p / (1 + step), below; right: p' = p (1 + step)

and whole numbers are halved and doubled. A side is None where nothing can run there, where a whole
number cannot be halved, and where p or y is 0.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.cost.derivative import differentiable
from accelsim.study.sensitivity import (
    COLUMNS,
    DEFAULT_MEASURES,
    DERIVATIVE,
    DIFFERENCE,
    DOUBLING,
    Sides,
    elasticities,
    matched,
    refuse_no_step,
)
from accelsim.study.subject import ArraySubject, Subject
from accelsim.study.table import Column, Table

STEP = 0.01
"""Of a difference that stands for a derivative."""
NOTHING = Sides(None, None)


def elasticities_of(
    subject: Subject,
    of: Sequence[str] = (),
    parameters: Sequence[str] = ("*",),
    step: float | None = None,
) -> Table:
    """A row for each parameter and measure, as `sensitivity.elasticities` has them.

    Without `of`, of all that the subject measures; a subject that is no array has no others.

    Raises
    ------
    StudyError
        for a measure or a parameter that is none, and a step that is not above 0.
    """
    if isinstance(subject, ArraySubject):
        return elasticities(subject.design, of or DEFAULT_MEASURES, parameters, step)
    measures, paths = chosen(subject, of, parameters)
    refuse_no_step(step)
    known = subject.known()
    rows = []
    for path in paths:
        value, unit = known[path][:2]
        is_whole = subject.is_whole(path)
        sides, method = moved(subject, (path,), value, is_whole, step or STEP)
        rows += [(path, value, unit, name, *sides[name], method) for name in measures]
    return Table.of(dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)))


def chosen(
    subject: Subject, of: Sequence[str], parameters: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The measures and the paths that are meant; a StudyError for one that is none."""
    measures = list(dict.fromkeys(of or subject.measures))
    for name in measures:
        if name not in subject.measures:
            remedy = did_you_mean(name, subject.measures)
            remedy = remedy or f"There are {', '.join(subject.measures)}"
            raise StudyError(f"there is no measure {name!r} of {subject.of}", remedy=remedy)
    return measures, matched(parameters, list(subject.known()))


def slopes(
    subject: Subject, paths: tuple[str, ...], value: float | None, is_whole: bool
) -> tuple[Mapping[str, Sides], str]:
    """Both sides of each measure, all of the paths moved together from a value, and the method."""
    if isinstance(subject, ArraySubject) and len(paths) == 1:
        path = paths[0]
        if value and path in differentiable(subject.design.arch):
            rows = elasticities(subject.design, subject.measures, [path]).rows()
            return {row["measure"]: Sides(row["left"], row["right"]) for row in rows}, DERIVATIVE
    return moved(subject, paths, value, is_whole)


def moved(
    subject: Subject,
    paths: tuple[str, ...],
    value: float | None,
    is_whole: bool,
    step: float = STEP,
) -> tuple[Mapping[str, Sides], str]:
    """By differences; the method is empty where there is no number to move."""
    if not value:
        return dict.fromkeys(subject.measures, NOTHING), ""
    points: tuple[float, ...]
    if is_whole:
        points, method = (max(1, value // 2), value, 2 * value), DOUBLING
    else:
        points, method = (value / (1 + step), value, value * (1 + step)), DIFFERENCE
    kind = np.int64 if is_whole else float
    found = subject.answers({path: np.asarray(points, dtype=kind) for path in paths})
    return {
        name: Sides(*(_slope(found[name], points, side) for side in (0, 2)))
        for name in subject.measures
    }, method


def _slope(y: Column, p: Sequence[float], side: int) -> float | None:
    other, here = float(y[side]), float(y[1])
    if not (np.isfinite(other) and other > 0 and here > 0 and p[side] != p[1]):
        return None
    return float(np.log(other / here) / np.log(p[side] / p[1])) + 0.0
