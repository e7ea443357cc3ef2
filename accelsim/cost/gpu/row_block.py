"""Blocks of a row-wise kernel: how they lie on the SMs, where they find their rows, what they do.

    rounds   blocks / (SMs · resident); waves are whole rounds
    between  bytes that the resident blocks touch before one comes back to its row:
             resident rows · row · (1 + 1 / passes); of an SM for L1, of the chip for L2
    trips    of a lane: ⌈over / (threads a row · words)⌉, each as long as the way to the row, unless
             several are under way
    issue    instructions of all warps, a cycle each on the SM's schedulers, beside the special ones

A block alone takes, phase by phase: its longest warp's instructions, each waiting for the one
before (not less than the issue of all its warps), shuffles and barriers, and the trips' way.
"""

from dataclasses import dataclass
from math import ceil

from accelsim.arch.gpu import WARP, Gpu, resident_blocks
from accelsim.cost.gpu.dram import found_in_l2
from accelsim.cost.gpu.overlap import kept, served
from accelsim.mapping.row_binding import BoundPhase, BoundRowKernel, BoundTrip

ALIGNED_BYTES = 16
"""A row that does not begin here takes one trip of single words more."""


@dataclass(frozen=True)
class Grid:
    """How the blocks of a kernel lie on the SMs."""

    blocks: int
    resident: int
    on_sm: int
    rounds: float
    waves: int
    of_sm: int


@dataclass(frozen=True)
class Reach:
    """Shares of a row found in the caches, and the way to it, in seconds.

    `warm` is the share of the first reading that L2 holds from the call before; `l1` and `l2` are
    of those that follow, and `misses` what has to come from device memory again.
    """

    warm: float
    l1: float
    l2: float
    first_s: float
    again_s: float
    weights_s: float

    @property
    def misses(self) -> float:
        return (1 - self.l1) * (1 - self.l2)

    def seconds(self, phase: BoundPhase) -> float:
        own = {"row": self.first_s, "again": self.again_s, None: 0.0}[phase.reads]
        return max(own, self.weights_s) if phase.weights else own


@dataclass(frozen=True)
class Load:
    """What a phase takes of a block: `longest` of its longest warp, the others of all its warps."""

    longest: float
    issued: float
    special: float
    round_trips: float


def grid(gpu: Gpu, kernel: BoundRowKernel, rows: int) -> Grid:
    blocks = ceil(rows / kernel.rows_per_block)
    resident = resident_blocks(gpu, kernel.threads, kernel.registers, kernel.shared_bytes)
    of_sm, rounds = ceil(blocks / gpu.sms), blocks / (gpu.sms * resident)
    return Grid(blocks, resident, min(resident, of_sm), rounds, ceil(rounds), of_sm)


def reach(gpu: Gpu, kernel: BoundRowKernel, rows: int, on: Grid, cold: bool) -> Reach:
    l2_s, hbm_s, l1_s = float(gpu.l2.latency_s), float(gpu.hbm.latency_s), float(gpu.sm.l1_latency_s)
    between = kernel.row_bytes * kernel.rows_per_block * (1 + 1 / kernel.passes)
    l1_bytes = float(gpu.sm.l1_bytes) - kernel.shared_bytes * on.on_sm
    l1 = kept(gpu, on.on_sm * between, l1_bytes)
    l2 = kept(gpu, min(on.blocks, on.on_sm * gpu.sms) * between, float(gpu.l2.capacity_bytes))
    warm = found_in_l2(gpu, rows * kernel.row_bytes * (1 + kernel.stores), cold)
    first_s = warm * l2_s + (1 - warm) * hbm_s
    again_s = l1 * l1_s + (1 - l1) * (l2 * l2_s + (1 - l2) * hbm_s)
    # The weights are the same for every row: the first wave fetches them.
    weights_s = (first_s + (on.waves - 1) * l2_s) / on.waves
    return Reach(warm, l1, l2, first_s, again_s, weights_s)


def load(kernel: BoundRowKernel, phase: BoundPhase) -> Load:
    warps = ceil(kernel.threads / WARP)
    longest = phase.once + phase.first_warp
    issued = phase.once * warps + phase.first_warp
    special = round_trips = 0.0
    for trip, of_lane, of_warps in _trips(kernel, phase):
        longest += trip.instructions * of_lane * kernel.rows_per_warp
        issued += trip.instructions * of_warps * kernel.rows_per_block
        special += trip.special * of_warps * kernel.rows_per_block
        round_trips += max(1.0, of_lane * kernel.rows_per_warp / phase.under_way)
    return Load(longest, issued, special, round_trips)


def issue_cycles(gpu: Gpu, of: Load) -> float:
    """Of an SM, for one block."""
    schedulers = gpu.sm.schedulers
    return served(gpu, of.issued / schedulers, special_cycles(gpu, of))


def special_cycles(gpu: Gpu, of: Load) -> float:
    return of.special * WARP / float(gpu.pipe("exp").lanes)


def alone_cycles(gpu: Gpu, kernel: BoundRowKernel, phase: BoundPhase, of: Load) -> float:
    """Of one block, beside its trips."""
    timing, warps = gpu.timing, ceil(kernel.threads / WARP)
    is_too_long = kernel.code_bytes > timing.code_bytes
    dependent = timing.dependent_cycles + (timing.code_miss_cycles if is_too_long else 0)
    shuffles = phase.shuffles * (timing.shuffle_cycles + timing.dependent_cycles)
    barriers = phase.barriers * (timing.barrier_cycles + timing.barrier_warp_cycles * warps)
    start = gpu.launch.warp_cycles * warps if phase is kernel.phases[0] else 0
    return float(max(of.longest * dependent, issue_cycles(gpu, of)) + shuffles + barriers + start)


def _trips(kernel: BoundRowKernel, phase: BoundPhase) -> list[tuple[BoundTrip, int, float]]:
    """Kinds of trip: of the lane that makes most of them, and of all warps of a row."""
    if phase.trip is None:
        return []
    lanes, found, whole = kernel.threads_per_row, [], phase.over
    if phase.rest is not None:
        left = whole % (lanes * phase.trip.words)
        whole -= left
        trips = left / lanes + bool(kernel.row_bytes % ALIGNED_BYTES)
        found.append((phase.rest, ceil(trips), trips * lanes / WARP))
    if whole:
        trips = ceil(whole / (lanes * phase.trip.words))
        # Threads beyond the end of a row issue nothing.
        narrow = trips * lanes / WARP
        found.append(
            (phase.trip, trips, narrow if lanes < WARP else ceil(whole / (WARP * phase.trip.words)))
        )
    return found
