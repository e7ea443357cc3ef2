"""Which points of the axes are evaluated: all, or a sample.

    sample: {method: grid}                                            all combinations, the default
    sample: {method: latin_hypercube, number: 1000, seed: 1}          each value of an axis as often
    sample: {method: sobol, number: 1024, seed: 1}                    evenly, also in projections
    sample: {method: adaptive, number: 400, minimise: latency_s}      where it is least (`adaptive`)

Samples are drawn by SciPy's `qmc` (both scrambled by the seed): u in [0, 1) per dimension is a
share of the way between the ends of a range, whose whole numbers are equally likely, or a place
among listed values. Points that come
again, or that `where` drops, are missing from the number.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from accelsim.base.record import Count, Record
from accelsim.study.axes import Axis, Names
from accelsim.study.points import (
    MODEL,
    MODEL_AXIS,
    Dimension,
    dimension,
    refuse_ragged,
    refuse_shared_paths,
)
from accelsim.study.setting import NO_UNIT, Setting
from accelsim.study.spread import range_of, values_of

Shares = np.ndarray[Any, Any]

MOST_DRAWN = 2**20
"""Points that a sample may have: what each path is set to at all of them is in memory at once."""


class Sample(Record):
    """How many points, drawn how. `batch` and the measures are of the adaptive method."""

    method: Literal["grid", "latin_hypercube", "sobol", "adaptive"] = "grid"
    number: Count | None = None
    seed: int = 0
    batch: Count | None = None
    minimise: Names = ()
    maximise: Names = ()

    @model_validator(mode="after")
    def _is_whole(self) -> "Sample":
        if (self.number is None) != (self.method == "grid"):
            wrong = "a grid has all points; leave out" if self.number else "a sample needs"
            raise ValueError(f"{wrong} 'number'")
        if self.number is not None and self.number > MOST_DRAWN:
            raise ValueError(f"{self.number:,} points are too many for a sample of {MOST_DRAWN:,}")
        if self.method == "sobol" and self.number and self.number & (self.number - 1):
            near = 1 << (self.number.bit_length() - 1)
            fact = f"Sobol points are even at powers of two; write {near} or {2 * near}"
            raise ValueError(fact)
        goals = bool(self.minimise or self.maximise)
        if goals != (self.method == "adaptive"):
            wrong = "only the method 'adaptive' takes" if goals else "'adaptive' needs"
            raise ValueError(f"{wrong} 'minimise' or 'maximise' with a measure")
        if self.batch is not None and self.method != "adaptive":
            raise ValueError("only the method 'adaptive' has a 'batch'")
        return self


class Choices:
    """The axes of a sample as dimensions of [0, 1): zipped ones are one, of places."""

    def __init__(
        self, models: Sequence[str], axes: Mapping[str, Axis], zipped: Sequence[Sequence[str]]
    ) -> None:
        refuse_shared_paths(axes)
        self.axes = ({MODEL: MODEL_AXIS} if models else {}) | dict(axes)
        group_of = {name: tuple(group) for group in zipped for name in group}
        self.groups = list(dict.fromkeys(group_of.get(name, (name,)) for name in self.axes))
        self._models = list(models)
        self._listed: dict[str, Setting] = {}
        for group in self.groups:
            listed = {name: self._values(name) for name in group if not self._is_drawn(group)}
            refuse_ragged(listed)
            self._listed |= listed

    def __len__(self) -> int:
        return len(self.groups)

    def dimension(self, shares: Shares) -> Dimension:
        """The points at `shares`, [points, dimensions], all axes together."""
        values: dict[str, Setting] = {}
        for column, group in zip(shares.T, self.groups, strict=True):
            values |= self._drawn(group, column)
        return dimension(self.axes, {name: values[name] for name in self.axes})

    def places(self) -> list[tuple[str, int | None]]:
        """Each dimension's name, and how many listed values it has; None between two ends."""
        return [
            ("+".join(group), None if self._is_drawn(group) else len(self._listed[group[0]]))
            for group in self.groups
        ]

    def _drawn(self, group: tuple[str, ...], shares: Shares) -> Mapping[str, Setting]:
        if self._is_drawn(group):
            between = range_of(group[0], self.axes[group[0]])
            return {group[0]: Setting.of(between.drawn(shares), between.unit or NO_UNIT)}
        number = len(self._listed[group[0]])
        places = np.minimum((shares * number).astype(int), number - 1)
        return {name: self._listed[name].at(places) for name in group}

    def _is_drawn(self, group: tuple[str, ...]) -> bool:
        """Whether all between two ends may be drawn."""
        return len(group) == 1 and self.axes[group[0]].is_open

    def _values(self, name: str) -> Setting:
        return Setting.of(self._models) if name == MODEL else values_of(name, self.axes[name])


def drawn(sample: Sample, choices: Choices) -> Dimension:
    """The points of a Latin hypercube or of a Sobol sequence."""
    # It takes longer to load than most studies to run.
    from scipy.stats import qmc  # type: ignore[import-untyped]

    assert sample.number is not None
    if sample.method == "sobol":
        engine = qmc.Sobol(len(choices), rng=np.random.default_rng(sample.seed))
    else:
        engine = qmc.LatinHypercube(len(choices), rng=np.random.default_rng(sample.seed))
    return choices.dimension(engine.random(sample.number))
