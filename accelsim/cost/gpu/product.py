"""A matrix product on a GPU: the kernels that a library starts for it, as `Work`.

    gemm, bmm   one kernel of tiles; where K is split, a second one that sums the parts

A kernel whose blocks take more than two tiles in turn counts them in memory, which is set to zero
before it: a memset that is a part of its time. Rows and columns beyond the edges are multiplied too
(padding), and a step of K loads both operands' tiles from L2, once a cluster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from accelsim.arch.gpu import Gpu
from accelsim.base.entrywise import Number
from accelsim.cost.gpu.dram import found_in_l2, written_back
from accelsim.cost.gpu.product_bytes import read_bytes
from accelsim.cost.gpu.product_shape import Shape, Tiling, ceil, shape_of
from accelsim.cost.gpu.product_tiles import chosen, memset_seconds, reduction_seconds
from accelsim.cost.gpu.product_time import Run, run_of, seconds, stored_bytes
from accelsim.cost.gpu.work import Times, Work
from accelsim.mapping.product_kernel import Family, Product, ProductKernel, kernel_of

EPILOGUE = 2
"""FP32 operations of a lane for a result: its scale, its conversion."""
NARROW = 4
"""Operations of a lane to load less than 16 bytes and put it in its place."""
FLOP_A_SHARED_BYTE = 32
"""Of instructions of a warp, which read both operands of 64 x 64 results from shared memory."""


def product_works(call: Product, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of one call, in their order."""
    kernel, families = kernel_of(call, gpu)
    return works_by(kernel, families, call, gpu)


def works_by(
    kernel: ProductKernel, families: tuple[Family, ...], call: Product, gpu: Gpu
) -> tuple[Work, ...]:
    """With the tiles of these families that a library would take."""
    shape = shape_of(call)
    family, tiling = chosen(gpu, kernel, families, shape)
    return with_reduction(ProductWork(gpu, kernel, family, shape, tiling))


def with_reduction(product: "ProductWork") -> tuple[Work, ...]:
    """Beside the kernel that sums the parts, if K is split."""
    if product.tiling.split == 1:
        return (product,)
    return (product, ReductionWork(product.gpu, product.shape, product.tiling))


@dataclass(frozen=True)
class ProductWork:
    """The kernel that multiplies. Its tiling may be one of arrays: so then are counts and seconds,
    but not what tells of them."""

    gpu: Gpu
    kernel: ProductKernel
    family: Family
    shape: Shape
    tiling: Tiling

    @property
    def name(self) -> str:
        return f"{self.kernel.instruction} product, tiles of {self.tiling.n} x {self.tiling.m}"

    def actions(self, cold: bool) -> Mapping[str, float]:
        return _actions(self, self._run(cold), cold)

    def times(self, clock_hz: float, cold: bool) -> Times:
        run, total = self._run(cold), self.seconds(clock_hz, cold)
        counted = memset_seconds(self.gpu, self.family, run)
        return Times(total, _by_resource(self, run, clock_hz, counted), _facts(self, run, cold))

    def seconds(self, clock_hz: Number, cold: bool) -> Number:
        run = self._run(cold)
        return seconds(self.gpu, run, clock_hz) + memset_seconds(self.gpu, self.family, run)

    def hbm(self, cold: bool) -> tuple[Number, float]:
        """Bytes read from and written to device memory."""
        return self._hbm[cold]

    @cached_property
    def _hbm(self) -> Mapping[bool, tuple[Number, float]]:
        return {cold: self._hbm_bytes(cold) for cold in (False, True)}

    def _hbm_bytes(self, cold: bool) -> tuple[Number, float]:
        shape, missed = self.shape, 1 - found_in_l2(self.gpu, _touched(self.shape), cold)
        written = written_back(self.gpu, shape.reads, shape.writes * missed, cold)
        return read_bytes(self.gpu, shape, self.tiling) * missed, written

    def _run(self, cold: bool) -> Run:
        return self._cold if cold else self._warm

    @cached_property
    def _cold(self) -> Run:
        return self._planned(True)

    @cached_property
    def _warm(self) -> Run:
        return self._planned(False)

    def _planned(self, cold: bool) -> Run:
        bytes_of = self.hbm(cold)
        return run_of(self.gpu, self.kernel, self.family, self.shape, self.tiling, *bytes_of)


@dataclass(frozen=True)
class ReductionWork:
    """The kernel that sums the parts of a split K."""

    gpu: Gpu
    shape: Shape
    tiling: Tiling

    name = "sum of the parts of K"

    def actions(self, cold: bool) -> Mapping[str, float]:
        moved = stored_bytes(self.shape, self.tiling) + self.shape.writes
        results = self.shape.b * self.shape.m * self.shape.n
        return {"l2": moved, "fp32": results * (self.tiling.split + EPILOGUE) * 1.0}

    def times(self, clock_hz: float, cold: bool) -> Times:
        least, moved = reduction_seconds(self.gpu, self.shape, self.tiling)
        return Times(least + moved, {"latency": least, "l2": moved})


def _touched(shape: Shape) -> float:
    return shape.reads + shape.writes


def _actions(work: ProductWork, run: Run, cold: bool) -> Mapping[str, float]:
    shape, tiling, kernel = work.shape, work.tiling, work.kernel
    # Tiles that only fill up a cluster multiply zeros.
    tiles = ceil(shape.n, tiling.n) * ceil(shape.m, tiling.m) * shape.b * tiling.split
    products = tiles * tiling.n * tiling.m * shape.k / tiling.split * 1.0
    stored = stored_bytes(shape, tiling)
    counts = {"HBM": sum(work.hbm(cold)), "fp32": float(EPILOGUE * shape.b * shape.m * shape.n)}
    if work.family.loads == "bulk":
        return counts | {
            f"{kernel.instruction}_{shape.dtype}": 2 * products,
            "bulk": run.l2_bytes * tiles / run.tiles * 1.0,
            "l2": stored,
        }
    counts["l2"] = stored + run.l2_bytes * 1.0
    if kernel.instruction == "mma":
        counts |= {
            f"mma_{shape.dtype}": 2 * products,
            "shared": 2 * products / FLOP_A_SHARED_BYTE,
        }
    else:
        counts["fma"] = products
    if work.family.loads == "registers":
        lanes = run.l2_bytes / work.family.alignment_bytes
        counts |= {"narrow": lanes, "fp32": counts["fp32"] + NARROW * lanes}
    return counts


def _by_resource(
    work: ProductWork, run: Run, clock_hz: float, counted: float
) -> Mapping[str, float]:
    """What each resource would need by itself."""
    steps = run.steps * ((run.waves - 1) * run.shared_by + run.last_shared_by)
    pipe = "fp32" if work.kernel.instruction == "fma" else "tensor"
    l2 = run.steps * ((run.waves - 1) * run.l2_s + run.last_l2_s)
    waits = run.wait_s / run.ahead * run.steps * run.waves + (run.waves - 1) * run.begin_s
    return {
        pipe: steps * run.multiply_cycles / clock_hz,
        "l2": max(l2, steps * run.fill_cycles / clock_hz) + run.store_s,
        "hbm": run.memory_s,
        "latency": max(waits, run.count_s),
        "launch": run.start_s + counted,
    }


def _facts(work: ProductWork, run: Run, cold: bool) -> Mapping[str, float | str]:
    tiling = work.tiling
    asked = float(run.l2_bytes)
    return {
        "L2 hits": max(0.0, 1 - work.hbm(cold)[0] / asked),
        "tile": f"{tiling.n} x {tiling.m}",
        "cluster": f"{tiling.cluster_n} x {tiling.cluster_m}",
        "split": tiling.split,
        "tiles": run.tiles,
        "waves": run.waves,
        "tail": 1 - run.tiles / (run.waves * run.slots),
        "resident": tiling.resident,
        "steps": run.steps,
    }
