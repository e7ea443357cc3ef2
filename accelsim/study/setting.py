"""What a path is set to at each of some points: numbers in one unit, or values as they are written.

    Setting.of([2.5e10, 5e10], "B/s")      what a range gives: two floats, no text
    Setting.of(["25 GB/s", "50 GB/s"])     what a list says

Both mean the same to whoever reads them as texts (`as_written`). Numbers need not become texts:
a sample of a million points sets each path a million times.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelsim.study.axes import Value
from accelsim.study.table import Column, array_of

NO_UNIT = "1"

EXACT = 2**53
"""Whole numbers up to here are floats too."""


@dataclass(frozen=True, eq=False)
class Setting:
    """`values` are numbers in `unit`, or objects that say theirs themselves."""

    values: Column
    unit: str = NO_UNIT

    @classmethod
    def of(cls, values: Iterable[Value], unit: str = NO_UNIT) -> "Setting":
        """Numbers in `unit`; texts, which have their own, only without one."""
        listed = list(values)
        found = array_of(listed)
        if unit != NO_UNIT and not _are_exact(found):
            return cls(array_of(f"{value!r} {unit}" for value in listed))
        return cls(found, unit)

    def __len__(self) -> int:
        return len(self.values)

    def at(self, places: Column) -> "Setting":
        """The values at places, or of points that a mask chooses."""
        return Setting(self.values[places], self.unit)

    @property
    def are_numbers(self) -> bool:
        return self.values.dtype.kind in "iuf"

    @property
    def as_written(self) -> Column:
        """Numbers without a unit as they are, quantities as texts."""
        if self.unit == NO_UNIT:
            return self.values
        return array_of(f"{value!r} {self.unit}" for value in self.values.tolist())

    @property
    def as_read(self) -> Column:
        """Numbers as reading their texts gives them: ints where all are whole."""
        are_whole = (self.values == np.floor(self.values)) & (abs(self.values) <= EXACT)
        return self.values.astype(np.int64) if are_whole.all() else self.values

    @property
    def distinct(self) -> list[Value]:
        """What is written, each once."""
        return list(dict.fromkeys(self.as_written.tolist()))

    @property
    def telling(self) -> "Setting":
        """A few of the numbers, which a field of a machine takes only if it takes them all: the
        ends, and one that is not whole if there is one. What is no number tells of itself alone."""
        if not self.are_numbers or not len(self):
            return self
        fractions = np.flatnonzero(self.values != np.floor(self.values))[:1]
        return self.at(np.r_[self.values.argmin(), self.values.argmax(), fractions].astype(int))

    def hashes(self, seed: int) -> Column | None:
        """64 bits for each number, by its value alone; None of values that are not numbers."""
        if not (self.are_numbers and _are_exact(self.values)):
            return None
        bits = (self.values.astype(np.float64) + 0.0).view(np.uint64)
        return _mixed(bits ^ np.uint64(seed))


def _are_exact(values: Column) -> bool:
    """Whether they are floats, or ints that can be."""
    if values.dtype.kind == "f":
        return bool(np.isfinite(values).all())
    return values.dtype.kind in "iu" and bool((abs(values) <= EXACT).all())


def _mixed(bits: Column) -> Column:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
    generators"): every bit of the result depends on every bit given."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray[Any, Any] = bits ^ (bits >> np.uint64(31))
    return mixed
