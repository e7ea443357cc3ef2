"""The best of all product kernels of the space (`product_space.py`) for a call.

All tilings of all families are timed side by side at the highest clock, which none can beat. Those
that may be better than the best of these get a bound of their own clock
(`cost/gpu/product_least.py`), and are costed by the model in its order until no other may be better
by more than `CLOSE`: what was not costed is counted as pruned.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.composed import alone
from accelsim.cost.gpu.product import ProductWork, with_reduction
from accelsim.cost.gpu.product_least import LeastProducts
from accelsim.cost.gpu.product_shape import Shape, Tiling, shape_of
from accelsim.cost.gpu.product_tiles import allowed
from accelsim.mapper.gpu.attention import figures
from accelsim.mapper.gpu.product_space import kernels
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapper.question import Progress
from accelsim.mapping.product_kernel import Family, Product, ProductKernel

STRATEGY = "bound first"
CLOSE = 1e-5
"""Share by which bounds of energy lie below, at least: the clock is known so well."""


@dataclass(frozen=True)
class BestProduct:
    """`is_all` if every other tiling was costed, or cannot be better by more than `CLOSE`."""

    kernel: ProductKernel
    family: Family
    tiling: Tiling
    value: float
    candidates: int
    pruned: int
    is_all: bool


@dataclass(frozen=True)
class Products:
    """All tilings for a call, and what is to be minimised of them."""

    call: Product
    gpu: Gpu
    minimise: Objective

    @cached_property
    def shape(self) -> Shape:
        return shape_of(self.call)

    @cached_property
    def families(self) -> tuple[LeastProducts, ...]:
        return tuple(
            LeastProducts(ProductWork(self.gpu, kernel, family, self.shape, tilings))
            for kernel in kernels(self.call, self.gpu)
            for family in kernel.families
            if len((tilings := allowed(self.gpu, family, self.shape)).n)
        )

    @property
    def number(self) -> int:
        return sum(each.number for each in self.families)

    def least(self, found: LeastProducts, *, any_clock: bool = False) -> Any:
        """No more than the values of these."""
        clocks = found.any_clocks if any_clock else found.clocks()
        seconds, joules = found.figures(clocks)
        return value_of(self.minimise, Figures(seconds, joules * 1e12, 0.0))

    def value(self, work: ProductWork) -> float:
        found = alone(with_reduction(work), self.gpu)
        return float(value_of(self.minimise, figures(found, self.gpu)))


def best_product(products: Products, progress: Progress) -> BestProduct:
    """Interrupted, it gives the best so far."""
    first = _one(*min(_firsts(products), key=lambda each: each[0])[1:])
    found, seen, is_all = first, 1, False
    least = products.value(first)
    try:
        for bound, work in _in_order(products, least):
            if bound >= least * (1 - CLOSE):
                break
            value, seen = products.value(work), seen + 1
            if value < least:
                found, least = work, value
            progress(STRATEGY, least, seen)
        is_all = True
    except KeyboardInterrupt:
        pass
    pruned = products.number - seen if is_all else 0
    return BestProduct(found.kernel, found.family, found.tiling, least, seen, pruned, is_all)


def _firsts(products: Products) -> Iterator[tuple[float, LeastProducts, int]]:
    """Of each family the one that may take least at any clock."""
    for each in products.families:
        least = products.least(each, any_clock=True)
        at = int(np.argmin(least))
        yield float(least[at]), each, at


def _in_order(products: Products, most: float) -> Iterator[tuple[float, ProductWork]]:
    """Those that may be better than this, with bounds of their own clocks; the lowest first."""
    found: list[tuple[float, int, int]] = []
    kept: list[LeastProducts] = []
    for each in products.families:
        may = products.least(each, any_clock=True) < most
        if may.any():
            few = each.where(may)
            bounds = products.least(few)
            found += [(bound, len(kept), at) for at, bound in enumerate(bounds.tolist())]
            kept.append(few)
    for bound, number, at in sorted(found):
        yield bound, _one(kept[number], at)


def _one(found: LeastProducts, at: int) -> ProductWork:
    work = found.work
    return ProductWork(work.gpu, work.kernel, work.family, work.shape, work.tiling.at(at))
