"""What energy the Einsums of a tiling take at least, each on each array, and what passes on.

    operations      points · pJ of a point
    register file   each operand is read and each result written at every point; a sum is read again
                    but at the first of the points that a processing element adds up in a tile
    buffer          an input is read at least once, or in each tile of the ranks it lacks if a
                    processing element takes its elements in turn; register files are filled with it

What an Einsum makes for others crosses from one array's register file to another's, or lies in the
buffer if register files have no room for a tile of it. Where no register file lies between buffer
and array, operands come from the buffer at every step, shared by processing elements side by side.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, prod

from accelsim.arch.parts import ComputeArray
from accelsim.arch.spatial import Spatial, missing_operations, point_cost
from accelsim.mapper.fused.assignment import Assignment
from accelsim.mapper.fused.filing import (
    elements_in_turn,
    in_step,
    lies_along_sums,
    lies_right,
    machine_of,
)
from accelsim.mapper.fused.group import Group
from accelsim.mapper.fused.orders import orders
from accelsim.mapper.fused.tiling import Tiling
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.extent import elements_touched, iteration_points, tensor_bytes


def outermost_bytes(cascade: Cascade, names: Iterable[str]) -> tuple[float, float]:
    """Bytes that Einsums read from and write to the outermost memory if they are fused.

    An input comes once for each Einsum that reads it, as nests do not share what they fetch.
    """
    own = tuple(names)
    others = [einsum.name for einsum in cascade.einsums if einsum.name not in own]
    inputs = {(a.tensor, n) for n in own for a in cascade.einsum(n).reads if a.tensor not in own}
    read = {a.tensor for name in others for a in cascade.einsum(name).reads}
    outputs = [name for name in own if name in read or name in cascade.outputs]
    word = {name: tensor.word_bytes for name, tensor in cascade.tensors.items()}
    read_bytes = sum(float(elements_touched(cascade, t, (n,))) * word[t] for t, n in inputs)
    return read_bytes, sum(float(tensor_bytes(cascade, name)) for name in outputs)


def outermost_pj(cascade: Cascade, names: Iterable[str], arch: Spatial) -> float:
    """Of these bytes."""
    read_bytes, written_bytes = outermost_bytes(cascade, names)
    read_pj, write_pj = _prices(arch, arch.memories[0].name)
    return read_bytes * read_pj + written_bytes * write_pj


def counting_bytes(arch: Spatial, memory: str) -> Spatial:
    """The machine with a pJ for each byte at this memory, and nothing for all else."""

    def priced(name: str) -> dict[str, int]:
        return dict.fromkeys(("read_pj_per_byte", "write_pj_per_byte"), int(name == memory))

    memories = tuple(each.model_copy(update=priced(each.name)) for each in arch.memories)
    return arch.model_copy(
        update={"memories": memories, "compute": tuple(map(_free, arch.compute))}
    )


def _free(array: ComputeArray) -> ComputeArray:
    free = {
        name: operation.model_copy(update={"energy_pj": 0})
        for name, operation in array.operations.items()
    }
    return array.model_copy(update={"operations": free})


class Prices:
    """Of the Einsums of a group at its sizes, on one machine."""

    def __init__(self, group: Group, arch: Spatial) -> None:
        self.group, self.cascade, self.names = group, group.cascade, frozenset(group.names)
        self.parts = {array.name: _Part(array.name, arch) for array in arch.compute}
        sizes = group.cascade.ranks
        self.word = {name: float(t.word_bytes) for name, t in group.cascade.tensors.items()}
        self.points = {n: float(iteration_points(group.cascade, n)) for n in group.names}
        every = {e.name: prod(sizes[rank] for rank in e.ranks) for e in group.einsums}
        self.share = {name: min(1.0, self.points[name] / every[name]) for name in group.names}
        self.reads = {e.name: {a.tensor: a for a in e.reads} for e in group.einsums}
        self.elements = {
            (e.name, a.tensor): self._elements(a) for e in group.einsums for a in e.reads
        } | {(e.name, e.name): self._elements(e.output) for e in group.einsums}
        self.operations_pj = {
            (einsum.name, array.name): self._operations_pj(einsum, array.name, arch)
            for einsum in group.einsums
            for array in arch.compute
        }

    def _elements(self, access: Access) -> float:
        tensor = prod(self.cascade.ranks[r] for r in self.cascade.tensors[access.tensor].ranks)
        return float(min(tensor, prod(self.cascade.ranks[rank] for rank in access.ranks)))

    def _operations_pj(self, einsum: Einsum, array: str, arch: Spatial) -> float:
        if missing_operations(arch, array, einsum.operations):
            return inf
        each = point_cost(arch, array, einsum.operations).energy_pj if einsum.operations else 0
        return self.points[einsum.name] * float(each)

    # --- one Einsum ------------------------------------------------------------------------------

    def least_pj(self, tiling: Tiling) -> float:
        """Of all Einsums, each where it takes least, and what passes on for nothing."""
        return sum(
            min(self.einsum_pj(tiling, einsum, array) for array in self.parts)
            for einsum in self.group.einsums
        )

    def einsum_pj(self, tiling: Tiling, einsum: Einsum, array: str) -> float:
        """Of an Einsum on an array; inf if that cannot do it."""
        operations_pj = self.operations_pj[einsum.name, array]
        if operations_pj == inf:
            return inf
        operands = self._shared_pj if self.parts[array].file_bytes is None else self._filed_pj
        return operations_pj + operands(_Place(tiling, einsum, array), self.parts[array])

    def _filed_pj(self, place: "_Place", part: "_Part") -> float:
        name, points = place.einsum.name, self.points[place.einsum.name]
        read_bytes = sum(self.word[tensor] for tensor in self.reads[name])
        total = points * part.file_read_pj * read_bytes
        total += points * part.file_write_pj * self.word[name]
        again = max(0.0, points - place.firsts(self.elements[name, name]))
        total += again * part.file_read_pj * self.word[name]
        inputs = [access for tensor, access in self.reads[name].items() if tensor not in self.names]
        if inputs:
            tile = prod(place.turns.get(rank, 1) for rank in place.einsum.output.ranks)
            is_held = tile * self.word[name] <= (part.file_bytes or 0)
            every = orders(place.einsum, tuple(place.turns), is_held)
            total += min(self._inputs_pj(inputs, place, part, order) for order in every)
        return total

    def _inputs_pj(
        self, inputs: list[Access], place: "_Place", part: "_Part", order: tuple[str, ...]
    ) -> float:
        """Of inputs on their way from the buffer to the register files."""
        name, total = place.einsum.name, 0.0
        for access in inputs:
            fetched, filled = self.elements[name, access.tensor] * self.share[name], 0.0
            innermost = max((n for n, r in enumerate(order) if r in access.ranks), default=-1)
            if innermost >= 0:
                around = [rank for rank in order[:innermost] if rank not in access.ranks]
                fetched *= place.tiles_without(access) * prod(map(place.mean_turns, around))
                filled = self.points[name]
                filled /= prod(place.turns[rank] for rank in order[innermost + 1 :])
            pj = fetched * part.buffer_read_pj + max(fetched, filled) * part.file_write_pj
            total += self.word[access.tensor] * pj
        return total

    def _shared_pj(self, place: "_Place", part: "_Part") -> float:
        name = place.einsum.name

        def steps(access: Access) -> float:
            lacking = (rank for rank in place.einsum.ranks if rank not in access.ranks)
            return self.points[name] * self.word[access.tensor] / prod(map(place.factor, lacking))

        read = sum(map(steps, self.reads[name].values()))
        return part.buffer_read_pj * read + part.buffer_write_pj * steps(place.einsum.output)

    # --- what passes on --------------------------------------------------------------------------

    def passing_pj(self, name: str, arrays: Mapping[str, str], passing: "Passing") -> float:
        """What it takes to pass an Einsum's result on to the others of the group."""
        readers, array = self.group.readers[name], arrays[name]
        part = self.parts[array]
        if part.file_bytes is None or not (readers or name in self.group.running):
            return 0.0
        total = 0.0
        if not passing.has_room:
            made = self.elements[name, name] * self.share[name]
            total += made * (part.file_read_pj + part.buffer_write_pj)
            readers = tuple(reader for reader in readers if reader not in passing.in_step)
        for other in {arrays[reader] for reader in readers}:
            fill_pj = self.parts[other].file_write_pj
            here = [self._read(r, name) for r in readers if arrays[r] == other]
            if not passing.has_room:
                total += sum(here) * (part.buffer_read_pj + fill_pj)
            elif other != array:
                total += min(here) * (part.file_read_pj + fill_pj)
        return total * self.word[name]

    def _read(self, reader: str, tensor: str) -> float:
        """Elements of what the group makes that a reader wants."""
        return self.elements[reader, tensor] * min(self.share[reader], self.share[tensor])


@dataclass(frozen=True)
class Passing:
    """Whether a tile of an Einsum's result may do without the buffer, and who reads it in step."""

    has_room: bool
    in_step: frozenset[str]


def passing_of(tiling: Tiling, name: str, assignment: Assignment, arch: Spatial) -> Passing:
    """Of the Einsum and its readers alone an assignment must tell."""
    group = tiling.group
    words = elements_in_turn(tiling, assignment, name)
    if words == 1 or lies_along_sums(name, tiling, assignment, arch):
        return Passing(True, frozenset())
    readers = group.readers[name]
    together = frozenset(r for r in readers if in_step(name, r, tiling, assignment))
    if len(together) == len(readers) and name not in group.running:
        return Passing(True, together)
    files = [machine_of(arch, assignment.arrays[each]).file for each in (name, *readers)]
    rooms = [0.0 if file is None else arch.memory(file).capacity_bytes or inf for file in files]
    fits = words * group.cascade.tensors[name].word_bytes <= min(rooms)
    return Passing(bool(fits and lies_right(name, tiling, assignment)), together)


class _Part:
    """pJ of a byte in an array's register files and in the memory next to them, and their bytes:
    None if there are no register files, inf if they have no end."""

    def __init__(self, array: str, arch: Spatial) -> None:
        machine = machine_of(arch, array)
        nearest = (machine.outermost, *machine.buffers)[-1]
        self.buffer_read_pj, self.buffer_write_pj = _prices(arch, nearest)
        self.file_read_pj = self.file_write_pj = 0.0
        self.file_bytes: float | None = None
        if machine.file is not None:
            self.file_read_pj, self.file_write_pj = _prices(arch, machine.file)
            self.file_bytes = float(arch.memory(machine.file).capacity_bytes or inf)


class _Place:
    """An Einsum of a tiling on an array; `turns` by rank, where a tile takes more than one."""

    def __init__(self, tiling: Tiling, einsum: Einsum, array: str) -> None:
        self.tiling, self.einsum = tiling, einsum
        self.factor = tiling.spreads[einsum.name, array].factor
        every = {rank: -(-tiling.size(rank) // self.factor(rank)) for rank in einsum.ranks}
        self.turns = {rank: number for rank, number in every.items() if number > 1}

    def firsts(self, results: float) -> float:
        """Values that a processing element has nothing to add to."""
        for rank in self.einsum.reduced_ranks:
            results *= self.factor(rank)
            results *= self.tiling.count(rank) if rank in self.tiling.tile else 1
        return results

    def tiles_without(self, access: Access) -> int:
        """In how many tiles of other ranks an operand is wanted."""
        ranks = (rank for rank in self.tiling.tile if rank in self.einsum.ranks)
        return prod(self.tiling.count(rank) for rank in ranks if rank not in access.ranks)

    def mean_turns(self, rank: str) -> float:
        """In a tile, ragged ones among them."""
        size, tiles = self.tiling.group.cascade.ranks[rank], self.tiling.count(rank)
        return max(1.0, size / (tiles * self.factor(rank)))


def _prices(arch: Spatial, memory: str) -> tuple[float, float]:
    """pJ of a byte that is read, and of one that is written."""
    found = arch.memory(memory)
    return float(found.read_pj_per_byte or 0), float(found.write_pj_per_byte or 0)
