"""The tables of the parts catalogue: `arch/parts/*.yaml`, one file a kind of part.

Each entry says what it holds for (technology, capacity, row, ports), what it says (energy, area,
leakage) and who says so. `sram` means all entries of a table, `dram/HBM2` those of one name.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import model_validator

from accelsim.arch.parts import per_row_as_per_byte
from accelsim.base.catalogue import find, names
from accelsim.base.errors import ArchError, did_you_mean
from accelsim.base.record import Count, Positive, Record, read_record
from accelsim.base.units import UNIT_OF_SUFFIX, format_quantity, suffix_of
from accelsim.base.yamlfile import read_yaml


class Entry(Record):
    """One line of a table: what it holds for, what it says, and who says so."""

    name: str = ""
    technology_nm: Positive | None = None
    capacity_bytes: Positive | None = None
    row_bytes: Positive | None = None
    ports: Count = 1
    read_pj_per_byte: Positive | None = None
    write_pj_per_byte: Positive | None = None
    energy_pj: Positive | None = None
    area_um2: Positive | None = None
    leakage_w: Positive | None = None
    source: str

    @model_validator(mode="before")
    @classmethod
    def _read_energy_per_row(cls, written: Any) -> Any:
        return per_row_as_per_byte(written)


class Beyond(Record):
    """How quantities grow with the capacity outside the entries: with which power of it."""

    read: Positive | None = None
    write: Positive | None = None
    area: Positive | None = None
    leakage: Positive | None = None
    source: str


class Table(Record):
    about: str
    beyond: Beyond | None = None
    entries: tuple[Entry, ...]


def says(part: str, quantity: str) -> bool:
    """Whether the part's table has this quantity at all: a DRAM has no area."""
    return any(getattr(entry, quantity) is not None for entry in part_entries(part))


def beyond(part: str) -> Beyond | None:
    """The law of the part's table outside its capacities; None if it holds for none."""
    return _table(part.partition("/")[0]).beyond


def part_entries(part: str) -> tuple[Entry, ...]:
    """The entries of `sram`, or those of one name: `dram/HBM2`."""
    table, _, name = part.partition("/")
    entries = _table(table).entries
    named = tuple(entry for entry in entries if not name or entry.name == name)
    if not named:
        known = dict.fromkeys(entry.name for entry in entries if entry.name)
        remedy = did_you_mean(name, known) or f"It has {', '.join(known) or 'no names'}"
        raise ArchError(f"the parts catalogue has no {name!r} in {table!r}", remedy=remedy)
    return named


def words(quantity: str) -> str:
    name = quantity.removesuffix(suffix_of(quantity))
    return f"{name} energy" if name in ("read", "write") else name


def written(quantity: str, value: Any) -> str:
    unit = UNIT_OF_SUFFIX[suffix_of(quantity)]
    if np.ndim(value):
        return f"{np.size(value)} values in {unit}"
    return format_quantity(value, unit)


def label(entry: Entry) -> str:
    row = "" if entry.row_bytes is None else f"row {format_quantity(entry.row_bytes, 'B')}"
    size = "" if entry.capacity_bytes is None else format_quantity(entry.capacity_bytes, "B")
    node = "" if entry.technology_nm is None else f"{entry.technology_nm:g} nm"
    ports = f"{entry.ports} ports" if entry.ports > 1 else ""
    return ", ".join(text for text in (entry.name, node, size, row, ports) if text) or "entry"


def reach_of(sizes: Sequence[Any]) -> str:
    if not sizes:
        return ""
    ends = dict.fromkeys(format_quantity(size, "B") for size in (min(sizes), max(sizes)))
    return " to ".join(ends)


@lru_cache(maxsize=64)
def _table(name: str) -> Table:
    known = names("parts")
    if name not in known:
        remedy = did_you_mean(name, known) or f"It has {', '.join(known)}"
        raise ArchError(f"the parts catalogue has no table {name!r}", remedy=remedy)
    return read_record(read_yaml(find(name, "parts")), Table)
