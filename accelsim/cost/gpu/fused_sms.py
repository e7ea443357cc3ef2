"""The blocks of a fused kernel over the SMs and L2: all of it that device memory has no part in.

    SMs       equal blocks in waves; under conditions unequal ones, the longest first, each to the
              first SM with room (`cost/kernels.py`)
    a block   `fused_block`, and once: its warps start, its first bytes arrive, its last ones leave

What was found is kept with the kernel (`sm_blocks`), for GPUs that differ only beyond the chip.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelsim.arch.gpu import WARP, Gpu, rate_per_s
from accelsim.base.entrywise import Number, either, longer
from accelsim.cost.gpu.dram import apart
from accelsim.cost.gpu.fused_block import BlockTime, EinsumTime, block_time, einsum_times
from accelsim.cost.gpu.fused_bytes import Moved, crossing, l2_reads, waves_again
from accelsim.cost.gpu.fused_share import block_weights, visited_share
from accelsim.cost.kernels import scheduled_cycles
from accelsim.mapping.fused_kernel import FusedKernel, multiplies, resident
from accelsim.workload.einsum import Access, Einsum

MOST_SCHEDULED = 1_000_000


def sm_blocks(kernel: FusedKernel, gpu: Gpu, rough: bool) -> "SmBlocks":
    """Those on the GPU's chip, the same object for the same chip."""
    # It holds on to the chip, whose identity its key is.
    chip = gpu.chip
    return kernel.kept("on SMs", (id(chip), rough), lambda: SmBlocks(kernel, chip, rough))


@dataclass(frozen=True)
class SmBlocks:
    """`rough` is that of `FusedBlocks`. `gpu` is a chip without what lies beyond (`Gpu.chip`)."""

    kernel: FusedKernel
    gpu: Gpu
    rough: bool = False

    @cached_property
    def actions(self) -> Mapping[str, float]:
        """Those of one launch that do not depend on the caches."""
        found = {
            name: count * self.kernel.blocks for name, count in self.block.actions(self.gpu).items()
        }
        moved = "bulk" if self._is_tiled else "l2"
        found[moved] = found.get(moved, 0) + self.l2_read
        found["l2"] = found.get("l2", 0) + self._l2_written
        return found

    @cached_property
    def least_cycles(self) -> Number:
        """No more than `cycles_warm`; if `rough`, no more than those of blocks that are not.

        Let b be a block's busy cycles, a those alone, e its `ends`, s the slots of an SM. With r <=
        s blocks on it a block does 1 / (max(r·b, a) + e) of its work in a cycle, which is no more
        than 1 / (r · w) with w = max(b, a / s) + e / s. So an SM does no more than r / r = 1 of
        Σ w in a cycle, and

            cycles >= Σ over blocks w / SMs,  Σ max(b, a / s) = blocks · max(mean b, mean a / s)

        since b and a of unequal blocks are those of the mean one times weights, which add up to
        `blocks`. (How many have ends is known with the weights only.) In waves of equal blocks it
        holds as well; and nothing ends before the longest block, by itself, has. Points of the
        workload are never more than those of the tiles that hold them, and everything here grows
        with the points of an Einsum.
        """
        block, sms = self.block, self.gpu.sms
        each = longer(block.busy, block.alone / self.resident)
        cycles = self.kernel.blocks * each / sms
        if self._weights is not None:
            ends = self._ends(self.gpu.l2.latency_s)
            cycles = cycles + len(self._weights) * ends / self.resident / sms
            cycles = longer(cycles, self._weights[0] * block.alone + ends)
        return cycles

    @property
    def launch_seconds(self) -> Number:
        return self.kernel.blocks * float(self.gpu.launch.block_s)

    @cached_property
    def block(self) -> BlockTime:
        """The mean one."""
        filled = self.l2_read / self.kernel.blocks
        return block_time(self.kernel, self.gpu, self._einsum_times, filled)

    @property
    def _einsum_times(self) -> tuple[EinsumTime, ...]:
        lanes = self.gpu.lanes

        def made() -> tuple[Gpu, tuple[EinsumTime, ...]]:
            points = {e.name: self._points(e) / self.kernel.blocks for e in self._einsums}
            return lanes, einsum_times(self.kernel, lanes, points)

        # They hold on to the lanes, whose identity is the key.
        return self.kernel.kept("times", (id(lanes), self.rough), made)[1]

    @property
    def decides(self) -> tuple[float, ...]:
        """Kernels of a fusion that have these numbers in common take equally long."""
        of_block = (self.resident, self.block.busy, self.block.alone)
        return (*self.kernel.tile.values(), *of_block)

    @cached_property
    def moved(self) -> Moved:
        return crossing(self.kernel.fusion, apart(self.gpu))

    @cached_property
    def again(self) -> Number:
        return waves_again(self.kernel, self.gpu, self.moved, self._l2)

    @property
    def _einsums(self) -> tuple[Einsum, ...]:
        return self.kernel.fusion.cascade.einsums

    @property
    def shares(self) -> dict[str, Number]:
        def made() -> dict[str, Number]:
            return {e.name: visited_share(self.kernel, e, self.rough) for e in self._einsums}

        return self.kernel.kept("shares", self.rough, made)

    def _points(self, einsum: Einsum) -> Number:
        """Those of whole tiles that are visited."""
        return self.kernel.padded_points(einsum.ranks) * self.shares[einsum.name]

    @property
    def _l2(self) -> dict[Access, Number]:
        return self.kernel.kept("L2", self.rough, lambda: l2_reads(self.kernel, self.shares))

    @cached_property
    def l2_read(self) -> Number:
        return sum(self._l2.values())

    @cached_property
    def _l2_written(self) -> float:
        return sum(self.moved.writes.values())

    @cached_property
    def _is_tiled(self) -> bool:
        return multiplies(self.kernel.fusion)

    @cached_property
    def l2_seconds(self) -> Number:
        """L2 has a clock of its own."""
        l2 = self.gpu.l2
        tiled = l2.tile_bandwidth if self._is_tiled else None
        written = self._l2_written / rate_per_s(l2.bandwidth, self.gpu)
        return self.l2_read / rate_per_s(tiled or l2.bandwidth, self.gpu) + written

    @cached_property
    def resident(self) -> Number:
        return resident(self.kernel, self.gpu)

    @cached_property
    def cycles_cold(self) -> Number:
        return self._cycles(self.gpu.hbm.latency_s + self.gpu.l2.latency_s)

    @cached_property
    def cycles_warm(self) -> Number:
        return self._cycles(self.gpu.l2.latency_s)

    def _cycles(self, arrives_s: float) -> Number:
        weights, ends = self._weights, self._ends(arrives_s)
        return self._in_waves(ends) if weights is None else self._in_order(weights, ends)

    @cached_property
    def _weights(self) -> np.ndarray | None:
        """Of blocks that are scheduled one by one."""
        if self.rough or self.kernel.blocks > MOST_SCHEDULED:
            return None
        return self.kernel.kept("weights", None, lambda: block_weights(self.kernel))

    def _ends(self, arrives_s: float) -> Number:
        """Cycles of a block before and after, when it has nothing to compute."""
        gpu = self.gpu
        starts = gpu.launch.start_s if self._is_tiled else arrives_s
        leaves = self._l2_written / self.kernel.blocks
        leaves = leaves / gpu.sm.port_bandwidth.per_cycle(gpu.clock_hz)
        warps = self.kernel.threads // WARP * gpu.launch.warp_cycles
        return (starts * gpu.clock_hz + warps + leaves) * 1.0

    def _in_waves(self, ends: Number) -> Number:
        """Of equal blocks: rounds of all slots, and one of what is left."""
        block, sms, slots = self.block, self.gpu.sms, self.gpu.sms * self.resident
        rounds, left = self.kernel.blocks // slots, self.kernel.blocks % slots
        whole = longer(self.resident * block.busy, block.alone) + ends
        last = longer(-(-left // sms) * block.busy, block.alone) + ends
        return rounds * whole + either(left > 0, last, 0.0)

    def _in_order(self, weights: np.ndarray, ends: float) -> float:
        work = weights * self.block.busy
        alone = weights * self.block.alone
        return float(scheduled_cycles(work, alone, ends, self.resident, self.gpu.sms))
