"""How an attention kernel is built, and what a block of it needs of an SM.

    mma        `warps` hold the scores and the result of their own rows in registers; of fewer rows
               than 16 a warp (of an instruction), warps divide the keys of a tile among themselves
    wgmma,     `warps` in warpgroups of 64 rows that take turns at the tensor cores; a warpgroup
    tcgen05    more fetches; weights go to the second product from registers or shared memory

Registers of a thread, for a warp's rows r and its share n of the keys (fp32: a register a number):

    r·F/32     the result so far
    r·n/32     scores; the weights made of them take their place
    r·n·w/128  weights of w bytes beside the next scores, where warpgroups overlap (not if `shared`)
    2·r/8      maximum and sum of the rows of which a lane holds numbers
    fragments  of operands, the next ones on their way: 2·(4·r/16 + 4) (mma; others read them from
               shared memory)
    OWN        addresses, indices, what is being worked on

Shared memory: queries·E·w + stages·keys·(E + F)·w, and queries·keys·w for `shared` weights.

Registers of a block with a fetching warpgroup are dealt anew (`setmaxnreg`): that one keeps 24.
"""

from dataclasses import dataclass
from typing import Literal

from accelsim.arch.gpu import WARP, Gpu
from accelsim.mapping.fused_kernel import MOST, SYSTEM_BYTES

OWN = 28
"""That kernels exist with: FlashAttention-3's warpgroups of 64 x 128 scores, heads of 64 and 160
registers (flash_fwd_kernel_sm90.h): 160 - 32 - 64 - 32 - 4."""

FETCHING = 24
"""Fewest registers of a thread (PTX ISA, setmaxnreg: 24 to 256, by eights)."""

INSTRUCTION_ROWS = 16
"""Of a warp: PTX, mma.m16n8k16; a quarter of wgmma's 64."""

WARPGROUP = 4
"""Warps."""

FRAGMENT = 4
"""Registers of a lane for 16 x 16 words of 2 bytes (PTX, ldmatrix.x4)."""

TENSOR_LANES, TENSOR_COLUMNS = 128, 512
"""Of tensor memory, 4 bytes each (PTX ISA, tcgen05)."""

Order = Literal["plain", "in_order", "longest_first", "stream_k"]
"""Blocks of one tile each; one an SM that draws tiles from a queue; ones that share out steps."""


@dataclass(frozen=True)
class Build:
    """What does not depend on how blocks are dealt. `warps` multiply; `resident` blocks are wanted
    on an SM (of registers, which compilers then keep to)."""

    instruction: str
    queries: int
    keys: int
    features: int
    word: int
    warps: int
    stages: int
    shared_weights: bool = False
    resident: int = 1

    @property
    def is_fetched(self) -> bool:
        """Whether a warpgroup does nothing but fetch."""
        return self.instruction != "mma"

    @property
    def threads(self) -> int:
        return WARP * (self.warps + (WARPGROUP if self.is_fetched else 0))

    @property
    def takers(self) -> int:
        """Two, as the model counts them, also stand for three that take turns."""
        return 2 if self.is_fetched and self.warps > WARPGROUP else 1

    @property
    def dividing(self) -> int:
        """Warps that divide the keys of the same rows."""
        return max(1, INSTRUCTION_ROWS * self.warps // self.queries)

    @property
    def needed_registers(self) -> int:
        """Of a thread that multiplies."""
        rows = max(INSTRUCTION_ROWS, self.queries // self.warps)
        scores = rows * self.keys // self.dividing // WARP
        weights = 0
        if self.takers > 1 and not self.shared_weights:
            weights = scores * self.word // 4
        operands = 0 if self.is_fetched else 2 * FRAGMENT * (rows // INSTRUCTION_ROWS + 1)
        result, of_rows = rows * self.features // WARP, 2 * rows // 8
        return result + scores + weights + of_rows + operands + OWN

    @property
    def shared_bytes(self) -> int:
        weights = self.queries * self.keys if self.shared_weights else 0
        tiles = self.queries + 2 * self.stages * self.keys
        return (tiles * self.features + weights) * self.word

    def registers(self, gpu: Gpu) -> int:
        """With which the kernel is launched."""
        if not self.is_fetched:
            return -(-self.needed_registers // 8) * 8
        return min(MOST // 8 * 8, gpu.sm.registers // (self.resident * self.threads) // 8 * 8)

    def has_room(self, gpu: Gpu) -> bool:
        """Whether `resident` blocks fit an SM, and no thread needs more registers than it has."""
        sm = gpu.sm
        launched = -(-self.registers(gpu) // 8) * 8
        return (
            self.needed_registers <= self._most_registers(gpu)
            and self.resident * launched * self.threads <= sm.registers
            and self.resident * (self.shared_bytes + SYSTEM_BYTES) <= sm.shared_bytes
            and self.resident * self.threads <= sm.threads
            and self._has_tensor_memory()
        )

    def _most_registers(self, gpu: Gpu) -> int:
        if not self.is_fetched:
            return MOST
        groups = self.warps // WARPGROUP
        dealt = self.registers(gpu) * (groups + 1) - FETCHING
        return min(MOST, dealt // groups // 8 * 8)

    def _has_tensor_memory(self) -> bool:
        if self.instruction != "tcgen05":
            return True
        tiles = -(-self.queries // TENSOR_LANES)
        return self.resident * tiles * (self.keys + self.features) <= TENSOR_COLUMNS


@dataclass(frozen=True)
class Design:
    """A build and how its blocks are dealt: with `fold`, query heads of a group are rows."""

    build: Build
    order: Order
    fold: bool
    splits: int
