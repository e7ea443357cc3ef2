"""What attention's blocks take at least, without playing how they are dealt to the SMs.

With b a block's cycles of its SM's pipes, a those by itself, e what it takes before and after, and
s slots of an SM: on an SM r <= s blocks do 1 / (max(r b, a) + e) of their work in a cycle each,
which is no more than 1 / (r w), w = max(b, a / s) + e / s. So

    cycles >= Σ w over blocks / SMs,  and no fewer than the longest block takes by itself
    e       is linear in the clock's period, and so is what is counted of it

At the highest clock nothing takes longer; beside it lie the bytes, as in `attention.py`.
"""

from dataclasses import dataclass

import numpy as np

from accelsim.cost.gpu.attention import MOST_SCHEDULED, AttentionWork
from accelsim.cost.gpu.overlap import served

MARGIN = 1e-8
"""A block has ended when 1e-9 of it is left (`cost/kernels.py`)."""


@dataclass(frozen=True)
class LeastAttention(AttentionWork):
    """Of blocks that are dealt to SMs one by one, with cold caches."""

    def least_seconds(self) -> float:
        """No more than `times(clock, cold=True).seconds`, at any clock."""
        return self._beside_least(self._least_cycles())

    @property
    def is_memory_bound(self) -> bool:
        """Whether device memory needs longer than the pipes of all SMs."""
        hbm, _ = self._memory_s[True]
        return hbm > self._steps * self.step.busy / self.gpu.sms / float(self.gpu.clock_hz)

    def pipe_seconds(self) -> float:
        """No more than the above, whatever order and splits: steps' cycles of the SMs' pipes."""
        return self._beside_least(self._steps * self.step.busy / self.gpu.sms) - self._reset_s

    def _beside_least(self, cycles: float) -> float:
        gpu = self.gpu
        on_sms = cycles * (1 - MARGIN) / float(gpu.clock_hz)
        hbm, first = self._memory_s[True]
        moving = served(gpu, on_sms, max(hbm - first, 0.0), self._l2_seconds)
        return first + moving + float(gpu.launch.drain_s) + self._reset_s

    def _least_cycles(self) -> float:
        slots, sms = self.resident, self.gpu.sms
        ends = self._end_cycles + self._end_latency_s(cold=True) * float(self.gpu.clock_hz)
        work, alone = self._of_each(self.of_head)
        total = float(np.maximum(work, alone / slots).sum()) + len(work) * ends / slots
        many = self.bound.blocks > MOST_SCHEDULED
        longest = 0.0 if many else float(alone.max()) + ends
        starts = float(self.gpu.launch.start_s * self.gpu.clock_hz)
        return max(total * self._heads / sms, longest) + (starts if self.bound.kernel.queue else 0)
