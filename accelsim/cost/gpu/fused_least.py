"""What a fused kernel takes at least, whatever its tiles: a bound that one knows at once.

    work      Σ over Einsums points · cycles of a point, on whatever takes least for it; of two that
              take turns the longer one, which is half of that or an Einsum, and a share of the rest
    blocks    those of the least tile, the most there can be; trips those of the greatest, the least
    SMs       max(work / SMs,  work / blocks + trips · waits + what starts a block)

A block does no more than its share of the work, since tiles are never fewer points than there are;
it waits in every step for its barriers, and, unless groups of warps take turns, for its latencies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from accelsim.arch.gpu import WARP, Gpu
from accelsim.arch.gpu_operations import word_of
from accelsim.cost.gpu.fused_block import SHUFFLES, longest, pipe_cycles
from accelsim.mapping.fused_kernel import ACCUMULATOR_BYTES, THREADS, is_product, multiplies
from accelsim.mapping.fused_tiles import Candidates
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.extent import iteration_points
from accelsim.workload.tiles import conditional_ranks


@dataclass(frozen=True)
class Least:
    """Of an Einsum: cycles of one SM for all its points, and latency of a step."""

    cycles: float
    latency_cycles: float


def least_of_each(cascade: Cascade, gpu: Gpu) -> dict[str, Least]:
    """By Einsum of the whole cascade, as part of any kernel that is launched once."""
    return {einsum.name: _least(cascade, einsum, gpu) for einsum in cascade.einsums}


def least_cycles(candidates: Candidates, gpu: Gpu, of: Mapping[str, Least]) -> float:
    """Of the SMs, at the highest clock. No more than `SmBlocks.cycles_warm` of any candidate."""
    fusion = candidates.fusion
    own = [of[name] for name in fusion.einsums]
    work = sum(each.cycles for each in own)
    is_multiplying = multiplies(fusion)
    take_turns = is_multiplying and _may_take_turns(gpu)
    if take_turns:
        longer = max(work / 2, *(each.cycles for each in own))
        work = longer + gpu.timing.turns * (work - longer)
    timing, warps = gpu.timing, min(THREADS) // WARP
    waits = 2 * (timing.barrier_cycles + timing.barrier_warp_cycles * warps)
    if not take_turns:
        waits += sum(each.latency_cycles for each in own)
    starts = (gpu.launch.start_s if is_multiplying else gpu.l2.latency_s) * gpu.clock_hz
    starts += warps * gpu.launch.warp_cycles
    alone = work / candidates.most_blocks + candidates.least_trips * waits + starts
    return float(max(work / gpu.sms, alone))


def _may_take_turns(gpu: Gpu) -> bool:
    several = max((cores.warps for cores in gpu.tensor), default=1)
    return several > 1 and max(THREADS) >= 2 * several * WARP


def _least(cascade: Cascade, einsum: Einsum, gpu: Gpu) -> Least:
    word_bytes = cascade.tensors[einsum.name].word_bytes
    operations = dict(einsum.operations)
    if "add" in operations:
        # The tensor cores may make it as they multiply.
        operations["add"] -= 1
    if word_bytes < ACCUMULATOR_BYTES and operations and einsum.reduction is None:
        operations["convert"] = 1
    by_pipe = pipe_cycles(gpu, operations, 1.0)
    latencies = {pipe.name: pipe.latency_cycles for pipe in gpu.pipes}
    sums = einsum.reduction is not None
    latency = sum(latencies[name] for name in by_pipe) + sums * SHUFFLES * gpu.timing.shuffle_cycles
    found = [(longest(by_pipe, gpu), latency)]
    if is_product(einsum):
        rest = {name: n for name, n in einsum.operations.items() if name != "mac"}
        operands = max(float(cascade.tensors[a.tensor].word_bytes) for a in einsum.reads)
        word = word_of(gpu, operands)
        for cores in (cores for cores in gpu.tensor if word in cores.flop):
            each = {"tensor": 2 / cores.rate(word)} | pipe_cycles(gpu, rest, 1.0)
            found.append((longest(each, gpu), cores.latency_cycles))
    cycles, latency = (float(min(each)) for each in zip(*found, strict=True))
    return Least(cycles * _points(cascade, einsum), latency)


def _points(cascade: Cascade, einsum: Einsum) -> float:
    if conditional_ranks(einsum):
        return float(iteration_points(cascade, einsum.name))
    return float(prod(cascade.ranks[rank] for rank in einsum.ranks))
