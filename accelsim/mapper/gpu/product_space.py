"""Which product kernels are looked at: every tile that an SM has room for, and what libraries ship.

tiles      `product_design.py`
steps      of K, in bytes: as shipped kernels take them (what a step costs besides its products and
           bytes is not counted, so that others would win by that)
stages     2 and more: for each number of blocks on an SM as many as shared memory holds; through
           registers 2 (the next step is on its way)
clusters   of up to 8 SMs, which read what they share once (wgmma, tcgen05)
splits     of K, batches too: 2^n and 3 · 2^n, and 5, 7, 10, 14, up to 64, within four waves
blocks     persistent, taking tiles in turn (wgmma, tcgen05), or a tile each

Kernels of FP32 units are looked at where no tensor cores multiply such words.
"""

from collections.abc import Iterator

from accelsim.arch.gpu import Gpu, resident_blocks
from accelsim.mapper.gpu.product_design import has_room, tiles
from accelsim.mapping.product_kernel import (
    Family,
    Loads,
    Product,
    ProductKernel,
    Splits,
    Tile,
    alignment_bytes,
    kernels_for,
)

STEPS = {"wgmma": (128,), "tcgen05": (128,), "mma": (64, 128, 256), "fma": (32,)}
CLUSTERS = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (4, 1), (2, 4), (4, 2), (1, 8), (8, 1))
"""Along N and M. CUDA programming guide, thread block clusters: 8 blocks anywhere."""
INSTRUCTION_ROWS = {"wgmma": 64, "tcgen05": 256}
"""PTX, wgmma; tcgen05.mma with cta_group 2."""
PARTS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64)
WAVES = 4
THROUGH_REGISTERS = 2
COPIED_BYTES = 4
"""PTX, cp.async: 4, 8 or 16 bytes."""
WIDE_BYTES = 16
SPACE = (
    "kernels of one product: instruction, tile, warps, stages, clusters, splits of K, blocks that "
    "stay or not"
)


def kernels(call: Product, gpu: Gpu) -> Iterator[ProductKernel]:
    """One for each instruction: all families of the space, and those that are shipped."""
    shipped = list(kernels_for(call, gpu))
    aligned = alignment_bytes(call)
    for kernel in [each for each in shipped if each.instruction != "fma"] or shipped:
        is_bulk = kernel.instruction in ("wgmma", "tcgen05")
        own = tuple(_families(kernel.instruction, WIDE_BYTES if is_bulk else aligned, gpu))
        yield kernel.model_copy(update={"families": (*own, *kernel.families_for(call))})


def _families(instruction: str, aligned: int, gpu: Gpu) -> Iterator[Family]:
    is_bulk = instruction in ("wgmma", "tcgen05")
    narrow: Loads = "copies" if aligned >= COPIED_BYTES else "registers"
    loads: Loads = "bulk" if is_bulk else narrow
    for step in STEPS[instruction]:
        staged: dict[int, list[Tile]] = {}
        for tile in tiles(instruction, step, loads):
            for stages in _stages(tile, step, loads, gpu):
                staged.setdefault(stages, []).append(tile)
        for stages, own in sorted(staged.items()):
            for is_persistent in (True, False) if is_bulk else (False,):
                yield Family(
                    alignment_bytes=aligned,
                    loads=loads,
                    step_bytes=step,
                    stages=stages,
                    persistent=is_persistent,
                    tiles=tuple(own),
                    instruction_rows=INSTRUCTION_ROWS.get(instruction),
                    clusters=CLUSTERS if is_bulk else CLUSTERS[:1],
                    splits=Splits(parts=PARTS, steps=1, waves=WAVES, batches=True),
                )


def _stages(tile: Tile, step_bytes: int, loads: str, gpu: Gpu) -> Iterator[int]:
    """Those with which a block more would not fit: of as many blocks more stages are no slower."""
    stage = (tile.n + tile.m) * step_bytes
    if loads == "registers":
        yield from (THROUGH_REGISTERS,) * has_room(tile, THROUGH_REGISTERS * stage, gpu)
        return
    before = 0
    for stages in range(int(gpu.sm.shared_bytes // stage), 1, -1):
        if has_room(tile, stages * stage, gpu):
            blocks = resident_blocks(gpu, tile.threads, tile.registers, stages * stage)
            if blocks > before:
                before = blocks
                yield stages
