"""Fills what the author of a machine left out with what the parts catalogue says.

A part with `part: sram` takes from the catalogue the energies, the area and the leakage that are
not written. What is written stays. When a capacity changes later, the same quantities are looked
up again.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.base.record import Record

if TYPE_CHECKING:
    from accelsim.arch.technology import Found

_OF_MEMORY = ("read_pj_per_byte", "write_pj_per_byte", "area_um2", "leakage_w")
_OF_OPERATION = ("energy_pj", "area_um2", "leakage_w")

P = TypeVar("P", bound=Record)


def supplied_memory(memory: Memory, technology_nm: Any) -> Memory:
    return _filled(
        memory, {found.quantity: found.value for found in of_memory(memory, technology_nm)}
    )


def supplied_array(array: ComputeArray, technology_nm: Any) -> ComputeArray:
    operations = {
        name: _filled(
            one, {found.quantity: found.value for found in of_operation(one, technology_nm)}
        )
        for name, one in array.operations.items()
    }
    return _filled(array, {"operations": operations})


def of_memory(memory: Memory, technology_nm: Any) -> "Iterator[Found]":
    """What the catalogue supplies for this memory."""
    held = (memory.capacity_bytes, memory.row_bytes, memory.ports)
    return _found(memory, memory.part, _OF_MEMORY, technology_nm, *held)


def of_operation(operation: Operation, technology_nm: Any) -> "Iterator[Found]":
    return _found(operation, operation.part, _OF_OPERATION, technology_nm)


def _found(
    record: Record, part: str | None, quantities: tuple[str, ...], *wanted: Any
) -> "Iterator[Found]":
    if not part:
        return
    # Only a part that names a table needs the tables.
    from accelsim.arch.tables import says
    from accelsim.arch.technology import Wanted, look_up

    for quantity in quantities:
        if quantity not in record.model_fields_set and says(part, quantity):
            yield look_up(part, quantity, Wanted(*wanted))


def _filled(record: P, values: dict[str, Any]) -> P:
    """A copy with these values that still knows which fields its author wrote."""
    if not values:
        return record
    fields = {name: getattr(record, name) for name in type(record).model_fields}
    return type(record).model_construct(record.model_fields_set, **{**fields, **values})
