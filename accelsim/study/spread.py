"""The values of an axis: those that are listed, those between two ends, those of a CSV file.

    from, to, steps     from + i (to - from) / (steps - 1);  log: from (to / from)^(i / (steps - 1))
    from, to, step      from + i step, up to `to`;           log: from step^i, up to `to`

Values between two ends are numbers in the house unit that the ends have in common (400 GB/s is in
B/s), rounded to twelve digits; bytes, and numbers between whole ends, to whole ones, multiples to
multiples. An axis has each value once.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from accelsim.base.errors import InputError, Place, StudyError, did_you_mean
from accelsim.base.units import UNIT_OF_SUFFIX, quantity
from accelsim.study.axes import Axis, Value, plain
from accelsim.study.setting import NO_UNIT, Setting

Array = np.ndarray[Any, Any]

MOST_VALUES = 1_000_000
DIGITS = 12

HOUSE_UNITS = (NO_UNIT, *dict.fromkeys(UNIT_OF_SUFFIX.values()))


class Range(NamedTuple):
    """Numbers in `unit` from `low` to `high`, both included; `path` or the axis says of what."""

    path: str
    low: float
    high: float
    unit: str = ""
    is_log: bool = False
    is_whole: bool = False
    multiple: float = 0.0

    def at(self, shares: Any) -> Array:
        """The numbers at shares of the way from 0 to 1; whole ones are all equally likely."""
        end = self.high + 1 if self.is_whole else self.high
        found = self._along(shares, end)
        # Rounding must not push an end out of the range, or just below a whole number.
        if self.is_whole:
            return np.clip(np.floor(found * (1 + 1e-12)), self.low, self.high).astype(np.int64)
        return np.clip(found, self.low, self.high)

    def drawn(self, shares: Any) -> list[float]:
        """Values of an axis at random shares: whole ones are equally likely, multiples nearest."""
        if self.multiple:
            return self.stepped(shares)
        return self.rounded(self.at(shares).tolist())

    def stepped(self, shares: Any) -> list[float]:
        """Values of an axis at even shares: the nearest ones; several may be the same."""
        return self.rounded(self._along(shares, self.high).tolist())

    def rounded(self, values: Iterable[float]) -> list[float]:
        if self.multiple:
            counts = (max(1, round(value / self.multiple)) for value in values)
            return [_tidy(count * self.multiple) for count in counts]
        if self.is_whole:
            return [round(value) for value in values]
        return [_tidy(value) for value in values]

    def _along(self, shares: Any, end: float) -> Array:
        share = np.asarray(shares, dtype=float)
        if self.is_log:
            return np.asarray(self.low * (end / self.low) ** share)
        return np.asarray(self.low + (end - self.low) * share)


def values_of(name: str, axis: Axis) -> Setting:
    """What the axis gives to its paths, in order."""
    with axis.placed():
        if axis.is_range:
            between = range_of(name, axis)
            found = Setting.of(_stepped(name, axis, between), between.unit or NO_UNIT)
        elif axis.file is not None:
            found = Setting.of(_of_file(axis.file, axis.column))
        else:
            found = Setting.of(plain(value) for value in axis.to)
        if not len(found):
            raise StudyError(f"the axis {name} has no values", remedy="Give it one or more")
    return found


def number_of(value: Value) -> float | None:
    """A number, or a quantity in its house unit; None of any other text."""
    if not isinstance(value, str):
        return value
    measured = _measured(value)
    return None if measured is None else measured[0]


def range_of(name: str, axis: Axis) -> Range:
    """The ends of an axis that has `from` and `to`."""
    with axis.placed():
        return _range_of(name, axis)


def _range_of(name: str, axis: Axis) -> Range:
    assert axis.from_ is not None
    unit, (least, most) = _common(name, [axis.from_, axis.to[0]])
    multiple = 0.0
    if axis.multiple_of is not None:
        _, (multiple, _) = _common(name, [axis.multiple_of, axis.to[0]])
        if multiple <= 0:
            raise _bad(name, f"multiples of {axis.multiple_of} are none", "Write one above 0")
    if axis.log and min(least, most) <= 0:
        raise _bad(name, "a range in equal ratios ends above 0", "Leave out 'log'")
    whole = unit == "B" or (unit == NO_UNIT and isinstance(least, int) and isinstance(most, int))
    ends = (min(least, most), max(least, most)) if axis.is_open else (least, most)
    own = unit.removesuffix(NO_UNIT)
    return Range(name, *ends, own, axis.log, whole and _keeps_whole(axis), multiple)


def _keeps_whole(axis: Axis) -> bool:
    """A step of 0.5 between whole ends makes halves."""
    step = None if axis.step is None or axis.log else number_of(axis.step)
    return step is None or step == int(step)


def _stepped(name: str, axis: Axis, between: Range) -> list[float]:
    """Each value once: rounding makes some of them the same."""
    if axis.is_open:
        fact = f"the axis {name} has two ends and nothing that says which values lie between"
        raise StudyError(fact, remedy="Add 'steps: 9' or a 'step', or sample the study")
    if axis.steps is not None:
        _refuse_many(name, axis.steps)
        shares = np.linspace(0, 1, axis.steps) if axis.steps > 1 else np.zeros(1)
        return list(dict.fromkeys(between.stepped(shares)))
    return list(dict.fromkeys(between.rounded(_by_step(name, axis, between))))


def _by_step(name: str, axis: Axis, between: Range) -> list[float]:
    assert axis.step is not None
    if between.is_log:
        _, (step, _) = _common(name, [axis.step, 1])
        if step <= 0 or step == 1 or (step > 1) != (between.high >= between.low):
            raise _bad(name, f"a ratio of {axis.step} leads nowhere", "Write one above 1")
        number = math.log(between.high / between.low) / math.log(step)
        return [between.low * step**i for i in range(_count(name, number))]
    _, (step, _) = _common(name, [axis.step, axis.to[0]])
    number = (between.high - between.low) / step if step else -1.0
    if number < 0:
        raise _bad(name, f"a step of {axis.step} leads away from the end", "Turn its sign")
    return [between.low + i * step for i in range(_count(name, number))]


def _count(name: str, steps: float) -> int:
    """Of the values that so many steps have; one that misses the end by rounding counts."""
    number = math.floor(steps + 1e-9) + 1
    _refuse_many(name, number)
    return number


def _refuse_many(name: str, number: int) -> None:
    if number > MOST_VALUES:
        raise _bad(name, f"has more than {MOST_VALUES:,} values", "Take larger steps")


def _common(name: str, values: Sequence[Value]) -> tuple[str, list[float]]:
    """The numbers of all in the house unit that all have."""
    found = [_measured(value) for value in values]
    for value, each in zip(values, found, strict=True):
        if each is None:
            raise _bad(name, f"{value!r} is no quantity", "Write it like 25 GB/s, or 16")
    units = {each[1] for each in found if each is not None}
    if len(units) > 1:
        fact = f"{' and '.join(str(value) for value in values)} are not in the same unit"
        raise _bad(name, fact, f"They are in {' and '.join(sorted(units))}")
    return units.pop(), [each[0] for each in found if each is not None]


def _measured(value: Value) -> tuple[float, str] | None:
    """The number that a value says, and its house unit."""
    value = plain(value)
    if not isinstance(value, str):
        return value, NO_UNIT
    _, space, its_unit = value.rpartition(" ")
    return _read(value, _house_units(its_unit) if space else HOUSE_UNITS)


def _read(text: str, units: Sequence[str]) -> tuple[float, str] | None:
    for unit in units:
        try:
            return quantity(text, unit), unit
        except InputError:
            continue
    return None


@lru_cache(maxsize=256)
def _house_units(unit: str) -> tuple[str, ...]:
    """The one that quantities in a unit are in; to be refused by the others takes longer."""
    found = _read(f"1 {unit}", HOUSE_UNITS)
    return (found[1],) if found else HOUSE_UNITS


def _tidy(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def _bad(name: str, fact: str, remedy: str) -> StudyError:
    return StudyError(f"the axis {name}: {fact}", remedy=remedy)


# --- files ----------------------------------------------------------------------------------------


def _of_file(file: str, column: str | None) -> list[Value]:
    """The cells of a column, of the only one if none is named, each once."""
    at = Place(file)
    try:
        with Path(file).open(newline="", encoding="utf-8") as opened:
            head, *rows = [row for row in csv.reader(opened) if row] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"cannot be read as a table: {error}", at=at) from error
    named = column if column is not None or len(head) != 1 else head[0]
    if named is None or named not in head:
        fact = f"has no column {named!r}" if named else "has several columns, and none is named"
        remedy = (did_you_mean(named, head) if named else None) or f"It has {', '.join(head)}"
        raise StudyError(fact, at=at, remedy=remedy)
    place = head.index(named)
    short = next((number for number, row in enumerate(rows, 2) if len(row) <= place), None)
    if short is not None:
        raise StudyError(f"has no {named} here", at=Place(file, short), remedy="Fill the cell")
    return [plain(row[place].strip()) for row in rows]
