"""What a call of a library takes on a GPU: alone with cold caches, and back to back.

    seconds     floor of a launch + Σ kernels + gaps between them, at the clock of a burst
    sustained   Σ kernels + what starting each takes back to back, caches warm, at the clock that
                the board can hold; energy of a call then

The bound is what needs longest: a resource of the longest kernel, launching itself, or power, where
the board cannot hold its highest clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.attention import attention_works
from accelsim.cost.gpu.power import burst_clock_hz, energy_j, sustained_clock_hz
from accelsim.cost.gpu.product import product_works
from accelsim.cost.gpu.rows import row_works
from accelsim.cost.gpu.stream_k import stream_works
from accelsim.cost.gpu.unfused import unfused_works
from accelsim.cost.gpu.work import Times, Work
from accelsim.mapping.unfused_kernel import unfused_kernel
from accelsim.workload.calls import Bmm, Call, Copy, Gemm, RmsNorm, Sdpa, SdpaBackward, Softmax


def _sdpa_works(call: Sdpa, gpu: Gpu) -> tuple[Work, ...]:
    unfused = unfused_kernel(call.backend)
    if unfused is not None:
        return unfused_works(unfused, call, gpu)
    return stream_works(call, gpu) or attention_works(call, gpu)


WORKS: Mapping[type[Call], Callable[[Any, Gpu], tuple[Work, ...]]] = {
    Copy: row_works,
    Softmax: row_works,
    RmsNorm: row_works,
    Gemm: product_works,
    Bmm: product_works,
    Sdpa: _sdpa_works,
    SdpaBackward: attention_works,
}

HELD_BACK = 0.985
"""Below this share of the highest clock, power is the bound."""


@dataclass(frozen=True)
class CallCost:
    """`times` are those of the call's longest kernel, cold, at the burst's clock."""

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
    cold, warm = actions_of(works, cold=True), actions_of(works, cold=False)

    def seconds_cold(clock_hz: float) -> float:
        gaps = (len(works) - 1) * gpu.launch.gap_s
        return gpu.launch.floor_s + gaps + _seconds(works, clock_hz, True)

    def seconds_warm(clock_hz: float) -> float:
        starts = len(works) * gpu.launch.back_to_back_s
        return starts + _seconds(works, clock_hz, False)

    burst = burst_clock_hz(gpu, cold, seconds_cold)
    sustained = sustained_clock_hz(gpu, warm, seconds_warm)
    seconds = seconds_cold(burst)
    each = [work.times(burst, True) for work in works]
    times = max(each, key=lambda one: one.seconds)
    in_kernels = sum(one.seconds for one in each)
    return CallCost(
        seconds=seconds,
        burst_clock_hz=burst,
        sustained_s=seconds_warm(sustained),
        sustained_clock_hz=sustained,
        energy_j=energy_j(gpu, warm, seconds_warm(sustained), sustained),
        actions=warm,
        times=times,
        kernels=tuple(work.name for work in works),
        bound=_bound(times, in_kernels, seconds, sustained, gpu),
    )


def works_of(call: Call, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels that the library launches."""
    if type(call) not in WORKS:
        raise MappingError(f"no kernels are known for {type(call).__name__}")
    return WORKS[type(call)](call, gpu)


def _bound(
    times: Times, in_kernels: float, seconds: float, sustained_clock_hz: float, gpu: Gpu
) -> str:
    if in_kernels < seconds / 2:
        return "launch"
    is_held_back = sustained_clock_hz < HELD_BACK * gpu.clock_hz
    return "power" if is_held_back and times.bound != "hbm" else times.bound


def _seconds(works: tuple[Work, ...], clock_hz: float, cold: bool) -> float:
    return sum(work.times(clock_hz, cold).seconds for work in works)


def actions_of(works: tuple[Work, ...], cold: bool) -> dict[str, float]:
    """Of all kernels of a call."""
    total: dict[str, float] = {}
    for work in works:
        for name, count in work.actions(cold).items():
            total[name] = total.get(name, 0) + count
    return total
