"""A call of a library kernel → a function that makes it through torch, its inputs ready.

Inputs are normal random numbers, made on the device (zeros would draw less power). fp8 matrices
are those of `torch._scaled_mm`, which wants the second one column by column and gives bf16.
"""

from collections.abc import Callable, Mapping
from typing import Any

from accelsim.workload.calls import Bmm, Call, Copy, Gemm, RmsNorm, Sdpa, Softmax

Run = Callable[[], Any]


def prepared(call: Call, device: str) -> Run:
    """The call as a function without arguments; what it needs lies on the device."""
    return _PREPARE[type(call)](call, device)


def _copy(call: Copy, device: str) -> Run:
    import torch

    source = torch.randint(0, 256, (call.bytes,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return lambda: target.copy_(source)


def _gemm(call: Gemm, device: str) -> Run:
    import torch

    left = _random((call.m, call.k), call.dtype, device)
    if call.dtype != "fp8":
        right = _random((call.k, call.n), call.dtype, device)
        return lambda: left @ right
    columns = _random((call.n, call.k), call.dtype, device).t()
    one = torch.ones((), device=device)
    return lambda: torch._scaled_mm(left, columns, one, one, out_dtype=torch.bfloat16)


def _bmm(call: Bmm, device: str) -> Run:
    import torch

    left = _random((call.b, call.m, call.k), call.dtype, device)
    right = _random((call.b, call.k, call.n), call.dtype, device)
    return lambda: torch.bmm(left, right)


def _softmax(call: Softmax, device: str) -> Run:
    import torch

    scores = _random((call.rows, call.cols), call.dtype, device)
    return lambda: torch.softmax(scores, -1)


def _rms_norm(call: RmsNorm, device: str) -> Run:
    from torch.nn.functional import rms_norm

    rows = _random((call.rows, call.cols), call.dtype, device)
    weight = _random((call.cols,), call.dtype, device)
    return lambda: rms_norm(rows, (call.cols,), weight)


def _sdpa(call: Sdpa, device: str) -> Run:
    from torch.nn.functional import scaled_dot_product_attention

    _allow_only(call.backend)
    query = _random((call.b, call.h, call.p, call.e), call.dtype, device)
    key = _random((call.b, call.g, call.m, call.e), call.dtype, device)
    value = _random((call.b, call.g, call.m, call.e), call.dtype, device)
    return lambda: scaled_dot_product_attention(
        query, key, value, is_causal=call.causal, enable_gqa=call.h != call.g
    )


def _allow_only(backend: str) -> None:
    """For the whole process: a context around every call would take longer than many calls."""
    from torch.backends import cuda

    cuda.enable_flash_sdp(backend == "flash")
    cuda.enable_cudnn_sdp(backend == "cudnn")
    cuda.enable_mem_efficient_sdp(backend == "efficient")
    cuda.enable_math_sdp(backend == "math")


_PREPARE: Mapping[type[Call], Callable[[Any, str], Run]] = {
    Copy: _copy,
    Gemm: _gemm,
    Bmm: _bmm,
    Softmax: _softmax,
    RmsNorm: _rms_norm,
    Sdpa: _sdpa,
}


def _random(shape: tuple[int, ...], dtype: str, device: str) -> Any:
    import torch

    names = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    if dtype == "fp8":
        return torch.randn(shape, dtype=torch.bfloat16, device=device).to(torch.float8_e4m3fn)
    return torch.randn(shape, dtype=names[dtype], device=device)
