"""A matrix product and how its result is cut into tiles, as numbers or arrays over candidates."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from accelsim.mapping.product_kernel import Product
from accelsim.workload.calls import WORD_BYTES

SECTOR_BYTES = 32
"""What L2 moves at once."""

Number = Any
"""A number, or an array over candidates."""


@dataclass(frozen=True)
class Shape:
    """A batch of C[m,n] = A[m,k] B[k,n], with bytes of a word going in and coming out.

    `whole_n`, `whole_m` and `whole_out` tell whether the rows from which a tile's sides along N and
    M are loaded, and those of the result, start at sectors.
    """

    b: int
    m: int
    n: int
    k: int
    dtype: str
    word: int
    out: int
    whole_n: bool = True
    whole_m: bool = True
    whole_out: bool = True

    @property
    def reads(self) -> float:
        return float(self.b * (self.m + self.n) * self.k * self.word)

    @property
    def writes(self) -> float:
        return float(self.b * self.m * self.n * self.out)


def shape_of(call: Product) -> Shape:
    """Both operands of fp8 lie along K."""
    word = WORD_BYTES[call.dtype]
    out = max(word, 2)
    row_n = call.k if call.dtype == "fp8" else call.n
    rows = (row_n * word, call.k * word, call.n * out)
    batch = getattr(call, "b", 1)
    whole = (not row % SECTOR_BYTES for row in rows)
    return Shape(batch, call.m, call.n, call.k, call.dtype, word, out, *whole)


@dataclass(frozen=True)
class Tiling:
    """How the result is cut: what can be chosen of a family.

    `along_n` is 1 where the rows of wgmma lie along N; a tile multiplies `slower` times as long
    where one warpgroup does it alone; `resident` blocks share an SM.
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


def longer(a: Number, b: Number) -> Number:
    return np.maximum(a, b) if _are_arrays(a, b) else max(a, b)


def shorter(a: Number, b: Number) -> Number:
    return np.minimum(a, b) if _are_arrays(a, b) else min(a, b)


def _are_arrays(a: Number, b: Number) -> bool:
    return isinstance(a, np.ndarray) or isinstance(b, np.ndarray)
