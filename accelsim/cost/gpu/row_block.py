"""Blocks of a row-wise kernel: how they lie on the SMs, where they find their rows, what they do.

    rounds   blocks / (SMs · resident); waves are whole rounds
    between  bytes that the resident blocks touch before one comes back to its row:
             resident rows · row · (1 + 1 / passes); of an SM for L1, of the chip for L2
    trips    of a lane: ⌈over / (threads a row · words)⌉, each as long as the way to the row, unless
             several are under way
    issue    instructions of all warps, a cycle each on the SM's schedulers, beside the special ones

A block alone takes, phase by phase and trip by trip: a warp's instructions, each waiting for the
one before (not less than the issue of all its warps), shuffles and barriers, and the trips' way. In
the last trip of a row a part of the warps is busy.
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
    shared_s: float
    weights_s: float

    @property
    def misses(self) -> float:
        return (1 - self.l1) * (1 - self.l2)

    def seconds(self, phase: BoundPhase) -> float:
        ways = {"row": self.first_s, "again": self.again_s, "shared": self.shared_s, None: 0.0}
        own = ways[phase.reads]
        return max(own, self.weights_s) if phase.weights else own


@dataclass(frozen=True)
class Step:
    """`times` the same: instructions of a warp, and all warps' of them, `special` ones too."""

    times: float
    of_warp: float
    issued: float
    special: float = 0.0


@dataclass(frozen=True)
class Load:
    """What a phase takes of a block, step after step."""

    steps: tuple[Step, ...]
    round_trips: float
    shared_bytes: float

    @property
    def issued(self) -> float:
        return sum(step.times * step.issued for step in self.steps)

    @property
    def special(self) -> float:
        return sum(step.times * step.special for step in self.steps)


def grid(gpu: Gpu, kernel: BoundRowKernel, rows: int) -> Grid:
    blocks = ceil(rows / kernel.rows_per_block)
    resident = resident_blocks(gpu, kernel.threads, kernel.registers, kernel.shared_bytes)
    of_sm, rounds = ceil(blocks / gpu.sms), blocks / (gpu.sms * resident)
    return Grid(blocks, resident, min(resident, of_sm), rounds, ceil(rounds), of_sm)


def reach(gpu: Gpu, kernel: BoundRowKernel, rows: int, on: Grid, cold: bool) -> Reach:
    l2_s, hbm_s, l1_s = (
        float(gpu.l2.latency_s),
        float(gpu.hbm.latency_s),
        float(gpu.sm.l1_latency_s),
    )
    between = kernel.row_bytes * kernel.rows_per_block * (1 + 1 / kernel.passes)
    l1_bytes = float(gpu.sm.l1_bytes) - kernel.shared_bytes * on.on_sm
    l1 = kept(gpu, on.on_sm * between, l1_bytes)
    l2 = kept(gpu, min(on.blocks, on.on_sm * gpu.sms) * between, float(gpu.l2.capacity_bytes))
    warm = found_in_l2(gpu, rows * kernel.row_bytes * (1 + kernel.stores), cold)
    first_s = warm * l2_s + (1 - warm) * hbm_s
    again_s = l1 * l1_s + (1 - l1) * (l2 * l2_s + (1 - l2) * hbm_s)
    # The weights are the same for every row: the first wave fetches them.
    weights_s = (first_s + (on.waves - 1) * l2_s) / on.waves
    return Reach(warm, l1, l2, first_s, again_s, l1_s, weights_s)


def load(kernel: BoundRowKernel, phase: BoundPhase) -> Load:
    warps = ceil(kernel.threads / WARP)
    once = Step(1, phase.once + phase.first_warp, phase.once * warps + phase.first_warp)
    steps, round_trips = [once], 0.0
    for trip, of_warps in _trips(kernel, phase):
        whole, part = divmod(of_warps, kernel.threads_per_row / WARP)
        steps += _steps(kernel, trip, whole, part)
        trips = (whole + bool(part)) * kernel.rows_per_warp
        round_trips += max(1.0, trips / phase.under_way)
    is_shared = kernel.row_in_shared and phase.reads is not None
    shared_bytes = kernel.rows_per_block * kernel.row_bytes * is_shared
    return Load(tuple(steps), round_trips, shared_bytes)


def issue_cycles(gpu: Gpu, of: Load) -> float:
    """Of an SM, for one block."""
    shared = of.shared_bytes / gpu.sm.shared_bandwidth.per_cycle(gpu.clock_hz)
    return served(gpu, of.issued / gpu.sm.schedulers, special_cycles(gpu, of.special), shared)


def special_cycles(gpu: Gpu, instructions: float) -> float:
    return instructions * WARP / float(gpu.pipe("exp").lanes)


def alone_cycles(gpu: Gpu, kernel: BoundRowKernel, phase: BoundPhase, of: Load) -> float:
    """Of one block, beside its trips' way."""
    timing, warps = gpu.timing, ceil(kernel.threads / WARP)
    is_too_long = kernel.code_bytes > timing.code_bytes
    dependent = timing.dependent_cycles + (timing.code_miss_cycles if is_too_long else 0)
    steps = sum(step.times * _step_cycles(gpu, step, dependent) for step in of.steps)
    shuffles = phase.shuffles * (timing.shuffle_cycles + timing.dependent_cycles)
    barriers = phase.barriers * (timing.barrier_cycles + timing.barrier_warp_cycles * warps)
    start = gpu.launch.warp_cycles * warps if phase is kernel.phases[0] else 0
    return float(steps + shuffles + barriers + start)


def _step_cycles(gpu: Gpu, step: Step, dependent: float) -> float:
    """The longest warp waits for itself, or all of them for the schedulers."""
    issue = served(gpu, step.issued / gpu.sm.schedulers, special_cycles(gpu, step.special))
    return max(step.of_warp * dependent, issue)


def _trips(kernel: BoundRowKernel, phase: BoundPhase) -> list[tuple[BoundTrip, float]]:
    """Kinds of trip, and how many of them the warps of a row make together."""
    if phase.trip is None:
        return []
    lanes, found, whole = kernel.threads_per_row, [], phase.over
    if phase.rest is not None:
        left = whole % (lanes * phase.trip.words)
        whole -= left
        extra = lanes * bool(kernel.row_bytes % ALIGNED_BYTES)
        found.append((phase.rest, (left + extra) / WARP))
    if whole:
        # A warp whose lanes are all beyond the end of the row issues nothing.
        most = min(lanes, WARP)
        found.append((phase.trip, ceil(whole / (most * phase.trip.words)) * most / WARP))
    return found


def _steps(kernel: BoundRowKernel, trip: BoundTrip, whole: float, part: float) -> list[Step]:
    """So many trips of all warps of a row, and one that a part of them makes."""
    of_warp = trip.instructions * kernel.rows_per_warp
    sizes = ((whole, kernel.threads_per_row / WARP), (1, part))
    return [
        Step(
            times,
            of_warp,
            trip.instructions * warps * kernel.rows_per_block,
            trip.special * warps * kernel.rows_per_block,
        )
        for times, warps in sizes
        if times and warps
    ]
