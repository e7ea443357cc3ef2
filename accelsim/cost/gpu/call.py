"""What a call of a library takes on a GPU: alone with cold caches, and back to back.

Times, energy and bound are those of its kernels one after the other (`composed`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.attention import attention_works
from accelsim.cost.gpu.composed import composed
from accelsim.cost.gpu.product import product_works
from accelsim.cost.gpu.rows import row_works
from accelsim.cost.gpu.stream_k import stream_k_works
from accelsim.cost.gpu.unfused import unfused_works
from accelsim.cost.gpu.work import Times, Work
from accelsim.mapping.attention_binding import BoundAttention, bind_attention
from accelsim.mapping.unfused_kernel import unfused_kernel
from accelsim.workload.calls import Bmm, Call, Copy, Gemm, RmsNorm, Sdpa, SdpaBackward, Softmax


def _sdpa_works(call: Sdpa, gpu: Gpu) -> tuple[Work, ...]:
    unfused = unfused_kernel(call.backend)
    if unfused is not None:
        return unfused_works(unfused, call, gpu)
    return bound_works(bind_attention(call, gpu), gpu)


def bound_works(bound: BoundAttention, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of a call of attention, whichever kernel was taken for it."""
    deals = attention_works if bound.walk is None else stream_k_works
    return deals(bound, gpu)


def _gradient_works(call: SdpaBackward, gpu: Gpu) -> tuple[Work, ...]:
    return attention_works(bind_attention(call, gpu), gpu)


WORKS: Mapping[type[Call], Callable[[Any, Gpu], tuple[Work, ...]]] = {
    Copy: row_works,
    Softmax: row_works,
    RmsNorm: row_works,
    Gemm: product_works,
    Bmm: product_works,
    Sdpa: _sdpa_works,
    SdpaBackward: _gradient_works,
}


@dataclass(frozen=True)
class CallCost:
    """`times` are those of all kernels, cold, at the burst's clock; facts are the longest's."""

    seconds: float
    burst_clock_hz: float
    sustained_s: float
    sustained_clock_hz: float
    energy_j: float
    actions: Mapping[str, float]
    times: Times
    kernels: tuple[str, ...]
    bound: str

    @property
    def power_w(self) -> float:
        """Mean over calls back to back."""
        return self.energy_j / self.sustained_s


def call_cost(call: Call, gpu: Gpu) -> CallCost:
    """The cost of one call.

    Raises
    ------
    MappingError
        if no kernel is known for the call, or the GPU lacks an instruction that it needs.
    """
    works = works_of(call, gpu)
    found = composed(works, gpu)
    return CallCost(
        seconds=found.seconds,
        burst_clock_hz=found.burst_clock_hz,
        sustained_s=found.sustained_s,
        sustained_clock_hz=found.sustained_clock_hz,
        energy_j=found.sustained_energy_j,
        actions=found.warm_actions,
        times=found.whole,
        kernels=tuple(work.name for work in works),
        bound=found.bound,
    )


def works_of(call: Call, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels that the library launches."""
    if type(call) not in WORKS:
        raise MappingError(f"no kernels are known for {type(call).__name__}")
    return WORKS[type(call)](call, gpu)
