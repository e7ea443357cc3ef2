"""A kernel that reads and writes whole tensors once, one of several of a call.

    seconds = empty + served(device memory, L2, issuing)

Device memory serves what L2 does not still hold. Issued are the instructions of a lane for every
four bytes, if no more were counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.arch.gpu import WARP, Gpu
from accelsim.cost.gpu.dram import dram_seconds, found_in_l2, written_back
from accelsim.cost.gpu.overlap import served
from accelsim.cost.gpu.work import Times


@dataclass(frozen=True)
class StreamWork:
    """Reads and writes so many bytes. It is one of several: L2 holds what the one before wrote, but
    not, of a cold call, what is `given`: an input that no kernel has read before.

    `empty_s` is what it takes without any: as long as its threads start and end, or a copy of the
    driver does.
    """

    name: str
    read_bytes: float
    written_bytes: float
    gpu: Gpu
    empty_s: float
    counted: float = 0
    given: bool = False

    def actions(self, cold: bool) -> Mapping[str, float]:
        moved = self.read_bytes + self.written_bytes
        return {"HBM": sum(self._hbm_bytes(cold)), "l2": moved, "fp32": self._operations}

    def times(self, clock_hz: float, cold: bool) -> Times:
        moved = self.read_bytes + self.written_bytes
        hbm = dram_seconds(self.gpu, *self._hbm_bytes(cold))
        l2 = float(moved / self.gpu.l2.bandwidth.per_second(clock_hz))
        lanes = self.gpu.sms * self.gpu.sm.schedulers * WARP
        issued = self._operations / lanes / clock_hz
        return Times(
            seconds=self.empty_s + served(self.gpu, hbm, l2, issued),
            by_resource={"hbm": hbm, "l2": l2, "fp32": issued, "latency": self.empty_s},
        )

    @property
    def _operations(self) -> float:
        return max(self.counted, (self.read_bytes + self.written_bytes) / 4)

    def _hbm_bytes(self, cold: bool) -> tuple[float, float]:
        read, written, is_cold = self.read_bytes, self.written_bytes, cold and self.given
        missing = 1 - found_in_l2(self.gpu, read + written, is_cold)
        return read * missing, written_back(self.gpu, read * missing, written * missing, is_cold)
