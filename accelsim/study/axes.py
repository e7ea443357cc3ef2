"""Axes of a study's tables: values, and what takes them.

vary:
  context: {set: m, to: [1024, 2048]}      a name, the paths that take its values, the values
  heads: {set: [h, g], to: [16, 32]}       several paths, the same value
  share: {to: [0.25, 0.5]}                 no path: a number for expressions, and a column
  arch.clock: [1 GHz, 2 GHz]               a path that is its own name
"""

from typing import Annotated, Any

from pydantic import BeforeValidator

from accelsim.base.record import Record

Value = int | float | str


def as_tuple(value: Any) -> Any:
    """One value, or several in a text between commas, as on the command line."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(","))
    return (value,) if isinstance(value, int | float) else value


Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
Values = Annotated[tuple[Value, ...], BeforeValidator(as_tuple)]


class Axis(Record):
    """Values, and the paths that take them; without paths, a number for expressions to use."""

    set: Names = ()
    to: Values

    def with_values(self, text: str) -> "Axis":
        """Other values, as on the command line: `1024, 4096`."""
        return Axis(set=self.set, to=as_tuple(text))


def as_axis(name: str, axis: Axis | Values) -> Axis:
    """`path: values` is an axis that sets that path."""
    return axis if isinstance(axis, Axis) else Axis(set=(name,), to=axis)
