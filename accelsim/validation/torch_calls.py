"""A call of a library kernel → a function that makes it through torch, its inputs ready.

Inputs are normal random numbers, made on the device (zeros would draw less power). fp8 matrices
are those of `torch._scaled_mm`, which wants the second one column by column and gives bf16.
Windows, sequences of unequal lengths and pages are known to torch's FlashAttention-2 alone, below
`scaled_dot_product_attention`; so is the gradient without what autograd does around it.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from math import ceil
from typing import Any

from accelsim.base.errors import InputError
from accelsim.workload.calls import Bmm, Call, Copy, Gemm, RmsNorm, Sdpa, SdpaBackward, Softmax

Run = Callable[[], Any]

SHIPPED = ("flash", "cudnn", "efficient", "math")
"""Backends of attention that torch has."""


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

    if call.backend not in SHIPPED:
        raise InputError(
            f"torch does not ship {call.backend} attention; it has {', '.join(SHIPPED)}"
        )
    if call.f or call.latent:
        raise InputError("attention is measured with values as long as keys, kept beside them")
    if call.splits:
        raise InputError("torch lets nobody choose over how many blocks keys are split")
    if call.window or call.lengths or call.page:
        return _flash(call, device)
    allow_only(call.backend)
    query, key, value = _heads_first(call, device)
    return lambda: scaled_dot_product_attention(
        query, key, value, is_causal=call.causal, enable_gqa=call.h != call.g
    )


def _heads_first(call: Sdpa, device: str) -> tuple[Any, Any, Any]:
    query = _random((call.b, call.h, call.p, call.e), call.dtype, device)
    key, value = (_random((call.b, call.g, call.m, call.e), call.dtype, device) for _ in range(2))
    return query, key, value


def _sdpa_backward(call: SdpaBackward, device: str) -> Run:
    import torch

    if call.backend != "flash" or call.window or call.lengths or call.page:
        raise InputError("gradients are measured of plain flash attention only")
    query, key, value = _heads_first(call, device)
    flash = torch.ops.aten._scaled_dot_product_flash_attention
    result, *kept = flash(query, key, value, 0.0, call.causal)[:8]
    sums, starts_q, starts_k, longest_q, longest_k, *seeds = kept
    gradient = torch.randn_like(result)
    backward = torch.ops.aten._scaled_dot_product_flash_attention_backward
    lengths = (starts_q, starts_k, longest_q, longest_k, 0.0, call.causal)
    return lambda: backward(gradient, query, key, value, result, sums, *lengths, *seeds)


def _flash(call: Sdpa, device: str) -> Run:
    import torch

    if call.backend != "flash":
        raise InputError(f"torch has no window, lengths or pages in {call.backend} attention")
    attention = torch.ops.aten._flash_attention_forward
    more: dict[str, Any] = {}
    if call.window:
        more = {"window_size_left": call.window - 1, "window_size_right": 0}
    if not call.lengths and not call.page:
        query = _random((call.b, call.p, call.h, call.e), call.dtype, device)
        key, value = (
            _random((call.b, call.m, call.g, call.e), call.dtype, device) for _ in range(2)
        )
        sizes = (None, None, call.p, call.m, 0.0, call.causal, False)
        return lambda: attention(query, key, value, *sizes, **more)
    lengths = call.lengths or (call.m,) * call.b
    starts_k = _starts(lengths, device)
    starts_q = _starts([call.p] * call.b if call.p == 1 else lengths, device)
    query = _random((int(starts_q[-1]), call.h, call.e), call.dtype, device)
    shape, pages = _key_shape(call, lengths, device)
    key, value = (_random(shape, call.dtype, device) for _ in range(2))
    sizes = (starts_q, starts_k, call.p, call.m, 0.0, call.causal, False)
    return lambda: attention(query, key, value, *sizes, **more, **pages)


def _starts(lengths: Sequence[int], device: str) -> Any:
    import torch

    return torch.tensor([0, *accumulate(lengths)], dtype=torch.int32, device=device)


def _key_shape(
    call: Sdpa, lengths: Sequence[int], device: str
) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Of packed keys; or of pages in random order, with the table that finds them."""
    import torch

    if not call.page:
        return (sum(lengths), call.g, call.e), {}
    each = ceil(call.m / call.page)
    order = torch.randperm(call.b * each, device=device, dtype=torch.int32)
    used = torch.tensor(lengths, dtype=torch.int32, device=device)
    table = {"block_table": order.reshape(call.b, each), "seqused_k": used}
    return (call.b * each, call.page, call.g, call.e), table


def allow_only(backend: str) -> None:
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
    SdpaBackward: _sdpa_backward,
}


def _random(shape: tuple[int, ...], dtype: str, device: str) -> Any:
    import torch

    names = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    if dtype == "fp8":
        return torch.randn(shape, dtype=torch.bfloat16, device=device).to(torch.float8_e4m3fn)
    return torch.randn(shape, dtype=names[dtype], device=device)
