"""What the parts catalogue says of a part, and how its tables are read between their entries.

Between two entries of one curve the catalogue interpolates on logarithms, on which such curves
are nearly straight:

    value = a^(1-t) * b^t      t = log(x / x_a) / log(x_b / x_a)

    capacity      between two entries of equal technology, ports and row; see below for outside
    technology    an equal one, or between the two nearest that hold the capacity; refused outside
    ports, row    equal, or between two, or the nearest one, which is then said in the notes

Area and leakage do not depend on the row. Where no curve holds the capacity, the value at the
nearest capacity x that one holds is continued by the power law that the table states (`beyond`),
and the answer says so (`extrapolated`):

    value(capacity) = value(x) * (capacity / x)^power

For an SRAM, area and leakage grow with the capacity (power 1: more of the same cells) and the
energy of an access with its root (power 1/2: the length of the wires to them). A buffer of 128 MiB
has 4 times the area of the table's 32 MiB at 45 nm, and twice its energy.

Whatever is wanted may be an array, and each of its entries has the value that it has alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, log, sqrt
from typing import Any

import numpy as np

from accelsim.arch.tables import (
    Beyond,
    Entry,
    beyond,
    label,
    part_entries,
    reach_of,
    words,
    written,
)
from accelsim.base.errors import ArchError
from accelsim.base.units import UNIT_OF_SUFFIX, format_quantity, suffix_of


@dataclass(frozen=True)
class Wanted:
    """The part that is asked for. None: it has no such property, or it is not known."""

    technology_nm: Any = None
    capacity_bytes: Any = None
    row_bytes: Any = None
    ports: Any = 1


@dataclass(frozen=True)
class Found:
    """A value in house units, the entries it lies between, and what had to be assumed.

    `extrapolated` says from where and by which law, if it lies beyond the entries.
    """

    part: str
    quantity: str
    value: Any
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    extrapolated: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Point:
    value: Any
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    extrapolated: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Axis:
    """A property that entries are grouped by; if `open_`, the nearest group will do."""

    field: str
    open_: bool
    only_for: frozenset[str] = frozenset()


_Array = np.ndarray[Any, Any]
_CAPACITY = "capacity_bytes"
_ENERGY = frozenset({"read_pj_per_byte", "write_pj_per_byte"})
_AXES = (
    _Axis("technology_nm", open_=False),
    _Axis("ports", open_=True),
    _Axis("row_bytes", open_=True, only_for=_ENERGY),
)


def look_up(part: str, quantity: str, wanted: Wanted) -> Found:
    """One quantity (a field of `Entry`) of `sram` or `dram/HBM2`."""
    given = {name: value for name, value in vars(wanted).items() if value is not None}
    if not any(isinstance(value, np.ndarray) for value in given.values()):
        return _look_up_alike(part, quantity, wanted)
    arrays = np.broadcast_arrays(*given.values())
    columns = {name: array.ravel() for name, array in zip(given, arrays, strict=True)}
    values = np.empty(arrays[0].size)
    each = []
    for members in _alike(columns, _sizes(_entries(part, quantity))):
        one = {name: column[members[0]].item() for name, column in columns.items()}
        if _CAPACITY in one and len(members) > 1:
            one[_CAPACITY] = columns[_CAPACITY][members]
        each.append(_look_up_alike(part, quantity, Wanted(**one)))
        values[members] = each[-1].value
    return Found(
        part,
        quantity,
        values.reshape(arrays[0].shape),
        tuple(dict.fromkeys(entry for found in each for entry in found.entries)),
        tuple(dict.fromkeys(note for found in each for note in found.notes)),
        tuple(dict.fromkeys(law for found in each for law in found.extrapolated)),
    )


def _look_up_alike(part: str, quantity: str, wanted: Wanted) -> Found:
    """Of one wish, or of several that differ in the capacity and lie at or between the same sizes:
    one formula has the values of all of them."""
    entries = _entries(part, quantity)
    axes = [axis for axis in _AXES if not axis.only_for or quantity in axis.only_for]
    point = _on(axes, entries, wanted, quantity)
    if point is None:
        point = _continued(axes, entries, wanted, quantity, beyond(part))
    if point is None:
        raise _outside(part, quantity, entries, wanted)
    notes = tuple(dict.fromkeys(point.notes))
    value = point.value if np.ndim(point.value) else float(point.value)
    return Found(part, quantity, value, point.entries, notes, point.extrapolated)


def _alike(columns: Mapping[str, _Array], sizes: Sequence[float]) -> list[_Array]:
    """Wishes by their numbers: together if they are equal but for the capacity, and that is at the
    same size, between the same two and nearer to the same one, or beyond the same end; in the order
    of their first ones."""
    ends = sorted({*sizes, *(sqrt(a * b) for a, b in combinations(sizes, 2))})
    keys = []
    for name, column in columns.items():
        if name == _CAPACITY:
            between = np.searchsorted(ends, column) + np.searchsorted(ends, column, "right")
            keys.append(between)
        else:
            keys.append(np.unique(column, return_inverse=True)[1].ravel())
    _, first, kind = np.unique(np.stack(keys), axis=1, return_index=True, return_inverse=True)
    return [np.flatnonzero(kind.ravel() == each) for each in np.argsort(first)]


def _entries(part: str, quantity: str) -> list[Entry]:
    return [e for e in part_entries(part) if getattr(e, quantity) is not None]


def _sizes(entries: Iterable[Entry]) -> list[float]:
    return sorted({e.capacity_bytes for e in entries if e.capacity_bytes is not None})


def describe(found: Found) -> str:
    """For people: the value, the entries it lies between with their sources, and the notes."""
    lines = [f"{found.part} {words(found.quantity)}: {written(found.quantity, found.value)}"]
    for entry in found.entries:
        value = written(found.quantity, getattr(entry, found.quantity))
        lines.append(f"  {label(entry)}: {value} [{entry.source}]")
    return "\n".join([*lines, *(f"  note: {n}" for n in (*found.notes, *found.extrapolated))])


# --- beyond the capacities ------------------------------------------------------------------------


def _continued(
    axes: Sequence[_Axis],
    entries: Sequence[Entry],
    wanted: Wanted,
    quantity: str,
    law: Beyond | None,
) -> _Point | None:
    """From the nearest capacity at which the table has a value, by the table's law."""
    capacity, name = wanted.capacity_bytes, quantity.removesuffix(suffix_of(quantity))
    power = getattr(law, name, None)
    which_node = wanted.technology_nm is None and len({e.technology_nm for e in entries}) > 1
    if law is None or power is None or capacity is None or which_node:
        return None
    one = float(np.min(capacity))
    for size in sorted(_sizes(entries), key=lambda size: abs(log(size / one))):
        point = _on(axes, entries, replace(wanted, capacity_bytes=size), quantity)
        if point is not None:
            side = "above" if one > size else "below"
            growth = f"{words(quantity)} ~ capacity" + ("" if power == 1 else f"^{power:g}")
            start = format_quantity(size, "B")
            note = f"extrapolated from {start}, {growth} {side} it [{law.source}]"
            value = point.value * np.power(capacity / size, power)
            return _Point(value, point.entries, point.notes, (note,))
    return None


# --- interpolation -------------------------------------------------------------------------------


def _on(
    axes: Sequence[_Axis], entries: Sequence[Entry], wanted: Wanted, quantity: str
) -> _Point | None:
    """The value on the first axis, between groups that each have their value on the later axes."""
    if not axes:
        return _at_capacity(entries, wanted.capacity_bytes, quantity)
    axis, at = axes[0], getattr(wanted, axes[0].field)
    groups = _groups(entries, axis.field)
    found = {key: _on(axes[1:], group, wanted, quantity) for key, group in groups.items()}
    points = {key: point for key, point in found.items() if point is not None}
    return _between(axis, points, at) if points else None


def _groups(entries: Iterable[Entry], key: str) -> Mapping[Any, Sequence[Entry]]:
    groups: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[getattr(entry, key)].append(entry)
    return groups


def _between(axis: _Axis, points: Mapping[Any, _Point], at: Any) -> _Point | None:
    stated = {key: point for key, point in points.items() if key is not None}
    if not stated:
        return points[None]
    if at is None:
        return _only(axis, stated)
    low = max((key for key in stated if key <= at), default=None)
    high = min((key for key in stated if key >= at), default=None)
    if low is None or high is None:
        nearest = high if low is None else low
        return _noted(stated[nearest], axis, at, f"{nearest}") if axis.open_ else None
    if low == high:
        return stated[low]
    middle = _interpolated(stated[low], stated[high], log(at / low) / log(high / low))
    return _noted(middle, axis, at, f"{low} and {high}")


def _only(axis: _Axis, stated: Mapping[Any, _Point]) -> _Point | None:
    """Without a wish any group of an open axis will do, and the only group of a closed one."""
    key = min(stated)
    if len(stated) == 1:
        return stated[key]
    return _noted(stated[key], axis, "not given", f"{key}") if axis.open_ else None


def _interpolated(a: _Point, b: _Point, t: float) -> _Point:
    # Arrays and numbers take the same way, so that both come to the same bits.
    value = np.power(a.value, 1 - t) * np.power(b.value, t)
    return _Point(value, a.entries + b.entries, a.notes + b.notes)


def _noted(point: _Point, axis: _Axis, at: Any, taken: str) -> _Point:
    unit = UNIT_OF_SUFFIX.get(suffix_of(axis.field), "")
    wish = at if isinstance(at, str) else f"{at:g} {unit}".strip()
    name = axis.field.removesuffix(suffix_of(axis.field))
    note = f"{name} {wish}: taken from {taken} {unit}".rstrip()
    return _Point(point.value, point.entries, (*point.notes, note))


def _at_capacity(entries: Sequence[Entry], capacity: Any, quantity: str) -> _Point | None:
    """On the curve over the capacity; without capacities, or at equal ones, the geometric mean."""
    sizes = {size: group for size, group in _groups(entries, "capacity_bytes").items() if size}
    if not sizes:
        return _Point(_mean(entries, quantity), tuple(entries))
    if capacity is None or not min(sizes) <= np.min(capacity) <= np.max(capacity) <= max(sizes):
        return None
    curve = sorted(sizes)
    logs = [log(_mean(sizes[size], quantity)) for size in curve]
    value = np.exp(np.interp(np.log(capacity), [log(size) for size in curve], logs))
    used = tuple(entry for size in _around(capacity, curve) for entry in sizes[size])
    return _Point(value, used)


def _around(capacity: Any, curve: Sequence[float]) -> list[float]:
    """The sizes that the capacity lies at or between."""
    low = max(size for size in curve if size <= np.min(capacity))
    high = min(size for size in curve if size >= np.max(capacity))
    return [size for size in curve if low <= size <= high]


def _mean(entries: Sequence[Entry], quantity: str) -> float:
    values = [getattr(entry, quantity) for entry in entries]
    return values[0] if len(values) == 1 else exp(sum(map(log, values)) / len(values))


def _outside(part: str, quantity: str, entries: Sequence[Entry], wanted: Wanted) -> ArchError:
    if not entries:
        return ArchError(f"the part {part!r} has no {words(quantity)}", remedy="Write it directly")
    fact = f"the part {part!r} has no {words(quantity)} for {_wish(wanted)}"
    if wanted.technology_nm is None and any(entry.technology_nm for entry in entries):
        return ArchError(fact, remedy="Add a line like 'technology: 45 nm' to the machine")
    return ArchError(fact, remedy=f"Its table holds {_reach(entries)}")


def _wish(wanted: Wanted) -> str:
    size = wanted.capacity_bytes
    capacity = "" if size is None else format_quantity(float(np.min(size)), "B")
    technology = "" if wanted.technology_nm is None else f"{wanted.technology_nm:g} nm"
    return " at ".join(text for text in (capacity, technology) if text) or "an unknown technology"


def _reach(entries: Sequence[Entry]) -> str:
    reach = []
    for nm, group in sorted(_groups(entries, "technology_nm").items(), key=lambda g: g[0] or 0):
        sizes = [entry.capacity_bytes for entry in group if entry.capacity_bytes is not None]
        reach.append(" at ".join(t for t in (reach_of(sizes), f"{nm:g} nm" if nm else "") if t))
    return "; ".join(dict.fromkeys(reach))
