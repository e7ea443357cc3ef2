"""Cycles of an SM for one step of an attention block, from the operations of its Einsums.

    points    of an Einsum in a step: the product of the tile's extents over its ranks
    a pipe    points · operations / lanes;  tensor cores: 2 · points / FLOP a cycle;
              what the tensor cores read from shared memory: bytes / bandwidth
    a phase   its pipes and the issuing of all their instructions, side by side (`served`)
    a step    one taker: its phases one after the other;
              two in turns: products and softmax of one beside those of the other (`in_turns`)
    once      what a block does where its takers do not overlap: their turns by themselves, less
              those in turns
    alone     a block by itself also waits for latencies, which others would hide: of its pipes,
              of shuffles along a row, of two barriers, of looking up the pages of keys and values

A product's operands are read from shared memory, rows and columns by every warp that needs them,
unless registers hold them; what a product reads and the step computed is written there before.
Where a kernel's instructions were counted, all but those of its products are issued beside what
goes on between products.

A score that is masked costs its index, a comparison (two in a window) and a choice more. What is
stored narrower than it was computed is converted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from accelsim.arch.gpu import WARP, Gpu
from accelsim.cost.gpu.overlap import in_turns, served
from accelsim.mapping.attention_binding import BoundAttention
from accelsim.mapping.attention_kernel import AttentionTile
from accelsim.workload.calls import WORD_BYTES
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.load import load_workload

ACCUMULATOR_BYTES = 4

INSTRUCTION_BYTES = 16
"""Since Volta."""

ROW_SHUFFLES = 2
"""The four lanes that hold a row's scores tell one another its maximum, or sum."""

PRODUCT_FLOP = 2 * 16 * 8 * 16
"""Of an instruction of a warp (PTX, mma.m16n8k16)."""

MATRIX_BYTES = 512
"""That a warp's `ldmatrix` reads (PTX, ldmatrix.x4)."""

LOOKUP_INSTRUCTIONS = 30
"""That need one another, to find a row's page and its place there: a division and a remainder."""

MASKING = ("index", "less", "select")


@dataclass(frozen=True)
class StepCycles:
    """Of one step on an SM: `busy` its pipes, `alone` with latencies, `masked` more for a mask.

    `by_pipe` are the cycles of each pipe by itself, `end` those of a block beside its steps;
    `operations` of single lanes, and `flop` of products.
    """

    busy: float
    alone: float
    masked: float
    end: float
    by_pipe: Mapping[str, float]
    operations: float
    flop: float


def step_cycles(bound: BoundAttention, gpu: Gpu) -> StepCycles:
    kernel, tile = bound.kernel, bound.tile
    cascade = _cascade(kernel.workload[0])
    phases = [_phase(names, cascade, bound, gpu) for names in kernel.phases]
    others = _with_counted([phase for phase in phases if "tensor" not in phase], phases, bound, gpu)
    products = sum(_longest(phase, gpu) for phase in phases if "tensor" in phase)
    between = sum(_longest(phase, gpu) for phase in others)
    is_shared = kernel.takers > 1
    busy = in_turns(gpu, products, between) if is_shared else products + between
    scores = tile.queries * tile.keys
    edges = MASKING + (("less",) if bound.call.window else ())
    masking = sum(scores / gpu.pipe(operation).lanes for operation in edges)
    by_pipe = _summed(phases)
    return StepCycles(
        busy=busy,
        alone=busy if is_shared else busy + _latency(phases, bound, gpu),
        masked=masking * (gpu.timing.turns if is_shared else 1),
        end=(_longest(_phase(kernel.end, cascade, bound, gpu), gpu) if kernel.end else 0.0)
        + kernel.alone * (products + between - busy + _latency(phases, bound, gpu)),
        by_pipe=by_pipe,
        operations=sum(_operations(phase, gpu) for phase in others),
        flop=by_pipe["tensor"] * gpu.cores(bound.family).rate(bound.call.dtype),
    )


def fetching_cycles(bound: BoundAttention, gpu: Gpu) -> float:
    """Of the code of a step that a block has not been through, where it comes from L2."""
    is_far = bound.code_bytes > gpu.timing.far_code_bytes
    instructions = bound.code_bytes / INSTRUCTION_BYTES / bound.bodies
    return float(instructions * gpu.timing.far_fetch_cycles) if is_far else 0.0


def _with_counted(
    others: list[dict[str, float]],
    phases: list[dict[str, float]],
    bound: BoundAttention,
    gpu: Gpu,
) -> list[dict[str, float]]:
    """Phases without products, with what was counted to be issued in them, in proportion."""
    if bound.tile.instructions is None:
        return others
    rate = gpu.cores(bound.family).rate(bound.call.dtype)
    bandwidth = gpu.sm.shared_bandwidth.per_cycle(gpu.clock_hz)
    of_products = sum(
        phase["tensor"] * rate / PRODUCT_FLOP + phase["shared"] * bandwidth / MATRIX_BYTES
        for phase in phases
        if "tensor" in phase
    )
    cycles = max(0.0, bound.tile.instructions - of_products) / gpu.sm.schedulers
    asked = sum(_operations(phase, gpu) for phase in others)
    return [phase | {"issue": cycles * _operations(phase, gpu) / asked} for phase in others]


def _phase(
    names: Iterable[str], cascade: Cascade, bound: BoundAttention, gpu: Gpu
) -> dict[str, float]:
    """Cycles of every pipe for some Einsums."""
    found = [_pipes(cascade.einsum(name), cascade, bound, gpu) for name in names]
    return _summed(found)


def _pipes(einsum: Einsum, cascade: Cascade, bound: BoundAttention, gpu: Gpu) -> dict[str, float]:
    points = prod(_extents(bound.tile).get(rank, 1) for rank in einsum.ranks)
    bandwidth = gpu.sm.shared_bandwidth.per_cycle(gpu.clock_hz)
    if "mac" in einsum.operations:
        flop = gpu.cores(bound.family).rate(bound.call.dtype)
        return {"tensor": 2 * points / flop, "shared": _read(einsum, bound, gpu) / bandwidth}
    cycles: dict[str, float] = {}
    for operation, count in einsum.operations.items():
        # The tensor cores add to what is there: the sum costs nothing.
        if not (operation == "add" and einsum.name in bound.kernel.accumulated.values()):
            pipe = gpu.pipe(operation)
            cycles[pipe.name] = cycles.get(pipe.name, 0) + points * count / pipe.lanes
    if cascade.tensors[einsum.name].word_bytes < ACCUMULATOR_BYTES:
        pipe = gpu.pipe("convert")
        cycles[pipe.name] = cycles.get(pipe.name, 0) + points / pipe.lanes
    if einsum.name in _operands(bound.kernel.workload[0]) - set(bound.held):
        cycles["shared"] = points * WORD_BYTES[bound.call.dtype] / bandwidth
    return cycles


def _read(einsum: Einsum, bound: BoundAttention, gpu: Gpu) -> float:
    """Bytes of shared memory: all rows for every warp across, all columns for every warp down."""
    extents, word = _extents(bound.tile), WORD_BYTES[bound.call.dtype]
    rows, columns = (size for rank, size in extents.items() if rank in einsum.output.ranks)
    inner = prod(extents.get(rank, 1) for rank in einsum.reduced_ranks)
    down, across = bound.tile.layout.get(einsum.name, (_readers(bound, gpu), 1))
    is_held = any(access.tensor in bound.held for access in einsum.reads)
    return float(((0 if is_held else rows * across) + columns * down) * inner * word)


def _readers(bound: BoundAttention, gpu: Gpu) -> int:
    """Warps, or warpgroups, one below the other: each reads all keys (or values)."""
    readers = bound.tile.threads // WARP // gpu.cores(bound.family).warps
    # Of a queue's warpgroups, one fetches.
    readers = max(1, readers - bool(bound.kernel.queue))
    # A warp of fewer than 16 queries shares them: the warps divide the keys.
    return int(min(readers, max(1, bound.tile.queries // 16)))


def _longest(phase: Mapping[str, float], gpu: Gpu) -> float:
    """Its pipes work side by side; a scheduler issues one instruction of 32 lanes a cycle."""
    return served(gpu, *phase.values(), _operations(phase, gpu) / (gpu.sm.schedulers * WARP))


def _operations(phase: Mapping[str, float], gpu: Gpu) -> float:
    """Of single lanes."""
    if "issue" in phase:
        return phase["issue"] * gpu.sm.schedulers * WARP
    return sum(phase.get(pipe.name, 0) * pipe.lanes for pipe in gpu.pipes)


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
    keys, features, values = tile.keys, tile.features, tile.value_features
    return {"P": tile.queries, "M0": keys, "M": keys, "E": features, "F": values}


def _summed(phases: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for phase in phases:
        for name, cycles in phase.items():
            total[name] = total.get(name, 0) + cycles
    return total


@lru_cache(maxsize=8)
def _operands(name: str) -> frozenset[str]:
    """Tensors that a product reads."""
    products = [einsum for einsum in _cascade(name).einsums if "mac" in einsum.operations]
    return frozenset(access.tensor for einsum in products for access in einsum.reads)


@lru_cache(maxsize=8)
def _cascade(name: str) -> Cascade:
    return load_workload(name)
