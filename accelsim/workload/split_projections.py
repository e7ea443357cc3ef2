"""Projections of a layer in two halves, so that queries are on their way before keys and values are
made (Lamina, arXiv 2405.01814v2, section 4.2).

    queries       norm; projection to queries; their norm and rotation
    keys_values   projections to keys and values; the keys' norm and rotation

Latent attention makes its queries and latents together: all of it counts as the first half.
"""

from typing import NamedTuple

from accelsim.workload.calls import Call, Copy, Dtype, Gemm, RmsNorm
from accelsim.workload.layer import layer_calls
from accelsim.workload.model import Model
from accelsim.workload.phase import Decode
from accelsim.workload.unchecked_calls import DTYPES


class Projections(NamedTuple):
    queries: tuple[Call, ...]
    keys_values: tuple[Call, ...]


def split_projections(model: Model, tokens: int, tensor: int = 1) -> Projections:
    """Of one of `tensor` devices, for tokens that decode."""
    if model.mla:
        phase = Decode(tokens=tokens, context=1)
        return Projections(layer_calls(model, model.layers - 1, phase, tensor).before, ())
    part, words = model.divided(tensor), DTYPES[model.weight_bits]
    activations = DTYPES[model.activation_bits]
    kept = part.kv_heads * (model.head_dim + model.value_dim)
    norm = RmsNorm(rows=tokens, cols=model.hidden, dtype=activations)
    return Projections(
        queries=(
            norm,
            _gemm(model, tokens, part.heads * model.head_dim, words),
            *_turned(model, tokens * part.heads, activations),
        ),
        keys_values=(
            _gemm(model, tokens, kept, words),
            *_turned(model, tokens * part.kv_heads, activations),
        ),
    )


def _gemm(model: Model, tokens: int, columns: int, words: Dtype) -> Gemm:
    return Gemm(m=tokens, n=columns, k=model.hidden, dtype=words)


def _turned(model: Model, vectors: int, activations: Dtype) -> tuple[Call, ...]:
    norm = RmsNorm(rows=vectors, cols=model.head_dim, dtype=activations)
    rotation = Copy(bytes=vectors * model.head_dim * model.activation_bits // 8)
    return (norm, rotation) if model.qk_norm else (rotation,)
