"""Which tiles a library takes for a product: those that it expects to be fastest.

All tilings of all families that take such rows are timed side by side, as arrays, with cold caches
at the clock that the library plans with, as if every row started at a sector, every tile were whole
and no step waited for memory. Of those that take as long, the one that moves the fewest bytes is
taken. K is split only where the parts stay within the kernel's limits, and never in a batch.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from accelsim.arch.gpu import WARP, Gpu, resident_blocks
from accelsim.base.entrywise import Number
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.dram import written_back
from accelsim.cost.gpu.product_bytes import read_bytes
from accelsim.cost.gpu.product_shape import Shape, Tiling, ceil
from accelsim.cost.gpu.product_time import COUNTED, Run, run_of, seconds, store_rate, stored_bytes
from accelsim.mapping.fused_kernel import SYSTEM_BYTES
from accelsim.mapping.product_kernel import Family, ProductKernel, Tile, shapes


class OnSm(NamedTuple):
    """What an SM makes of a family's tiles: blocks of each at once, and how one fares `alone`."""

    resident: tuple[int, ...]
    schedulers: int
    alone: float


ALIKE = 1.02
"""Times that are no reason to move more bytes."""


def chosen(
    gpu: Gpu, kernel: ProductKernel, families: tuple[Family, ...], shape: Shape
) -> tuple[Family, Tiling]:
    """The fastest family and tiling."""
    shape = shape.as_planned()
    written = written_back(gpu, shape.reads, shape.writes, cold=True)
    clock_hz = float(kernel.planned * gpu.clock_hz)
    found = []
    for family in families:
        tilings = allowed(gpu, family, shape)
        if not len(tilings.n):
            continue
        read = read_bytes(gpu, shape, tilings)
        run = run_of(gpu, kernel, family, shape, tilings, read, written)
        run = replace(run, wait_s=0.0, begin_s=0.0)
        times = seconds(gpu, run, clock_hz) + memset_seconds(gpu, family, run)
        least, moved = reduction_seconds(gpu, shape, tilings)
        times = times + (tilings.split > 1) * (gpu.launch.gap_s + least + moved)
        alike = times <= ALIKE * times.min()
        index = int(np.argmin(np.where(alike, run.l2_bytes, np.inf)))
        found.append((times[index], family, tilings.at(index)))
    if not found:
        fact = f"an SM has no room for any tile of the {kernel.instruction} kernel"
        raise MappingError(fact, remedy="Take a GPU with larger SMs")
    _, family, tiling = min(found, key=lambda each: each[0])
    return family, tiling


def memset_seconds(gpu: Gpu, family: Family, run: Run) -> Number:
    """Of the counter from which blocks take their tiles."""
    return family.persistent * (run.waves > COUNTED) * gpu.launch.memset_s


def reduction_seconds(gpu: Gpu, shape: Shape, tiling: Tiling) -> tuple[Number, Number]:
    """What summing the parts of K takes at least, and for the bytes that it moves."""
    moved = stored_bytes(shape, tiling) + shape.writes
    return tiling.split * gpu.products.part_s, moved / store_rate(gpu)


def allowed(gpu: Gpu, family: Family, shape: Shape) -> Tiling:
    """The candidates of a family, those that split K within its limits."""
    resident = tuple(_resident(gpu, family, tile) for tile in family.tiles)
    on_sm = OnSm(resident, gpu.sm.schedulers, float(gpu.products.alone))
    whole = _candidates(family, shape.dtype, on_sm, (1,))
    steps = ceil(shape.k * shape.word, family.step_bytes)
    splits = family.splits
    parts = tuple(part for part in splits.parts if 1 < part <= steps // splits.steps)
    if not parts or (shape.b > 1 and not splits.batches):
        return whole
    split = _candidates(family, shape.dtype, on_sm, parts)
    tiles = shape.b * ceil(shape.n, split.n) * ceil(shape.m, split.m)
    split = split.where(tiles * split.split <= splits.waves * gpu.sms * split.resident)
    return whole.beside(split) if 1 in splits.parts else split


def _resident(gpu: Gpu, family: Family, tile: Tile) -> int:
    """Blocks on an SM; 0 if it has no room for one."""
    stages = family.stages or 1
    shared_bytes = (tile.n + tile.m) * family.step_bytes * stages
    if shared_bytes + SYSTEM_BYTES > gpu.sm.shared_bytes:
        return 0
    return resident_blocks(gpu, tile.threads, tile.registers, shared_bytes)


@lru_cache(maxsize=64)
def _candidates(family: Family, dtype: str, on_sm: OnSm, parts: tuple[int, ...]) -> Tiling:
    rows = [
        (n, m, along_n, *cluster, split, *rest)
        for n, m, along_n, *rest in _shapes(family, dtype, on_sm)
        for cluster in family.clusters
        for split in parts
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(fields(Tiling))
    return Tiling(*(np.array(column) for column in columns))


def _shapes(family: Family, dtype: str, on_sm: OnSm) -> Iterator[tuple[float, ...]]:
    """What a tiling has but for clusters and splits."""
    for tile, blocks in zip(family.tiles, on_sm.resident, strict=True):
        if not blocks:
            continue
        fills = min(1.0, tile.threads / (WARP * on_sm.schedulers))
        slower = on_sm.alone if tile.alone else 1.0
        along_n, (across, down) = int(tile.along == "n"), tile.warps or (0, 0)
        read = tile.n * down + tile.m * across
        yield tile.n, tile.m, along_n, blocks, slower, tile.products, tile.reads, fills, read
    if family.rule is not None:
        for n, m, along_n in shapes(family.rule):
            slower = on_sm.alone if family.rule.is_alone(n, m, dtype) else 1.0
            yield n, m, int(along_n), 1, slower, 1, 0, 1.0, 0
