"""New keys and values go into the pages of a cache: vLLM's `reshape_and_cache_flash`.

    a block     a token: reads where it goes, moves its keys, then its values
    threads     min(heads · head dimension, 512), of which each moves 16 bytes at a time; all of
                them divide the token's place, 64 bits wide, by the size of a page
    alone       warps start, instructions one after the other, one trip to the place and one for
                each move of keys and of values; once a round of blocks
    seconds     drain + max(launching all blocks, queued(alone, issue, DRAM, L2))

What of it L2 holds from the same call before depends on all that the call touches. Source:
vllm-project/vllm, csrc/cache_kernels.cu; instructions and registers from a kernel written after it
(nvcc 13.0, sm_90; ncu: 142 instructions a warp). On an H100 SXM that kernel took 63, 122, 335 and
355 us for 65,536 tokens of 1, 2, 4 and 8 heads of 128.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from accelsim.arch.gpu import WARP, Gpu, rate_per_s, resident_blocks
from accelsim.cost.gpu.dram import dram_seconds, found_in_l2
from accelsim.cost.gpu.overlap import queued
from accelsim.cost.gpu.rows import WHOLE_WAVES
from accelsim.cost.gpu.work import Times
from accelsim.workload.call_counts import key_bytes, query_bytes
from accelsim.workload.calls import WORD_BYTES, Sdpa

MOST_THREADS = 512

MOVE_BYTES = 16

REGISTERS = 40

INSTRUCTIONS = 142

SLOT_BYTES = 8


@dataclass(frozen=True)
class CacheUpdateWork:
    """Of a call whose every query brings a key and a value."""

    call: Sdpa
    gpu: Gpu

    @property
    def name(self) -> str:
        return "cache update"

    def actions(self, cold: bool) -> Mapping[str, float]:
        lanes = self._tokens * self._warps * WARP
        hbm = sum(self._hbm_bytes(cold))
        return {"HBM": hbm, "l2": 2.0 * self._bytes, "op": float(lanes * INSTRUCTIONS)}

    def times(self, clock_hz: float, cold: bool) -> Times:
        gpu, launch = self.gpu, self.gpu.launch
        hbm = dram_seconds(gpu, *self._hbm_bytes(cold))
        l2 = 2 * self._bytes / rate_per_s(gpu.l2.bandwidth, gpu)
        latency = self._rounds * self._alone_s(clock_hz, cold)
        issue = self._warps * INSTRUCTIONS / gpu.sm.schedulers / clock_hz
        issue *= self._tokens / gpu.sms
        launching = self._tokens * float(launch.block_s)
        return Times(
            seconds=launch.drain_s + max(launching, queued(gpu, latency, issue, hbm, l2)),
            by_resource={
                "fp32": issue,
                "hbm": hbm,
                "l2": l2,
                "latency": latency,
                "launch": launching,
            },
        )

    @property
    def _tokens(self) -> int:
        return self.call.b * self.call.p

    @property
    def _threads(self) -> int:
        return min(self.call.g * self.call.e, MOST_THREADS)

    @property
    def _warps(self) -> int:
        return ceil(self._threads / WARP)

    @property
    def _rounds(self) -> float:
        """Of blocks that an SM holds at once: whole waves, where they are few."""
        resident = resident_blocks(self.gpu, self._threads, REGISTERS, 0.0)
        rounds = self._tokens / (self.gpu.sms * resident)
        return ceil(rounds) if rounds <= WHOLE_WAVES else rounds

    def _alone_s(self, clock_hz: float, cold: bool) -> float:
        """A block by itself."""
        gpu, warm = self.gpu, self._warm(cold)
        way = float(warm * gpu.l2.latency_s + (1 - warm) * gpu.hbm.latency_s)
        cycles = self._warps * gpu.launch.warp_cycles + INSTRUCTIONS * gpu.timing.dependent_cycles
        row = self.call.g * self.call.e * WORD_BYTES[self.call.dtype]
        trips = 1 + 2 * ceil(row / (MOVE_BYTES * self._threads))
        return float(cycles / clock_hz + trips * way)

    @property
    def _bytes(self) -> float:
        """Read, and as many written."""
        call = self.call
        return 2.0 * self._tokens * call.g * call.e * WORD_BYTES[call.dtype]

    def _warm(self, cold: bool) -> float:
        call = self.call
        touched = self._bytes + 2 * query_bytes(call) + key_bytes(call)
        return found_in_l2(self.gpu, touched, cold)

    def _hbm_bytes(self, cold: bool) -> tuple[float, float]:
        moved = self._bytes * (1 - self._warm(cold))
        return moved + self._tokens * SLOT_BYTES * (1 - self._warm(cold)), moved
