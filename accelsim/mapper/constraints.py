"""What a search must keep to, from YAML:

    about: Half the buffer is another's; QK lies with its keys on the rows.
    capacity: {GlobalBuffer: 0.5}            of each memory, the share that may be used
    traffic: {DRAM: 100 MiB}                 that a memory may read and write in all
    einsum_traffic: {QK: {DRAM: 40 MiB}}     of this, for one Einsum
    tensor_traffic: {K: {DRAM: 8 MiB}}       of this, of one tensor
    loops:
      QK: {array: Array2D, rows: {M: 256}, columns: {P: 256}, memories: {DRAM: {P: 4, E: 1}}}

`loops` fixes an Einsum's array and factors of ranks: those named under a memory are its loops right
inside it; a rank on rows or columns lies there and nowhere else on the array. `obeying` says
whether a candidate keeps to all that.
"""

from collections.abc import Iterable, Iterator
from math import inf
from pathlib import Path
from typing import TypeVar

from accelsim.arch.spatial import Spatial, missing_operations, parents
from accelsim.base.errors import MapperError, did_you_mean
from accelsim.base.record import Count, Positive, Record, Share, read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapper.objective import Figures
from accelsim.workload.einsum import Cascade

Factors = dict[str, Count]
Limits = dict[str, Positive]
Thing = TypeVar("Thing")


class FixedLoops(Record):
    array: str | None = None
    rows: Factors = {}
    columns: Factors = {}
    memories: dict[str, Factors] = {}

    @property
    def on_array(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of every rank that lies on one of them."""
        ranks = (*self.rows, *self.columns)
        return {rank: (self.rows.get(rank, 1), self.columns.get(rank, 1)) for rank in ranks}


class Constraints(Record):
    about: str = ""
    capacity: dict[str, Share] = {}
    traffic_bytes: Limits = {}
    einsum_traffic_bytes: dict[str, Limits] = {}
    tensor_traffic_bytes: dict[str, Limits] = {}
    loops: dict[str, FixedLoops] = {}

    @property
    def said(self) -> tuple[str, ...]:
        """The keys that say something: what a machine without loop nests has to refuse."""
        every = {
            "capacity": self.capacity,
            "traffic": self.traffic_bytes,
            "einsum_traffic": self.einsum_traffic_bytes,
            "tensor_traffic": self.tensor_traffic_bytes,
            "loops": self.loops,
        }
        return tuple(key for key, says in every.items() if says)

    def most_bytes(self, einsum: str, memory: str) -> float:
        """That an Einsum may move over a memory, if others move none; inf for no limit."""
        own = self.einsum_traffic_bytes.get(einsum, {})
        return float(min(self.traffic_bytes.get(memory, inf), own.get(memory, inf)))

    def one_less(self) -> Iterator[tuple[str, "Constraints"]]:
        """Each single constraint in words, and the others without it."""
        for memory, share in self.capacity.items():
            less = _without(self.capacity, memory)
            yield f"the share {share:g} of {memory}", self.model_copy(update={"capacity": less})
        for memory, most in self.traffic_bytes.items():
            less_traffic = {"traffic_bytes": _without(self.traffic_bytes, memory)}
            yield f"at most {most:,.0f} B over {memory}", self.model_copy(update=less_traffic)
        for field in ("einsum_traffic_bytes", "tensor_traffic_bytes"):
            of: dict[str, Limits] = getattr(self, field)
            for name, limits in of.items():
                for memory, most in limits.items():
                    left = {**of, name: _without(limits, memory)}
                    said = f"at most {most:,.0f} B over {memory} for {name}"
                    yield said, self.model_copy(update={field: left})
        for einsum in self.loops:
            less_loops = {"loops": _without(self.loops, einsum)}
            yield f"the fixed loops of {einsum}", self.model_copy(update=less_loops)


def _without(those: dict[str, Thing], name: str) -> dict[str, Thing]:
    return {key: value for key, value in those.items() if key != name}


def load_constraints(path: str | Path) -> Constraints:
    return read_record(read_yaml(Path(path)), Constraints)


# --- what no mapping could keep to ---------------------------------------------------------------


def refuse_strange(constraints: Constraints, cascade: Cascade, arch: Spatial) -> None:
    """Raises MapperError for a memory, array, Einsum, tensor or rank that is not there."""
    memories = [memory.name for memory in arch.memories]
    arrays = [array.name for array in arch.compute]
    einsums = [einsum.name for einsum in cascade.einsums]
    by_einsum, by_tensor = constraints.einsum_traffic_bytes, constraints.tensor_traffic_bytes
    for limits in (constraints.capacity, constraints.traffic_bytes, *by_einsum.values()):
        _refuse_each("memory", limits, memories)
    for limits in by_tensor.values():
        _refuse_each("memory", limits, memories)
    _refuse_each("Einsum", [*by_einsum, *constraints.loops], einsums)
    _refuse_each("tensor", by_tensor, list(cascade.tensors))
    for memory in constraints.capacity:
        if arch.memory(memory).capacity_bytes is None:
            fact = f"the constraints share out {memory}, which has no capacity"
            raise MapperError(fact, remedy=f"Leave {memory} out, or limit its traffic")
    for einsum, fixed in constraints.loops.items():
        _refuse("array", fixed.array or arrays[0], arrays)
        _refuse_each("memory", fixed.memories, memories)
        ranks = list(cascade.einsum(einsum).ranks)
        for rank in (*fixed.on_array, *(r for own in fixed.memories.values() for r in own)):
            _refuse("rank", rank, ranks)


def _refuse_each(kind: str, names: Iterable[str], known: list[str]) -> None:
    for name in names:
        _refuse(kind, name, known)


def _refuse(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        remedy = did_you_mean(name, known) or f"There are {', '.join(known)}"
        raise MapperError(f"the constraints name {name!r}, which is no {kind} here", remedy=remedy)


def refuse_unmeetable(
    constraints: Constraints, cascade: Cascade, arch: Spatial, bound: Figures
) -> None:
    """Raises MapperError for what no mapping keeps to: too little traffic, too wide an array."""
    for memory, most in constraints.traffic_bytes.items():
        least = float(bound.traffic_bytes[memory])
        if least > most:
            fact = f"the constraints let {memory} move {most:,.0f} B, but inputs and results alone"
            raise MapperError(f"{fact} are {least:,.0f} B", remedy="Allow that much")
    for einsum, fixed in constraints.loops.items():
        can = [array.name for array in arch.compute if _can_run(array.name, einsum, cascade, arch)]
        if fixed.array is not None and fixed.array not in can:
            fact = f"the constraints fix {einsum} on {fixed.array}, which cannot do it"
            raise MapperError(fact, remedy=f"Fix it on {' or '.join(can)}, or on none")
        if not any(_has_room(fixed, name, arch) for name in can if fixed.array in (None, name)):
            fact = f"the constraints fix loops of {einsum} that no array has the memories or the"
            widths = ", ".join(f"{a.name} has {a.rows} x {a.columns}" for a in arch.compute)
            raise MapperError(f"{fact} rows and columns for", remedy=widths)


def _can_run(array: str, einsum: str, cascade: Cascade, arch: Spatial) -> bool:
    return not missing_operations(arch, array, cascade.einsum(einsum).operations)


def _has_room(fixed: FixedLoops, array: str, arch: Spatial) -> bool:
    part = arch.array(array)
    rows = columns = 1
    for own_rows, own_columns in fixed.on_array.values():
        rows, columns = rows * own_rows, columns * own_columns
    return rows <= part.rows and columns <= part.columns and is_on_way(fixed, array, arch)


def is_on_way(fixed: FixedLoops, array: str, arch: Spatial) -> bool:
    """Whether every memory with fixed loops lies above an array."""
    looping = [name for name, own in fixed.memories.items() if any(f > 1 for f in own.values())]
    return set(looping) <= set(parents(arch, array))


def with_shares(arch: Spatial, constraints: Constraints) -> Spatial:
    """The machine with as much of its memories as may be used."""
    memories = [
        memory
        if memory.name not in constraints.capacity or memory.capacity_bytes is None
        else memory.model_copy(
            update={"capacity_bytes": memory.capacity_bytes * constraints.capacity[memory.name]}
        )
        for memory in arch.memories
    ]
    return arch.model_copy(update={"memories": tuple(memories)})
