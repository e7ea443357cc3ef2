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

from collections.abc import Iterable
from math import inf, prod

from accelsim.arch.spatial import Spatial, missing_operations, point_cost
from accelsim.mapper.fused.assignment import Assignment
from accelsim.mapper.fused.filing import elements_in_turn, lies_along_sums, lies_right, machine_of
from accelsim.mapper.fused.orders import orders
from accelsim.mapper.fused.tiling import Tiling
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.extent import elements_touched, iteration_points, tensor_bytes


def outermost_bytes(cascade: Cascade, names: Iterable[str]) -> tuple[float, float]:
    """Bytes that Einsums read from and write to the outermost memory if they are fused."""
    own = tuple(names)
    others = [einsum.name for einsum in cascade.einsums if einsum.name not in own]
    inputs = {a.tensor for n in own for a in cascade.einsum(n).reads} - set(own)
    read = {a.tensor for name in others for a in cascade.einsum(name).reads}
    outputs = [name for name in own if name in read or name in cascade.outputs]
    word = {name: tensor.word_bytes for name, tensor in cascade.tensors.items()}
    read_bytes = sum(float(elements_touched(cascade, t, own)) * word[t] for t in inputs)
    return read_bytes, sum(float(tensor_bytes(cascade, name)) for name in outputs)


def outermost_pj(cascade: Cascade, names: Iterable[str], arch: Spatial) -> float:
    """Of these bytes."""
    read_bytes, written_bytes = outermost_bytes(cascade, names)
    read_pj, write_pj = _prices(arch, arch.memories[0].name)
    return read_bytes * read_pj + written_bytes * write_pj


class Prices:
    """Of one tiling on one machine."""

    def __init__(self, tiling: Tiling, arch: Spatial) -> None:
        self.tiling, self.arch = tiling, arch
        self.cascade, self.names = tiling.group.cascade, frozenset(tiling.group.names)

    def einsum_pj(self, einsum: Einsum, array: str) -> float:
        """Of an Einsum on an array; inf if that cannot do it."""
        if missing_operations(self.arch, array, einsum.operations):
            return inf
        points = float(iteration_points(self.cascade, einsum.name))
        each = point_cost(self.arch, array, einsum.operations).energy_pj if einsum.operations else 0
        has_file = machine_of(self.arch, array).file is not None
        operands = self._filed_pj if has_file else self._shared_pj
        return points * float(each) + operands(einsum, array, points)

    def _filed_pj(self, einsum: Einsum, array: str, points: float) -> float:
        read_pj, write_pj = _prices(self.arch, machine_of(self.arch, array).file or "")
        tensors = {access.tensor for access in einsum.reads}
        total = points * read_pj * sum(map(self._word, tensors))
        total += points * write_pj * self._word(einsum.name)
        total += self._added_up(einsum, array, points) * read_pj * self._word(einsum.name)
        orders = self._orders(einsum, array)
        return total + min(self._inputs_pj(einsum, array, points, order) for order in orders)

    def _orders(self, einsum: Einsum, array: str) -> list[tuple[str, ...]]:
        """Those of turns that `turns` may choose."""
        found = {rank: self._in_turn(einsum, array, rank) for rank in einsum.ranks}
        found = {rank: factor for rank, factor in found.items() if factor > 1}
        file = machine_of(self.arch, array).file
        room = (file and self.arch.memory(file).capacity_bytes) or inf
        tile = prod(found.get(rank, 1) for rank in einsum.output.ranks)
        return orders(einsum, tuple(found), is_held=tile * self._word(einsum.name) <= room)

    def _inputs_pj(
        self, einsum: Einsum, array: str, points: float, order: tuple[str, ...]
    ) -> float:
        """Of inputs on their way from the buffer to the register files."""
        machine = machine_of(self.arch, array)
        buffer_pj = _prices(self.arch, machine.buffers[-1])[0] if machine.buffers else 0.0
        _, write_pj = _prices(self.arch, machine.file or "")
        share = points / prod(self.cascade.ranks[rank] for rank in einsum.ranks)
        total = 0.0
        for name, access in {access.tensor: access for access in einsum.reads}.items():
            if name in self.names:
                continue
            innermost = max((n for n, r in enumerate(order) if r in access.ranks), default=-1)
            fetched, filled = self._elements(access), 0.0
            if innermost >= 0:
                lacking = [r for r in einsum.ranks if r not in access.ranks]
                around = [rank for rank in order[:innermost] if rank in lacking]
                resting = order[innermost + 1 :]
                fetched *= prod(self.tiling.count(r) for r in lacking if r in self.tiling.tile)
                fetched *= prod(self._turns(einsum, array, rank) for rank in around)
                filled = points / prod(self._in_turn(einsum, array, rank) for rank in resting)
            fetched *= share
            total += self._word(name) * (fetched * buffer_pj + max(fetched, filled) * write_pj)
        return total

    def _added_up(self, einsum: Einsum, array: str, points: float) -> float:
        """Points whose value is added to what a processing element holds already."""
        spread = self.tiling.spreads[einsum.name, array]
        firsts = prod(self.cascade.ranks[rank] for rank in einsum.output.ranks)
        for rank in einsum.reduced_ranks:
            firsts *= spread.factor(rank)
            firsts *= self.tiling.count(rank) if rank in self.tiling.tile else 1
        return max(0.0, points - firsts)

    def _turns(self, einsum: Einsum, array: str, rank: str) -> float:
        """Turns in a tile, on average."""
        spread = self.tiling.spreads[einsum.name, array]
        size, tiles = self.cascade.ranks[rank], self.tiling.count(rank)
        return max(1.0, size / (tiles * spread.factor(rank)))

    def _in_turn(self, einsum: Einsum, array: str, rank: str) -> int:
        return -(-self.tiling.size(rank) // self.tiling.spreads[einsum.name, array].factor(rank))

    def _shared_pj(self, einsum: Einsum, array: str, points: float) -> float:
        machine, spread = machine_of(self.arch, array), self.tiling.spreads[einsum.name, array]
        read_pj, write_pj = _prices(self.arch, (machine.outermost, *machine.buffers)[-1])

        def steps(access: Access) -> float:
            alike = (spread.factor(r) for r in einsum.ranks if r not in access.ranks)
            return points * self._word(access.tensor) / prod(alike)

        reads = {access.tensor: access for access in einsum.reads}
        return read_pj * sum(map(steps, reads.values())) + write_pj * steps(einsum.output)

    def passing_pj(self, name: str, assignment: Assignment) -> float:
        """What it takes to pass an Einsum's result on to the others of the group."""
        array, readers = assignment.arrays[name], self.tiling.group.readers[name]
        file = machine_of(self.arch, array).file
        if file is None or not (readers or name in self.tiling.group.running):
            return 0.0
        read_pj, _ = _prices(self.arch, file)
        has_room = self._has_room(name, assignment)
        buffer_read_pj, buffer_write_pj = _prices(
            self.arch, machine_of(self.arch, array).buffers[-1]
        )
        share = self._share(name)
        total = 0.0
        if not has_room:
            made = self._elements(self.cascade.einsum(name).output)
            total += made * share * (read_pj + buffer_write_pj)
        for other in {assignment.arrays[reader] for reader in readers}:
            own = machine_of(self.arch, other).file
            fill_pj = _prices(self.arch, own)[1] if own is not None else 0.0
            here = [self._read(r, name) for r in readers if assignment.arrays[r] == other]
            if not has_room:
                total += sum(here) * (buffer_read_pj + fill_pj)
            elif other != array:
                total += min(here) * (read_pj + fill_pj)
        return total * self._word(name)

    def _read(self, reader: str, tensor: str) -> float:
        """Elements of what the group makes that a reader wants."""
        accesses = [a for a in self.cascade.einsum(reader).reads if a.tensor == tensor]
        return max(map(self._elements, accesses)) * min(self._share(reader), self._share(tensor))

    def _has_room(self, name: str, assignment: Assignment) -> bool:
        """Whether a tile of it may do without the buffer."""
        tiling, arch = self.tiling, self.arch
        words = elements_in_turn(tiling, assignment, name)
        if words == 1 or lies_along_sums(name, tiling, assignment, arch):
            return True
        arrays = {assignment.arrays[each] for each in (name, *tiling.group.readers[name])}
        if not lies_right(name, tiling, assignment):
            return False
        files = [machine_of(arch, array).file for array in arrays]
        rooms = [arch.memory(file).capacity_bytes or inf for file in files if file is not None]
        streams = len(arrays) == 1 and name not in tiling.group.running
        return streams or words * self._word(name) <= min(rooms)

    def _share(self, name: str) -> float:
        ranks = self.cascade.einsum(name).ranks
        points = float(iteration_points(self.cascade, name))
        return min(1.0, points / prod(self.cascade.ranks[rank] for rank in ranks))

    def _elements(self, access: Access) -> float:
        tensor = prod(self.cascade.ranks[r] for r in self.cascade.tensors[access.tensor].ranks)
        return float(min(tensor, prod(self.cascade.ranks[rank] for rank in access.ranks)))

    def _word(self, tensor: str) -> float:
        return float(self.cascade.tensors[tensor].word_bytes)


def _prices(arch: Spatial, memory: str) -> tuple[float, float]:
    """pJ of a byte that is read, and of one that is written."""
    found = arch.memory(memory)
    return float(found.read_pj_per_byte or 0), float(found.write_pj_per_byte or 0)
