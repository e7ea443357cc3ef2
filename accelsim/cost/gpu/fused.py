"""A fused kernel on a GPU: its blocks over the SMs, beside the bytes of L2 and device memory.

    seconds   max(launching its blocks, served(SMs, L2, device memory)) + drain
    SMs       equal blocks in waves; under conditions unequal ones, the longest first, each to the
              first SM with room (`cost/kernels.py`)
    a block   `fused_block`, and once: its warps start, its first bytes arrive, its last ones leave

Latencies are counted in cycles of the highest clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from accelsim.arch.gpu import WARP, Gpu, rate_per_s
from accelsim.cost.gpu.dram import dram_seconds
from accelsim.cost.gpu.fused_block import BlockTime, block_time
from accelsim.cost.gpu.fused_bytes import Hbm, Moved, crossing, l2_reads, waves_again
from accelsim.cost.gpu.fused_share import block_weights, visited_share
from accelsim.cost.gpu.overlap import served
from accelsim.cost.gpu.work import Times
from accelsim.cost.kernels import scheduled_cycles
from accelsim.mapping.fused_kernel import FusedKernel, is_product, resident
from accelsim.workload.einsum import Access, Einsum

MOST_SCHEDULED = 1_000_000


@dataclass(frozen=True)
class FusedWork:
    """A kernel with its numbers, and the bytes of device memory that those around it leave."""

    blocks: "FusedBlocks"
    hbm: Hbm

    @property
    def name(self) -> str:
        return self.blocks.kernel.name

    @property
    def launches(self) -> int:
        return self.blocks.kernel.fusion.launches

    def actions(self, cold: bool) -> Mapping[str, float]:
        found = {"HBM": sum(self.hbm.cold if cold else self.hbm.warm), **self.blocks.actions}
        return {name: count * self.launches for name, count in found.items()}

    def times(self, clock_hz: float, cold: bool) -> Times:
        """Of all its launches, with what lies between them."""
        launch = self.blocks.gpu.launch
        one = self.blocks.times(clock_hz, cold, *(self.hbm.cold if cold else self.hbm.warm))
        if self.launches == 1:
            return one
        between = (self.launches - 1) * (launch.gap_s if cold else launch.back_to_back_s)
        total = {name: self.launches * seconds for name, seconds in one.by_resource.items()}
        total["launch"] += between
        facts = {**one.facts, "launches": self.launches}
        return Times(self.launches * one.seconds + between, total, facts)


@dataclass(frozen=True)
class FusedBlocks:
    """The blocks of a kernel; `rough` takes all for equal, and so many tiles for visited as there
    are points."""

    kernel: FusedKernel
    gpu: Gpu
    rough: bool = False

    @cached_property
    def actions(self) -> Mapping[str, float]:
        """Those of one launch that do not depend on the caches."""
        found = {name: count * self.kernel.blocks for name, count in self.block.actions.items()}
        moved = "bulk" if self._is_tiled else "l2"
        found[moved] = found.get(moved, 0) + self.l2_read
        found["l2"] = found.get("l2", 0) + self._l2_written
        return found

    def times(self, clock_hz: float, cold: bool, read: float, written: float) -> Times:
        """Of one launch, with these bytes of device memory."""
        gpu, kernel, block = self.gpu, self.kernel, self.block
        on_sms = (self._cycles_cold if cold else self._cycles_warm) / clock_hz
        hbm, l2 = dram_seconds(gpu, read, written), self._l2_seconds
        launch = kernel.blocks * float(gpu.launch.block_s)
        each = kernel.blocks / gpu.sms / clock_hz
        tile = " ".join(f"{rank}={size}" for rank, size in kernel.tile.items() if size > 1)
        return Times(
            seconds=max(launch, served(gpu, on_sms, hbm, l2)) + gpu.launch.drain_s,
            by_resource={
                **{name: cycles * each for name, cycles in _resources(block, gpu).items()},
                "l2": max(l2, block.by_pipe["port"] * each),
                "hbm": hbm,
                "latency": max(0.0, on_sms - block.busy * each),
                "launch": launch,
            },
            facts={
                "blocks": kernel.blocks,
                "threads": kernel.threads,
                "resident": self._resident,
                "waves": kernel.blocks / (gpu.sms * self._resident),
                "tile": tile,
            },
        )

    @cached_property
    def block(self) -> BlockTime:
        """The mean one."""
        points = {e.name: self._points(e) / self.kernel.blocks for e in self._einsums}
        return block_time(self.kernel, self.gpu, points, self.l2_read / self.kernel.blocks)

    @cached_property
    def moved(self) -> Moved:
        return crossing(self.kernel.fusion)

    @cached_property
    def again(self) -> float:
        return waves_again(self.kernel, self.gpu, self.moved, self._l2)

    @property
    def _einsums(self) -> tuple[Einsum, ...]:
        return self.kernel.fusion.cascade.einsums

    @cached_property
    def shares(self) -> dict[str, float]:
        return {e.name: visited_share(self.kernel, e, self.rough) for e in self._einsums}

    def _points(self, einsum: Einsum) -> float:
        """Those of whole tiles that are visited."""
        return prod(self.kernel.padded(rank) for rank in einsum.ranks) * self.shares[einsum.name]

    @cached_property
    def _l2(self) -> dict[Access, float]:
        return l2_reads(self.kernel, self.shares)

    @cached_property
    def l2_read(self) -> float:
        return sum(self._l2.values())

    @cached_property
    def _l2_written(self) -> float:
        return sum(self.moved.writes.values())

    @cached_property
    def _is_tiled(self) -> bool:
        return any(map(is_product, self._einsums))

    @cached_property
    def _l2_seconds(self) -> float:
        """L2 has a clock of its own."""
        l2 = self.gpu.l2
        tiled = l2.tile_bandwidth if self._is_tiled else None
        written = self._l2_written / rate_per_s(l2.bandwidth, self.gpu)
        return self.l2_read / rate_per_s(tiled or l2.bandwidth, self.gpu) + written

    @cached_property
    def _resident(self) -> int:
        return resident(self.kernel, self.gpu)

    @cached_property
    def _cycles_cold(self) -> float:
        return self._cycles(self.gpu.hbm.latency_s + self.gpu.l2.latency_s)

    @cached_property
    def _cycles_warm(self) -> float:
        return self._cycles(self.gpu.l2.latency_s)

    def _cycles(self, arrives_s: float) -> float:
        gpu, blocks = self.gpu, self.kernel.blocks
        starts = gpu.launch.start_s if self._is_tiled else arrives_s
        leaves = self._l2_written / blocks / gpu.sm.port_bandwidth.per_cycle(gpu.clock_hz)
        warps = self.kernel.threads // WARP * gpu.launch.warp_cycles
        ends = float(starts * gpu.clock_hz + warps + leaves)
        weights = None if self.rough or blocks > MOST_SCHEDULED else block_weights(self.kernel)
        return self._in_waves(ends) if weights is None else self._in_order(weights, ends)

    def _in_waves(self, ends: float) -> float:
        """Of equal blocks: rounds of all slots, and one of what is left."""
        block, sms = self.block, self.gpu.sms
        rounds, left = divmod(self.kernel.blocks, sms * self._resident)
        whole = max(self._resident * block.busy, block.alone) + ends
        last = max(-(-left // sms) * block.busy, block.alone) + ends if left else 0.0
        return float(rounds * whole + last)

    def _in_order(self, weights: np.ndarray, ends: float) -> float:
        work = weights * self.block.busy
        alone = weights * self.block.alone
        return float(scheduled_cycles(work, alone, ends, self._resident, self.gpu.sms))


def _resources(block: BlockTime, gpu: Gpu) -> dict[str, float]:
    """Cycles of a block by what a GPU's resources are called."""
    special = gpu.pipe("exp").name
    plain = [pipe.name for pipe in gpu.pipes if pipe.name != special]
    pipes = block.by_pipe
    found = {"tensor": pipes.get("tensor", 0.0), "special-function": pipes.get(special, 0.0)}
    found["fp32"] = max(pipes.get(name, 0.0) for name in plain)
    return {**found, "shared": pipes.get("shared", 0.0)}
