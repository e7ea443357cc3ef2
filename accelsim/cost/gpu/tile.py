"""Cycles of an SM for one step of an attention block, from the operations of its Einsums.

    points    of an Einsum in a step: the product of the tile's extents over its ranks
    a pipe    points · operations / lanes;  tensor cores: 2 · points / FLOP a cycle;
              what the tensor cores read from shared memory: bytes / bandwidth
    a phase   its pipes side by side: the longest of them, and of issuing all their instructions
    a step    one taker: its phases one after the other;
              two in turns: products and softmax of one beside those of the other (`in_turns`)
    once      what a block does where its takers do not overlap: their turns by themselves, less
              those in turns
    alone     a block by itself also waits for latencies, which others would hide: of its pipes,
              of shuffles along a row, of two barriers, of looking up the pages of keys and values

A score that is masked costs its index, a comparison and a choice more. What is stored narrower
than it was computed is converted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from accelsim.arch.gpu import WARP, Gpu
from accelsim.cost.gpu.overlap import in_turns
from accelsim.mapping.attention_kernel import AttentionTile, BoundAttention
from accelsim.workload.calls import WORD_BYTES
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.load import load_workload

ACCUMULATOR_BYTES = 4

ROW_SHUFFLES = 2
"""The four lanes that hold a row's scores tell one another its maximum, or sum."""

LOOKUP_INSTRUCTIONS = 30
"""That need one another, to find a row's page and its place there: a division and a remainder."""

MASKING = ("index", "less", "select")


@dataclass(frozen=True)
class StepCycles:
    """Of one step on an SM: `busy` its pipes, `alone` with latencies, `masked` more for a mask.

    `by_pipe` are the cycles of each pipe by itself, `end` those of a block beside its steps.
    """

    busy: float
    alone: float
    masked: float
    end: float
    by_pipe: Mapping[str, float]


def step_cycles(bound: BoundAttention, gpu: Gpu) -> StepCycles:
    kernel, tile = bound.kernel, bound.tile
    cascade = _cascade(kernel.workload[0])
    phases = [_phase(names, cascade, bound, gpu) for names in kernel.phases]
    products = sum(_longest(phase, gpu) for phase in phases if "tensor" in phase)
    others = sum(_longest(phase, gpu) for phase in phases if "tensor" not in phase)
    is_shared = kernel.takers > 1
    busy = in_turns(gpu, products, others) if is_shared else products + others
    scores = tile.queries * tile.keys
    masking = sum(scores / gpu.pipe(operation).lanes for operation in MASKING)
    return StepCycles(
        busy=busy,
        alone=busy if is_shared else busy + _latency(phases, bound, gpu),
        masked=masking * (gpu.timing.turns if is_shared else 1),
        end=_longest(_phase(kernel.end, cascade, bound, gpu), gpu)
        + kernel.alone * (products + others - busy + _latency(phases, bound, gpu)),
        by_pipe=_summed(phases),
    )


def _phase(
    names: Iterable[str], cascade: Cascade, bound: BoundAttention, gpu: Gpu
) -> dict[str, float]:
    """Cycles of every pipe for some Einsums."""
    found = [_pipes(cascade.einsum(name), cascade, bound, gpu) for name in names]
    return _summed(found)


def _pipes(einsum: Einsum, cascade: Cascade, bound: BoundAttention, gpu: Gpu) -> dict[str, float]:
    points = prod(_extents(bound.tile).get(rank, 1) for rank in einsum.ranks)
    if "mac" in einsum.operations:
        flop = gpu.cores(bound.family).rate(bound.call.dtype)
        shared = _read_from_shared(einsum, bound, gpu)
        bandwidth = gpu.sm.shared_bandwidth.per_cycle(gpu.clock_hz)
        return {"tensor": 2 * points / flop, "shared": shared / bandwidth}
    cycles: dict[str, float] = {}
    for operation, count in einsum.operations.items():
        # The tensor cores add to what is there: the sum costs nothing.
        if not (operation == "add" and einsum.name in bound.kernel.accumulated.values()):
            pipe = gpu.pipe(operation)
            cycles[pipe.name] = cycles.get(pipe.name, 0) + points * count / pipe.lanes
    if cascade.tensors[einsum.name].word_bytes < ACCUMULATOR_BYTES:
        pipe = gpu.pipe("convert")
        cycles[pipe.name] = cycles.get(pipe.name, 0) + points / pipe.lanes
    return cycles


def _read_from_shared(einsum: Einsum, bound: BoundAttention, gpu: Gpu) -> float:
    """Every warp, or warpgroup, reads all keys (or values); the queries lie there too."""
    tile, word = bound.tile, WORD_BYTES[bound.call.dtype]
    readers = tile.threads // WARP // gpu.cores(bound.family).warps
    # Of a queue's warpgroups, one fetches.
    readers = max(1, readers - bound.kernel.queue)
    # A warp of fewer than 16 queries shares them: the warps divide the keys.
    readers = min(readers, max(1, tile.queries // 16))
    keys = readers * tile.keys * tile.features * word
    queries = tile.queries * tile.features * word if "E" in einsum.ranks else 0
    return float(keys + queries)


def _longest(phase: Mapping[str, float], gpu: Gpu) -> float:
    """Its pipes work side by side; a scheduler issues one instruction of 32 lanes a cycle."""
    lanes = {pipe.name: pipe.lanes for pipe in gpu.pipes}
    issued = sum(cycles * lanes[name] for name, cycles in phase.items() if name in lanes)
    return max(*phase.values(), issued / (gpu.sm.schedulers * WARP))


def _latency(phases: Iterable[Mapping[str, float]], bound: BoundAttention, gpu: Gpu) -> float:
    latencies = {pipe.name: pipe.latency_cycles for pipe in gpu.pipes}
    latencies["tensor"] = gpu.cores(bound.family).latency_cycles
    latencies["shared"] = gpu.sm.l1_latency_s * gpu.clock_hz
    timing, warps = gpu.timing, bound.tile.threads // WARP
    barrier = timing.barrier_cycles + timing.barrier_warp_cycles * warps
    in_phases = sum(sum(latencies[name] for name in phase) for phase in phases)
    lookup = gpu.l2.latency_s * gpu.clock_hz + LOOKUP_INSTRUCTIONS * timing.dependent_cycles
    shuffles = 2 * ROW_SHUFFLES * timing.shuffle_cycles
    return float(in_phases + shuffles + 2 * barrier + bound.kernel.lookups * lookup)


def _extents(tile: AttentionTile) -> dict[str, int]:
    return {"P": tile.queries, "M0": tile.keys, "E": tile.features, "F": tile.features}


def _summed(phases: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for phase in phases:
        for name, cycles in phase.items():
            total[name] = total.get(name, 0) + cycles
    return total


@lru_cache(maxsize=8)
def _cascade(name: str) -> Cascade:
    return load_workload(name)
