"""The work that is compared: our YAML files, and the same numbers as plain data for the peers.

A nest is a list of nodes, outermost first: {memory, keep} or {rank, factor, axis, tile}; `axis` is
None for a loop in time, `tile` what one turn of the loop covers.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import operation_cost
from accelsim.mapping.binding import bind
from accelsim.mapping.load import load_mapping, select
from accelsim.workload.load import load_workload

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """`mapping`: evaluated as it is; without it the best one is searched."""

    name: str
    workload: str
    arch: str = "two_level.yaml"
    mapping: str | None = None
    minimise: str = "energy"
    fuse: bool = False
    own_example: int = 0
    tools: tuple[str, ...] = ("accelforge", "zigzag")

    def path(self, name: str) -> str:
        return str(HERE / name) if name.endswith(".yaml") else name

    @property
    def ours(self) -> list[str]:
        """The arguments of `accelsim` that answer the case."""
        files = [self.path(self.workload), self.path(self.arch)]
        if self.mapping:
            return ["evaluate", *files, self.path(self.mapping), "--json"]
        return ["map", *files, "--minimise", self.minimise, "--json"]


ACCELFORGE = ("accelforge",)
ATTENTION = "qk_softmax_av.yaml"
TPU = "tpu_v4i_accelforge.yaml"

CASES = (
    Case("matmul_fixed", "matmul.yaml", mapping="matmul_fixed.yaml"),
    Case("matmul_energy", "matmul.yaml"),
    Case("matmul_latency", "matmul.yaml", minimise="latency"),
    Case("qk_energy", "qk.yaml"),
    Case("qk_latency", "qk.yaml", minimise="latency"),
    Case("attention_energy", ATTENTION, fuse=True, tools=ACCELFORGE),
    Case("attention_latency", ATTENTION, minimise="latency", fuse=True, tools=ACCELFORGE),
    Case("gpt3_unfused", ATTENTION, TPU, own_example=2048, tools=ACCELFORGE),
    Case("gpt3_fused", ATTENTION, TPU, fuse=True, own_example=2048, tools=ACCELFORGE),
)


def as_plain(case: Case, cores: int) -> dict[str, Any]:
    """The case as the peers' scripts take it."""
    cascade, arch = load_workload(case.path(case.workload)), load_arch(case.path(case.arch))
    array = arch.compute[0]
    operation = next(iter(array.operations))
    memories = [
        {
            "name": memory.name,
            "per_pe": memory.per is not None,
            "capacity_bytes": memory.capacity_bytes,
            # Of a memory that holds each tile twice, half has room for different tiles.
            "room_bytes": memory.capacity_bytes
            and memory.capacity_bytes // (2 if memory.double_buffered else 1),
            "double_buffered": memory.double_buffered,
            "bytes_per_cycle": memory.bandwidth and memory.bandwidth.per_cycle(arch.clock_hz),
            "read_pj_per_byte": memory.read_pj_per_byte,
            "write_pj_per_byte": memory.write_pj_per_byte,
        }
        for memory in arch.memories
    ]
    return {
        "cores": cores,
        "minimise": case.minimise,
        "fuse": case.fuse,
        "own_example": case.own_example,
        "einsums": ["QK", "QK_softmax", "AV"] if case.own_example else None,
        "clock_hz": arch.clock_hz,
        "memories": memories,
        "array": {
            "name": array.name,
            "rows": array.rows,
            "columns": array.columns,
            "operation_pj": operation_cost(arch, array.name, operation)[1],
        },
        "ranks": dict(cascade.ranks),
        "word_bytes": cascade.tensors[cascade.einsums[-1].name].word_bytes,
        "workload": [
            {
                "name": einsum.name,
                "accesses": {a.tensor: list(a.ranks) for a in (*einsum.reads, einsum.output)},
            }
            for einsum in cascade.einsums
        ],
        "nests": nests_of(case) if case.mapping else [],
    }


def nests_of(case: Case) -> list[dict[str, Any]]:
    cascade, arch = load_workload(case.path(case.workload)), load_arch(case.path(case.arch))
    mapping = select(load_mapping(case.path(str(case.mapping))), cascade, arch)
    bound = bind(mapping, cascade, arch)
    nests = []
    for nest in bound.nests.values():
        nodes: list[dict[str, Any]] = []
        for depth in range(len(nest.loops) + 1):
            held = [storage for storage in nest.storages if storage.depth == depth]
            nodes += [{"memory": s.memory, "keep": sorted(s.tensors)} for s in held]
            nodes += [
                {
                    "rank": loop.rank,
                    "factor": loop.factor,
                    "axis": loop.axis,
                    "tile": nest.tile(loop.rank, depth + 1),
                }
                for loop in nest.loops[depth : depth + 1]
            ]
        nests.append({"einsum": nest.einsum, "array": nest.array, "nodes": nodes})
    return nests
