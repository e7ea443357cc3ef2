"""Numbers to vary, as they are written: PATH=RANGE, or PATH,PATH=RANGE for several at once.

    memories.DRAM.bandwidth=0.1x:10x          of today's value
    memories.GlobalBuffer.capacity=1MiB:64MiB     in units
    ranks.P=1024:65536:lin:9                  evenly, 9 values; else in equal ratios (log)
    compute.Array2D.columns=128,256,512       a list; 0.5x,1x,2x too

Ranges are in equal ratios if both ends are above 0 and `lin` is not said. Whole numbers (rows,
columns, bytes of a capacity, ranks) stay whole. Today's value is a point of each range around it.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from accelsim.base.errors import InputError, StudyError
from accelsim.base.units import format_bytes, format_decimal, format_quantity
from accelsim.study.quantities import Quantity
from accelsim.study.ranges import read_range
from accelsim.study.spread import Range
from accelsim.study.subject import Subject
from accelsim.study.table import Column

EXAMPLE = "Write it like memories.DRAM.bandwidth=0.1x:10x, or ranks.P=1024:65536:log:7"
MOST_POINTS = 100_000
_RELATIVE = re.compile(r"((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*x")


@dataclass(frozen=True)
class Varied:
    """`paths` take the same value; `today` is the first one's, None if its file leaves it out."""

    paths: tuple[str, ...]
    unit: str
    today: float | None
    values: tuple[float, ...]
    is_log: bool
    is_whole: bool
    is_list: bool = False

    @property
    def name(self) -> str:
        return ",".join(self.paths)

    def columns(self, values: Any) -> dict[str, Column]:
        """Every path with these values."""
        kind = np.int64 if self.is_whole else float
        return {path: np.asarray(values, dtype=kind) for path in self.paths}

    def text(self, value: float) -> str:
        """A value for people: bytes in powers of 1024, as messages tell what a buffer needs."""
        if self.is_whole and not self.unit:
            return f"{int(value):,}"
        if self.unit == "B":
            return format_bytes(value)
        if self.unit == "B/s" and not self._is_binary:
            return format_decimal(value, self.unit)
        return format_quantity(value, self.unit or "1")

    @property
    def today_text(self) -> str:
        """Today's value as its file has it, and as the others are written if that differs."""
        if self.today is None:
            return "not in the file"
        own, among = format_quantity(self.today, self.unit or "1"), self.text(self.today)
        is_other = self.unit == "B/s" and own != among
        return f"{own} ({among})" if is_other else among

    @property
    def _is_binary(self) -> bool:
        """Whether all values are short in powers of 1024: of 40 GiB/s beside 80 GB/s it is not
        seen which is how much more."""
        return all("iB" in format_quantity(value, self.unit) for value in self.values)

    def between(self, number: int) -> Column:
        """So many values from the first to the last."""
        low, high = min(self.values), max(self.values)
        return np.unique(_spread(self, low, high, number))


def read_varied(subject: Subject, text: str, steps: int | None = None) -> Varied:
    """PATH=RANGE of a subject, with so many points where the range does not say how many.

    Raises StudyError, or what reading a number of the subject raises.
    """
    head, equals, range_ = (part.strip() for part in text.partition("="))
    paths = tuple(each.strip() for each in head.split(",") if each.strip())
    if not (paths and equals and range_):
        raise StudyError(f"{text!r} is no range", remedy=EXAMPLE)
    known = subject.known()
    for path in paths[1:]:
        # Of what a file leaves out: whether it could be what the first one is.
        there = known.get(path, known.get(paths[0]))
        subject.read(path, "1" if there is None else _as_text(there))
        first = known.get(paths[0], there)
        if there is not None and first is not None and there.unit != first.unit:
            units = " and ".join(repr(each.unit or "none") for each in (first, there))
            fact = f"{paths[0]} and {path} have other units, {units}"
            raise StudyError(fact, remedy="Give each a --vary of its own")
    today = known.get(paths[0])
    try:
        return _read(subject, paths, today, range_, steps or subject.steps[0])
    except InputError as error:
        if error.fact.startswith((paths[0], "there is no number")):
            raise
        raise type(error)(f"{paths[0]}: {error.fact}", remedy=error.remedy) from error


def read_along(subject: Subject, text: str) -> Range:
    """One number, PATH=LOW:HIGH as here or PATH=LOW..HIGH as in `ranges`; raises as both do."""
    if ".." in text or ":" not in text:
        return read_range(subject, text)
    found = read_varied(subject, text)
    if len(found.paths) > 1:
        raise StudyError(f"{found.name} are several numbers", remedy="Name one")
    low, high = min(found.values), max(found.values)
    return Range(found.name, low, high, found.unit, found.is_log, found.is_whole)


def refuse_too_many(varied: tuple[Varied, ...]) -> int:
    """How many points there are."""
    points = int(np.prod([len(each.values) for each in varied]))
    if points > MOST_POINTS:
        fact = f"{points:,} points are more than {MOST_POINTS:,}"
        raise StudyError(fact, remedy="Take fewer, or `accelsim sweep` them")
    paths = [path for each in varied for path in each.paths]
    for path in paths:
        if paths.count(path) > 1:
            raise StudyError(f"{path} is varied twice", remedy="Give it one range")
    return points


def _read(
    subject: Subject, paths: tuple[str, ...], today: Quantity | None, text: str, steps: int
) -> Varied:
    found = Varied(
        paths=paths,
        unit="",
        today=None if today is None else today.value,
        values=(),
        is_log=False,
        is_whole=False,
    )
    if "," in text or ":" not in text:
        numbers = [_number(subject, paths[0], today, each) for each in text.split(",")]
        found = _settled(subject, found, numbers)
        values = dict.fromkeys(_rounded(found, each.value) for each in numbers)
        spans = [each for each in values if each > 0]
        is_log = len(spans) == len(values) > 1 and max(spans) / min(spans) >= 8
        return replace(found, values=tuple(values), is_log=is_log, is_list=True)
    low_text, high_text, *options = (each.strip() for each in text.split(":"))
    ends = [_number(subject, paths[0], today, each) for each in (low_text, high_text)]
    found = _settled(subject, found, ends)
    low, high = (float(each.value) for each in ends)
    if not low < high:
        raise StudyError(f"the range {text!r} is empty", remedy="The lower end goes first")
    is_log, steps = _options(text, options, low, steps)
    found = replace(found, is_log=is_log)
    spaced = set(_spread(found, low, high, steps).tolist())
    if found.today is not None and low < found.today < high:
        spaced.add(_rounded(found, found.today))
    return replace(found, values=tuple(sorted(spaced)))


def _options(text: str, options: list[str], low: float, steps: int) -> tuple[bool, int]:
    """`log`, `lin` and a number of steps, in any order."""
    is_log = low > 0
    for each in options:
        if each in ("log", "lin"):
            is_log = each == "log"
        elif each.isdigit() and 2 <= int(each) <= MOST_POINTS:
            steps = int(each)
        else:
            fact = f"{each!r} in {text!r} is no spacing and no number of points"
            raise StudyError(fact, remedy="Write log, lin, or a number from 2 on")
    if is_log and low <= 0:
        raise StudyError(f"equal ratios need a range above 0, not {text!r}", remedy="Write :lin")
    return is_log, steps


def _number(subject: Subject, path: str, today: Quantity | None, text: str) -> Quantity:
    """A factor of today's value, or a quantity."""
    text = text.strip()
    factor = _RELATIVE.fullmatch(text)
    if factor is None:
        return subject.read(path, text)
    if today is None:
        _refuse_unreadable(subject, path)
        raise StudyError(f"{path} is not written in the file", remedy="Give values, not factors")
    if not today.value:
        raise StudyError(f"{path} is 0 today, and {text} of it too", remedy="Give values")
    if not float(factor[1]):
        # What may not be 0 is refused, as it is where 0 is written with its unit.
        return subject.read(path, f"0 {today.unit}".rstrip())
    return today._replace(value=today.value * float(factor[1]))


def _refuse_unreadable(subject: Subject, path: str) -> None:
    """What reading raises for a path at which no number of any unit can stand."""
    for text in ("1", "1 B", "1 Hz", "1 B/s", "1 s"):
        try:
            subject.read(path, text)
            return
        except InputError as error:
            last = error
    raise last


def _settled(subject: Subject, found: Varied, numbers: list[Quantity]) -> Varied:
    units = dict.fromkeys(each.unit for each in numbers)
    if len(units) > 1:
        raise StudyError(f"{' and '.join(units)} are mixed", remedy="Write all in one unit")
    return replace(found, unit=next(iter(units)), is_whole=subject.is_whole(found.paths[0]))


def _spread(found: Varied, low: float, high: float, number: int) -> Column:
    between = Range(found.name, low, high, found.unit, found.is_log, found.is_whole)
    values = between.stepped(np.linspace(0, 1, number))
    if found.is_whole:
        return np.unique(np.maximum(1, np.asarray(values, dtype=np.int64)))
    return np.asarray(values, dtype=float)


def _rounded(found: Varied, value: float) -> float:
    return max(1, round(value)) if found.is_whole else float(value)


def _as_text(quantity: Quantity) -> str:
    return f"{quantity.value!r} {quantity.unit}".rstrip()
