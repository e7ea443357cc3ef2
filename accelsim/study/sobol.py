"""Sobol indices: which share of a result's variance each parameter is responsible for.

    first   V(E(y | x)) / V(y)           by itself
    total   E(V(y | all but x)) / V(y)   with all it does together with others

over independent parameters, each even on its range (or on its logarithm). Both are estimated from
N (D + 2) points of Saltelli's scheme on a Sobol sequence, with half the width of the 95 %
confidence interval by resampling (Saltelli et al., "Variance based sensitivity analysis of model
output", Computer Physics Communications 181, 2010; by SALib). First indices add up to 1 at most,
and to 1 where parameters do not act together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.base.errors import StudyError
from accelsim.cost.result import Cost
from accelsim.study.design import Design
from accelsim.study.measures import measure
from accelsim.study.ranges import read_ranges
from accelsim.study.slopes import chosen
from accelsim.study.spread import Range
from accelsim.study.subject import ERROR, ArraySubject, Subject
from accelsim.study.table import Table

Array = NDArray[Any]
Function = Callable[[Mapping[str, Array]], Mapping[str, Array]]
CONFIDENCE = 0.95
MOST_POINTS = 10**6
SAMPLES, FEW_SAMPLES = 1024, 64
FITS = ""
"""The column, beside those of measures, that says where all memories hold what they must."""


@dataclass(frozen=True)
class Indices:
    """`table`: measure, parameter, first, first_confidence, total, total_confidence.

    A measure that is the same at all points has None for its indices. `overfull` is the share of
    the points at which some memory does not hold what it must.
    """

    table: Table
    points: int
    overfull: float = 0.0


def sobol_of_design(
    design: Design,
    of: Sequence[str],
    ranges: Sequence[str],
    file: str | Path | None = None,
    samples: int = 1024,
    seed: int = 0,
) -> Indices:
    """Of measures of a design over ranges of its numbers, in one evaluation.

    Raises StudyError for a range or a measure that means nothing, and what `evaluate` raises.
    """
    found = read_ranges(design, ranges, file)
    overfull = 0.0

    def evaluated(values: Mapping[str, Array]) -> Mapping[str, Array]:
        nonlocal overfull
        points = len(next(iter(values.values())))
        moved = design.at(values, {each.path: each.unit for each in found})
        columns = moved.columns(told, points)
        overfull = float(1 - np.mean(columns.pop(FITS)))
        return columns

    def told(cost: Cost) -> Mapping[str, Any]:
        return {FITS: cost.fits, **{text: measure(cost, text, {}) for text in of}}

    indices = sobol_indices(evaluated, found, samples, seed)
    return Indices(indices.table, indices.points, overfull)


def sobol_of_subject(
    subject: Subject,
    of: Sequence[str],
    ranges: Sequence[str],
    file: str | Path | None = None,
    samples: int | None = None,
    seed: int = 0,
) -> Indices:
    """Of measures of whatever can be asked; what is asked point after point has fewer `samples`.

    Raises StudyError for a range or a measure that means nothing, and where some point cannot run.
    """
    if isinstance(subject, ArraySubject):
        return sobol_of_design(subject.design, of, ranges, file, samples or SAMPLES, seed)
    measures, _ = chosen(subject, of, ())

    def answered(values: Mapping[str, Array]) -> Mapping[str, Array]:
        found = subject.answers(values)
        failed = found[ERROR][found[ERROR] != ""]
        if len(failed):
            fact = f"at {len(failed):,} of {len(found):,} points nothing can run: {failed[0]}"
            raise StudyError(fact, remedy="Take narrower ranges")
        return {name: np.asarray(found[name], dtype=float) for name in measures}

    found = read_ranges(subject, ranges, file)
    return sobol_indices(answered, found, samples or FEW_SAMPLES, seed)


def sobol_indices(
    function: Function, ranges: Sequence[Range], samples: int = 1024, seed: int = 0
) -> Indices:
    """Of a function from arrays by path to results by name, called once with all points."""
    if samples < 2 or samples & (samples - 1):
        raise StudyError(f"{samples} samples are no power of 2", remedy="Take 1024, say")
    points = samples * (len(ranges) + 2)
    if points > MOST_POINTS:
        raise StudyError(f"{points:,} points are too many", remedy="Take fewer samples")
    shares = _sampled(len(ranges), samples, seed)
    results = function({each.path: each.at(shares[:, n]) for n, each in enumerate(ranges)})
    rows = []
    for name, result in results.items():
        values = np.broadcast_to(result, points)
        if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
            raise StudyError(f"{name!r} is no number at every point", remedy="Name another measure")
        for each, row in zip(ranges, _analysed(values, len(ranges), seed), strict=True):
            rows.append({"measure": name, "parameter": each.path, **row})
    return Indices(Table.of({name: [row[name] for row in rows] for name in rows[0]}), points)


def _problem(parameters: int) -> dict[str, Any]:
    names = [str(number) for number in range(parameters)]
    return {"num_vars": parameters, "names": names, "bounds": [[0, 1]] * parameters}


def _sampled(parameters: int, samples: int, seed: int) -> NDArray[np.float64]:
    """Of shape (points, parameters), between 0 and 1."""
    from SALib.sample import sobol  # type: ignore[import-untyped]

    problem = _problem(parameters)
    found: NDArray[np.float64] = sobol.sample(problem, samples, calc_second_order=False, seed=seed)
    return found


def _analysed(values: Array, parameters: int, seed: int) -> list[dict[str, float | None]]:
    """A row for each parameter."""
    from SALib.analyze import sobol  # type: ignore[import-untyped]

    keys = {
        "first": "S1",
        "first_confidence": "S1_conf",
        "total": "ST",
        "total_confidence": "ST_conf",
    }
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        return [dict.fromkeys(keys)] * parameters
    # SALib takes a seed of 0 for none.
    found = sobol.analyze(
        _problem(parameters),
        values,
        calc_second_order=False,
        conf_level=CONFIDENCE,
        seed=seed + 1,
    )
    columns = {name: np.asarray(found[key]).tolist() for name, key in keys.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
