"""Along one number, all else as today: elasticities, and where the bound changes.

    elasticity = d log y / d log p

Of several numbers that are varied as one, all are moved together. A side is None where nothing can
run (`slopes`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accelsim.study.crossover import Segment, segments_of
from accelsim.study.sensitivity import Sides
from accelsim.study.slopes import slopes
from accelsim.study.subject import Subject, grid_of
from accelsim.study.varied import Varied


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
    found, method = slopes(subject, varied.paths, varied.today, varied.is_whole)
    return Along(varied, found, method, _segments(subject, varied))


def _segments(subject: Subject, varied: Varied) -> tuple[Segment, ...]:
    # Next to 0 there is no ratio to halve.
    values = np.sort([value for value in varied.values if value > 0])
    if not varied.is_list:
        values = np.union1d(varied.between(grid_of(subject, varied.paths)), values)
    if varied.is_whole:
        values = values.astype(np.int64)
    return segments_of(subject, varied.columns, values, varied.is_whole)
