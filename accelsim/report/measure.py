"""What grouped bars show: values, beside a baseline if there is one, and their means.

    shown = value in `unit`             as it is,
            value / baseline            with `normalise_to`,
            baseline / value            with `speedup_over`

A table without the named baseline is shown beside the first series it has. Means are arithmetic,
over all points (a point is one group of one panel), as the FuseMax paper makes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from accelsim.report.selection import (
    Array,
    Direction,
    chosen_rows,
    direction,
    mean,
    nothing_to_draw,
    values_of,
)
from accelsim.report.spec import Bars, Names, Value, shown_per_unit, shown_unit
from accelsim.report.style import decimals, prefixed


@dataclass(frozen=True)
class Measure:
    """`values[panel, group, series]`, NaN where the table has none; `baseline` is at 1."""

    values: Array
    panels: Direction
    groups: Direction
    series: Direction
    unit: str
    baseline: int | None
    highlight: int
    compared: int | None

    @property
    def bars(self) -> list[int]:
        """The series that have bars: all but the baseline."""
        return [place for place in range(len(self.series)) if place != self.baseline]

    @property
    def points(self) -> int:
        return int((~np.isnan(self.values)).any(axis=2).sum())

    @property
    def means(self) -> Array:
        """Of each series over all points."""
        return mean(self.values, axis=(0, 1))

    def text(self, number: float) -> str:
        """A number with the digits that the largest one deserves, without its unit."""
        largest = float(np.nanmax(np.abs(self.values)))
        if 0.01 <= largest < 10_000:
            return f"{number:.{decimals(largest)}f}"
        return prefixed(number)


def measure(spec: Bars, frame: pd.DataFrame, names: Names) -> Measure:
    rows = chosen_rows(spec, frame, names)
    columns = (spec.panels, spec.groups, spec.series)
    panels, groups, series = (direction(spec, rows, column, names) for column in columns)
    raw = values_of(spec, rows, spec.value, (panels, groups, series))
    values, unit, baseline = _beside_baseline(spec, raw, series)
    bars = [place for place in range(len(series)) if place != baseline]
    if not bars or np.isnan(values[..., bars]).all():
        raise nothing_to_draw(spec)
    highlight = _place(series, spec.highlight, bars[-1], bars)
    return Measure(
        values=values,
        panels=panels,
        groups=groups,
        series=series,
        unit=unit,
        baseline=baseline,
        highlight=highlight,
        compared=series.place(spec.compare_with),
    )


def headline(shown: Measure) -> str:
    """What the numbers in the legend are, and how the highlighted series compares with another."""
    means = f"In brackets: mean of {shown.points} points" if shown.points > 1 else ""
    if shown.compared in (None, shown.highlight, shown.baseline):
        return means
    ratios = shown.values[..., shown.highlight] / shown.values[..., shown.compared]
    first, second = (shown.series.labels[k] for k in (shown.highlight, shown.compared))
    compared = f"{first} is {float(mean(ratios)):.3g}× {second}"
    return f"{means}; {compared}" if means else compared


def _beside_baseline(spec: Bars, raw: Array, series: Direction) -> tuple[Array, str, int | None]:
    named = spec.speedup_over if spec.normalise_to is None else spec.normalise_to
    if named is None or not len(series):
        return raw / shown_per_unit(spec.value, spec.unit), shown_unit(spec.value, spec.unit), None
    baseline = _place(series, named, 0, range(len(series)))
    base = raw[..., [baseline]]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = base / raw if spec.normalise_to is None else raw / base
    return np.where(np.isfinite(values), values, np.nan), spec.unit or "×", baseline


def _place(series: Direction, value: Value | None, otherwise: int, allowed: Sequence[int]) -> int:
    place = series.place(value)
    return place if place is not None and place in allowed else otherwise
