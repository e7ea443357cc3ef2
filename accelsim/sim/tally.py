"""Statistics of a run while it goes on, in memory that does not grow with it.

LogHistogram   how long things took: mean, and percentiles to a quarter of a percent
OverTime       how something went along the run: its mean, and a curve of a few hundred points
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

#: From the lower to the upper end of a bucket.
RATIO = 1.005
_STEP = math.log(RATIO)


@dataclass
class LogHistogram:
    """Values at least 0, with weights, in buckets each 0.5 % wide; zeros have one of their own.

    What is between the smallest and the largest of positive values takes at most
    ln(largest / smallest) / ln(1.005) buckets: 4,617 for a factor of 10^10.
    """

    weight: float = 0.0
    total: float = 0.0
    """Sum of weight times value."""
    least: float = math.inf
    most: float = 0.0
    zeros: float = 0.0
    buckets: dict[int, float] = field(default_factory=dict)
    """Weight by floor(ln(value) / ln(1.005))."""

    def add(self, value: float, weight: float = 1.0) -> None:
        """Counts the value `weight` times; nothing at a weight of 0."""
        if not (0 <= value < math.inf and 0 <= weight < math.inf):
            raise ValueError(
                f"neither value nor weight may be negative or infinite: {value}, {weight}"
            )
        if weight == 0:
            return
        self.weight += weight
        self.total += value * weight
        self.least, self.most = min(self.least, value), max(self.most, value)
        if value == 0:
            self.zeros += weight
        else:
            bucket = math.floor(math.log(value) / _STEP)
            self.buckets[bucket] = self.buckets.get(bucket, 0.0) + weight

    @property
    def mean(self) -> float | None:
        """Exact: total / weight."""
        return self.total / self.weight if self.weight else None

    def percentile(self, q: float) -> float | None:
        """The value that `q` percent of the weight does not exceed, off by 0.25 % at most.

        The geometric middle of its bucket, and never outside what was added; None of nothing.
        """
        if not self.weight:
            return None
        wanted, below = q / 100 * self.weight, self.zeros
        if below >= wanted and below:
            return 0.0
        for bucket in sorted(self.buckets):
            below += self.buckets[bucket]
            # Sums of the same weights in another order differ in their last digits.
            if below >= wanted * (1 - 1e-12):
                break
        return min(max(math.exp((bucket + 0.5) * _STEP), self.least), self.most)

    def merge(self, other: "LogHistogram") -> None:
        """Adds all that was added to the other."""
        self.weight += other.weight
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        self.zeros += other.zeros
        for bucket, weight in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0.0) + weight


class Point(NamedTuple):
    """The mean of a curve from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    value: float


@dataclass
class OverTime:
    """A quantity from time 0 to the end of the run, as a step function of at most `points` steps.

    `hold` says that it had a value for a while (a batch size); `spread` that so much came in a
    while (tokens), which makes the curve an amount a second. Where nothing is said it is 0. Steps
    are `width_s` wide; when the run outgrows them, neighbours are joined and the width doubles, so
    that a curve covers the whole run with between half and all of its points.
    """

    points: int = 512
    width_s: float = 1e-6
    total: float = 0.0
    """The integral of the curve."""
    end_s: float = 0.0
    steps: list[float] = field(default_factory=list)
    """The integral over each step."""

    def __post_init__(self) -> None:
        if self.points < 2 or self.points % 2:
            raise ValueError(f"an even number of points is needed, not {self.points}")

    def hold(self, value: float, start_s: float, end_s: float) -> None:
        """The quantity was `value` from `start_s` to `end_s`."""
        self.spread(value * (end_s - start_s), start_s, end_s)

    def spread(self, amount: float, start_s: float, end_s: float) -> None:
        """So much came evenly between `start_s` and `end_s`, or at once if they are the same."""
        if not 0 <= start_s <= end_s < math.inf:
            raise ValueError(f"time cannot run from {start_s} s to {end_s} s")
        self.total += amount
        self.end_s = max(self.end_s, end_s)
        self._make_room()
        for step, share in self._shares(start_s, end_s):
            self.steps[step] += amount * share

    @property
    def mean(self) -> float | None:
        """Over time, from 0 to the end; exact."""
        return self.total / self.end_s if self.end_s else None

    def curve(self) -> list[Point]:
        """The whole run; the last point ends with it."""
        curve = []
        for step, amount in enumerate(self.steps):
            start_s = step * self.width_s
            end_s = min((step + 1) * self.width_s, self.end_s)
            if end_s > start_s:
                curve.append(Point(start_s, end_s, amount / (end_s - start_s)))
        return curve

    def mean_between(self, start_s: float, end_s: float) -> float:
        """Over a part of the run, with shares of the steps in which it begins and ends."""
        inside = (
            point.value * max(0.0, min(point.end_s, end_s) - max(point.start_s, start_s))
            for point in self.curve()
        )
        return sum(inside) / (end_s - start_s)

    def _make_room(self) -> None:
        """Joins steps until the last one ends no earlier than the run."""
        while self.end_s > self.points * self.width_s:
            pairs = zip(self.steps[::2], [*self.steps[1::2], 0.0], strict=False)
            self.steps = [left + right for left, right in pairs]
            self.width_s *= 2
        needed = min(self.points, math.ceil(self.end_s / self.width_s)) or 1
        self.steps.extend([0.0] * (needed - len(self.steps)))

    def _shares(self, start_s: float, end_s: float) -> Iterator[tuple[int, float]]:
        """The steps between two times, and what share of that time lies in each."""
        last = len(self.steps) - 1
        begin = min(int(start_s / self.width_s), last)
        finish = min(int(end_s / self.width_s), last)
        if begin == finish:
            yield begin, 1.0
            return
        for step in range(begin, finish + 1):
            low, high = max(start_s, step * self.width_s), min(end_s, (step + 1) * self.width_s)
            yield step, max(0.0, high - low) / (end_s - start_s)
