"""A spatial array: a tree of memories over compute arrays, on one clock.

    DRAM ── GlobalBuffer ─┬─ RegisterFile2D (per Array2D) ── Array2D 256 x 256
                          └─ RegisterFile1D (per Array1D) ── Array1D 256

The memories are listed outermost first. A part hangs `under` the memory it names; without it a
memory hangs under the last one above it in the list that is not `per` another array, and an array
under the register file that is `per` it, or else under the last memory of the list.

Expressions call the machine's numbers `DRAM.capacity`, `Array2D.rows`, `clock` (`names`); sweeps
replace them at paths like `memories.DRAM.bandwidth` (`with_values`).
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any, ClassVar

from accelsim.arch.operations import PointCost, UnitUse, cost_on, missing_on
from accelsim.arch.parts import ComputeArray, Memory
from accelsim.arch.paths import replaced_at
from accelsim.arch.supply import supplied_array, supplied_memory
from accelsim.base.errors import ArchError, did_you_mean
from accelsim.base.notebook import InNotebook
from accelsim.base.record import Positive, Record

__all__ = [
    "PointCost",
    "Spatial",
    "UnitUse",
    "area_rows",
    "area_um2",
    "instances",
    "missing_operations",
    "names",
    "operation_cost",
    "parent",
    "parents",
    "point_cost",
    "with_parts",
    "with_values",
]


class Spatial(Record, InNotebook):
    """A machine. Its tree is checked when it is read (`structure.problems`)."""

    html_by: ClassVar[str] = "accelsim.arch.html"

    about: str
    source: str = ""
    notes: str = ""
    clock_hz: Positive
    technology_nm: Positive | None = None
    memories: tuple[Memory, ...]
    compute: tuple[ComputeArray, ...]

    def memory(self, name: str) -> Memory:
        for memory in self.memories:
            if memory.name == name:
                return memory
        raise _unknown("memory", name, [memory.name for memory in self.memories])

    def array(self, name: str) -> ComputeArray:
        for array in self.compute:
            if array.name == name:
                return array
        raise _unknown("compute array", name, [array.name for array in self.compute])

    def part(self, name: str) -> Memory | ComputeArray:
        parts: tuple[Memory | ComputeArray, ...] = (*self.memories, *self.compute)
        for part in parts:
            if part.name == name:
                return part
        raise _unknown("part", name, [part.name for part in parts])

    @property
    def leakage_w(self) -> Mapping[str, Any]:
        """The watts that each part leaks while the machine is on, all its instances together."""
        return dict(_rows(self, "leakage_w"))


def parent(arch: Spatial, name: str) -> str | None:
    """The memory that feeds this part; None for the outermost memory."""
    part = arch.part(name)
    if part.under is not None:
        return part.under
    if isinstance(part, Memory):
        above = takewhile(lambda memory: memory.name != name, arch.memories)
        return _last([memory.name for memory in above if memory.per in (None, part.per)])
    own = [memory.name for memory in arch.memories if memory.per == name]
    shared = [memory.name for memory in arch.memories if memory.per is None]
    return _last(own or shared)


def parents(arch: Spatial, name: str) -> tuple[str, ...]:
    """The memories between this part and the outermost one, nearest first."""
    above = parent(arch, name)
    return () if above is None else (above, *parents(arch, above))


def instances(arch: Spatial, name: str) -> Any:
    """How many there are of this part: a register file has one instance in each PE."""
    part = arch.part(name)
    per = part.per if isinstance(part, Memory) else None
    return 1 if per is None else arch.array(per).pes


def operation_cost(arch: Spatial, array: str, operation: str) -> tuple[Any, Any]:
    """(cycles, energy_pj) of one operation on one PE of the array."""
    cost = cost_on(arch.array(array), {operation: 1})
    return cost.cycles, cost.energy_pj


def point_cost(arch: Spatial, array: str, operations: Mapping[str, Any]) -> PointCost:
    """What a point that needs these operations costs on one PE of the array."""
    return cost_on(arch.array(array), operations)


def missing_operations(arch: Spatial, array: str, operations: Iterable[str]) -> tuple[str, ...]:
    """Those of the operations that the array cannot do; `point_cost` would raise ArchError."""
    return missing_on(arch.array(array), operations)


def area_um2(arch: Spatial) -> Any:
    """The sum over all parts; one without an area in YAML or catalogue counts nothing."""
    return sum(area for _, area in area_rows(arch))


def area_rows(arch: Spatial) -> tuple[tuple[str, Any], ...]:
    """(part, um^2 of all its instances): memories, units (`Array2D.mac`), the rest of the PEs."""
    return tuple(_rows(arch, "area_um2"))


def names(arch: Spatial) -> dict[str, Any]:
    """What expressions may call the machine's numbers, in house units; bandwidths in B/s."""
    values: dict[str, Any] = {"clock": arch.clock_hz}
    for memory in arch.memories:
        if memory.capacity_bytes is not None:
            values[f"{memory.name}.capacity"] = memory.capacity_bytes
        if memory.bandwidth is not None:
            values[f"{memory.name}.bandwidth"] = memory.bandwidth.per_second(arch.clock_hz)
        if memory.row_bytes is not None:
            values[f"{memory.name}.row"] = memory.row_bytes
    for array in arch.compute:
        values[f"{array.name}.rows"] = array.rows
        values[f"{array.name}.columns"] = array.columns
        values[f"{array.name}.pes"] = array.pes
    return values


def with_values(arch: Spatial, values: Mapping[str, Any]) -> Spatial:
    """The machine with other numbers at these paths, and what depends on them looked up again.

    A number or an array is in the house unit (a bandwidth in B/s); a text carries its unit.
    """
    for path, value in values.items():
        arch = replaced_at(arch, path, value)
    return with_parts(arch)


def with_parts(arch: Spatial) -> Spatial:
    """The machine with everything filled in that the parts catalogue supplies."""
    nm = arch.technology_nm
    memories = tuple(supplied_memory(memory, nm) for memory in arch.memories)
    compute = tuple(supplied_array(array, nm) for array in arch.compute)
    return arch.model_copy(update={"memories": memories, "compute": compute})


def _last(found: list[str]) -> str | None:
    return found[-1] if found else None


def _unknown(kind: str, name: str, known: list[str]) -> ArchError:
    remedy = did_you_mean(name, known) or f"It has {', '.join(known) or 'none'}"
    return ArchError(f"the machine has no {kind} {name!r}", remedy=remedy)


def _rows(arch: Spatial, field: str) -> Iterator[tuple[str, Any]]:
    """(part, the field of all its instances together), but for parts that do not have it."""
    counted: list[tuple[str, Any, Any]] = []
    for memory in arch.memories:
        counted.append((memory.name, instances(arch, memory.name), getattr(memory, field)))
    for array in arch.compute:
        for name, operation in array.operations.items():
            counted.append((f"{array.name}.{name}", array.pes, getattr(operation, field)))
        counted.append((array.name, array.pes, getattr(array, field)))
    return ((part, number * each) for part, number, each in counted if not _is_zero(each))


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and value == 0
