"""How full the slots of a GPU are while attention's blocks run, as shares of all slots' time.

    slots     blocks that run at once: SMs · blocks on an SM
    steps     Σ steps of all blocks / (slots · those of the fullest slot), if all took as long
    cycles    the same in cycles, as the model has them: blocks also start, wait and end

Of w waves of equal blocks the first is w / ⌈w⌉; of stream-K's G blocks on as many slots, with T
steps in all, (T / G) / ⌈T / G⌉.
"""

from dataclasses import dataclass

import numpy as np

from accelsim.cost.gpu.attention import MOST_SCHEDULED, AttentionWork
from accelsim.cost.gpu.stream_k import StreamKWork, walked_at
from accelsim.cost.kernels import scheduled_cycles


@dataclass(frozen=True)
class Waves:
    steps: float
    cycles: float


def waves_of(work: AttentionWork, clock_hz: float) -> Waves:
    """At a clock, with cold caches."""
    slots = work.gpu.sms * work.resident
    if isinstance(work, StreamKWork):
        blocks = work.blocks_at(clock_hz, True)
        ended = walked_at(blocks, work.gpu.sms).ended
        walk = work.bound.walk
        assert walk is not None
        return Waves(walk.total / (slots * walk.most), float(ended.sum() / (slots * ended.max())))
    if work.bound.blocks > MOST_SCHEDULED:
        return Waves(1.0, 1.0)
    return Waves(_of_steps(work, slots), work.slot_share(clock_hz, cold=True))


def _of_steps(work: AttentionWork, slots: int) -> float:
    """A step takes a cycle, whatever else runs on its SM."""
    steps = work.blocks.steps.astype(float)
    steps = steps[steps > 0]
    resident = work.resident
    longest = scheduled_cycles(steps, resident * steps, 0.0, resident, work.gpu.sms) / resident
    return float(np.sum(steps) / (slots * longest))
