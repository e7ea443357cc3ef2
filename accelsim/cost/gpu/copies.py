"""A copy in device memory: the driver's kernel, with wide accesses and enough of them under way.

    seconds = start + max(DRAM, L2)

Back to back, a small one finds in L2 what the call before left there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.cost.gpu.dram import dram_seconds, found_in_l2, written_back
from accelsim.cost.gpu.work import Times


@dataclass(frozen=True)
class CopyWork:
    """So many bytes read, and as many written."""

    gpu: Gpu
    bytes: int

    @property
    def name(self) -> str:
        return "copy"

    def actions(self, cold: bool) -> Mapping[str, float]:
        read, written = _hbm_bytes(self, cold)
        return {"l2": 2.0 * self.bytes, "HBM": read + written}

    def times(self, clock_hz: float, cold: bool) -> Times:
        read, written = _hbm_bytes(self, cold)
        start = float(self.gpu.launch.copy_s)
        hbm = dram_seconds(self.gpu, read, written)
        bandwidth = rate_per_s(self.gpu.l2.bandwidth, self.gpu) * clock_hz / self.gpu.clock_hz
        l2 = 2 * self.bytes / bandwidth
        facts = {"HBM bytes read": read, "HBM bytes written": written, "L2 bytes": 2.0 * self.bytes}
        return Times(start + max(hbm, l2), {"hbm": hbm, "l2": l2, "launch": start}, facts)


def _hbm_bytes(work: CopyWork, cold: bool) -> tuple[float, float]:
    found = found_in_l2(work.gpu, 2.0 * work.bytes, cold)
    moved = work.bytes * (1 - found)
    return moved, written_back(work.gpu, moved, moved, cold)
