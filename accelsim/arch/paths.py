"""A record with another number at a path that names it as the YAML does.

    replaced_at(arch, "memories.DRAM.bandwidth", 8e11)      a list entry by its name
    replaced_at(arch, "compute.Array2D.operations.mac.energy", "2 pJ")

A number or an array is in the house unit, a bandwidth in B/s; a text carries its unit. The path
must name a number, and the record there must take the new one: no negative capacity, no half row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from accelsim.base.errors import ArchError, InputError, did_you_mean
from accelsim.base.record import Rate, Record, fields_by_key, read_rate, refuse_value
from accelsim.base.units import UNIT_OF_SUFFIX, quantity, suffix_of

R = TypeVar("R", bound=Record)


def replaced_at(record: R, path: str, value: Any) -> R:
    """A copy; the record itself is unchanged."""
    new: R = _replaced(record, path.split("."), value, path)
    return new


def _replaced(here: Any, steps: Sequence[str], value: Any, path: str) -> Any:
    if isinstance(here, Record):
        return _in_record(here, steps, value, path)
    if isinstance(here, tuple | Mapping):
        return _in_collection(here, steps, value, path)
    raise ArchError(f"{path}: there is nothing below {_above(steps, path)!r}")


def _in_record(record: Record, steps: Sequence[str], value: Any, path: str) -> Record:
    fields = fields_by_key(type(record))
    field = fields[_known(steps[0], fields, path)]
    old = getattr(record, field)
    if len(steps) > 1:
        return record.model_copy(update={field: _replaced(old, steps[1:], value, path)})
    if isinstance(old, Record | tuple | Mapping | str):
        raise _no_number(path)
    number = _number(field, value, path)
    refuse_value(type(record), field, number, path)
    return record.model_copy(update={field: number})


def _in_collection(here: Any, steps: Sequence[str], value: Any, path: str) -> Any:
    """A list of named parts, or operations by their name."""
    named = here if isinstance(here, Mapping) else {part.name: part for part in here}
    old = named[_known(steps[0], named, path)]
    if len(steps) == 1:
        raise _no_number(path)
    changed = {**named, steps[0]: _replaced(old, steps[1:], value, path)}
    return changed if isinstance(here, Mapping) else tuple(changed.values())


def _number(field: str, value: Any, path: str) -> Any:
    """In the house unit; lists as arrays."""
    try:
        return _in_house_unit(field, value)
    except InputError as error:
        raise ArchError(f"{path}: {error.fact}", remedy=error.remedy) from error


def _in_house_unit(field: str, value: Any) -> Any:
    value = np.asarray(value) if isinstance(value, list | tuple) else value
    if field == "bandwidth" and not isinstance(value, Rate):
        return read_rate(value) if isinstance(value, str) else Rate(bytes_per_s=value)
    unit = UNIT_OF_SUFFIX.get(suffix_of(field), "1")
    return quantity(value, unit) if isinstance(value, str) else value


def _known(step: str, known: Iterable[str], path: str) -> str:
    if step in known:
        return step
    remedy = did_you_mean(step, known) or f"There is {', '.join(known)}"
    raise ArchError(f"{path}: there is no {step!r}", remedy=remedy)


def _no_number(path: str) -> ArchError:
    return ArchError(f"{path}: that is not a number", remedy="Name a number of the machine")


def _above(steps: Sequence[str], path: str) -> str:
    return path.split(".")[-len(steps) - 1]
