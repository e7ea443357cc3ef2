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
    shape = shape_of(call)
    family, tiling = chosen(gpu, kernel, families, shape)
    product = ProductWork(gpu, kernel, family, shape, tiling)
    return (product,) if tiling.split == 1 else (product, ReductionWork(gpu, shape, tiling))


@dataclass(frozen=True)
class ProductWork:
    """The kernel that multiplies."""

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
        run = self._run(cold)
        counted = memset_seconds(self.gpu, self.family, run)
        total = seconds(self.gpu, run, clock_hz) + counted
        return Times(total, _by_resource(self, run, clock_hz, counted), _facts(self, run, cold))

    def hbm(self, cold: bool) -> tuple[float, float]:
        """Bytes read from and written to device memory."""
        return self._hbm[cold]

    @cached_property
    def _hbm(self) -> Mapping[bool, tuple[float, float]]:
        return {cold: self._hbm_bytes(cold) for cold in (False, True)}

    def _hbm_bytes(self, cold: bool) -> tuple[float, float]:
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
        return {"l2": moved, "fp32": float(results * (self.tiling.split + EPILOGUE))}

    def times(self, clock_hz: float, cold: bool) -> Times:
        least, moved = reduction_seconds(self.gpu, self.shape, self.tiling)
        return Times(least + moved, {"latency": least, "l2": moved})


def _touched(shape: Shape) -> float:
    return shape.reads + shape.writes


def _actions(work: ProductWork, run: Run, cold: bool) -> Mapping[str, float]:
    shape, tiling, kernel = work.shape, work.tiling, work.kernel
    # Tiles that only fill up a cluster multiply zeros.
    tiles = ceil(shape.n, tiling.n) * ceil(shape.m, tiling.m) * shape.b * tiling.split
    products = float(tiles * tiling.n * tiling.m * shape.k / tiling.split)
    stored = stored_bytes(shape, tiling)
    counts = {"HBM": sum(work.hbm(cold)), "fp32": float(EPILOGUE * shape.b * shape.m * shape.n)}
    if work.family.loads == "bulk":
        return counts | {
            f"{kernel.instruction}_{shape.dtype}": 2 * products,
            "bulk": float(run.l2_bytes * tiles / run.tiles),
            "l2": stored,
        }
    counts["l2"] = stored + float(run.l2_bytes)
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
