"""How much of a GPU's tensor cores and pipes the operations of a workload use.

    busy     operations of the workload / (rate of the resource · seconds), without padding
    in use   what kernels need of the resource by itself / seconds

An Einsum belongs to the resource that it needs longest: tensor cores for sums of products of words
that they multiply, at the rate of the fastest ones, else the special-function or the other pipes.
What a kernel leaves out (additions that tensor cores make while they multiply, divisions that a
library puts off) counts nowhere.
"""

from collections.abc import Iterable, Mapping

from accelsim.arch.gpu import Gpu
from accelsim.arch.gpu_operations import pipes_of, word_of
from accelsim.cost.cycles import EinsumCycles
from accelsim.cost.gpu.composed import Composed
from accelsim.cost.result import ArrayUse
from accelsim.mapping.fused_kernel import is_product
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.extent import iteration_points

TENSOR, SPECIAL, PLAIN = "tensor", "special-function", "fp32"


def resource_use(
    cascade: Cascade, gpu: Gpu, whole: Composed, clock_hz: float
) -> dict[str, ArrayUse]:
    cycles = _summed([_useful_cycles(cascade, einsum, gpu) for einsum in cascade.einsums])
    names = (TENSOR, PLAIN, SPECIAL) if gpu.tensor else (PLAIN, SPECIAL)
    found = {}
    for name in names:
        in_use = sum(times.by_resource.get(name, 0.0) for times in whole.each) / whole.seconds
        busy = _longest(cycles, name, gpu) / (clock_hz * whole.seconds)
        found[name] = ArrayUse(min(busy, in_use), in_use)
    return found


def einsum_use(cascade: Cascade, gpu: Gpu, seconds: float, clock_hz: float) -> dict[str, float]:
    found = {e.name: einsum_cycles(cascade, e, gpu) for e in cascade.einsums}
    return {name: each.cycles / (clock_hz * seconds) for name, each in found.items()}


def einsum_cycles(cascade: Cascade, einsum: Einsum, gpu: Gpu) -> EinsumCycles:
    """Cycles of all SMs, on what it needs longest."""
    cycles = _useful_cycles(cascade, einsum, gpu)
    resource = max((TENSOR, PLAIN, SPECIAL), key=lambda name: _longest(cycles, name, gpu))
    return EinsumCycles(einsum.name, resource, _longest(cycles, resource, gpu), 1, 0)


def _useful_cycles(cascade: Cascade, einsum: Einsum, gpu: Gpu) -> dict[str, float]:
    """Of tensor cores and each pipe, on every SM."""
    points = float(iteration_points(cascade, einsum.name)) / gpu.sms
    rate = _tensor_rate(cascade, einsum, gpu)
    cycles: dict[str, float] = {}
    for operation, count in einsum.operations.items():
        if operation == "mac" and rate:
            cycles[TENSOR] = 2 * points * count / rate
            continue
        for pipe, times in pipes_of(gpu, operation):
            more = points * count * times / pipe.lanes
            cycles[pipe.name] = cycles.get(pipe.name, 0.0) + float(more)
    return cycles


def _longest(cycles: Mapping[str, float], resource: str, gpu: Gpu) -> float:
    """Of the pipes that a resource stands for."""
    special = gpu.pipe("exp").name
    of_resource = {
        TENSOR: [TENSOR],
        SPECIAL: [special],
        PLAIN: [pipe.name for pipe in gpu.pipes if pipe.name != special],
    }
    return max((cycles.get(name, 0.0) for name in of_resource[resource]), default=0.0)


def _summed(each: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for one in each:
        for name, value in one.items():
            total[name] = total.get(name, 0.0) + value
    return total


def _tensor_rate(cascade: Cascade, einsum: Einsum, gpu: Gpu) -> float:
    """FLOP a cycle and SM; 0 where the pipes must multiply."""
    if not is_product(einsum):
        return 0.0
    word = word_of(gpu, max(float(cascade.tensors[a.tensor].word_bytes) for a in einsum.reads))
    return max((float(cores.flop.get(word, 0.0)) for cores in gpu.tensor), default=0.0)
