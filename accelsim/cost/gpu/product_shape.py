"""A matrix product and how its result is cut into tiles, as numbers or arrays over candidates."""

from dataclasses import dataclass, replace
from math import gcd
from typing import Self

import numpy as np

from accelsim.base.entrywise import Number
from accelsim.mapping.product_kernel import Product
from accelsim.workload.calls import WORD_BYTES, Dtype

SECTOR_BYTES = 32
"""What L2 moves at once."""


@dataclass(frozen=True)
class Shape:
    """A batch of C[m,n] = A[m,k] B[k,n], with bytes of a word going in and coming out.

    `within_n`, `within_m` and `within_out` are the shares of rows that start within a sector: of
    those from which a tile's sides along N and M are loaded, and of the result's. Rows an odd
    number of 16 bytes long do so in turn. `along_k` is the share of the operands whose
    rows lie along K. What lies beyond its edges is left out where it is `trimmed`.
    """

    b: int
    m: int
    n: int
    k: int
    dtype: Dtype
    word: int
    out: int
    within_n: float = 0.0
    within_m: float = 0.0
    within_out: float = 0.0
    along_k: float = 1.0
    trimmed: bool = True

    def as_planned(self) -> Self:
        """As a library sees it: every row starts at a sector, and every tile is whole."""
        return replace(self, within_n=0.0, within_m=0.0, within_out=0.0, trimmed=False)

    @property
    def reads(self) -> float:
        return float(self.b * (self.m + self.n) * self.k * self.word)

    @property
    def writes(self) -> float:
        return float(self.b * self.m * self.n * self.out)


def shape_of(call: Product) -> Shape:
    """Both operands of fp8 lie along K."""
    word, is_fp8 = WORD_BYTES[call.dtype], call.dtype == "fp8"
    out = max(word, 2)
    return Shape(
        b=getattr(call, "b", 1),
        m=call.m,
        n=call.n,
        k=call.k,
        dtype=call.dtype,
        word=word,
        out=out,
        within_n=_within((call.k if is_fp8 else call.n) * word),
        within_m=_within(call.k * word),
        within_out=_within(call.n * out),
        along_k=1.0 if is_fp8 else call.m / (call.m + call.n),
    )


def _within(row_bytes: int) -> float:
    """Share of rows of this length, one after the other, that do not start at a sector."""
    return 1 - gcd(row_bytes, SECTOR_BYTES) / SECTOR_BYTES


@dataclass(frozen=True)
class Tiling:
    """How the result is cut: what can be chosen of a family.

    `along_n` is 1 where the rows of wgmma lie along N; a tile multiplies `slower` times as long
    where one warpgroup does it alone; `resident` blocks share an SM, and one has warps for a share
    `fills` of its schedulers, which read so many `warp_rows` of each k from shared memory.
    """

    n: Number
    m: Number
    along_n: Number
    cluster_n: Number
    cluster_m: Number
    split: Number
    resident: Number
    slower: Number
    products: Number
    reads: Number
    fills: Number = 1.0
    warp_rows: Number = 0

    def at(self, index: int) -> Self:
        """One of the candidates, as plain numbers."""
        return type(self)(**{name: values[index].item() for name, values in vars(self).items()})

    def where(self, mask: Number) -> Self:
        return type(self)(**{name: values[mask] for name, values in vars(self).items()})

    def beside(self, other: Self) -> Self:
        """These candidates and others."""
        pairs = ((name, values, getattr(other, name)) for name, values in vars(self).items())
        return type(self)(**{name: np.concatenate((mine, theirs)) for name, mine, theirs in pairs})


def ceil(a: Number, b: Number) -> Number:
    """How many of b make up a."""
    return -(-a // b)
