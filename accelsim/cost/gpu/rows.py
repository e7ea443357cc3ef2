"""Row-wise kernels and copies on a GPU: time, what binds it, and the actions that cost energy.

    seconds     drain + max(launch, together + (one by one - together) / waves)
    together    queued(latency, issue, DRAM, L2)
    one by one  Σ phases queued(latency, issue, DRAM) of each
    latency     a block alone, once a wave (a round, beyond 8 of them)
    issue       ⌈blocks / SMs⌉ · instructions of a block

With one wave all blocks are in the same phase, and nothing overlaps across phases; with many they
drift apart. Phases, blocks and caches are in `row_block`, the overlaps in `overlap`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from accelsim.arch.gpu import WARP, Gpu, rate_per_s
from accelsim.cost.gpu.copies import CopyWork
from accelsim.cost.gpu.dram import dram_seconds, written_back
from accelsim.cost.gpu.overlap import queued
from accelsim.cost.gpu.row_block import (
    Grid,
    Load,
    Reach,
    alone_cycles,
    grid,
    issue_cycles,
    load,
    reach,
    special_cycles,
)
from accelsim.cost.gpu.work import Times, Work
from accelsim.mapping.row_binding import BoundPhase, BoundRowKernel, row_kernels
from accelsim.workload.calls import Copy, RmsNorm, Softmax

WHOLE_WAVES = 8
"""Beyond so many, blocks start and end at all times: a begun wave counts by its share."""

WIDE_BYTES, NARROW_BYTES = 16, 2
"""Of a lane's access. `narrow` was measured with accesses of two bytes beside ones of sixteen."""


@dataclass(frozen=True)
class Traffic:
    """Bytes of a call: between the SMs and L2, and from and to device memory."""

    l2: float
    read: float
    written: float


@dataclass(frozen=True)
class RowWork:
    """A row-wise kernel on so many rows."""

    gpu: Gpu
    kernel: BoundRowKernel
    rows: int

    @property
    def name(self) -> str:
        return self.kernel.name

    @cached_property
    def grid(self) -> Grid:
        return grid(self.gpu, self.kernel, self.rows)

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        return tuple(load(self.kernel, phase) for phase in self.kernel.phases)

    def actions(self, cold: bool) -> Mapping[str, float]:
        return _actions(self, reach(self.gpu, self.kernel, self.rows, self.grid, cold), cold)

    def times(self, clock_hz: float, cold: bool) -> Times:
        return _times(self, clock_hz, cold)


def row_works(call: Softmax | RmsNorm | Copy, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of a call, one after the other."""
    if isinstance(call, Copy):
        return (CopyWork(gpu, call.bytes),)
    return tuple(RowWork(gpu, kernel, call.rows) for kernel in row_kernels(call))


def _times(work: RowWork, clock_hz: float, cold: bool) -> Times:
    gpu, on = work.gpu, work.grid
    found = reach(gpu, work.kernel, work.rows, on, cold)
    moved = _traffic(work, found, cold)
    turns = on.waves if on.waves <= WHOLE_WAVES else on.rounds
    latency = [turns * each for each in _alone_s(work, found, clock_hz)]
    issue = [on.of_sm * issue_cycles(gpu, each) / clock_hz for each in work.loads]
    hbm = dram_seconds(gpu, moved.read, moved.written)
    hbm_of = [hbm * share for share in _shares(work, found, moved)]
    l2 = moved.l2 / (rate_per_s(gpu.l2.bandwidth, gpu) * clock_hz / gpu.clock_hz)
    together = queued(gpu, sum(latency), sum(issue), hbm, l2)
    one_by_one = sum(queued(gpu, *each) for each in zip(latency, issue, hbm_of, strict=True))
    launch = on.blocks * float(gpu.launch.block_s)
    drain = float(gpu.launch.drain_s) if work.kernel.stores else 0.0
    seconds = drain + max(launch, together + (one_by_one - together) / on.waves)
    by_resource = {"hbm": hbm, "l2": l2, "latency": sum(latency), "launch": launch}
    return Times(seconds, {**by_resource, **_pipes(work, clock_hz)}, _facts(work, found, moved))


def _alone_s(work: RowWork, found: Reach, clock_hz: float) -> list[float]:
    """One block by itself, phase by phase."""
    return [
        alone_cycles(work.gpu, work.kernel, phase, of) / clock_hz
        + found.seconds(phase) * of.round_trips
        for phase, of in zip(work.kernel.phases, work.loads, strict=True)
    ]


def _pipes(work: RowWork, clock_hz: float) -> Mapping[str, float]:
    """What the issue of all instructions and the special-function units need by themselves."""
    blocks_s = work.grid.of_sm / clock_hz
    issued = sum(each.issued for each in work.loads) / work.gpu.sm.schedulers
    special = special_cycles(work.gpu, sum(each.special for each in work.loads))
    return {"fp32": issued * blocks_s, "special-function": special * blocks_s}


def _traffic(work: RowWork, found: Reach, cold: bool) -> Traffic:
    kernel, size = work.kernel, float(work.rows * work.kernel.row_bytes)
    again, writes = kernel.passes - 1, size * kernel.stores
    read = size * (1 - found.warm) * (1 + again * found.misses)
    written = written_back(work.gpu, read, writes if cold else writes * (1 - found.warm), cold)
    return Traffic(size * (1 + again * (1 - found.l1)) + writes, read, written)


def _shares(work: RowWork, found: Reach, moved: Traffic) -> list[float]:
    """Of each phase in the bytes of device memory."""
    size = work.rows * work.kernel.row_bytes * (1 - found.warm)
    read = {"row": size, "again": size * found.misses, "shared": 0.0, None: 0.0}
    all_bytes = moved.read + moved.written
    return [
        (read[phase.reads] + moved.written * phase.stores) / all_bytes if all_bytes else 0.0
        for phase in work.kernel.phases
    ]


def _facts(work: RowWork, found: Reach, moved: Traffic) -> Mapping[str, float | str]:
    return {
        "rows in a block": work.kernel.rows_per_block,
        "blocks": work.grid.blocks,
        "resident blocks": work.grid.resident,
        "waves": work.grid.rounds,
        "HBM bytes read": moved.read,
        "HBM bytes written": moved.written,
        "L2 bytes": moved.l2,
        "passes": work.kernel.passes,
        "found in L1": found.l1,
        "found in L2": found.l2,
    }


def _actions(work: RowWork, found: Reach, cold: bool) -> Mapping[str, float]:
    """Lanes of instructions, their exponentials, and bytes by where they come from.

    What L1 has kept costs as much as shared memory, which is the same memory.
    """
    kernel, moved = work.kernel, _traffic(work, found, cold)
    size = float(work.rows * kernel.row_bytes)
    lanes = WARP * work.grid.blocks
    special = sum(each.special for each in work.loads)
    issued = sum(each.issued for each in work.loads)
    in_shared = sum(each.shared_bytes for each in work.loads) * work.grid.blocks
    return {
        "op": (issued - special) * lanes,
        "exp": special * lanes,
        "shared": in_shared + size * (kernel.passes - 1) * found.l1,
        "l2": moved.l2,
        "narrow": work.rows * sum(_narrow(kernel, phase) for phase in kernel.phases),
        "HBM": moved.read + moved.written,
    }


def _narrow(kernel: BoundRowKernel, phase: BoundPhase) -> float:
    """Accesses of a row to global memory, by how far they are from the widest ones."""
    if phase.trip is None:
        return 0.0
    lane_bytes = phase.trip.words * kernel.word_bytes
    accesses = (phase.reads is not None) + phase.weights + phase.stores
    share = max(0.0, (WIDE_BYTES - lane_bytes) / (WIDE_BYTES - NARROW_BYTES))
    return accesses * share * kernel.cols / phase.trip.words
