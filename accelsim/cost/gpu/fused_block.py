"""Cycles of an SM for a block of a fused kernel, from the operations of its Einsums.

points    of an Einsum in a block: those of whole tiles that have a point, masked ones included
a pipe    points · operations / lanes
a product on the tensor cores, 2 · points / FLOP a cycle, its sides padded to the instruction's
          (ROWS of a warp or four, 8, and 32 bytes of what is summed), either way around; or on
          the pipe of mac, whichever is faster
shared    bytes that the products read there: one operand once, the other once a warp (or four)
busy      one Einsum after the other; groups of warps that multiply at once (wgmma) take turns,
          so that products and others overlap; never less than filling the SM with its bytes
alone     busy, and in every step the latencies that no other block hides
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from math import prod
from operator import or_

import numpy as np

from accelsim.arch.gpu import WARP, Gpu, TensorCores
from accelsim.arch.gpu_operations import pipes_of, word_of
from accelsim.base.entrywise import Number, either, is_array, longer, shorter
from accelsim.cost.gpu.overlap import in_turns
from accelsim.mapping.fused_kernel import (
    ACCUMULATOR_BYTES,
    FusedKernel,
    adding,
    extents,
    is_product,
    sides,
)
from accelsim.workload.einsum import Einsum

COLUMNS = 8
SUMMED_BYTES = 32
ROWS_OF_A_WARP = 16
SHUFFLES = 2
"""Of the lanes that hold a row's points, which tell one another their sums."""


@dataclass(frozen=True)
class EinsumTime:
    """Of one Einsum in a block: how long it takes, if nothing else runs; cycles of each resource.

    `lanes` are operations of a point that lanes do, `tensor` actions of the tensor cores and those
    that feed them.
    """

    cycles: Number
    latency_cycles: Number
    is_product: Number
    by_pipe: Mapping[str, Number] = field(default_factory=dict)
    points: Number = 0
    lanes: Mapping[str, float] = field(default_factory=dict)
    tensor: Mapping[str, Number] = field(default_factory=dict)

    def actions(self, gpu: Gpu) -> Mapping[str, float]:
        """Those that cost energy."""
        return {**self.tensor, **_lane_actions(gpu, self.lanes, self.points)}


@dataclass(frozen=True)
class BlockTime:
    """Cycles of a block. `einsums` are in the order of the kernel's.

    `busy` and `alone` may be arrays over candidates; all else is known of a single kernel.
    """

    busy: Number
    alone: Number
    fill: Number
    einsums: tuple[EinsumTime, ...]

    @cached_property
    def by_pipe(self) -> Mapping[str, float]:
        return {**_summed(one.by_pipe for one in self.einsums), "port": float(self.fill)}

    def actions(self, gpu: Gpu) -> Mapping[str, float]:
        return _summed(one.actions(gpu) for one in self.einsums)


def einsum_times(
    kernel: FusedKernel, gpu: Gpu, points: Mapping[str, Number]
) -> tuple[EinsumTime, ...]:
    """Of every Einsum, with so many `points` in a block. Of the GPU, `Gpu.lanes` is enough."""
    return tuple(_einsum(e, kernel, gpu, points[e.name]) for e in kernel.fusion.cascade.einsums)


def block_time(
    kernel: FusedKernel, gpu: Gpu, found: tuple[EinsumTime, ...], filled_bytes: Number
) -> BlockTime:
    """From the times of its Einsums, and the bytes that come into the SM for it."""
    products = sum(either(one.is_product, one.cycles, 0.0) for one in found)
    others = sum(either(one.is_product, 0.0, one.cycles) for one in found)
    fill = filled_bytes / gpu.sm.port_bandwidth.per_cycle(gpu.clock_hz)
    multiplies = reduce(or_, (one.is_product for one in found))
    turns = takes_turns(kernel, gpu) & multiplies
    work = either(turns, in_turns(gpu, products, others), products + others)
    busy = longer(work, fill)
    timing, warps = gpu.timing, kernel.threads // WARP
    barrier = timing.barrier_cycles + timing.barrier_warp_cycles * warps
    waits = 2 * barrier + either(turns, 0, sum(one.latency_cycles for one in found))
    arrives = (gpu.hbm.latency_s + gpu.l2.latency_s) * gpu.clock_hz / (kernel.stages - 1)
    step = busy / kernel.trips
    alone = kernel.trips * longer(step + waits, either(kernel.trips > 1, arrives, 0.0))
    return BlockTime(busy * 1.0, longer(busy, alone) * 1.0, fill, found)


def takes_turns(kernel: FusedKernel, gpu: Gpu) -> Number:
    """Whether two groups of warps multiply, each by instructions of several warps."""
    several = max((cores.warps for cores in gpu.tensor), default=1)
    return (several > 1) & (kernel.threads >= 2 * several * WARP)


def _einsum(einsum: Einsum, kernel: FusedKernel, gpu: Gpu, points: Number) -> EinsumTime:
    plain = _on_pipes(einsum, kernel, gpu, points)
    if not is_product(einsum):
        return plain
    found = [
        _on_tensor(einsum, kernel, gpu, cores, points)
        for cores in _multiplying(einsum, kernel, gpu)
    ]
    return reduce(_sooner, [*found, plain])


def _sooner(one: EinsumTime, other: EinsumTime) -> EinsumTime:
    """The first, unless the other takes less: of candidates, each for itself."""
    less = other.cycles < one.cycles
    if not is_array(less):
        return other if less else one
    return EinsumTime(
        np.where(less, other.cycles, one.cycles),
        np.where(less, other.latency_cycles, one.latency_cycles),
        np.where(less, other.is_product, one.is_product),
    )


def _multiplying(einsum: Einsum, kernel: FusedKernel, gpu: Gpu) -> list[TensorCores]:
    word = word_of(gpu, _operand_bytes(einsum, kernel))
    return [cores for cores in gpu.tensor if word in cores.flop]


def _operand_bytes(einsum: Einsum, kernel: FusedKernel) -> float:
    tensors = kernel.fusion.cascade.tensors
    return max(float(tensors[access.tensor].word_bytes) for access in einsum.reads)


def _on_tensor(
    einsum: Einsum, kernel: FusedKernel, gpu: Gpu, cores: TensorCores, points: Number
) -> EinsumTime:
    own = extents(kernel.fusion, kernel.tile)
    first, second = (prod(own[rank] for rank in side) for side in sides(einsum))
    summed = prod(own[rank] for rank in einsum.reduced_ranks)
    word_bytes = _operand_bytes(einsum, kernel)
    word = word_of(gpu, word_bytes)
    rows = ROWS_OF_A_WARP * cores.warps
    padded = (
        points
        * _up(summed, SUMMED_BYTES / word_bytes)
        * shorter(_up(first, rows) * _up(second, COLUMNS), _up(second, rows) * _up(first, COLUMNS))
    )
    shared = _shared_bytes(einsum, kernel, cores, points, (first, second))
    cycles = {
        "tensor": 2 * padded / cores.rate(word),
        "shared": shared / gpu.sm.shared_bandwidth.per_cycle(gpu.clock_hz),
    }
    # Above the operations of a sum of products there may be others.
    rest = {name: n for name, n in einsum.operations.items() if name != "mac"}
    by_pipe = cycles | pipe_cycles(gpu, rest, points)
    return EinsumTime(
        cycles=longest(by_pipe, gpu),
        latency_cycles=float(cores.latency_cycles),
        is_product=True,
        by_pipe=by_pipe,
        points=points,
        lanes=rest,
        tensor={f"{cores.name}_{word}": 2 * padded, "shared": shared},
    )


def _up(extent: Number, to: float) -> Number:
    """How much larger it becomes in multiples."""
    return -(-extent // to) * to / extent


def _shared_bytes(
    einsum: Einsum,
    kernel: FusedKernel,
    cores: TensorCores,
    points: Number,
    sizes: tuple[Number, Number],
) -> Number:
    """What the products read there; what the kernel made itself lies in registers."""
    own = set(kernel.fusion.einsums)
    tensors = kernel.fusion.cascade.tensors
    groups = longer(1, kernel.threads // WARP // cores.warps)
    readers = shorter(groups, longer(1, longer(*sizes) // (ROWS_OF_A_WARP * cores.warps)))
    # The longer side is divided among the groups; each reads all of the other one.
    is_second = sizes[0] < sizes[1]
    again = (either(is_second, readers, 1), either(is_second, 1, readers))
    return sum(
        points / other * times * tensors[access.tensor].word_bytes
        for access, other, times in zip(einsum.reads, reversed(sizes), again, strict=True)
        if access.tensor not in own
    )


def _on_pipes(einsum: Einsum, kernel: FusedKernel, gpu: Gpu, points: Number) -> EinsumTime:
    operations = dict(einsum.operations)
    if einsum.name in adding(kernel.fusion):
        operations["add"] -= 1
    is_narrow = kernel.fusion.cascade.tensors[einsum.name].word_bytes < ACCUMULATOR_BYTES
    if is_narrow and operations and einsum.reduction is None:
        operations["convert"] = 1
    by_pipe = pipe_cycles(gpu, operations, points)
    latencies = {pipe.name: pipe.latency_cycles for pipe in gpu.pipes}
    sums = einsum.reduction is not None
    latency = sum(latencies[name] for name in by_pipe) + sums * SHUFFLES * gpu.timing.shuffle_cycles
    cycles = longest(by_pipe, gpu)
    return EinsumTime(cycles, float(latency), False, by_pipe, points, operations)


def pipe_cycles(gpu: Gpu, operations: Mapping[str, float], points: Number) -> dict[str, Number]:
    """Of so many points, by pipe."""
    cycles: dict[str, Number] = {}
    for operation, count in operations.items():
        for pipe, times in pipes_of(gpu, operation):
            lanes = pipe.lanes * (gpu.products.fma if operation == "mac" else 1)
            cycles[pipe.name] = cycles.get(pipe.name, 0) + points * count * times / lanes
    return cycles


def _lane_actions(gpu: Gpu, operations: Mapping[str, float], points: float) -> dict[str, float]:
    """A product and a sum, a special function, or any other operation of a lane."""
    special = gpu.pipe("exp").name
    actions: dict[str, float] = {}
    for operation, count in operations.items():
        for pipe, times in pipes_of(gpu, operation):
            name = "exp" if pipe.name == special else "fma" if operation == "mac" else "fp32"
            actions[name] = actions.get(name, 0) + points * count * times
    return actions


def longest(by_pipe: Mapping[str, Number], gpu: Gpu) -> Number:
    """Its pipes work side by side; a scheduler issues one instruction of 32 lanes a cycle."""
    lanes = {pipe.name: pipe.lanes for pipe in gpu.pipes}
    issued = sum(cycles * lanes[name] for name, cycles in by_pipe.items() if name in lanes)
    return longer(0.0, *by_pipe.values(), issued / (gpu.sm.schedulers * WARP))


def _summed(each: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for one in each:
        for name, value in one.items():
            total[name] = total.get(name, 0.0) + float(value)
    return total
