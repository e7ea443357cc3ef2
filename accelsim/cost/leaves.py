"""Every number that the cost of a mapping is made of, in one order, and put back in that order.

    rank sizes, points of every Einsum, loop factors, tile sizes, spilled shares,
    bytes of tensors' elements, the machine's numbers

`structure` is all the rest: two bound mappings of one structure differ in numbers only.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.spatial import Spatial
from accelsim.base.record import Rate
from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.loops import LoopNest, Number

Points = Mapping[str, Number]

_FIELDS: Mapping[type, tuple[str, ...]] = {
    Memory: ("capacity_bytes", "read_pj_per_byte", "write_pj_per_byte", "leakage_w", "area_um2"),
    ComputeArray: ("rows", "columns", "leakage_w", "area_um2"),
    Operation: ("cycles", "energy_pj", "leakage_w", "area_um2"),
}


def structure(mapping: BoundMapping) -> Hashable:
    """Equal for two bindings of one mapping if the same loops and parts are there."""
    loops = tuple((loop.rank, loop.axis) for nest in mapping.nests.values() for loop in nest.loops)
    memories = tuple((m.name, m.per, _given(m), _rate_unit(m)) for m in mapping.arch.memories)
    arrays = tuple(
        (array.name, _given(array), tuple((o, _given(u)) for o, u in array.operations.items()))
        for array in mapping.arch.compute
    )
    return loops, memories, arrays


def numbers(mapping: BoundMapping, points: Points) -> list[Number]:
    found: list[Number] = [*mapping.sizes.values(), *points.values()]
    found += [loop.factor for nest in mapping.nests.values() for loop in nest.loops]
    for step in mapping.steps:
        found += step.tile.values()
    found += [spill.fraction for spill in mapping.spills]
    found += [tensor.word_bytes for tensor in mapping.cascade.tensors.values()]
    found.append(mapping.arch.clock_hz)
    for memory in mapping.arch.memories:
        found += _present(memory)
        found += _rate(memory)
    for array in mapping.arch.compute:
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
    spills = tuple(replace(spill, fraction=next(left)) for spill in mapping.spills)
    tensors = {
        name: replace(tensor, word_bytes=next(left))
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
    return replace(nest, loops=tuple(replace(loop, factor=next(left)) for loop in nest.loops))


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
    """The fields that were given a number; the others are what they are by default."""
    given = part.model_fields_set
    return tuple([f for f in _FIELDS[type(part)] if f in given and getattr(part, f) is not None])


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
