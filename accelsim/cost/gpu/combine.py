"""The kernel that adds up the parts of heads whose keys were split over several blocks."""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.cost.gpu.tile import ACCUMULATOR_BYTES
from accelsim.cost.gpu.work import Times
from accelsim.mapping.attention_kernel import BoundAttention

COMBINE_INSTRUCTIONS = 12
"""That need one another, to weigh a part and add it: load, exponent, product, sum, address."""


@dataclass(frozen=True)
class CombineWork:
    """Adds up what the blocks of a split head found: so many trips to L2, one after the other."""

    bound: BoundAttention
    gpu: Gpu

    @property
    def name(self) -> str:
        return f"{self.bound.kernel.backend} combine"

    def actions(self, cold: bool) -> Mapping[str, float]:
        return {"l2": self._bytes, "fp32": 2 * self._bytes / ACCUMULATOR_BYTES}

    def times(self, clock_hz: float, cold: bool) -> Times:
        launch, l2, timing = self.gpu.launch, self.gpu.l2, self.gpu.timing
        step = l2.latency_s + COMBINE_INSTRUCTIONS * timing.dependent_cycles / clock_hz
        waiting = launch.start_s + self.bound.combine_trips * step
        moving = self._bytes / rate_per_s(l2.bandwidth, self.gpu)
        return Times(
            seconds=waiting + moving + launch.drain_s,
            by_resource={"latency": waiting, "l2": moving},
        )

    @property
    def _bytes(self) -> float:
        call = self.bound.call
        parts = call.b * call.h * call.p * call.e * ACCUMULATOR_BYTES
        return 2.0 * self.bound.splits * parts
