"""The kernel that adds up parts where every sequence may have another number of queries.

A block first looks for its rows: a warp reads the lengths of so many sequences at once (`scan`),
adds them up lane by lane, and goes on to the next ones until its own is among them. There is a
block more for each sequence, for want of knowing how many have rows; these look in vain.

    a turn    L2, in later rounds L1, + 6 shuffles + TURN cycles
    a block   warps start, FINDING cycles, its turns; trips to memory that need one another; of
              split heads ADDING cycles and 15 shuffles (three sums over a warp), and each part's
    seconds   the longest block + (rounds - 1) · the mean one; or launching all of them

Rows of a block that the call does not have go through all parts that the kernel is compiled for:
nothing tells them that theirs end before. Source: vllm-project/flash-attention,
hopper/flash_fwd_combine_kernel.h (StaticVarlenTileScheduler); cycles, registers and shared memory
of the kernel for heads of 128 and up to 32 parts in vLLM 0.24: what cuobjdump says that issuing its
instructions takes, without what they wait for.
"""

from dataclasses import dataclass
from math import ceil, log2

from accelsim.arch.gpu import WARP, resident_blocks
from accelsim.cost.gpu.combine import ROWS, THREADS, CombineWork

REGISTERS, SHARED_BYTES = 48, 18 * 1024

FINDING_CYCLES, TURN_CYCLES = 235, 234

ADDING_CYCLES, PART_CYCLES = 832, 67

SUMS = 3
"""Over the parts of a row, which the lanes of a warp hold: the largest, the last, the sum."""

PARTS = 32
"""The fewest that such a kernel is compiled for."""


@dataclass(frozen=True)
class VarlenCombineWork(CombineWork):
    def working_s(self, clock_hz: float) -> float:
        gpu, cycle_s = self.gpu, 1 / clock_hz
        blocks = self.blocks + self.bound.call.b
        rounds = blocks / (gpu.sms * resident_blocks(gpu, THREADS, REGISTERS, SHARED_BYTES))
        starting = THREADS / WARP * gpu.launch.warp_cycles * cycle_s
        adding = self._adding_s(cycle_s)
        finding = starting + FINDING_CYCLES * cycle_s
        longest = finding + self._turns * self._turn_s(float(gpu.l2.latency_s), cycle_s) + adding
        mean = finding + self._mean_turns * self._turn_s(float(gpu.sm.l1_latency_s), cycle_s)
        mean += adding * self.blocks / blocks
        launching = blocks * max(float(gpu.launch.block_s), starting / gpu.sms)
        return float(max(launching, longest + max(0.0, rounds - 1) * mean))

    @property
    def _turns(self) -> int:
        """Of the last block."""
        return ceil(self.bound.call.b / (self.bound.kernel.scan or WARP))

    @property
    def _mean_turns(self) -> float:
        """Blocks with rows find theirs half-way, the others look through all sequences."""
        found, idle, turns = self.blocks, self.bound.call.b, self._turns
        return (found * (turns + 1) / 2 + idle * turns) / (found + idle)

    def _turn_s(self, reading_s: float, cycle_s: float) -> float:
        shuffles = (log2(WARP) + 1) * self.gpu.timing.shuffle_cycles
        return float(reading_s + (shuffles + TURN_CYCLES) * cycle_s)

    def _adding_s(self, cycle_s: float) -> float:
        """Of a block that has found its rows."""
        gpu, bound = self.gpu, self.bound
        trips = float(bound.combine_trips * gpu.l2.latency_s)
        if bound.splits == 1:
            return trips
        sums = SUMS * log2(WARP) * gpu.timing.shuffle_cycles
        is_whole = bound.call.h * bound.call.p % ROWS == 0
        parts = bound.splits if is_whole else max(PARTS, bound.splits)
        each = float(gpu.sm.l1_latency_s) + PART_CYCLES * cycle_s
        return float(trips + (ADDING_CYCLES + sums) * cycle_s + parts * each)
