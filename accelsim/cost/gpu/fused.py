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

import numpy as np

from accelsim.arch.gpu import WARP, Gpu, rate_per_s
from accelsim.base.entrywise import Number, either, is_array, longer
from accelsim.cost.gpu.dram import apart, dram_seconds
from accelsim.cost.gpu.fused_block import BlockTime, block_time
from accelsim.cost.gpu.fused_bytes import Hbm, Moved, crossing, l2_reads, waves_again
from accelsim.cost.gpu.fused_share import block_weights, visited_share
from accelsim.cost.gpu.overlap import served
from accelsim.cost.gpu.work import Times
from accelsim.cost.kernels import scheduled_cycles
from accelsim.mapping.fused_kernel import FusedKernel, is_product, resident
from accelsim.workload.einsum import Access, Einsum

MOST_SCHEDULED = 1_000_000
MARGIN = 1e-8
"""Of what is no more than something else: a block has ended when 1e-9 of it is left."""


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
    are points. If rough, the kernel may be one of arrays over candidates: so then are seconds."""

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

    def times(self, clock_hz: float, cold: bool, read: float, written: float) -> Times:
        """Of one launch, with these bytes of device memory."""
        gpu, kernel, block = self.gpu, self.kernel, self.block
        on_sms = (self._cycles_cold if cold else self._cycles_warm) / clock_hz
        each = kernel.blocks / gpu.sms / clock_hz
        tile = " ".join(f"{rank}={size}" for rank, size in kernel.tile.items() if size > 1)
        return Times(
            seconds=self._seconds(on_sms, read, written),
            by_resource={
                **{name: cycles * each for name, cycles in _resources(block, gpu).items()},
                "l2": max(self._l2_seconds, block.by_pipe["port"] * each),
                "hbm": dram_seconds(gpu, read, written),
                "latency": max(0.0, on_sms - block.busy * each),
                "launch": self._launch_seconds,
            },
            facts={
                "blocks": kernel.blocks,
                "threads": kernel.threads,
                "resident": self._resident,
                "waves": kernel.blocks / (gpu.sms * self._resident),
                "tile": tile,
            },
        )

    def seconds(self, clock_hz: float, read: Number, written: float) -> Number:
        """Those of `times`, with warm caches."""
        return self._seconds(self._cycles_warm / clock_hz, read, written)

    def least_seconds(self, clock_hz: float, read: Number, written: float) -> Number:
        """No more than `seconds`; if `rough`, no more than those of blocks that are not.

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
        each = longer(block.busy, block.alone / self._resident)
        cycles = self.kernel.blocks * each / sms
        if self._weights is not None:
            ends = self._ends(self.gpu.l2.latency_s)
            cycles = cycles + len(self._weights) * ends / self._resident / sms
            cycles = longer(cycles, self._weights[0] * block.alone + ends)
        return self._seconds(cycles / clock_hz, read, written) * (1 - MARGIN)

    def _seconds(self, on_sms: Number, read: Number, written: float) -> Number:
        def one(launch: float, on_sms: float, read: float, l2: float) -> float:
            hbm = dram_seconds(self.gpu, read, written)
            return max(launch, served(self.gpu, on_sms, hbm, l2)) + self.gpu.launch.drain_s

        parts = (self._launch_seconds, on_sms, read, self._l2_seconds)
        if not any(map(is_array, parts)):
            return one(*parts)
        each = zip(*(part.tolist() for part in np.broadcast_arrays(*parts)), strict=True)
        return np.array([one(*own) for own in each])

    @property
    def _launch_seconds(self) -> Number:
        return self.kernel.blocks * float(self.gpu.launch.block_s)

    @cached_property
    def block(self) -> BlockTime:
        """The mean one."""
        points = {e.name: self._points(e) / self.kernel.blocks for e in self._einsums}
        return block_time(self.kernel, self.gpu, points, self.l2_read / self.kernel.blocks)

    @property
    def decides(self) -> tuple[float, ...]:
        """Kernels of a fusion that have these numbers in common take equally long."""
        of_block = (self._resident, self.block.busy, self.block.alone)
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

    @cached_property
    def shares(self) -> dict[str, Number]:
        return {e.name: visited_share(self.kernel, e, self.rough) for e in self._einsums}

    def _points(self, einsum: Einsum) -> Number:
        """Those of whole tiles that are visited."""
        return self.kernel.padded_points(einsum.ranks) * self.shares[einsum.name]

    @cached_property
    def _l2(self) -> dict[Access, Number]:
        return l2_reads(self.kernel, self.shares)

    @cached_property
    def l2_read(self) -> Number:
        return sum(self._l2.values())

    @cached_property
    def _l2_written(self) -> float:
        return sum(self.moved.writes.values())

    @cached_property
    def _is_tiled(self) -> bool:
        return any(map(is_product, self._einsums))

    @cached_property
    def _l2_seconds(self) -> Number:
        """L2 has a clock of its own."""
        l2 = self.gpu.l2
        tiled = l2.tile_bandwidth if self._is_tiled else None
        written = self._l2_written / rate_per_s(l2.bandwidth, self.gpu)
        return self.l2_read / rate_per_s(tiled or l2.bandwidth, self.gpu) + written

    @cached_property
    def _resident(self) -> Number:
        return resident(self.kernel, self.gpu)

    @cached_property
    def _cycles_cold(self) -> Number:
        return self._cycles(self.gpu.hbm.latency_s + self.gpu.l2.latency_s)

    @cached_property
    def _cycles_warm(self) -> Number:
        return self._cycles(self.gpu.l2.latency_s)

    def _cycles(self, arrives_s: float) -> Number:
        weights, ends = self._weights, self._ends(arrives_s)
        return self._in_waves(ends) if weights is None else self._in_order(weights, ends)

    @cached_property
    def _weights(self) -> np.ndarray | None:
        """Of blocks that are scheduled one by one."""
        if self.rough or self.kernel.blocks > MOST_SCHEDULED:
            return None
        return block_weights(self.kernel)

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
        block, sms, slots = self.block, self.gpu.sms, self.gpu.sms * self._resident
        rounds, left = self.kernel.blocks // slots, self.kernel.blocks % slots
        whole = longer(self._resident * block.busy, block.alone) + ends
        last = longer(-(-left // sms) * block.busy, block.alone) + ends
        return rounds * whole + either(left > 0, last, 0.0)

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
