"""The two steps of a layer that torch has no kernel for: rotary positions, and the gate.

Engines run each as one kernel. Here they are written in torch, which is what they mean; on a CUDA
device the kernels of `elementwise.cu` (torch compiles them, NVRTC) take their place, after they
have been held against it.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from math import ceil
from typing import Any, NamedTuple

from accelsim.base.errors import InputError
from accelsim.validation.offload.cases import LayerShape
from accelsim.validation.offload.devices import random_source

ROPE_BASE = 500_000.0
"""Grattafiori et al., The Llama 3 Herd of Models, arXiv 2407.21783, section 3.2."""

THREADS = 256
ROUNDING = 2.0**-7
"""Two roundings to bf16, each of half a unit in the last of 8 bits, may differ by one unit."""


class Elementwise(NamedTuple):
    """rotated(rows, turn, shape) → queries [B, H, E], keys and values [2, B, G, E], of rows
    [B, (H+2G)·E]; gated(rows) → silu(gate)·up [B, F], of rows [B, 2F] that hold gate, then up."""

    rotated: Callable[[Any, Any, LayerShape], tuple[Any, Any]]
    gated: Callable[[Any], Any]


def elementwise_of(device: str) -> Elementwise:
    """An InputError if the compiled kernels do not do what torch does."""
    return compiled(device) if device.startswith("cuda") else Elementwise(rotated, gated)


def turn_of(position: int, shape: LayerShape, device: str) -> Any:
    """Cosine and sine [2, E/2] of the angles position · base^(-2i/E), fp32."""
    import torch

    exponents = torch.arange(0, shape.head_dim, 2, dtype=torch.float64) / shape.head_dim
    angles = position * ROPE_BASE**-exponents
    return torch.stack((angles.cos(), angles.sin())).float().to(device)


def rotated(rows: Any, turn: Any, shape: LayerShape) -> tuple[Any, Any]:
    """Rotary positions in torch: elements i and i + E/2 are one pair."""
    import torch

    vectors = rows.view(len(rows), -1, shape.head_dim)
    query, key, value = vectors.split((shape.heads, shape.groups, shape.groups), 1)

    def turned(vectors: Any) -> Any:
        low, high = vectors.float().chunk(2, -1)
        cosine, sine = turn
        pairs = (low * cosine - high * sine, high * cosine + low * sine)
        return torch.cat(pairs, -1).to(vectors.dtype)

    return turned(query), torch.stack((turned(key), value))


def gated(rows: Any) -> Any:
    """silu(gate)·up in torch."""
    from torch.nn.functional import silu

    gate, up = rows.float().chunk(2, -1)
    return (silu(gate) * up).to(rows.dtype)


@lru_cache(maxsize=2)
def compiled(device: str) -> Elementwise:
    """The kernels of `elementwise.cu` in bf16; an InputError if they are not torch's results."""
    import torch

    source = (files("accelsim.validation.offload") / "elementwise.cu").read_text()
    with torch.cuda.device(device):
        turn_kernel, gate_kernel = (
            torch.cuda._compile_kernel(source, name) for name in ("rotated", "gated")
        )

    def rotated_there(rows: Any, turn: Any, shape: LayerShape) -> tuple[Any, Any]:
        b, (_, heads, groups, width, *_) = len(rows), shape
        query = rows.new_empty(b, heads, width)
        keys_values = rows.new_empty(2, b, groups, width)
        cosine, sine = turn
        arguments = [rows, cosine, sine, query, keys_values, b, heads, groups, width]
        turn_kernel(_grid(rows.numel() // 4), (THREADS, 1, 1), arguments)
        return query, keys_values

    def gated_there(rows: Any) -> Any:
        b, width = len(rows), rows.shape[1] // 2
        made = rows.new_empty(b, width)
        gate_kernel(_grid(made.numel() // 4), (THREADS, 1, 1), [rows, made, b, width])
        return made

    found = Elementwise(rotated_there, gated_there)
    _refuse_other_results(found, device)
    return found


def _grid(threads: int) -> tuple[int, int, int]:
    return (ceil(threads / THREADS), 1, 1)


def _refuse_other_results(found: Elementwise, device: str) -> None:
    import torch

    shape = LayerShape(hidden=64, heads=4, groups=2, head_dim=16, ffn=96, layers=1)
    turn = turn_of(1000, shape, device)
    source = random_source(device)
    rows, wide = (
        torch.randn(3, columns, device=device, generator=source).bfloat16()
        for columns in (shape.projected, 2 * shape.ffn)
    )
    there = (*found.rotated(rows, turn, shape), found.gated(wide))
    here = (*rotated(rows, turn, shape), gated(wide))
    for ours, theirs in zip(there, here, strict=True):
        if not torch.allclose(ours.float(), theirs.float(), rtol=ROUNDING, atol=1e-3):
            raise InputError("the kernels of elementwise.cu do not do what torch does")
