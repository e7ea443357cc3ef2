"""Which tiles a fused kernel takes: those of its candidates that take least by the model.

All candidates are timed side by side as if their blocks were equal (`rough`). Where conditions
leave out tiles, the best of these are timed again, tile by tile and block by block. That is slow,
so it is done in the order of what they take `at least`, until nothing can be faster.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.fused import FusedBlocks
from accelsim.cost.gpu.fused_bytes import crossing
from accelsim.cost.gpu.overlap import swept
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.fused_tiles import candidates
from accelsim.mapping.fusion import Fusion

TIMED_AGAIN = 25
"""Of the kernels with the best tiles by points alone."""

Timed = tuple[FusedKernel, float]
"""A kernel and the seconds of one launch."""


@dataclass(frozen=True)
class Choice:
    """The candidates of a fusion, as one kernel of arrays, and the bytes of device memory that each
    of them moves at least."""

    kernels: FusedKernel
    gpu: Gpu
    read: float
    written: float

    @property
    def is_exact(self) -> bool:
        """Whether rough seconds are all there is to know: without conditions all blocks do equal
        work."""
        return not any(einsum.conditions for einsum in self.kernels.fusion.cascade.einsums)

    @cached_property
    def _blocks(self) -> FusedBlocks:
        return FusedBlocks(self.kernels, self.gpu, rough=True)

    @cached_property
    def _rough(self) -> Any:
        """Seconds of every candidate."""
        return self._blocks.seconds(*self._memory(self._blocks))

    @cached_property
    def _least(self) -> Any:
        return self._blocks.least_seconds(*self._memory(self._blocks))

    @property
    def at_least(self) -> float:
        """No more than the seconds of the fastest."""
        return float((self._rough if self.is_exact else self._least).min())

    def fastest(self) -> Timed:
        """The first one, if several take as long."""
        if self.is_exact:
            number = int(self._rough.argmin())
            return self.kernels.at(number), float(self._rough[number])
        return self._fastest_by_tiles()

    def _fastest_by_tiles(self) -> Timed:
        best = np.argsort(self._rough, kind="stable")[:TIMED_AGAIN].tolist()
        found: list[tuple[float, int, FusedKernel]] = []
        for place, number in sorted(enumerate(best), key=lambda each: self._least[each[1]]):
            most = min((seconds for seconds, *_ in found), default=np.inf)
            if self._least[number] > most:
                break
            blocks = FusedBlocks(self.kernels.at(number), self.gpu)
            memory = self._memory(blocks)
            if blocks.least_seconds(*memory) <= most:
                found.append((blocks.seconds(*memory), place, blocks.kernel))
        seconds, _, kernel = min(found, key=lambda each: each[:2])
        return kernel, seconds

    def _memory(self, blocks: FusedBlocks) -> tuple[float, Any, float]:
        """The highest clock, and the bytes that are read and written."""
        return float(self.gpu.clock_hz), self.read + blocks.again, self.written


def choice(own: Fusion, gpu: Gpu) -> Choice | None:
    """None if there is no room for any tile."""
    kernels = candidates(own, gpu)
    if kernels is None:
        return None
    moved = crossing(own)
    missing = 1 - swept(gpu, moved.total, float(gpu.l2.capacity_bytes))
    read, written = (sum(each.values()) * missing for each in (moved.reads, moved.writes))
    return Choice(kernels, gpu, read, written)
