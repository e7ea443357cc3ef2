"""Every way a bound mapping breaks its workload or its machine, with numbers. () means legal.

nests      every Einsum has one, on an array that can do its operations
numbers    factors and tiles are whole numbers; what is spilled is a share of tensors that are there
loops      cover every rank; spatial loops fit the axis they lie on
storages   go down the machine's tree of memories; results and inputs meet in its outermost one
capacity   what a memory must hold at once, less what the mapping says it spills
schedule   runs every Einsum once, on its nest's array, not before what it reads and not too long
           after; its tiles are those of the loops
"""

from collections.abc import Iterator
from math import prod

from accelsim.arch.spatial import missing_operations, parents
from accelsim.base.errors import did_you_mean
from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.dataflow import lost_results
from accelsim.mapping.loops import LoopNest, Number, factor_product
from accelsim.mapping.occupancy import occupancy_bytes
from accelsim.mapping.partial_sums import partial_sums
from accelsim.mapping.schedule import bad_schedule
from accelsim.mapping.violation import Violation
from accelsim.workload.einsum import Einsum

__all__ = ["Violation", "check", "check_parts", "misfits"]


def check(mapping: BoundMapping) -> tuple[Violation, ...]:
    """All violations of a mapping whose numbers are scalars."""
    unusable = _unusable(mapping)
    return unusable or (*_misfits(mapping), *_overfull_memories(mapping))


def misfits(mapping: BoundMapping) -> tuple[Violation, ...]:
    """The same without capacities, of which `Cost.fits` tells."""
    return _unusable(mapping) or tuple(_misfits(mapping))


def _unusable(mapping: BoundMapping) -> tuple[Violation, ...]:
    """Where nests are missing, or are no loops, nothing else can be said."""
    return tuple(_missing_nests(mapping)) or tuple(_bad_numbers(mapping))


def _misfits(mapping: BoundMapping) -> Iterator[Violation]:
    yield from _bad_spills(mapping)
    yield from _bad_parts(mapping)
    yield from _uncovered_ranks(mapping)
    yield from _wide_spatial_loops(mapping)
    yield from _lost_tensors(mapping)
    yield from lost_results(mapping)
    yield from partial_sums(mapping)
    yield from bad_schedule(mapping)


def check_parts(mapping: BoundMapping) -> tuple[Violation, ...]:
    """Those violations that no other numbers would mend; the numbers may be arrays."""
    return tuple(_missing_nests(mapping)) or (*_bad_parts(mapping), *_lost_tensors(mapping))


def _missing_nests(mapping: BoundMapping) -> Iterator[Violation]:
    for einsum in mapping.cascade.einsums:
        if einsum.name not in mapping.nests:
            yield Violation(einsum.name, "has no loop nest in this mapping")


def _bad_numbers(mapping: BoundMapping) -> Iterator[Violation]:
    for name, nest in mapping.nests.items():
        for loop in nest.loops:
            if not _is_count(loop.factor):
                yield Violation(name, f"{loop.factor} is no factor for rank {loop.rank}")
    for step in mapping.steps:
        for rank, size in step.tile.items():
            if not _is_count(size):
                yield Violation(step.name, f"{size} is no size for tiles of rank {rank}")


def _is_count(number: Number) -> bool:
    return bool(number >= 1 and number % 1 == 0)


def _bad_spills(mapping: BoundMapping) -> Iterator[Violation]:
    groups = [(spill.memory, spill.tensors) for spill in mapping.spills]
    for where, tensors in [*groups, *(("share", tensors) for tensors in mapping.share)]:
        for tensor in sorted(set(tensors).difference(mapping.cascade.tensors)):
            hint = did_you_mean(tensor, mapping.cascade.tensors)
            yield Violation(where, f"{tensor!r} is no tensor. {hint or ''}".rstrip())
    for spill in mapping.spills:
        if not 0 <= spill.fraction <= 1:
            yield Violation(spill.memory, f"{spill.fraction} is no share that could be spilled")


def _bad_parts(mapping: BoundMapping) -> Iterator[Violation]:
    arch = mapping.arch
    memories = [memory.name for memory in arch.memories]
    arrays = [array.name for array in arch.compute]
    for name, nest in mapping.nests.items():
        if nest.array not in arrays:
            hint = did_you_mean(nest.array, arrays) or f"It has {', '.join(arrays)}"
            yield Violation(name, f"the machine has no array {nest.array!r}. {hint}")
            continue
        for lacking in missing_operations(
            arch, nest.array, mapping.cascade.einsum(name).operations
        ):
            yield Violation(name, f"{nest.array} cannot do {lacking!r}")
        yield from _bad_path(nest, memories, tuple(reversed(parents(arch, nest.array))))


def _bad_path(nest: LoopNest, memories: list[str], path: tuple[str, ...]) -> Iterator[Violation]:
    """Storages must go down the memories between the outermost one and the array."""
    depth = 0
    for storage in nest.storages:
        if storage.memory not in memories:
            hint = did_you_mean(storage.memory, memories) or f"It has {', '.join(memories)}"
            yield Violation(nest.einsum, f"the machine has no memory {storage.memory!r}. {hint}")
        elif storage.memory not in path[depth:]:
            down = " → ".join(path)
            fact = f"{storage.memory} is not next on the way to {nest.array}, {down}"
            yield Violation(nest.einsum, fact)
        else:
            depth = path.index(storage.memory)


def _uncovered_ranks(mapping: BoundMapping) -> Iterator[Violation]:
    for name, nest in mapping.nests.items():
        for rank in mapping.cascade.einsum(name).ranks:
            size, covered = mapping.cascade.ranks[rank], factor_product(nest.loops, rank)
            if covered < size:
                fact = f"the loops cover {covered} of rank {rank}'s {size}"
                yield Violation(name, fact, needed=size, available=covered)


def _wide_spatial_loops(mapping: BoundMapping) -> Iterator[Violation]:
    for name, nest in mapping.nests.items():
        if nest.array not in [array.name for array in mapping.arch.compute]:
            continue
        array = mapping.arch.array(nest.array)
        for axis in dict.fromkeys(loop.axis for loop in nest.loops if loop.axis):
            width = {"rows": array.rows, "columns": array.columns}.get(axis)
            used = prod(loop.factor for loop in nest.loops if loop.axis == axis)
            if width is None:
                yield Violation(name, f"{array.name} has rows and columns, no {axis!r}")
            elif used > width:
                fact = f"{used} tiles side by side on the {width} {axis} of {array.name}"
                yield Violation(name, fact, needed=used, available=width)


def _lost_tensors(mapping: BoundMapping) -> Iterator[Violation]:
    """Inputs come from the outermost memory, outputs go there, intermediates are kept somewhere."""
    cascade, outermost = mapping.cascade, mapping.arch.memories[0].name
    for einsum in cascade.einsums:
        nest = mapping.nests[einsum.name]
        for tensor in dict.fromkeys(a.tensor for a in (*einsum.reads, einsum.output)):
            homes = [storage.memory for storage in nest.storages_of(tensor)]
            if not homes:
                yield Violation(einsum.name, f"no memory keeps {tensor}")
            elif homes[0] != outermost and _is_external(tensor, einsum, mapping):
                yield Violation(einsum.name, f"{tensor} is not kept in {outermost}")


def _is_external(tensor: str, einsum: Einsum, mapping: BoundMapping) -> bool:
    is_result = tensor == einsum.name and tensor in mapping.cascade.outputs
    return is_result or tensor in mapping.cascade.inputs


def _overfull_memories(mapping: BoundMapping) -> Iterator[Violation]:
    held = occupancy_bytes(mapping)
    for memory in mapping.arch.memories:
        capacity, needed = memory.capacity_bytes, held[memory.name]
        if capacity is not None and needed > capacity:
            fact = f"needs {needed:,.0f} B but holds {capacity:,.0f} B"
            yield Violation(memory.name, fact, needed=needed, available=capacity)
