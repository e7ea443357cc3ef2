"""Calls of a layer, made without the checks of their records, which take longer than all else;
sizes are whole. A `Copy` has half of the bytes that the step reads and writes.
"""

from accelsim.base.errors import WorkloadError
from accelsim.workload.calls import Bmm, Copy, Dtype, Gemm, RmsNorm
from accelsim.workload.model import Model

DTYPES: dict[float, Dtype] = {8: "fp8", 16: "bf16", 32: "fp32"}


def gemm(m: int, n: int, k: int, dtype: Dtype) -> Gemm:
    return Gemm.model_construct(m=m, n=n, k=k, dtype=dtype)


def bmm(b: int, m: int, n: int, k: int, dtype: Dtype) -> Bmm:
    return Bmm.model_construct(b=b, m=m, n=n, k=k, dtype=dtype)


def norm(rows: int, columns: int, dtype: Dtype) -> RmsNorm:
    return RmsNorm.model_construct(rows=rows, cols=columns, dtype=dtype)


def rows_copied(model: Model, read: int, written: int) -> Copy:
    """Of the features of a token."""
    bits = model.hidden * model.activation_bits
    return copy(read * bits, written * bits)


def elementwise(model: Model, numbers: int) -> Copy:
    return copy(numbers * model.activation_bits, numbers * model.activation_bits)


def activation(model: Model, numbers: int) -> Copy:
    """Gate and up are read, or the only one, and their product written."""
    bits = numbers * model.activation_bits
    return copy((1 + model.gated) * bits, bits)


def cache_update(model: Model, numbers: int) -> Copy:
    return copy(numbers * model.activation_bits, numbers * model.kv_bits)


def copy(read_bits: float, written_bits: float) -> Copy:
    return Copy.model_construct(bytes=int(-(-(read_bits + written_bits) // 16)))


def dtype_of(bits: float) -> Dtype:
    if bits not in DTYPES:
        fact = f"no library multiplies words of {bits:g} bit"
        raise WorkloadError(fact, remedy="Set weight and kv to 8, 16 or 32 bit; sizes take any")
    return DTYPES[bits]
