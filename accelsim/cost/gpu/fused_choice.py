"""Which tiles a fused kernel takes: those of its candidates that take least by the model.

All candidates are timed side by side as if their blocks were equal (`rough`). Where conditions
leave out tiles, the best of these are timed again, tile by tile and block by block. That is slow,
so it is done in the order of what they take `at least`, until nothing can be faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from types import MappingProxyType
from typing import Any

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.dram import apart, dram_seconds
from accelsim.cost.gpu.fused import MARGIN, FusedBlocks
from accelsim.cost.gpu.fused_bytes import crossing
from accelsim.cost.gpu.fused_least import Least, least_cycles
from accelsim.cost.gpu.overlap import served, swept
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.fused_tiles import Candidates

TIMED_AGAIN = 25
"""Of the kernels with the best tiles by points alone."""

ROUGH, TILES, ALL = range(3)
"""What is known of a candidate: points, tiles, and the schedule of its blocks."""

NOTHING: Mapping[str, Least] = MappingProxyType({})

Timed = tuple[FusedKernel, float]
"""A kernel and the seconds of one launch."""


@dataclass(frozen=True)
class Choice:
    """The candidates of a fusion, and what each of them takes at least: bytes of device memory, and
    cycles of the SMs."""

    candidates: Candidates
    gpu: Gpu
    read: float
    written: float
    least_cycles: float = 0.0

    @property
    def kernels(self) -> FusedKernel:
        """As one of arrays."""
        return self.candidates.kernels

    @property
    def is_exact(self) -> bool:
        """Whether rough seconds are all there is to know: without conditions all blocks do equal
        work."""
        return not any(einsum.conditions for einsum in self.candidates.fusion.cascade.einsums)

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
        return max(self.at_once, float((self._rough if self.is_exact else self._least).min()))

    @property
    def at_once(self) -> float:
        """The same, as far as one knows it without looking at tiles."""
        moving = dram_seconds(self.gpu, self.read, self.written)
        least = served(self.gpu, self.least_cycles / float(self.gpu.clock_hz), moving)
        return least * (1 - MARGIN) + float(self.gpu.launch.drain_s)

    def fastest(self) -> Timed:
        """The first one, if several take as long."""
        if self.is_exact:
            number = int(self._rough.argmin())
            return self.kernels.at(number), float(self._rough[number])
        return self._fastest_by_tiles()

    def _fastest_by_tiles(self) -> Timed:
        """Whoever may take least is looked at next: its blocks, then their schedule. What comes
        first when all of it is known takes least, since others take more than they count as."""
        best = np.argsort(self._rough, kind="stable")[:TIMED_AGAIN].tolist()
        waiting = [(float(self._least[number]), place, ROUGH) for place, number in enumerate(best)]
        heapify(waiting)
        found: dict[int, FusedBlocks] = {}
        scheduled: dict[Any, float] = {}
        while True:
            seconds, place, known = heappop(waiting)
            if known == ALL:
                return found[place].kernel, seconds
            if known == ROUGH:
                found[place] = FusedBlocks(self.kernels.at(best[place]), self.gpu)
                seconds = found[place].least_seconds(*self._memory(found[place]))
                heappush(waiting, (seconds, place, TILES))
            else:
                own = found[place].on_sms.decides
                if own not in scheduled:
                    scheduled[own] = found[place].seconds(*self._memory(found[place]))
                heappush(waiting, (scheduled[own], place, ALL))

    def _memory(self, blocks: FusedBlocks) -> tuple[float, Any, float]:
        """The highest clock, and the bytes that are read and written."""
        return float(self.gpu.clock_hz), self.read + blocks.again, self.written


def choice(candidates: Candidates, gpu: Gpu, of: Mapping[str, Least] = NOTHING) -> Choice:
    """Among all kernels of a fusion for which there is room. `of` its Einsums is what these take at
    least, if that is known."""
    moved = crossing(candidates.fusion, apart(gpu))
    missing = 1 - swept(gpu, moved.total, float(gpu.l2.capacity_bytes))
    read, written = (sum(each.values()) * missing for each in (moved.reads, moved.writes))
    least = least_cycles(candidates, gpu, of) if of else 0.0
    return Choice(candidates, gpu, read, written, least)
