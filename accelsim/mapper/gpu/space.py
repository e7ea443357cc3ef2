"""Which attention kernels are looked at: every build that an SM has room for, dealt in every way.

mma          4, 8 or 16 warps (an SM's schedulers must all have some), each of 16, 32 or 64 rows, or
             several of the same 16
wgmma,       1 to 4 warpgroups of 64 rows, beside one that fetches; 1 to 3 blocks an SM; weights in
tcgen05      registers or through shared memory
keys         of a tile: multiples of what an instruction sums over (32 bytes), up to the 256 columns
             of the widest
stages       of keys and values: 1 to 4. With one, keys come while values are used, and turned about
             (that is half a step; a quarter where warpgroups overlap, since the first to need the
             next keys is half a step before the last to read these). Tiles must come in time:
                 steps ahead · cycles of a step ≥ latency + bytes / the SM's port,
             of all blocks of an SM; where device memory is the bound, as many bytes must be on
             their way as keep it busy (rate · latency)
order        blocks of a tile each; one an SM that draws tiles from a queue, in order or the longest
             first (where a warpgroup fetches ahead); or ones that share out all steps (stream-K)
splits       of keys, for plain and queued blocks: 2^n and 3 · 2^n up to 128, two tiles each or more
fold         where heads share keys: query heads of a group as rows, or not
"""

from collections.abc import Iterator
from itertools import product

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.cost.gpu.attention_least import LeastAttention
from accelsim.mapper.gpu.design import INSTRUCTION_ROWS, WARPGROUP, Build, Design, Order
from accelsim.workload.calls import WORD_BYTES, Sdpa

WARPS = (4, 8, 16)
ROWS = (16, 32, 64)
"""Of a warp."""
SHARED_ROWS = (16, 32, 64)
"""Of a block whose warps divide keys."""
GROUPS = (1, 2, 3, 4)
RESIDENT = (1, 2, 3)
MOST_KEYS = 256
SUMMED_BYTES = 32
"""PTX, mma and wgmma: k = 16 words of 2 bytes, 32 of 1."""
STAGES = (4, 3, 2, 1)
"""Of as fast kernels the first is taken: the one whose tiles come earliest."""
SPLITS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
TILES_A_SPLIT = 2
SPACE = (
    "kernels of one attention tile a step: instruction, warps, queries and keys of a tile, stages, "
    "weights in registers or shared memory, order of the blocks, splits, heads as rows"
)


def builds(call: Sdpa, gpu: Gpu) -> Iterator[Build]:
    """Those that an SM has room for."""
    word = WORD_BYTES[call.dtype]
    summed = SUMMED_BYTES // word
    features = -(-call.e // summed) * summed
    for cores in gpu.tensor:
        if call.dtype in cores.flop:
            found = _of_warps if cores.name == "mma" else _of_groups
            for queries, warps, resident, shared in found():
                for keys, stages in product(range(summed, MOST_KEYS + 1, summed), STAGES):
                    build = Build(
                        cores.name, queries, keys, features, word, warps, stages, shared, resident
                    )
                    if keys % (summed * build.dividing) == 0 and build.has_room(gpu):
                        yield build


Blocks = tuple[int, int, int, bool]
"""Queries, warps that multiply, blocks of an SM, weights through shared memory."""


def _of_warps() -> Iterator[Blocks]:
    for warps in WARPS:
        rows = {warps * each for each in ROWS}
        few = {each for each in SHARED_ROWS if each < INSTRUCTION_ROWS * warps}
        for queries in sorted(rows | few):
            yield queries, warps, 1, False


def _of_groups() -> Iterator[Blocks]:
    for groups, resident, shared in product(GROUPS, RESIDENT, (False, True)):
        yield WARPGROUP * INSTRUCTION_ROWS * groups, WARPGROUP * groups, resident, shared


def designs(build: Build, call: Sdpa, fold: bool) -> Iterator[Design]:
    """All ways to deal its blocks."""
    tiles = -(-call.m // build.keys)
    splits = [each for each in SPLITS if each == 1 or each * TILES_A_SPLIT <= tiles]
    for order, each in product(_orders(build), splits):
        yield Design(build, order, fold, each)
    yield Design(build, "stream_k", fold, 1)


def _orders(build: Build) -> tuple[Order, ...]:
    is_queued = build.is_fetched and build.resident == 1
    return ("plain", "in_order", "longest_first") if is_queued else ("plain",)


def folds(call: Sdpa) -> tuple[bool, ...]:
    return (False, True) if call.h > call.g else (False,)


def comes_in_time(build: Build, work: LeastAttention) -> bool:
    """Whether the next tiles are there when they are needed."""
    gpu, resident = work.gpu, work.resident
    ahead = float(build.stages - 1) or (0.25 if build.takers > 1 else 0.5)
    moved = build.keys * build.features * build.word * (1 if build.stages == 1 else 2)
    latency_s = float(gpu.hbm.latency_s + gpu.l2.latency_s)
    if work.is_memory_bound:
        in_flight = resident * moved * (ahead if build.stages > 1 else 1)
        return in_flight >= latency_s * rate_per_s(gpu.hbm.bandwidth, gpu) / gpu.sms
    computing_s = resident * work.step.busy / float(gpu.clock_hz)
    return ahead * computing_s >= latency_s + resident * moved / rate_per_s(
        gpu.sm.port_bandwidth, gpu
    )
