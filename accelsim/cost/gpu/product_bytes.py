"""Bytes of device memory that the operands of a matrix product take, by its tiles."""

from accelsim.arch.gpu import Gpu
from accelsim.base.entrywise import Number, longer, shorter
from accelsim.cost.gpu.product_shape import Shape, Tiling, ceil


def read_bytes(gpu: Gpu, shape: Shape, tiling: Tiling) -> Number:
    """Bytes of the operands that come from device memory.

    A wave's tiles form a rectangle, as square as it goes, that walks along N. Its rows of A stay in
    L2 on that walk as far as L2 keeps them beside the wave's columns of B; the columns come again
    in every walk, as far as L2 has not kept all of them.
    """
    if shape.b > 1:
        return shape.reads
    side = (gpu.sms * tiling.resident * tiling.n * tiling.m) ** 0.5
    wave_m = shorter(ceil(shape.m, tiling.m) * tiling.m, longer(side, tiling.m))
    wave_n = shorter(ceil(shape.n, tiling.n) * tiling.n, gpu.sms * tiling.n * tiling.m / wave_m)
    walks, along = longer(1.0, shape.m / wave_m), longer(1.0, shape.n / wave_n)
    rows, columns = shape.m * shape.k * shape.word, shape.n * shape.k * shape.word
    rows_kept = _kept(gpu, (wave_m + wave_n) * shape.k * shape.word)
    columns_kept = _kept(gpu, wave_m * shape.k * shape.word + columns)
    rows_again, columns_again = (along - 1) * (1 - rows_kept), (walks - 1) * (1 - columns_kept)
    return rows * (1 + rows_again) + columns * (1 + columns_again)


def _kept(gpu: Gpu, touched_bytes: Number) -> Number:
    """As `overlap.kept` in L2, of numbers or arrays."""
    usable = gpu.timing.reuse * float(gpu.l2.capacity_bytes)
    return 1 / (1 + shorter(touched_bytes / usable, 1e9) ** gpu.timing.reuse_power)
