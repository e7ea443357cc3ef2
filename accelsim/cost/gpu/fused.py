"""A fused kernel on a GPU: its blocks over the SMs, beside the bytes of L2 and device memory.

    seconds   max(launching its blocks, served(SMs, L2, device memory)) + drain
    SMs, L2   `fused_sms`

Latencies are counted in cycles of the highest clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.base.entrywise import Number, is_array
from accelsim.cost.gpu.dram import dram_clock, dram_seconds
from accelsim.cost.gpu.fused_block import BlockTime
from accelsim.cost.gpu.fused_bytes import Hbm, Moved
from accelsim.cost.gpu.fused_sms import SmBlocks, sm_blocks
from accelsim.cost.gpu.overlap import served
from accelsim.cost.gpu.work import Times
from accelsim.mapping.fused_kernel import FusedKernel

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
    """The blocks of a kernel beside device memory; `rough` takes all for equal, and so many tiles
    for visited as there are points. If rough, the kernel may be one of arrays over candidates: so
    then are seconds."""

    kernel: FusedKernel
    gpu: Gpu
    rough: bool = False

    @cached_property
    def on_sms(self) -> SmBlocks:
        return sm_blocks(self.kernel, self.gpu, self.rough)

    @property
    def actions(self) -> Mapping[str, float]:
        """Those of one launch that do not depend on the caches."""
        return self.on_sms.actions

    @property
    def moved(self) -> Moved:
        return self.on_sms.moved

    @property
    def again(self) -> Number:
        return self.on_sms.again

    def times(self, clock_hz: float, cold: bool, read: float, written: float) -> Times:
        """Of one launch, with these bytes of device memory."""
        gpu, kernel, own = self.gpu, self.kernel, self.on_sms
        block = own.block
        on_sms = (own.cycles_cold if cold else own.cycles_warm) / clock_hz
        each = kernel.blocks / gpu.sms / clock_hz
        tile = " ".join(f"{rank}={size}" for rank, size in kernel.tile.items() if size > 1)
        return Times(
            seconds=self._seconds(on_sms, read, written),
            by_resource={
                **{name: cycles * each for name, cycles in _resources(block, gpu).items()},
                "l2": max(own.l2_seconds, block.by_pipe["port"] * each),
                "hbm": dram_seconds(gpu, read, written),
                "latency": max(0.0, on_sms - block.busy * each),
                "launch": own.launch_seconds,
            },
            facts={
                "blocks": kernel.blocks,
                "threads": kernel.threads,
                "resident": own.resident,
                "waves": kernel.blocks / (gpu.sms * own.resident),
                "tile": tile,
            },
        )

    def seconds(self, clock_hz: float, read: Number, written: float) -> Number:
        """Those of `times`, with warm caches."""
        return self._seconds(self.on_sms.cycles_warm / clock_hz, read, written)

    def least_seconds(self, clock_hz: float, read: Number, written: float) -> Number:
        """No more than `seconds`; if `rough`, no more than those of blocks that are not."""
        return self._seconds(self.on_sms.least_cycles / clock_hz, read, written) * (1 - MARGIN)

    def _seconds(self, on_sms: Number, read: Number, written: float) -> Number:
        dram, drain_s = dram_clock(self.gpu), self.gpu.launch.drain_s

        def one(launch: float, on_sms: float, read: float, l2: float) -> float:
            return max(launch, served(self.gpu, on_sms, dram(read, written), l2)) + drain_s

        parts = (self.on_sms.launch_seconds, on_sms, read, self.on_sms.l2_seconds)
        if not any(map(is_array, parts)):
            return one(*parts)
        each = zip(*(part.tolist() for part in np.broadcast_arrays(*parts)), strict=True)
        return np.array([one(*own) for own in each])


def _resources(block: BlockTime, gpu: Gpu) -> dict[str, float]:
    """Cycles of a block by what a GPU's resources are called."""
    special = gpu.pipe("exp").name
    plain = [pipe.name for pipe in gpu.pipes if pipe.name != special]
    pipes = block.by_pipe
    found = {"tensor": pipes.get("tensor", 0.0), "special-function": pipes.get(special, 0.0)}
    found["fp32"] = max(pipes.get(name, 0.0) for name in plain)
    return {**found, "shared": pipes.get("shared", 0.0)}
