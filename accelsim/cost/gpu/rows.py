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
    """Bytes between the SMs and L2, and from and to device memory with the seconds they take.

    `hbm_of_s` are those of each phase.
    """

    found: Reach
    l2: float
    read: float
    written: float
    hbm_s: float
    hbm_of_s: tuple[float, ...]


@dataclass(frozen=True)
class RowWork:
    """A row-wise kernel on so many rows. What does not change with the clock is worked out once."""

    gpu: Gpu
    kernel: BoundRowKernel
    rows: int

    @property
    def name(self) -> str:
        return self.kernel.name

    def actions(self, cold: bool) -> Mapping[str, float]:
        return _actions(self, self.cold if cold else self.warm)

    def times(self, clock_hz: float, cold: bool) -> Times:
        return _times(self, clock_hz, self.cold if cold else self.warm)

    @cached_property
    def grid(self) -> Grid:
        return grid(self.gpu, self.kernel, self.rows)

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        return tuple(load(self.kernel, phase) for phase in self.kernel.phases)

    @cached_property
    def alone(self) -> tuple[float, ...]:
        """Cycles of one block by itself, phase by phase, beside its trips' way."""
        phases = zip(self.kernel.phases, self.loads, strict=True)
        return tuple(alone_cycles(self.gpu, self.kernel, *each) for each in phases)

    @cached_property
    def issue(self) -> tuple[float, ...]:
        """Cycles of an SM for the instructions of all its blocks, phase by phase."""
        return tuple(self.grid.of_sm * issue_cycles(self.gpu, each) for each in self.loads)

    @cached_property
    def cold(self) -> Traffic:
        return _traffic(self, cold=True)

    @cached_property
    def warm(self) -> Traffic:
        return _traffic(self, cold=False)


def row_works(call: Softmax | RmsNorm | Copy, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of a call, one after the other."""
    if isinstance(call, Copy):
        return (CopyWork(gpu, call.bytes),)
    return tuple(RowWork(gpu, kernel, call.rows) for kernel in row_kernels(call))


def _times(work: RowWork, clock_hz: float, moved: Traffic) -> Times:
    gpu, on = work.gpu, work.grid
    turns = on.waves if on.waves <= WHOLE_WAVES else on.rounds
    latency = [turns * each for each in _alone_s(work, moved.found, clock_hz)]
    issue = [cycles / clock_hz for cycles in work.issue]
    l2 = moved.l2 / (rate_per_s(gpu.l2.bandwidth, gpu) * clock_hz / gpu.clock_hz)
    together = queued(gpu, sum(latency), sum(issue), moved.hbm_s, l2)
    phases = zip(latency, issue, moved.hbm_of_s, strict=True)
    one_by_one = sum(queued(gpu, *each) for each in phases)
    launch = on.blocks * float(gpu.launch.block_s)
    drain = float(gpu.launch.drain_s) if work.kernel.stores else 0.0
    seconds = drain + max(launch, together + (one_by_one - together) / on.waves)
    by_resource = {"hbm": moved.hbm_s, "l2": l2, "latency": sum(latency), "launch": launch}
    return Times(seconds, {**by_resource, **_pipes(work, clock_hz)}, _facts(work, moved))


def _alone_s(work: RowWork, found: Reach, clock_hz: float) -> list[float]:
    """One block by itself, phase by phase."""
    phases = zip(work.alone, work.kernel.phases, work.loads, strict=True)
    return [
        cycles / clock_hz + found.seconds(phase) * of.round_trips for cycles, phase, of in phases
    ]


def _pipes(work: RowWork, clock_hz: float) -> Mapping[str, float]:
    """What the issue of all instructions and the special-function units need by themselves."""
    blocks_s = work.grid.of_sm / clock_hz
    issued = sum(each.issued for each in work.loads) / work.gpu.sm.schedulers
    special = special_cycles(work.gpu, sum(each.special for each in work.loads))
    return {"fp32": issued * blocks_s, "special-function": special * blocks_s}


def _traffic(work: RowWork, cold: bool) -> Traffic:
    gpu, kernel, size = work.gpu, work.kernel, float(work.rows * work.kernel.row_bytes)
    found = reach(gpu, kernel, work.rows, work.grid, cold)
    again, writes = kernel.passes - 1, size * kernel.stores
    first = size * (1 - found.warm)
    read = first * (1 + again * found.misses)
    written = written_back(gpu, read, writes if cold else writes * (1 - found.warm), cold)
    hbm_s = dram_seconds(gpu, read, written)
    read_of = {"row": first, "again": first * found.misses, "shared": 0.0, None: 0.0}
    moved = [read_of[phase.reads] + written * phase.stores for phase in kernel.phases]
    return Traffic(
        found=found,
        l2=size * (1 + again * (1 - found.l1)) + writes,
        read=read,
        written=written,
        hbm_s=hbm_s,
        hbm_of_s=tuple(hbm_s * each / (sum(moved) or 1) for each in moved),
    )


def _facts(work: RowWork, moved: Traffic) -> Mapping[str, float | str]:
    return {
        "rows in a block": work.kernel.rows_per_block,
        "blocks": work.grid.blocks,
        "resident blocks": work.grid.resident,
        "waves": work.grid.rounds,
        "HBM bytes read": moved.read,
        "HBM bytes written": moved.written,
        "L2 bytes": moved.l2,
        "passes": work.kernel.passes,
        "found in L1": moved.found.l1,
        "found in L2": moved.found.l2,
    }


def _actions(work: RowWork, moved: Traffic) -> Mapping[str, float]:
    """Lanes of instructions, of them the special ones, and bytes by where they come from.

    What L1 has kept costs as much as shared memory, which is the same memory.
    """
    kernel, lanes = work.kernel, WARP * work.grid.blocks
    again = work.rows * kernel.row_bytes * (kernel.passes - 1) * moved.found.l1
    special = sum(each.special for each in work.loads)
    issued = sum(each.issued for each in work.loads)
    return {
        "op": (issued - special) * lanes,
        "exp": special * lanes,
        "shared": sum(each.shared_bytes for each in work.loads) * work.grid.blocks + again,
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
