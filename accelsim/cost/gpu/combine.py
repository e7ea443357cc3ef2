"""The kernel that adds up what the blocks of split heads found.

    seconds   start + rounds · trips · (L2 + instructions) + bytes / L2 + drain

One that is launched early has started when the parts are there; of heads that are in one piece
after all it moves nothing. One that looks for its rows first: `combine_varlen.py`; of the parts
that a plan has made: `combine_parts.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.cost.gpu.tile import ACCUMULATOR_BYTES
from accelsim.cost.gpu.work import Times
from accelsim.mapping.attention_binding import BoundAttention

COMBINE_INSTRUCTIONS = 12
"""That need one another, to weigh a part and add it: load, exponent, product, sum, address."""

ROWS, THREADS = 8, 256
"""Of a block: flash-attention, hopper/flash_fwd_combine_launch_template.h, heads of 128."""


@dataclass(frozen=True)
class CombineWork:
    """So many trips to L2, one after the other, of blocks of `ROWS` rows."""

    bound: BoundAttention
    gpu: Gpu

    @property
    def name(self) -> str:
        return f"{self.bound.kernel.backend} combine"

    def actions(self, cold: bool) -> Mapping[str, float]:
        return {"l2": self._bytes, "fp32": 2 * self._bytes / ACCUMULATOR_BYTES}

    def times(self, clock_hz: float, cold: bool) -> Times:
        launch = self.gpu.launch
        start = 0.0 if self.bound.kernel.early else float(launch.start_s)
        waiting = start + self.working_s(clock_hz)
        moving = self._bytes / rate_per_s(self.gpu.l2.bandwidth, self.gpu)
        return Times(
            seconds=waiting + moving + launch.drain_s,
            by_resource={"latency": waiting, "l2": moving},
        )

    def working_s(self, clock_hz: float) -> float:
        """Of all rounds of blocks, from the first one's start."""
        instructions = COMBINE_INSTRUCTIONS * self.gpu.timing.dependent_cycles / clock_hz
        trip = self.gpu.l2.latency_s + instructions
        return float(self._rounds * self.trips * trip)

    @property
    def trips(self) -> int:
        return self.bound.combine_trips

    @property
    def _rounds(self) -> float:
        """Of blocks that the SMs hold at once; one at least."""
        resident = self.gpu.sm.threads // THREADS
        return max(1.0, self.blocks / (self.gpu.sms * resident))

    @property
    def blocks(self) -> int:
        """That have rows."""
        call = self.bound.call
        return call.b * ceil(call.h * call.p / ROWS)

    @property
    def _bytes(self) -> float:
        call = self.bound.call
        if self.bound.splits == 1:
            return 0.0
        parts = call.b * call.h * call.p * call.value_dim * ACCUMULATOR_BYTES
        return 2.0 * self.bound.splits * parts
