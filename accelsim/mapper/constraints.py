"""What a search must keep to, from YAML:

    about: Half the buffer is another's; QK lies with its keys on the rows.
    capacity: {GlobalBuffer: 0.5}            of each memory, the share that may be used
    traffic: {DRAM: 100 MiB}                 that one Einsum may move at most
    loops:
      QK: {array: Array2D, rows: {M: 256}, columns: {P: 256}, memories: {DRAM: {P: 4, E: 1}}}

`loops` fixes an Einsum's array and factors of ranks: those named under a memory are its loops right
inside it; a rank on rows or columns lies there and nowhere else on the array.
"""

from pathlib import Path

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MapperError, did_you_mean
from accelsim.base.record import Count, Positive, Record, Share, read_record, refuse_another_kind
from accelsim.base.yamlfile import read_yaml
from accelsim.workload.einsum import Cascade

Factors = dict[str, Count]


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
    traffic_bytes: dict[str, Positive] = {}
    loops: dict[str, FixedLoops] = {}

    @property
    def is_of_room_only(self) -> bool:
        """Whether a machine with smaller memories says it all."""
        return not self.traffic_bytes and not self.loops


def load_constraints(path: str | Path) -> Constraints:
    node = read_yaml(Path(path))
    refuse_another_kind(node, Constraints, "about")
    return read_record(node, Constraints)


def refuse_strange(constraints: Constraints, cascade: Cascade, arch: Spatial) -> None:
    """Raises MapperError for a memory, array, Einsum or rank that is not there."""
    memories = [memory.name for memory in arch.memories]
    arrays = [array.name for array in arch.compute]
    for memory in (*constraints.capacity, *constraints.traffic_bytes):
        _refuse("memory", memory, memories)
    for einsum, fixed in constraints.loops.items():
        _refuse("Einsum", einsum, [each.name for each in cascade.einsums])
        _refuse("array", fixed.array or arrays[0], arrays)
        ranks = list(cascade.einsum(einsum).ranks)
        for memory, factors in fixed.memories.items():
            _refuse("memory", memory, memories)
            for rank in factors:
                _refuse("rank", rank, ranks)
        for rank in fixed.on_array:
            _refuse("rank", rank, ranks)


def _refuse(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        remedy = did_you_mean(name, known) or f"There are {', '.join(known)}"
        raise MapperError(f"the constraints name a {kind} {name!r}", remedy=remedy)


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
