"""The parts of a machine: memories, compute arrays, and the operations that a PE can do.

    Memory        capacity, bandwidth, energy of a read and of a write, area
    Operation     one unit of a PE: a result every `cycles`, each for `energy`
    ComputeArray  rows x columns of equal PEs

An operation is a unit of its own, or is made of others:

    mac: {energy: 17.2 pJ}             a unit of its own: one result a cycle
    exp: {as: {mac: 6}}                6 macs one after the other: 6 cycles, 6 x 17.2 pJ
    exp_sub: {fuses: [sub, exp]}       one pipe that does both: 1 cycle, the energy of sub + exp

Energies, areas and leakage that are not given can come from the parts catalogue (`part: sram`,
see `technology`). A part knows nothing of the machine that it sits in, but for two names:
`under`, the memory that feeds it, and `per`, the array that has one instance of it in each PE.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Self

from pydantic import model_validator

from accelsim.base.errors import InputError
from accelsim.base.record import Count, NonNegative, Positive, Rate, Record
from accelsim.base.units import quantity

_PER_ROW = "/row"


def per_row_as_per_byte(written: Any) -> Any:
    """`read: 13.4 nJ/row` beside `row: 512 B` becomes `read: 26.17 pJ/B`; all else stays."""
    if not isinstance(written, Mapping):
        return written
    return {key: _per_byte(key, value, written.get("row")) for key, value in written.items()}


class Memory(Record):
    """Where data lies. Register files are `per` an array: one instance in each of its PEs."""

    name: str
    capacity_bytes: Positive | None = None
    bandwidth: Rate | None = None
    ports: Count = 1
    row_bytes: Positive | None = None
    read_pj_per_byte: NonNegative | None = None
    write_pj_per_byte: NonNegative | None = None
    leakage_w: NonNegative = 0
    area_um2: NonNegative = 0
    double_buffered: bool = False
    per: str | None = None
    under: str | None = None
    part: str | None = None
    source: str = ""

    @model_validator(mode="before")
    @classmethod
    def _read_energy_per_row(cls, written: Any) -> Any:
        return per_row_as_per_byte(written)


class Operation(Record):
    """What a PE does to one point. `cycles` is the time until its next result."""

    cycles: Positive = 1
    energy_pj: NonNegative = 0
    as_: dict[str, Positive] | None = None
    fuses: tuple[str, ...] = ()
    area_um2: NonNegative = 0
    leakage_w: NonNegative = 0
    part: str | None = None
    source: str = ""

    @model_validator(mode="after")
    def _is_made_one_way(self) -> Self:
        if self.as_ is not None and self.fuses:
            raise ValueError("an operation is made of others by 'as' or by 'fuses', not by both")
        if self.as_ is not None and "cycles" in self.model_fields_set:
            raise ValueError("'cycles' follow from 'as'; leave them out")
        if self.as_ == {}:
            raise ValueError("'as' names no operation; write it like {mac: 6}")
        if len(self.fuses) == 1:
            raise ValueError("'fuses' names one operation; write it like [sub, exp]")
        return self


class ComputeArray(Record):
    """rows x columns of PEs that do the same `operations`; without `rows` it is one row.

    Operations that are not written can come from a table (`operations_from`, see `compositions`).
    """

    name: str
    rows: Count = 1
    columns: Count
    operations: dict[str, Operation]
    operations_from: str | None = None
    under: str | None = None
    area_um2: NonNegative = 0
    leakage_w: NonNegative = 0
    source: str = ""

    @property
    def pes(self) -> Any:
        return self.rows * self.columns


def _per_byte(key: str, value: Any, row: Any) -> Any:
    if key not in ("read", "write") or not str(value).endswith(_PER_ROW):
        return value
    if row is None:
        raise ValueError(f"{key}: {str(value)!r} needs a 'row'; add a line like 'row: 64 B'")
    try:
        pj = Fraction(quantity(str(value).removesuffix(_PER_ROW), "pJ"))
        return f"{float(pj / Fraction(quantity(str(row), 'B')))!r} pJ/B"
    except (InputError, ZeroDivisionError, OverflowError):
        return value
