"""A kernel that reads and writes whole tensors once, one of several of a call.

seconds = empty + what device memory takes for its bytes, or L2 where they are still there
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.dram import dram_seconds, found_in_l2
from accelsim.cost.gpu.overlap import served
from accelsim.cost.gpu.work import Times


@dataclass(frozen=True)
class StreamWork:
    """Reads and writes so many bytes. It is one of several: L2 holds what the one before wrote.

    `empty_s` is what it takes without any: as long as its threads start and end, or a copy of the
    driver does.
    """

    name: str
    read_bytes: float
    written_bytes: float
    gpu: Gpu
    empty_s: float

    def actions(self, cold: bool) -> Mapping[str, float]:
        moved = self.read_bytes + self.written_bytes
        return {"HBM": sum(self._hbm_bytes), "l2": moved, "fp32": moved / 4}

    def times(self, clock_hz: float, cold: bool) -> Times:
        moved = self.read_bytes + self.written_bytes
        hbm = dram_seconds(self.gpu, *self._hbm_bytes)
        l2 = float(moved / self.gpu.l2.bandwidth.per_second(clock_hz))
        return Times(
            seconds=self.empty_s + served(self.gpu, hbm, l2),
            by_resource={"hbm": hbm, "l2": l2, "latency": self.empty_s},
        )

    @property
    def _hbm_bytes(self) -> tuple[float, float]:
        missing = 1 - found_in_l2(self.gpu, self.read_bytes + self.written_bytes, cold=False)
        return self.read_bytes * missing, self.written_bytes * missing
