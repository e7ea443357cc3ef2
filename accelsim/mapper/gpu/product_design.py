"""How a block of a product kernel is built, and what it needs of an SM.

wgmma    1 to 4 warpgroups, which divide the rows of instructions (64 each) or the columns (by
         eights), beside one that fetches; sums in registers
tcgen05  the same; sums in tensor memory: 128 lanes of 512 columns
mma      4 or 8 warps side by side along N and M, each of 16 rows and more by 16 columns and more
fma      warps of lanes with a x b sums each, a and b in steps of 4 (16 bytes of a row of a tile)

Registers of a thread, 32 bits each:

    sums       n · m / threads that multiply (but for tcgen05)
    operands   a lane's parts of the rows and columns of its warp for one instruction (mma), or its
               own (fma); the next ones are on their way: twice
    on the way a step's bytes / threads, where they are loaded through registers
    OWN        addresses, indices (as of attention, `design.py`)

Shared memory: (n + m) · step · stages. Registers of a block with a fetching warpgroup are dealt
anew (`setmaxnreg`): it is launched with as many as come to what they need together.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from accelsim.arch.gpu import WARP, Gpu
from accelsim.mapper.gpu.design import (
    FETCHING,
    INSTRUCTION_ROWS,
    OWN,
    TENSOR_COLUMNS,
    TENSOR_LANES,
    WARPGROUP,
)
from accelsim.mapping.fused_kernel import MOST, SYSTEM_BYTES
from accelsim.mapping.product_kernel import Tile

GROUPS = (2, 1, 3, 4)
"""Of as fast tiles the first is taken."""
GROUP_ROWS = WARPGROUP * INSTRUCTION_ROWS
MOST_SIDE = 512
COLUMNS = 8
"""PTX, wgmma and tcgen05: columns of an instruction come by eights."""
WARPS = ((2, 2), (1, 4), (4, 1), (2, 4), (4, 2), (1, 8), (8, 1))
"""Side by side along N and M."""
WARP_SIDES = (16, 32, 48, 64, 80, 96, 112, 128)
INSTRUCTION_K = 16
"""Words of 2 bytes (PTX, mma.m16n8k16)."""
LANE_SIDES = (4, 8, 12, 16)
LANES = ((4, 8), (8, 4))
"""Of a warp, along N and M."""
FLOAT = 4
"""Bytes of a register."""


@lru_cache(maxsize=16)
def tiles(instruction: str, step_bytes: int, loads: str) -> tuple[Tile, ...]:
    """All tiles of which no thread needs more registers than there are."""
    if instruction in ("wgmma", "tcgen05"):
        return tuple(_of_groups(instruction))
    if instruction == "mma":
        return tuple(_of_warps(step_bytes, loads))
    return tuple(_of_lanes())


def has_room(tile: Tile, shared_bytes: int, gpu: Gpu) -> bool:
    sm = gpu.sm
    return (
        tile.threads <= sm.threads
        and tile.registers * tile.threads <= sm.registers
        and shared_bytes + SYSTEM_BYTES <= sm.shared_bytes
    )


def _of_groups(instruction: str) -> Iterator[Tile]:
    """One for each shape: the first number of warpgroups that divides it and has room."""
    sizes = (range(GROUP_ROWS, MOST_SIDE + 1, GROUP_ROWS), range(COLUMNS, MOST_SIDE + 1, COLUMNS))
    for rows, columns in product(*sizes):
        groups = [each for each in GROUPS if _divides(rows, columns, each)]
        found = [(each, _dealt(instruction, rows, columns, each)) for each in groups]
        few = [(each, registers) for each, registers in found if registers is not None]
        for number, registers in few[:1]:
            threads, alone = WARP * WARPGROUP * (number + 1), number == 1
            for n, m, along in ((rows, columns, "n"), (columns, rows, "m")):
                yield Tile.model_validate(
                    {
                        "n": n,
                        "m": m,
                        "along": along,
                        "threads": threads,
                        "registers": registers,
                        "alone": alone,
                    }
                )


def _divides(rows: int, columns: int, groups: int) -> bool:
    return not rows % (GROUP_ROWS * groups) or not columns % (COLUMNS * groups)


def _dealt(instruction: str, rows: int, columns: int, groups: int) -> int | None:
    """Registers with which a block is launched; None if it needs more than there are."""
    if instruction == "tcgen05":
        is_held = -(-rows // TENSOR_LANES) * columns <= TENSOR_COLUMNS
        return _launched(2 * OWN, groups) if is_held else None
    needed = rows * columns // (WARP * WARPGROUP * groups) + OWN
    return _launched(needed, groups) if needed <= MOST else None


def _launched(needed: int, groups: int) -> int:
    """setmaxnreg deals by eights."""
    needed = -(-needed // 8) * 8
    return -(-(needed * groups + FETCHING) // (groups + 1) // 8) * 8


def _of_warps(step_bytes: int, loads: str) -> Iterator[Tile]:
    """One for each shape: whose warps read least from shared memory."""
    found: dict[tuple[int, int], tuple[int, Tile]] = {}
    for (across, down), along_n, along_m in product(WARPS, WARP_SIDES, WARP_SIDES):
        n, m, threads = across * along_n, down * along_m, WARP * across * down
        operands = 2 * (along_n + along_m) * INSTRUCTION_K * 2 // WARP // FLOAT
        coming = (n + m) * step_bytes // threads // FLOAT if loads == "registers" else 0
        registers = along_n * along_m // WARP + operands + coming + OWN
        if registers <= MOST and max(n, m) <= MOST_SIDE:
            tile = Tile(n=n, m=m, threads=threads, registers=registers, warps=(across, down))
            read = n * down + m * across
            if (n, m) not in found or (read, registers) < (
                found[n, m][0],
                found[n, m][1].registers,
            ):
                found[n, m] = read, tile
    yield from (tile for _, tile in found.values())


def _of_lanes() -> Iterator[Tile]:
    """One for each shape and size of a lane's part."""
    found: dict[tuple[int, ...], Tile] = {}
    for warps, lanes, a, b in product((1, 2, 4, 8), LANES, LANE_SIDES, LANE_SIDES):
        for across in (each for each in (1, 2, 4, 8) if each <= warps):
            n, m = across * lanes[0] * a, warps // across * lanes[1] * b
            registers = a * b + 2 * (a + b) + OWN
            if registers <= MOST and max(n, m) <= MOST_SIDE:
                found.setdefault(
                    (n, m, a + b, warps),
                    Tile(
                        n=n,
                        m=m,
                        threads=WARP * warps,
                        registers=registers,
                        products=a * b,
                        reads=(a + b) // 4,
                    ),
                )
    yield from found.values()
