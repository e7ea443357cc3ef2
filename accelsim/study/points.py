"""The points of a table as columns of equal length, and where they lie: the space of its axes.

A space is a product of dimensions, of which the last goes fastest. A dimension is an axis, or
several that are zipped: `zip: [[bandwidth, power]]` takes their first values together, then their
second ones. A sample is one dimension, of all axes. A space of a million points is never there as a
whole: points are made by their numbers, a chunk at a time.

A point has an address: the sum, modulo 2^64, of a hash for each axis over name, paths and value.
The hash is BLAKE2b, of numbers that of SplitMix64 with BLAKE2b of the rest as its seed. So a point
is the same point in a grid and in a sample, and whatever its place among others. Among n points two
have the same address with a probability of n^2 / 2^65.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.expression import Expression, parse_expression
from accelsim.base.units import UNIT_OF_SUFFIX, quantity, suffix_of
from accelsim.study.axes import INPUTS, Axis, Value
from accelsim.study.setting import NO_UNIT, Setting
from accelsim.study.spread import number_of, values_of
from accelsim.study.table import Column, array_of

MODEL = "model"


@dataclass(frozen=True, eq=False)
class Dimension:
    """Axes that advance together: a value of each at every place.

    `columns` name the points; `settings` are what each path is set to. `addresses` are those of the
    places among all places of these axes; `deciding` are the same of those axes alone that decide
    what can be mapped: all but clock, bandwidths, energies, areas.
    """

    columns: Mapping[str, Column]
    settings: Mapping[str, Setting]
    addresses: Column
    deciding: Column

    def __len__(self) -> int:
        return len(self.addresses)

    def at(self, places: Column) -> "Dimension":
        return Dimension(
            columns={name: column[places] for name, column in self.columns.items()},
            settings={path: setting.at(places) for path, setting in self.settings.items()},
            addresses=self.addresses[places],
            deciding=self.deciding[places],
        )


@dataclass(frozen=True, eq=False)
class Points:
    """`places` say where the points are in each dimension, which has what they are.

    Columns are there when they are asked for, and never travel: to another process go the places,
    and the part of each dimension that they are in.
    """

    number: int
    dimensions: tuple[Dimension, ...]
    places: tuple[Column, ...]

    def __len__(self) -> int:
        return self.number

    def at(self, chosen: Column) -> "Points":
        """The points with these numbers."""
        return Points(len(chosen), self.dimensions, tuple(each[chosen] for each in self.places))

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """What names the points."""
        return {
            name: column[place]
            for dimension, place in self._both
            for name, column in dimension.columns.items()
        }

    @cached_property
    def settings(self) -> Mapping[str, Setting]:
        """What each path is set to at each point."""
        return {
            path: setting.at(place)
            for dimension, place in self._both
            for path, setting in dimension.settings.items()
        }

    @property
    def models(self) -> Column | None:
        return self.columns.get(MODEL)

    @cached_property
    def addresses(self) -> Column:
        none = np.zeros(self.number, dtype=np.uint64)
        return sum((dimension.addresses[place] for dimension, place in self._both), none)

    @cached_property
    def deciding(self) -> Column:
        none = np.zeros(self.number, dtype=np.uint64)
        return sum((dimension.deciding[place] for dimension, place in self._both), none)

    def where_all_decide(self) -> "Points":
        """The same points if every axis decides what can be mapped."""
        decide = (replace(each, deciding=each.addresses) for each in self.dimensions)
        return replace(self, dimensions=tuple(decide))

    @property
    def _both(self) -> Iterator[tuple[Dimension, Column]]:
        return zip(self.dimensions, self.places, strict=True)

    def __reduce__(self) -> tuple[Any, ...]:
        cut = [_cut(dimension, place) for dimension, place in self._both]
        dimensions, places = zip(*cut, strict=True) if cut else ((), ())
        return Points, (self.number, dimensions, places)


def _cut(dimension: Dimension, place: Column) -> tuple[Dimension, Column]:
    """A dimension that is longer than the points are many without what none of them is at; the
    places in the least bytes."""
    if len(dimension) > len(place):
        used, place = np.unique(place, return_inverse=True)
        dimension = dimension.at(used)
    return dimension, place.astype(np.min_scalar_type(len(dimension)))


@dataclass(frozen=True)
class Space:
    """All combinations of the dimensions' places, of which `where` drops some."""

    dimensions: tuple[Dimension, ...]
    where: Expression | None = None

    def __len__(self) -> int:
        """How many there are before `where` drops some."""
        return prod(map(len, self.dimensions))

    @property
    def alike_together(self) -> "Space":
        """The same points in an order in which those that can be mapped alike come together."""
        inert = [not each.deciding.any() for each in self.dimensions]
        order = np.argsort(inert, kind="stable").tolist()
        return replace(self, dimensions=tuple(self.dimensions[place] for place in order))

    def points(self, start: int, stop: int) -> Points:
        """Those of the points with these numbers that meet the condition."""
        numbers = np.arange(start, min(stop, len(self)))
        found = self._at(numbers)
        if self.where is None:
            return found
        return found.at(np.flatnonzero(_met(self.where, found.columns, len(found))))

    def _at(self, numbers: Column) -> Points:
        shape = tuple(map(len, self.dimensions))
        places = np.unravel_index(numbers, shape) if shape else ()
        return Points(len(numbers), self.dimensions, tuple(places))


def crossed(
    models: Sequence[str],
    axes: Mapping[str, Axis],
    zipped: Sequence[Sequence[str]] = (),
    where: Expression | None = None,
) -> Space:
    """The space of all combinations; axes that are zipped are one dimension, where the first is."""
    refuse_shared_paths(axes)
    group_of = {name: tuple(group) for group in zipped for name in group}
    groups = dict.fromkeys(group_of.get(name, (name,)) for name in axes)
    dimensions = [dimension({MODEL: MODEL_AXIS}, {MODEL: Setting.of(models)})] if models else []
    for group in groups:
        values = {name: values_of(name, axes[name]) for name in group}
        refuse_ragged(values)
        dimensions.append(dimension({name: axes[name] for name in group}, values))
    return Space(tuple(dimensions), where)


MODEL_AXIS = Axis(to=())
"""The axis `model`: it sets ranks, and no path of its own."""


def dimension(axes: Mapping[str, Axis], values: Mapping[str, Setting]) -> Dimension:
    """Of axes with as many values each. A combination that comes again is left out."""
    own = {name: _addresses(name, axis, values[name]) for name, axis in axes.items()}
    none = np.zeros(len(next(iter(values.values()))), dtype=np.uint64)
    deciding = [each for name, each in own.items() if not _is_inert(axes[name])]
    whole = Dimension(
        columns={name: _shown(name, axis, values[name]) for name, axis in axes.items()},
        settings={path: values[name] for name, axis in axes.items() for path in axis.set},
        addresses=sum(own.values(), none),
        deciding=sum(deciding, none),
    )
    _, first = np.unique(whole.addresses, return_index=True)
    return whole if len(first) == len(whole) else whole.at(np.sort(first))


_INERT = ("clock", ".bandwidth", ".energy", ".read", ".write", ".leakage", ".area")


def _is_inert(axis: Axis) -> bool:
    """Whether it decides nothing about what can be mapped (`cost.default` says why)."""
    return bool(axis.set) and all(path.endswith(_INERT) for path in axis.set)


def inert_decide(axes: Mapping[str, Axis], derive: Mapping[str, Value]) -> bool:
    """Whether something that decides what can be mapped is derived from what else does not: rows
    from a bandwidth. Then points that differ only in the bandwidth are not mapped alike."""
    formulas = [text for path, text in derive.items() if not path.endswith(_INERT)]
    names = {name for text in formulas for name in parse_expression(text).names}
    return any(_is_inert(axes[name]) if name in axes else name.endswith(_INERT) for name in names)


def _addresses(name: str, axis: Axis, values: Setting) -> Column:
    head = f"{name} {','.join(axis.set)} "
    found = values.hashes(hashed(f"{head}{values.unit}"))
    if found is not None:
        return found
    texts = (f"{head}{value!r}" for value in values.as_written.tolist())
    return np.array([hashed(text) for text in texts], dtype=np.uint64)


def hashed(text: str) -> int:
    """64 bits of BLAKE2b."""
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")


def _met(where: Expression, columns: Mapping[str, Column], number: int) -> Column:
    """Which points the condition keeps; it sees quantities as numbers in house units."""
    known = {name: numbers_of(columns[name]) for name in where.names if name in columns}
    return np.broadcast_to(where.evaluate(known), number).astype(bool)


def numbers_of(column: Column) -> Column:
    """Quantities as numbers in house units; a column with other texts stays as it is."""
    if column.dtype != object:
        return column
    listed = column.tolist()
    found = {value: number_of(value) for value in dict.fromkeys(listed)}
    if None in found.values():
        return column
    return np.array([found[value] for value in listed])


def refuse_ragged(values: Mapping[str, Setting]) -> None:
    """Zipped axes have a value each at every place."""
    lengths = {name: len(each) for name, each in values.items()}
    if len(set(lengths.values())) > 1:
        counted = ", ".join(f"{name} has {number}" for name, number in lengths.items())
        raise StudyError(
            f"zipped axes need as many values each: {counted}", remedy="Zip equal lengths"
        )


def refuse_shared_paths(axes: Mapping[str, Axis]) -> None:
    """Each path is set by one axis."""
    found: dict[str, str] = {}
    for name, axis in axes.items():
        with axis.placed():
            for path in axis.set:
                refuse_unless_path(path)
                if path in found:
                    raise StudyError(f"{path} is set by two axes, {found[path]} and {name}")
                found[path] = name


def refuse_unless_path(path: str) -> None:
    head, _, rest = path.partition(".")
    if head not in INPUTS or not rest:
        near = did_you_mean(head, INPUTS) if rest else None
        remedy = near or "Paths begin with 'workload.' or 'arch.', like workload.ranks.P"
        raise StudyError(f"{path!r} is no path of an input", remedy=remedy)


def _shown(name: str, axis: Axis, values: Setting) -> Column:
    """Ranges, and columns whose name declares a unit (buffer_bytes of "128 KiB"), as numbers."""
    unit = UNIT_OF_SUFFIX.get(suffix_of(name)) if "." not in name else None
    if values.are_numbers and (unit is None or values.unit in (unit, NO_UNIT)):
        return values.values if values.unit == NO_UNIT else values.as_read
    if unit is not None:
        return array_of(quantity(v, unit) if isinstance(v, str) else v for v in values.as_written)
    return numbers_of(values.as_written) if axis.is_range else values.as_written
