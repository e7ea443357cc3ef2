"""Kernels of matrix products as a library ships them: data in `arch/kernel/gemm_*.yaml`.

A kernel multiplies by one `instruction` (a family of the GPU's tensor cores, or `fma` of its FP32
units). Its families of tiles take rows (of the operands and the result) that start at multiples of
`alignment` bytes: a tile is loaded by the copy engine (`bulk`), or by lanes with as many bytes
each, past registers (`copies`) or through them (`registers`).

Tiles are listed, or follow the rule of wgmma: `rows` (64 of an instruction each) by up to `most`
columns, and `turned` with rows and columns exchanged. A library computes C^T = B^T A^T of row-major
matrices, so that a tile's first side lies along N.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import gcd
from typing import Literal, Self

from pydantic import model_validator

from accelsim.arch.gpu import Gpu
from accelsim.base.catalogue import find
from accelsim.base.errors import MappingError
from accelsim.base.record import Count, Record, Share, read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.workload.calls import WORD_BYTES, Bmm, Dtype, Gemm

KERNELS = ("gemm_tcgen05", "gemm_wgmma", "gemm_mma", "gemm_ffma")
"""In the order in which a library prefers them."""

WIDE = 64
"""Columns beyond which not every tile exists."""

Product = Gemm | Bmm
Loads = Literal["bulk", "copies", "registers"]
Along = Literal["n", "m"]


class Tile(Record):
    """A block's part of the result. An FP32 lane makes `products` from `reads` of 16 bytes.

    Of wgmma, the rows of instructions lie `along` a side; all are the work of one warpgroup where
    it is `alone`. Of mma, where so many `warps` stand side by side along N and M, what they read
    from shared memory is counted.
    """

    n: Count
    m: Count
    threads: Count
    registers: Count
    products: Count = 1
    reads: int = 0
    along: Along = "n"
    alone: bool = False
    warps: tuple[Count, Count] | None = None


class Side(Record):
    """Tiles of so many rows have `most` columns or fewer."""

    rows: Count
    most: Count


class Turned(Record):
    """Which tiles exist with their sides exchanged too."""

    rows: Count
    columns: Count
    fewest: Count


class Alone(Record):
    """Of these words, a tile of no more results is the work of one warpgroup, not of two."""

    words: tuple[Dtype, ...]
    results: Count


class Rule(Record):
    """The tiles of wgmma: multiples of `columns`, beyond 64 of `wide_columns`.

    An instruction multiplies `instruction_rows` of them.
    """

    instruction_rows: Count
    sides: tuple[Side, ...]
    columns: Count
    wide_columns: Count
    turned: Turned
    alone: tuple[Alone, ...]
    threads: Count
    registers: Count

    def is_alone(self, n: int, m: int, dtype: str) -> bool:
        return any(dtype in each.words and n * m <= each.results for each in self.alone)


class Splits(Record):
    """Into how many parts K may be split, each of `steps` or more, within so many `waves`.

    Of `batches` too, or not.
    """

    parts: tuple[Count, ...]
    steps: Count
    waves: Count
    batches: bool = False


class Family(Record):
    """Tiles for rows aligned to so many bytes, which advance by `step` bytes of K.

    `stages` steps are on their way; where none are given, as many as shared memory holds. Of wgmma
    an instruction multiplies `instruction_rows`; a rule for tiles says it too.
    """

    alignment_bytes: Count
    loads: Loads
    step_bytes: Count
    stages: Count | None = None
    persistent: bool = False
    tiles: tuple[Tile, ...] = ()
    instruction_rows: Count | None = None
    rule: Rule | None = None
    clusters: tuple[tuple[Count, Count], ...] = ((1, 1),)
    splits: Splits

    @model_validator(mode="after")
    def _has_tiles(self) -> Self:
        if bool(self.tiles) == (self.rule is not None):
            raise ValueError("a family either lists its tiles or has a rule for them")
        return self

    @property
    def rows_of_instruction(self) -> int | None:
        return self.rule.instruction_rows if self.rule else self.instruction_rows


class ProductKernel(Record):
    """A kernel of a library, by its families of tiles.

    The library expects `planned` of the highest clock when it chooses among them.
    """

    about: str
    source: str
    workloads: tuple[str, ...]
    instruction: Literal["tcgen05", "wgmma", "mma", "fma"]
    words: tuple[Dtype, ...]
    planned: Share
    families: tuple[Family, ...]

    def families_for(self, call: Product) -> tuple[Family, ...]:
        """Those that take rows aligned as this call's are."""
        aligned = alignment_bytes(call)
        return tuple(each for each in self.families if not aligned % each.alignment_bytes)


def alignment_bytes(call: Product) -> int:
    """To how many bytes every row is aligned, 16 at most. Both operands of fp8 lie along K."""
    word = WORD_BYTES[call.dtype]
    rows = (call.k,) if call.dtype == "fp8" else (call.k, call.n)
    return gcd(16, *(row * word for row in rows))


def kernel_of(call: Product, gpu: Gpu) -> tuple[ProductKernel, tuple[Family, ...]]:
    """The kernel that a library takes, and its families of tiles that take such rows.

    Raises
    ------
    MappingError
        if no kernel multiplies such words on this GPU.
    """
    for kernel in kernels_for(call, gpu):
        return kernel, kernel.families_for(call)
    known = sorted({word for cores in gpu.tensor for word in cores.flop} | {"fp32"})
    fact = f"no kernel multiplies {call.dtype} with rows aligned to {alignment_bytes(call)} B"
    raise MappingError(fact, remedy=f"The GPU multiplies {', '.join(known)}; pad the rows to 16 B")


def kernels_for(call: Product, gpu: Gpu) -> Iterator[ProductKernel]:
    """The shipped ones that take such a call on this GPU, in the order of preference."""
    for kernel in product_kernels():
        is_taken = bool(kernel.families_for(call)) and call.dtype in kernel.words
        if is_taken and multiplies(gpu, kernel, call.dtype):
            yield kernel


@lru_cache(maxsize=1)
def product_kernels() -> tuple[ProductKernel, ...]:
    return tuple(load_product_kernel(name) for name in KERNELS)


def load_product_kernel(name: str) -> ProductKernel:
    return read_record(read_yaml(find(name, "kernels")), ProductKernel)


def shapes(rule: Rule) -> Iterator[tuple[int, int, bool]]:
    """(n, m, rows along N) of every tile that the rule allows."""
    found = {
        (side.rows, columns, True)
        for side in rule.sides
        for columns in range(rule.columns, side.most + 1, rule.columns)
        if columns <= WIDE or not columns % rule.wide_columns
    }
    turned = rule.turned
    for rows, columns, _ in tuple(found):
        exists = (columns, rows, True) in found
        if rows <= turned.rows and columns >= turned.fewest and not columns % turned.columns:
            found |= set() if exists else {(columns, rows, False)}
    yield from sorted(found)


def multiplies(gpu: Gpu, kernel: ProductKernel, dtype: str) -> bool:
    if kernel.instruction == "fma":
        return True
    return any(cores.name == kernel.instruction and dtype in cores.flop for cores in gpu.tensor)
