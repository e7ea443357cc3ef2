"""Axes of a study's tables: values, and what takes them.

vary:
  context: {set: m, to: [1024, 2048]}      a name, the paths that take its values, the values
  heads: {set: [h, g], to: [16, 32]}       several paths, the same value
  share: {to: [0.25, 0.5]}                 no path: a number for expressions, and a column
  arch.clock: [1 GHz, 2 GHz]               a path that is its own name
  rate: {set: bw, from: 25 GB/s, to: 800 GB/s, steps: 9}           evenly
  size: {set: cap, from: 1 MiB, to: 64 MiB, steps: 7, log: true}   in equal ratios
  rows: {set: r, from: 64, to: 512, step: 64}                      by a step; a ratio if log
  part: {set: cap, file: parts.csv, column: capacity}              a column of a CSV file

A list keeps its values as they are written; a range is numbers in house units. Whole ends without
a unit, and bytes, make whole numbers; `multiple_of` makes multiples. Where points are sampled a
range needs no steps: all that lies between its ends may be drawn.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import BeforeValidator, PrivateAttr, model_validator

from accelsim.base.errors import ExpressionError, Place, StudyError, did_you_mean
from accelsim.base.expression import Expression, parse_expression
from accelsim.base.record import Count, Record

Value = int | float | str


def as_tuple(value: Any) -> Any:
    """One value, or several in a text between commas, as on the command line."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(","))
    return (value,) if isinstance(value, int | float) else value


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(as_tuple, json_schema_input_type=str | tuple[str, ...]),
]
Values = Annotated[
    tuple[Value, ...],
    BeforeValidator(as_tuple, json_schema_input_type=Value | tuple[Value, ...]),
]

INPUTS = ("workload", "arch")


class Axis(Record):
    """Values, and the paths that take them; without paths, a number for expressions to use.

    The values are listed (`to`), or lie between `from` and `to`, or stand in a `file`.
    """

    set: Names = ()
    to: Values = ()
    from_: Value | None = None
    steps: Count | None = None
    step: Value | None = None
    log: bool = False
    multiple_of: Value | None = None
    file: str | None = None
    column: str | None = None
    _place: Place | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _is_one_kind(self) -> "Axis":
        given = {key for key in _OF_A_RANGE if getattr(self, _field(key)) not in (None, False)}
        if self.file is not None:
            if given or self.to:
                raise ValueError("a 'file' has the values; leave out 'from', 'to' and their steps")
            return self
        if self.column is not None:
            raise ValueError("a 'column' is of a 'file'; name the file too")
        if self.from_ is None:
            if given:
                raise ValueError(f"'{min(given)}' is for ranges; say where it begins with 'from'")
            if "to" not in self.model_fields_set:
                raise ValueError("an axis needs values: 'to', or 'from' and 'to', or a 'file'")
            return self
        if len(self.to) != 1:
            raise ValueError("a range has one end; write 'from: 1, to: 9, steps: 5'")
        if self.steps is not None and self.step is not None:
            raise ValueError("give either 'steps', how many, or 'step', how far")
        return self

    @property
    def is_range(self) -> bool:
        return self.from_ is not None

    @property
    def is_open(self) -> bool:
        """Whether it has ends and no steps: only a sample can take values of it."""
        return self.is_range and self.steps is None and self.step is None

    @property
    def place(self) -> Place | None:
        """Where it is written; nowhere, if it comes from the command line or from Python."""
        return self._place

    def written_at(self, place: Place) -> "Axis":
        own = self.model_copy()
        own._place = place
        return own

    @contextmanager
    def placed(self) -> Iterator[None]:
        """A StudyError without a place has this one."""
        try:
            yield
        except StudyError as error:
            if error.at is not None:
                raise
            raise StudyError(error.fact, at=self._place, remedy=error.remedy) from error

    def with_values(self, text: str) -> "Axis":
        """Other values, as on the command line: `1024, 4096`."""
        return Axis(set=self.set, to=as_tuple(text))


_OF_A_RANGE = ("from", "log", "multiple_of", "step", "steps")


def _field(key: str) -> str:
    return "from_" if key == "from" else key


def as_axis(name: str, axis: Axis | Values) -> Axis:
    """`path: values` is an axis that sets that path, and so is `path: {from: ..., to: ...}`."""
    if not isinstance(axis, Axis):
        return Axis(set=(name,), to=axis)
    head, _, rest = name.partition(".")
    names_a_path = not axis.set and head in INPUTS and bool(rest)
    return axis.model_copy(update={"set": (name,)}) if names_a_path else axis


def plain(value: Value) -> Value:
    """`1024` typed on a command line is a number; a quantity stays text."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        return value


def refuse_strange_axes(
    names: Collection[str], zipped: Sequence[Sequence[str]], where: str
) -> None:
    """A ValueError if what is zipped, or what a condition names, is no axis, or zipped twice."""
    grouped = [name for group in zipped for name in group]
    for name in grouped:
        if name not in names:
            raise ValueError(f"zip: there is no axis {name!r}{_instead(name, names)}")
        if grouped.count(name) > 1:
            raise ValueError(f"zip: the axis {name!r} is zipped twice")
    alone = next((group for group in zipped if len(group) < 2), None)
    if alone is not None:
        lists = "; write a list of lists, like [[a, b]]"
        raise ValueError(f"zip: {', '.join(alone) or 'nothing'} is zipped with nothing{lists}")
    for name in sorted(condition(where).names) if where else ():
        if name not in names:
            raise ValueError(f"where: there is no axis {name!r}{_instead(name, names)}")


def condition(where: str) -> Expression:
    """A condition that was read; a ValueError if it is none."""
    try:
        return parse_expression(where)
    except ExpressionError as error:
        raise ValueError(f"where: {error}") from error


def _instead(name: str, names: Collection[str]) -> str:
    hint = did_you_mean(name, names) or f"The axes are {', '.join(names) or 'none'}"
    return f". {hint}"
