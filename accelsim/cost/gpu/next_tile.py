"""A block's way to its next tile, where it looks up which one that is: until it asks for keys.

planning   groups · (L2 + 6 shuffles) + (groups - 1) · PLAN cycles: a warp reads how many tiles
           (and, beside them, splits) so many sequences have at once, and adds them up lane by
           lane; groups lie between a tile's sequence and that of the block's next one
ahead      cycles in which it issues the other instructions on this way
"""

from math import log2

from accelsim.arch.gpu import WARP, Gpu
from accelsim.mapping.attention_binding import BoundAttention

PLAN_CYCLES = 161
"""To issue a turn of the loop over a plan (cuobjdump, FlashAttention-3 in vLLM 0.24)."""


def planning_s(bound: BoundAttention, gpu: Gpu) -> float:
    if bound.kernel.plan is None:
        return 0.0
    groups = _groups(bound, gpu, bound.kernel.plan)
    adding = (log2(WARP) + 1) * gpu.timing.shuffle_cycles / gpu.clock_hz
    turning = (groups - 1) * PLAN_CYCLES / gpu.clock_hz
    return float(groups * (gpu.l2.latency_s + adding) + turning)


def _groups(bound: BoundAttention, gpu: Gpu, plan: int) -> float:
    """SMs' next tiles lie as many tiles ahead as there are SMs, but not beyond the last one."""
    sequences_ahead = gpu.sms / (bound.blocks / bound.call.b)
    return max(1.0, min(bound.call.b, sequences_ahead) / plan)


def ahead_s(bound: BoundAttention, gpu: Gpu) -> float:
    return float(bound.kernel.ahead_cycles / gpu.clock_hz)
