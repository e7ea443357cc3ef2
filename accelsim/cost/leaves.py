"""Every number that the cost of a mapping is made of, in one order, and put back in that order.

    rank sizes, points of every Einsum, loop factors, tile sizes, spilled shares,
    bytes of tensors' elements, the machine's numbers

`structure` is all the rest: two bound mappings of one structure differ in numbers only.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.spatial import Spatial
from accelsim.base.record import Rate
from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.loops import LoopNest, Number

Points = Mapping[str, Number]

MOST_MACHINES = 16

_FIELDS: Mapping[type, tuple[str, ...]] = {
    Memory: ("capacity_bytes", "read_pj_per_byte", "write_pj_per_byte", "leakage_w", "area_um2"),
    ComputeArray: ("rows", "columns", "leakage_w", "area_um2"),
    Operation: ("cycles", "energy_pj", "leakage_w", "area_um2"),
}


class ArchLeaves(NamedTuple):
    """A machine's numbers, and all else about it that its cost depends on."""

    arch: Spatial
    structure: Hashable
    numbers: list[Number]


def structure(mapping: BoundMapping) -> Hashable:
    """Equal for two bindings of one mapping if they differ in numbers only."""
    loops = tuple(
        (loop.rank, loop.axis, loop.may_be_one)
        for nest in mapping.nests.values()
        for loop in nest.loops
    )
    return loops, _arch_leaves(mapping.arch).structure


def numbers(mapping: BoundMapping, points: Points) -> list[Number]:
    found: list[Number] = [*mapping.sizes.values(), *points.values()]
    found += [loop.factor for nest in mapping.nests.values() for loop in nest.loops]
    for step in mapping.steps:
        found += step.tile.values()
    found += [spill.fraction for spill in mapping.spills]
    found += [tensor.word_bytes for tensor in mapping.cascade.tensors.values()]
    return found + _arch_leaves(mapping.arch).numbers


_latest: OrderedDict[int, ArchLeaves] = OrderedDict()


def _arch_leaves(arch: Spatial) -> ArchLeaves:
    """Of the few latest machines these are remembered: a machine is evaluated many times."""
    known = _latest.get(id(arch))
    if known is None or known.arch is not arch:
        known = _latest[id(arch)] = ArchLeaves(arch, _arch_structure(arch), _arch_numbers(arch))
        if len(_latest) > MOST_MACHINES:
            _latest.popitem(last=False)
    return known


def _arch_structure(arch: Spatial) -> Hashable:
    memories = tuple(
        (m.name, m.per, m.under, m.double_buffered, _given(m), _rate_unit(m)) for m in arch.memories
    )
    arrays = tuple(
        (
            array.name,
            array.under,
            _given(array),
            tuple(
                (name, unit.fuses, tuple((unit.as_ or {}).items()), _given(unit))
                for name, unit in array.operations.items()
            ),
        )
        for array in arch.compute
    )
    return memories, arrays


def _arch_numbers(arch: Spatial) -> list[Number]:
    found: list[Number] = [arch.clock_hz]
    for memory in arch.memories:
        found += _present(memory)
        found += _rate(memory)
    for array in arch.compute:
        found += _present(array)
        for operation in array.operations.values():
            found += _present(operation)
    return found


def with_numbers(
    mapping: BoundMapping, points: Points, new: Sequence[Number]
) -> tuple[BoundMapping, Points]:
    """The same mapping and points with other numbers, given in the order of `numbers`."""
    left = iter(new)
    sizes = {rank: next(left) for rank in mapping.sizes}
    new_points = {name: next(left) for name in points}
    nests = {name: _nest(nest, left) for name, nest in mapping.nests.items()}
    steps = tuple(
        replace(step, tile={rank: next(left) for rank in step.tile}) for step in mapping.steps
    )
    spills = tuple(spill._replace(fraction=next(left)) for spill in mapping.spills)
    tensors = {
        name: tensor._replace(word_bytes=next(left))
        for name, tensor in mapping.cascade.tensors.items()
    }
    cascade = replace(mapping.cascade, tensors=tensors, ranks=sizes)
    bound = replace(
        mapping,
        cascade=cascade,
        arch=_arch(mapping.arch, left),
        sizes=sizes,
        nests=nests,
        steps=steps,
        spills=spills,
    )
    return bound, new_points


def _nest(nest: LoopNest, left: Iterator[Number]) -> LoopNest:
    return replace(nest, loops=tuple(loop._replace(factor=next(left)) for loop in nest.loops))


def _arch(arch: Spatial, left: Iterator[Number]) -> Spatial:
    clock_hz = next(left)
    memories = tuple(_memory(memory, left) for memory in arch.memories)
    compute = tuple(_array(array, left) for array in arch.compute)
    return arch.model_copy(update={"clock_hz": clock_hz, "memories": memories, "compute": compute})


def _memory(memory: Memory, left: Iterator[Number]) -> Memory:
    update = _next(memory, left)
    unit = _rate_unit(memory)
    if unit is not None:
        update["bandwidth"] = Rate(**{unit: next(left)})
    return memory.model_copy(update=update)


def _array(array: ComputeArray, left: Iterator[Number]) -> ComputeArray:
    update = _next(array, left)
    update["operations"] = {
        name: operation.model_copy(update=_next(operation, left))
        for name, operation in array.operations.items()
    }
    return array.model_copy(update=update)


def _given(part: Memory | ComputeArray | Operation) -> tuple[str, ...]:
    """The fields that hold a number, whether written, supplied by the catalogue or swept."""
    return tuple([field for field in _FIELDS[type(part)] if _holds_a_number(part, field)])


def _holds_a_number(part: Memory | ComputeArray | Operation, field: str) -> bool:
    value = getattr(part, field)
    if field in part.model_fields_set or not isinstance(value, int | float):
        return value is not None
    return bool(value != type(part).model_fields[field].default)


def _present(part: Memory | ComputeArray | Operation) -> list[Number]:
    return [getattr(part, field) for field in _given(part)]


def _next(part: Memory | ComputeArray | Operation, left: Iterator[Number]) -> dict[str, Any]:
    return {field: next(left) for field in _given(part)}


def _rate_unit(memory: Memory) -> str | None:
    if memory.bandwidth is None:
        return None
    return "bytes_per_cycle" if memory.bandwidth.bytes_per_s is None else "bytes_per_s"


def _rate(memory: Memory) -> list[Number]:
    unit = _rate_unit(memory)
    return [] if unit is None else [getattr(memory.bandwidth, unit)]
