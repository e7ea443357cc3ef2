"""What no mapping of a cascade on a spatial array can be better than.

    latency >= bytes that inputs and results must cross the outermost memory with / its bandwidth
    latency >= max over weights l of  Σ over Einsums  min over arrays a  l[a] · work[e, a],  Σ l = 1
               work = points · cycles of a point / processing elements
    energy  >= operations, each on the array where it costs least
               + those bytes at the outermost memory + leakage during that latency
    traffic >= those bytes, at the outermost memory; 0 at the others

The second is the dual of sharing out the Einsums over the arrays, in fractions: no schedule ends
sooner. It is tried at the weights where, for some Einsum, two arrays come out equal, which is exact
for two arrays. Of a partition whose inner rank a mapping may decide, the whole rank is taken as one
tile: running values then have the fewest steps.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations
from math import inf

from accelsim.arch.spatial import Spatial, area_um2, missing_operations, point_cost
from accelsim.mapper.objective import Figures
from accelsim.mapper.partitions import loose_partitions
from accelsim.workload.budget import budgeted
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade
from accelsim.workload.extent import iteration_points

Work = dict[str, dict[str, float]]
"""Cycles of each Einsum on each array that can do it, with all its processing elements busy."""


def least_figures(cascade: Cascade, arch: Spatial) -> Figures:
    """Bounds of latency, energy, area and traffic; ranks and the machine's numbers are plain.

    Every Einsum must have an array that can do it (`mapping.spread.refuse_impossible`).
    """
    cascade = in_one_tile(budgeted(cascade))
    latency_s = max(_memory_s(cascade, arch), array_cycles(work_of(cascade, arch)) / arch.clock_hz)
    names = [einsum.name for einsum in cascade.einsums]
    leaked_pj = sum(arch.leakage_w.values()) * latency_s * 1e12
    energy_pj = operations_pj(cascade, arch, names) + _memory_pj(cascade, arch) + leaked_pj
    traffic_bytes = {memory.name: 0.0 for memory in arch.memories}
    traffic_bytes[arch.memories[0].name] = _moved_bytes(cascade)
    return Figures(latency_s, energy_pj, float(area_um2(arch)), traffic_bytes)


def in_one_tile(cascade: Cascade) -> Cascade:
    """With partitions that a mapping may decide as whole ranks."""
    whole = {
        inner: cascade.ranks[rank]
        for rank, (_, *inners) in loose_partitions(cascade).items()
        for inner in inners
    }
    return cascade.with_ranks(**whole)


def work_of(cascade: Cascade, arch: Spatial) -> Work:
    return {
        einsum.name: {
            array.name: float(
                iteration_points(cascade, einsum.name)
                * _cycles(arch, array.name, einsum.operations)
                / array.pes
            )
            for array in arch.compute
            if not missing_operations(arch, array.name, einsum.operations)
        }
        for einsum in cascade.einsums
    }


def array_cycles(work: Work) -> float:
    """That the arrays take at least, however the Einsums are shared out among them."""
    arrays = sorted({array for each in work.values() for array in each})
    weights = [{array: 1.0} for array in arrays]
    for one, other in combinations(arrays, 2):
        for each in work.values():
            total = each.get(one, inf) + each.get(other, inf)
            if 0 < total < inf:
                weights.append({one: each[other] / total, other: each[one] / total})
    return max(
        sum(
            min(weight.get(array, 0.0) * cycles for array, cycles in each.items())
            for each in work.values()
        )
        for weight in weights
    )


def _cycles(arch: Spatial, array: str, operations: Mapping[str, int]) -> float:
    """Of one point; one that only copies takes a cycle."""
    return float(point_cost(arch, array, operations).cycles) if operations else 1.0


def _memory_s(cascade: Cascade, arch: Spatial) -> float:
    outermost = arch.memories[0]
    if outermost.bandwidth is None:
        return 0.0
    return float(_moved_bytes(cascade) / outermost.bandwidth.per_second(arch.clock_hz))


def _moved_bytes(cascade: Cascade) -> float:
    found = counts(cascade)
    return float(found.read_bytes + found.written_bytes)


def operations_pj(cascade: Cascade, arch: Spatial, einsums: Iterable[str]) -> float:
    """Of these Einsums, each on the array where it costs least."""
    return sum(_einsum_pj(cascade, arch, name) for name in einsums)


def _einsum_pj(cascade: Cascade, arch: Spatial, name: str) -> float:
    operations = cascade.einsum(name).operations
    each = min(
        float(point_cost(arch, array.name, operations).energy_pj)
        for array in arch.compute
        if not missing_operations(arch, array.name, operations)
    )
    return float(iteration_points(cascade, name)) * each


def _memory_pj(cascade: Cascade, arch: Spatial) -> float:
    found, outermost = counts(cascade), arch.memories[0]
    read, write = outermost.read_pj_per_byte or 0, outermost.write_pj_per_byte or 0
    return float(found.read_bytes * read + found.written_bytes * write)
