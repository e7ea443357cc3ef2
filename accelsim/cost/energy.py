"""Energy: actions times energy per action.

memory     elements read or written · bytes of an element · pJ per byte
array      operations · pJ per operation (a unit may fuse several, or build one from others)
leakage    W of every instance of a part · latency
"""

from collections.abc import Iterable, Iterator, Mapping

from accelsim.arch.spatial import Spatial, point_cost
from accelsim.cost.flows import Flow
from accelsim.cost.result import EnergyRow
from accelsim.mapping.loops import Number
from accelsim.workload.einsum import Cascade


def memory_rows(flows: Iterable[Flow], cascade: Cascade, arch: Spatial) -> Iterator[EnergyRow]:
    for flow in flows:
        memory = arch.memory(flow.memory)
        per_byte = memory.read_pj_per_byte if flow.action == "read" else memory.write_pj_per_byte
        energy = flow.elements * cascade.tensors[flow.tensor].word_bytes * per_byte
        yield EnergyRow(flow.einsum, flow.memory, flow.action, flow.tensor, flow.elements, energy)


def operation_rows(
    points: Mapping[str, Number], arrays: Mapping[str, str], cascade: Cascade, arch: Spatial
) -> Iterator[EnergyRow]:
    for einsum, count in points.items():
        array = arrays[einsum]
        for use in point_cost(arch, array, cascade.einsum(einsum).operations).units:
            times = count * use.count
            yield EnergyRow(einsum, array, use.operation, "", times, times * use.energy_pj)


def leaked_rows(arch: Spatial, latency_s: Number) -> Iterator[EnergyRow]:
    for part, power_w in arch.leakage_w.items():
        yield EnergyRow("", part, "leak", "", latency_s, power_w * latency_s * 1e12)
