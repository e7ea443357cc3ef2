"""Seconds of a kernel of matrix products from its tiles: one tile's step, one SM, the whole chip.

    step     the longest of products, of loads into the SM, of every SM's loads out of L2
    main     waves · steps · step
    alone    (latency + step of a block that has the SM to itself) / steps asked for ahead
    seconds  start + served(main + stores, device memory)

An operand's tile is loaded from L2 once a cluster (multicast) but fills every SM of it. A wave is a
tile on every slot of the chip; blocks that share an SM share its pipes, and of the last wave only
as many as are left. No block is faster than it would be alone: it asks for the bytes of a step when
it has done the one `stages` - 1 before it, and its warps may be too few for all schedulers. What
lies beyond the edges of an operand is not loaded. Numbers here may be arrays over candidates.
"""

from dataclasses import dataclass
from functools import partial

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.base.entrywise import Number, longer, shorter
from accelsim.cost.gpu.dram import dram_seconds
from accelsim.cost.gpu.product_shape import Shape, Tiling, ceil
from accelsim.mapping.fused_kernel import SYSTEM_BYTES
from accelsim.mapping.product_kernel import Family, ProductKernel

PARTIAL_BYTES = 4
"""A word of a sum that is not yet complete."""
WIDE_BYTES = 16
"""A lane's widest access."""
PAIR = 2
"""SMs of the largest cluster that fits anywhere."""
COUNTED = 2
"""Tiles of a block that it takes without counting."""


@dataclass(frozen=True)
class Run:
    """What a kernel does with a tiling, for its time at any clock.

    Cycles and `l2_s` are those of one step, of one tile and of all that run; `lone_cycles` are the
    products' of a tile that has the SM to itself. Bytes take `wait_s` to
    come; `ahead` steps are asked for before they are needed. In each wave but the last, `shared_by`
    blocks share an SM.
    """

    tiles: Number
    slots: Number
    waves: Number
    steps: Number
    multiply_cycles: Number
    lone_cycles: Number
    fill_cycles: Number
    store_cycles: Number
    shared_by: Number
    last_shared_by: Number
    ahead: Number
    wait_s: float
    begin_s: float
    l2_bytes: Number
    l2_s: Number
    last_l2_s: Number
    memory_s: Number
    store_s: Number
    count_s: Number
    start_s: float


def run_of(
    gpu: Gpu,
    kernel: ProductKernel,
    family: Family,
    shape: Shape,
    tiling: Tiling,
    read_bytes: Number,
    written_bytes: float,
) -> Run:
    """The tiles of a call on the SMs of a GPU, with these bytes of device memory."""
    tiles, slots = _tiles(shape, tiling), _slots(gpu, tiling)
    waves = ceil(tiles, slots)
    left = tiles - (waves - 1) * slots
    step_words = family.step_bytes // shape.word
    steps = ceil(ceil(shape.k, step_words), tiling.split)
    # The last step may be a part of one: its bytes are not loaded.
    filled = family.step_bytes * shape.k / (steps * tiling.split * step_words)
    tile_l2_s = filled * _l2_seconds_a_byte(gpu, family, shape, tiling)
    multiplied = partial(multiply_cycles, gpu, kernel, family, shape, tiling, step_words)
    latency = gpu.hbm.latency_s * shorter(read_bytes / shape.reads, 1.0) + gpu.l2.latency_s
    return Run(
        tiles=tiles,
        slots=slots,
        waves=waves,
        steps=steps,
        multiply_cycles=multiplied(1.0),
        lone_cycles=multiplied(tiling.fills),
        fill_cycles=fill_cycles(gpu, family, filled * sum(loaded_rows(shape, tiling))),
        store_cycles=store_cycles(gpu, family, shape, tiling),
        shared_by=shorter(tiling.resident, ceil(tiles, gpu.sms)),
        last_shared_by=ceil(left, gpu.sms),
        ahead=_stages(gpu, family, tiling) - 1,
        wait_s=latency,
        begin_s=0.0 if family.persistent else latency,
        l2_bytes=filled * sum(_l2_rows(shape, tiling)) * steps * tiles,
        l2_s=tile_l2_s * shorter(tiles, slots),
        last_l2_s=tile_l2_s * left,
        memory_s=_memory_s(gpu, read_bytes, written_bytes)
        + strips_seconds(gpu, family, shape, read_bytes),
        store_s=_store_s(gpu, shape, tiling),
        count_s=family.persistent * (waves > COUNTED) * waves * gpu.products.count_s,
        start_s=gpu.launch.start_s,
    )


def _memory_s(gpu: Gpu, read_bytes: Number, written_bytes: float) -> Number:
    """As `dram.dram_seconds`, of numbers or arrays: it is linear up to as many reads as writes."""
    both = shorter(read_bytes, written_bytes)
    a_pair = dram_seconds(gpu, 1.0, 1.0)
    a_read, a_write = dram_seconds(gpu, 1.0, 0.0), dram_seconds(gpu, 0.0, 1.0)
    return both * a_pair + (read_bytes - both) * a_read + (written_bytes - both) * a_write


def served(gpu: Gpu, a: Number, b: Number) -> Number:
    """As `overlap.served`, of numbers or arrays."""
    power = gpu.timing.servers
    return (a**power + b**power) ** (1 / power)


def seconds(gpu: Gpu, run: Run, clock_hz: float) -> Number:
    tiles_an_sm = (run.waves - 1) * run.shared_by + run.last_shared_by
    stores = longer(run.store_s, tiles_an_sm * run.store_cycles / clock_hz)
    in_sms = longer(main_seconds(run, clock_hz) + stores, run.count_s)
    return run.start_s + served(gpu, in_sms, run.memory_s)


def main_seconds(run: Run, clock_hz: float) -> Number:
    """Of the steps of all waves, and of what a block that begins waits for its first bytes."""
    busy = longer(run.multiply_cycles, run.fill_cycles) / clock_hz
    lone = longer(run.lone_cycles, run.fill_cycles) / clock_hz
    alone = longer(lone, (run.wait_s + lone) / run.ahead)
    full, last = longer(run.shared_by * busy, alone), longer(run.last_shared_by * busy, alone)
    steps = (run.waves - 1) * longer(full, run.l2_s) + longer(last, run.last_l2_s)
    return run.steps * steps + (run.waves - 1) * run.begin_s


def multiply_cycles(
    gpu: Gpu,
    kernel: ProductKernel,
    family: Family,
    shape: Shape,
    tiling: Tiling,
    step_words: int,
    fills: Number,
) -> Number:
    """Cycles that the products of one step of one tile take where warps fill so much of an SM."""
    results = tiling.n * tiling.m
    if kernel.instruction == "fma":
        lanes = gpu.pipe("mac").lanes * gpu.products.fma * fills
        return step_words * (
            results / lanes * (1 + tiling.reads / tiling.products) + gpu.products.lane_step_cycles
        )
    cycles = 2 * results * step_words / gpu.cores(kernel.instruction).rate(shape.dtype)
    read = _read_rows(family, tiling) * step_words * shape.word
    return longer(cycles * tiling.slower, read / gpu.sm.shared_bandwidth.per_cycle(gpu.clock_hz))


def _read_rows(family: Family, tiling: Tiling) -> Number:
    """Of a tile's operands, that come from shared memory for each k: every instruction of wgmma
    reads its columns again, every warp its own."""
    of_instruction = family.rows_of_instruction
    if of_instruction is None:
        return tiling.warp_rows
    rows = tiling.along_n * tiling.n + (1 - tiling.along_n) * tiling.m
    return rows + ceil(rows, of_instruction) * (tiling.n + tiling.m - rows)


def loaded_rows(shape: Shape, tiling: Tiling) -> tuple[Number, Number]:
    """Of a tile's sides along N and M, on average: beyond the edges there are none."""
    if not shape.trimmed:
        return tiling.n, tiling.m
    return shape.n / ceil(shape.n, tiling.n), shape.m / ceil(shape.m, tiling.m)


def fill_cycles(gpu: Gpu, family: Family, tile_bytes: Number) -> Number:
    """Cycles in which the bytes of one step of one tile come into the SM."""
    port = tile_bytes / gpu.sm.port_bandwidth.per_cycle(gpu.clock_hz)
    if family.alignment_bytes >= WIDE_BYTES:
        return port
    rate = gpu.products.loads if family.loads == "registers" else gpu.products.copies
    return longer(port, tile_bytes / family.alignment_bytes / rate)


def store_cycles(gpu: Gpu, family: Family, shape: Shape, tiling: Tiling) -> Number:
    """Cycles in which lanes store one tile, where they store less than 16 bytes each."""
    if family.alignment_bytes >= WIDE_BYTES:
        return 0.0
    lanes = tiling.n * tiling.m * shape.out / longer(family.alignment_bytes, shape.out)
    return lanes / gpu.products.loads


def stored_bytes(shape: Shape, tiling: Tiling) -> Number:
    """Results, or where K is split the partial sums of every part."""
    results = shape.b * shape.m * shape.n
    is_split = tiling.split > 1
    return float(results) * (shape.out + is_split * (PARTIAL_BYTES * tiling.split - shape.out))


def store_rate(gpu: Gpu) -> float:
    """Bytes a second that all SMs store."""
    return rate_per_s(gpu.products.store_bandwidth, gpu) * gpu.sms


def _tiles(shape: Shape, tiling: Tiling) -> Number:
    along_n = ceil(ceil(shape.n, tiling.n), tiling.cluster_n) * tiling.cluster_n
    along_m = ceil(ceil(shape.m, tiling.m), tiling.cluster_m) * tiling.cluster_m
    return along_n * along_m * shape.b * tiling.split


def _slots(gpu: Gpu, tiling: Tiling) -> Number:
    """Tiles that are on the chip at once: large clusters do not fill every group of SMs."""
    small = tiling.cluster_n * tiling.cluster_m <= PAIR
    return (gpu.sms * small + gpu.cluster_sms * (1 - small)) * tiling.resident


def _stages(gpu: Gpu, family: Family, tiling: Tiling) -> Number:
    if family.stages:
        return family.stages
    room = gpu.sm.shared_bytes - SYSTEM_BYTES
    return longer(2, room // ((tiling.n + tiling.m) * family.step_bytes))


def _l2_rows(shape: Shape, tiling: Tiling) -> tuple[Number, Number]:
    """Rows of a step that leave L2 for one tile, along N and M: once a cluster."""
    n, m = loaded_rows(shape, tiling)
    return n / tiling.cluster_m, m / tiling.cluster_n


def _l2_seconds_a_byte(gpu: Gpu, family: Family, shape: Shape, tiling: Tiling) -> Number:
    """L2's, for one tile alone and one byte of each of its rows."""
    n, m = _l2_rows(shape, tiling)
    if family.alignment_bytes < WIDE_BYTES or gpu.l2.tile_bandwidth is None:
        return (n + m) / rate_per_s(gpu.l2.bandwidth, gpu)
    rows = n * _turns(gpu, shape.within_n) + m * _turns(gpu, shape.within_m)
    return rows * _asked(gpu, shape, tiling) / rate_per_s(gpu.l2.tile_bandwidth, gpu)


def _turns(gpu: Gpu, within: float) -> float:
    """Times as long as L2 takes for rows of which such a share starts within a sector."""
    return 1 + within * float(gpu.products.misaligned - 1)


def _asked(gpu: Gpu, shape: Shape, tiling: Tiling) -> Number:
    """Share of their bytes for which tiles ask L2: clusters have shared theirs already."""
    tiles = ceil(shape.n, tiling.n) * ceil(shape.m, tiling.m)
    shares = (tiling.cluster_n * tiling.cluster_m == 1) * (tiles > 1)
    return 1 - shares * float(1 - gpu.products.asked)


def strips_seconds(gpu: Gpu, family: Family, shape: Shape, read_bytes: Number) -> Number:
    """What device memory loses on rows along K that are read a step at a time."""
    if shape.k * shape.word <= family.step_bytes:
        return 0.0
    strips = float(gpu.products.strips) * shape.along_k
    return strips * read_bytes / rate_per_s(gpu.hbm.bandwidth, gpu)


def _store_s(gpu: Gpu, shape: Shape, tiling: Tiling) -> Number:
    """Results on their way to L2."""
    return _turns(gpu, shape.within_out) * stored_bytes(shape, tiling) / store_rate(gpu)
