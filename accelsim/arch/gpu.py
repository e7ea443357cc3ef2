"""A GPU: equal streaming multiprocessors (SMs) over an L2 cache and device memory, on one clock.

    HBM ── L2 ── L1, shared memory and registers of each SM ── pipes, tensor cores

An SM holds as many blocks of a kernel as its registers, shared memory and threads allow, and works
on them side by side. Its pipes give `lanes` results a cycle, its tensor cores `flop` a cycle, by
instruction family and word: `mma` (of a warp, from registers) is not `wgmma` (of four warps, from
shared memory).

What a datasheet says stands in `arch/gpu/NAME.yaml`; what it does not say was measured on one GPU
of a generation and stands in `arch/gpu/calibration/GENERATION.yaml`, which the first names; what
was measured on the machine itself stands in its own file and goes first. A generation of which none
was measured carries over another's. The source of every number says which it is.
"""

from collections import deque
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal

from accelsim.base.errors import ArchError, did_you_mean
from accelsim.base.notebook import InNotebook
from accelsim.base.record import Count, NonNegative, Positive, PositiveShare, Rate, Record, Share

WARP = 32
"""Threads of a warp."""

Dtype = Literal["bf16", "fp16", "fp32", "fp8"]
"""Words that kernels multiply."""


class Multiprocessor(Record):
    """What one SM has. `shared` is shared memory, of which L1 takes what is left of `l1`."""

    threads: Count
    blocks: Count
    registers: Count
    schedulers: Count
    l1_bytes: Positive
    shared_bytes: Positive
    shared_bandwidth: Rate
    port_bandwidth: Rate
    l1_latency_s: NonNegative
    source: str


class Pipe(Record):
    """`lanes` results a cycle in each SM, of any of these `operations`."""

    name: str
    lanes: Positive
    latency_cycles: NonNegative
    operations: tuple[str, ...]
    source: str


class Quoted(Record):
    """TFLOPS of the whole chip by word, as a datasheet prints them, and the clock they are for."""

    clock_hz: Positive
    tflops: dict[Dtype, Positive]


class TensorCores(Record):
    """FLOP a cycle in each SM by word, for one family of instructions of `warps` warps."""

    name: str
    flop: dict[Dtype, Positive]
    warps: Count
    latency_cycles: NonNegative
    quoted: Quoted | None = None
    source: str

    def rate(self, dtype: Dtype) -> float:
        """FLOP a cycle; an ArchError if this family does not multiply such words."""
        if dtype not in self.flop:
            known = f"It multiplies {', '.join(self.flop)}"
            raise ArchError(f"{self.name} does not multiply {dtype}", remedy=known)
        return float(self.flop[dtype])


class Level(Record):
    """L2 or device memory (HBM), as all SMs together see it.

    `tile_bandwidth` is that of tiles which neighbouring blocks read at the same time,
    `atomic_bandwidth` that of words to which all SMs add.
    `read` and `write` are the shares of its bandwidth that long reads and writes reach; in a mix,
    every byte of the lesser kind takes `turnaround` more. At most `dirty` bytes of a cache are
    lines that wait to be written back. Runs of bytes at places of their own reach a share
    `apart` of the rate of long reads, and take no less than `run` bytes would (`cost/gpu/dram.py`).
    """

    name: str
    capacity_bytes: Positive
    bandwidth: Rate
    tile_bandwidth: Rate | None = None
    atomic_bandwidth: Rate | None = None
    latency_s: NonNegative
    read: PositiveShare = 1
    write: PositiveShare = 1
    turnaround: NonNegative = 0
    dirty_bytes: NonNegative = 0
    apart: Share = 1
    run_bytes: NonNegative = 0
    source: str


class Launch(Record):
    """What starting and ending kernels takes.

    `floor` is of a call by itself, `replay` of a captured one that is replayed. `start` is a
    block's: from its parameters to its first products, and its result's way out.
    """

    floor_s: NonNegative
    replay_s: NonNegative
    start_s: Positive
    gap_s: NonNegative
    back_to_back_s: NonNegative
    block_s: NonNegative
    warp_cycles: NonNegative
    drain_s: NonNegative
    copy_s: NonNegative
    memset_s: NonNegative
    source: str


class Timing(Record):
    """How what runs side by side adds up; see `cost/gpu/overlap.py`.

    Instructions beyond `code` bytes take `code_miss` more; code longer than `far_code` bytes comes
    from L2, an instruction every `far_fetch`.
    """

    queueing: Positive
    servers: Positive
    reuse: PositiveShare
    reuse_power: Positive
    sweep: Share
    sweep_power: Positive
    dependent_cycles: Positive
    shuffle_cycles: Positive
    barrier_cycles: NonNegative
    barrier_warp_cycles: NonNegative
    turns: Share
    code_bytes: Positive
    code_miss_cycles: NonNegative
    far_code_bytes: Positive
    far_fetch_cycles: NonNegative
    source: str


class Products(Record):
    """What tiles of matrix products take besides FLOP and bytes; see `cost/gpu/product_time.py`.

    Each SM stores at `store_bandwidth`. A row of a tile that starts within a sector keeps L2
    `misaligned` times as long as one that starts at it. Of what neighbouring blocks without
    clusters read, L2 serves a share `asked`: the rest was on its way to another of them. Bytes of
    rows that are read a step at a time take device memory `strips` of a byte's time more.

    A block that counts its tiles takes none sooner than `count` after the last. A warpgroup that
    multiplies `alone` takes so many times as long as one of two. Lanes make `copies` (past
    registers), `loads` and stores (through them) of less than 16 bytes in each SM, so many a cycle,
    and reach `fma` of their rate, less `lane_step` cycles for each k.
    """

    alone: Positive
    store_bandwidth: Rate
    misaligned: Positive
    asked: Share
    strips: NonNegative
    count_s: NonNegative
    copies: Positive
    loads: Positive
    fma: PositiveShare
    lane_step_cycles: NonNegative
    part_s: NonNegative
    source: str


class Action(Record):
    """Energy of an action at the voltage of the highest clock."""

    name: str
    energy_pj: NonNegative
    source: str


class Burst(Record):
    """Calls with cold caches: `flush` seconds at `flush_power` before each, after a `warm_up`.

    At least `half` a burst goes by before its middle call; a board's clock settles exponentially.
    """

    flush_s: NonNegative
    flush_power_w: NonNegative
    warm_up_s: NonNegative
    half_s: NonNegative
    settling_s: Positive
    source: str


class Power(Record):
    """`constant` and, at the highest clock, `clock_tree` are drawn by a board that waits.

    The voltage is 1 - slope (1 - f / f max) of the highest clock's, never below `floor`. The board
    holds its mean power at `held` of the limit, and at once draws at most `peak` of it.
    """

    limit_w: Positive
    held: Share
    peak: Positive
    burst: Burst
    constant_w: NonNegative
    clock_tree_w: NonNegative
    voltage_slope: Share
    voltage_floor: Share
    actions: tuple[Action, ...]
    source: str

    def energy_pj(self, action: str) -> float:
        for each in self.actions:
            if each.name == action:
                return float(each.energy_pj)
        raise _unknown("energy", action, [each.name for each in self.actions])


class Gpu(Record, InNotebook):
    """A machine whose kernels are blocks on SMs."""

    html_by: ClassVar[str] = "accelsim.arch.html"

    about: str
    source: str
    notes: str = ""
    calibration: str = ""
    generation: str
    clock_hz: Positive
    sms: Count
    cluster_sms: Count
    sm: Multiprocessor
    pipes: tuple[Pipe, ...]
    tensor: tuple[TensorCores, ...]
    memories: tuple[Level, ...]
    launch: Launch
    timing: Timing
    products: Products
    power: Power

    @property
    def l2(self) -> Level:
        return self.memory("L2")

    @property
    def hbm(self) -> Level:
        return self.memory("HBM")

    @cached_property
    def chip(self) -> "Gpu":
        """Itself without what its blocks do not see: the bandwidth of device memory, and power.

        GPUs that differ in nothing else have the same object, by which results can be kept.
        """
        hbm = self.hbm.model_copy(update={"bandwidth": None})
        memories = tuple(hbm if level.name == hbm.name else level for level in self.memories)
        return _same(self.model_copy(update={"memories": memories, "power": None}), _CHIPS)

    @cached_property
    def lanes(self) -> "Gpu":
        """Its pipes and tensor cores in cycles: an SM without a clock, nor anything around it.

        GPUs that differ in nothing else have the same object.
        """
        shared = Rate(bytes_per_cycle=self.sm.shared_bandwidth.per_cycle(self.clock_hz))
        sm = self.sm.model_copy(update={"shared_bandwidth": shared, "port_bandwidth": None})
        around = dict.fromkeys(("clock_hz", "sms", "cluster_sms", "launch", "power"))
        return _same(self.model_copy(update={**around, "sm": sm, "memories": ()}), _LANES)

    def memory(self, name: str) -> Level:
        for level in self.memories:
            if level.name == name:
                return level
        raise _unknown("memory", name, [level.name for level in self.memories])

    def pipe(self, operation: str) -> Pipe:
        """The pipe that does an operation."""
        for pipe in self.pipes:
            if operation in pipe.operations:
                return pipe
        known = [operation for pipe in self.pipes for operation in pipe.operations]
        raise _unknown("pipe for", operation, known)

    def cores(self, name: str) -> TensorCores:
        for cores in self.tensor:
            if cores.name == name:
                return cores
        raise _unknown("tensor instruction", name, [cores.name for cores in self.tensor])


_CHIPS: deque[Gpu] = deque(maxlen=16)
_LANES: deque[Gpu] = deque(maxlen=16)
"""Those of GPUs that were asked for last."""


def _same(gpu: Gpu, known: deque[Gpu]) -> Gpu:
    """The known one that equals it, or itself, which is known from now on."""
    found = next((each for each in known if each == gpu), None)
    if found is None:
        known.append(gpu)
    return found or gpu


def rate_per_s(rate: Rate, gpu: Gpu) -> float:
    """Bytes a second at the highest clock."""
    return float(rate.per_second(gpu.clock_hz))


def resident_blocks(gpu: Gpu, threads: int, registers: int, shared_bytes: float) -> int:
    """Blocks of a kernel that one SM holds: registers are given out by eights a thread."""
    sm = gpu.sm
    limits = [
        sm.blocks,
        sm.threads // threads,
        sm.registers // (-(-registers // 8) * 8 * -(-threads // WARP) * WARP),
    ]
    if shared_bytes:
        # A block's shared memory carries 1 KiB of the system's.
        limits.append(int(sm.shared_bytes // (shared_bytes + 1024)))
    return max(1, min(limits))


def sources(gpu: Gpu) -> Mapping[str, str]:
    """Where every part's numbers come from."""
    groups: Mapping[str, tuple[Pipe | TensorCores | Level | Action, ...]] = {
        "pipes": gpu.pipes,
        "tensor": gpu.tensor,
        "memories": gpu.memories,
        "power.actions": gpu.power.actions,
    }
    own = {"gpu": gpu.source, "sm": gpu.sm.source, "launch": gpu.launch.source}
    own |= {"timing": gpu.timing.source, "products": gpu.products.source}
    own |= {"power": gpu.power.source}
    own |= {"power.burst": gpu.power.burst.source}
    parts = ((f"{group}.{part.name}", part.source) for group in groups for part in groups[group])
    return own | dict(parts)


def _unknown(kind: str, name: str, known: list[str]) -> ArchError:
    remedy = did_you_mean(name, known) or f"It has {', '.join(known)}"
    return ArchError(f"the GPU has no {kind} {name!r}", remedy=remedy)
