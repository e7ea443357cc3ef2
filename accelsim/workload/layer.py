"""A layer of a transformer as calls of libraries, in order, on one tensor-parallel device.

    before      norm; projections to queries, keys and values; their norms; rotation; cache update
    attention   an Sdpa for every part of the phase; reads no weights, so that it may run elsewhere
    after       output projection, norm, feed-forward network or experts

Latent attention decodes in its absorbed form: queries go into the latent space at the end of
`before`, results leave it at the start of `after`, and all heads read the latent as their one key.
Parts of prompts have keys and values, made from the latents of their whole context.

A `Copy` has half of the bytes that the step reads and writes. Left out: the addition of the
residual, which libraries do in the norm's kernel (two words a feature); sums over devices, which
are transfers; merging attention over earlier tokens with that over new ones.

Experts that are spread over devices are what comes to one of them: the busiest, for which all wait.
Matrices are multiplied as words of `weight` bits, attention is of words of `kv` bits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

from accelsim.workload.calls import Backend, Call, Sdpa, Softmax
from accelsim.workload.expert_spread import Busy, Spread
from accelsim.workload.model import LatentAttention, Model, Shard
from accelsim.workload.phase import Decode, Phase, Prefill, new_tokens
from accelsim.workload.unchecked_calls import (
    activation,
    bmm,
    cache_update,
    copy,
    dtype_of,
    elementwise,
    gemm,
    norm,
    rows_copied,
)


@dataclass(frozen=True)
class LayerCalls:
    """Those of one layer."""

    before: tuple[Call, ...]
    attention: tuple[Call, ...]
    after: tuple[Call, ...]

    def __iter__(self) -> Iterator[Call]:
        yield from (*self.before, *self.attention, *self.after)


def layer_calls(
    model: Model,
    layer: int,
    phase: Phase,
    tensor: int = 1,
    backend: Backend = "flash",
    expert: int = 1,
    of: Busy = "busiest",
) -> LayerCalls:
    """The calls of a layer, counted from 0, on one of `tensor` devices; of those over which experts
    are spread (`expert`; `expert_spread.py`) the busiest one, or the mean.

    Raises
    ------
    WorkloadError
        if there is no such layer, the model does not divide over so many devices, or no library
        has words of so many bits.
    """
    return _layer_calls(model, model.has_experts(layer), phase, tensor, backend, expert, of)


def embedding_calls(model: Model, tokens: int) -> tuple[Call, ...]:
    """Rows of the embedding, looked up."""
    bits = tokens * model.hidden * model.activation_bits
    return (copy(bits, bits),)


def head_calls(model: Model, tokens: int, tensor: int = 1) -> tuple[Call, ...]:
    """Final norm, and the scores of every word of the device's vocabulary, for tokens from which
    the next is sampled."""
    dtype, columns = dtype_of(model.activation_bits), model.divided(tensor).vocabulary
    last = norm(tokens, model.hidden, dtype)
    return last, gemm(tokens, columns, model.hidden, dtype)


@lru_cache(maxsize=8192)
def _layer_calls(
    model: Model,
    has_experts: bool,
    phase: Phase,
    tensor: int,
    backend: Backend,
    expert: int,
    of: Busy,
) -> LayerCalls:
    part, tokens = model.divided(tensor), new_tokens(phase)
    if has_experts and model.experts is not None:
        of_network = _experts(model, part, tokens, Spread(model.experts, expert, tensor), of)
    else:
        of_network = _dense(model, part, tokens)
    return LayerCalls(
        before=tuple(_before(model, part, phase, tokens)),
        attention=tuple(
            call for each in phase.parts for call in _attention(model, part, each, backend)
        ),
        after=(*_out(model, part, phase, tokens), *of_network),
    )


# --- before --------------------------------------------------------------------------------------


def _before(model: Model, part: Shard, phase: Phase, tokens: int) -> Iterator[Call]:
    yield norm(tokens, model.hidden, dtype_of(model.activation_bits))
    if model.mla:
        yield from _latent_projections(model, model.mla, part, tokens)
        yield from _absorbed(model, part, phase, model.mla.kv_rank, model.mla.nope_dim)
        yield from _keys_and_values(model, model.mla, part, phase)
    else:
        yield from _projections(model, part, tokens)


def _projections(model: Model, part: Shard, tokens: int) -> Iterator[Call]:
    rotated = part.heads + part.kv_heads
    kept = part.kv_heads * (model.head_dim + model.value_dim)
    columns = part.heads * model.head_dim + kept
    yield gemm(tokens, columns, model.hidden, dtype_of(model.weight_bits))
    if model.qk_norm:
        yield norm(tokens * part.heads, model.head_dim, dtype_of(model.activation_bits))
        yield norm(tokens * part.kv_heads, model.head_dim, dtype_of(model.activation_bits))
    yield elementwise(model, tokens * rotated * model.head_dim)
    yield cache_update(model, tokens * kept)


def _latent_projections(
    model: Model, mla: LatentAttention, part: Shard, tokens: int
) -> Iterator[Call]:
    words, dtype = dtype_of(model.weight_bits), dtype_of(model.activation_bits)
    queries = part.heads * model.query_dim
    if mla.query_rank:
        yield gemm(tokens, mla.query_rank + mla.kept, model.hidden, words)
        yield norm(tokens, mla.query_rank, dtype)
        yield gemm(tokens, queries, mla.query_rank, words)
    else:
        yield gemm(tokens, queries, model.hidden, words)
        yield gemm(tokens, mla.kept, model.hidden, words)
    yield norm(tokens, mla.kv_rank, dtype)
    yield elementwise(model, tokens * (part.heads + 1) * mla.rope_dim)
    yield cache_update(model, tokens * mla.kept)


def _absorbed(model: Model, part: Shard, phase: Phase, columns: int, deep: int) -> Iterator[Call]:
    """A product of each head, for the tokens that are decoded."""
    tokens = sum(each.tokens for each in phase.parts if isinstance(each, Decode))
    if tokens:
        yield bmm(part.heads, tokens, columns, deep, dtype_of(model.weight_bits))


def _keys_and_values(
    model: Model, mla: LatentAttention, part: Shard, phase: Phase
) -> Iterator[Call]:
    columns = part.heads * (mla.nope_dim + mla.value_dim)
    for each in phase.parts:
        if isinstance(each, Prefill):
            rows = each.sequences * each.context
            yield gemm(rows, columns, mla.kv_rank, dtype_of(model.weight_bits))


# --- attention -----------------------------------------------------------------------------------


def _attention(
    model: Model, part: Shard, each: Decode | Prefill, backend: Backend
) -> Iterable[Sdpa]:
    if isinstance(each, Decode):
        return (_decode(model, part, each, backend),)
    return _prefill(model, part, each, backend)


def _decode(model: Model, part: Shard, each: Decode, backend: Backend) -> Sdpa:
    keys = each.context
    return Sdpa.model_construct(
        backend=backend,
        b=each.tokens,
        h=part.heads,
        g=1 if model.mla else part.kv_heads,
        p=1,
        m=keys,
        e=model.mla.kept if model.mla else model.head_dim,
        f=model.mla.kv_rank if model.mla else _unequal(model),
        latent=model.mla is not None,
        window=model.window if model.window and model.window < keys else None,
        dtype=dtype_of(model.kv_bits),
    )


def _prefill(model: Model, part: Shard, each: Prefill, backend: Backend) -> Iterator[Sdpa]:
    """Over earlier tokens, of which as many as the window shows on average, and over new ones."""
    sizes: dict[str, Any] = {
        "backend": backend,
        "b": each.sequences,
        "h": part.heads,
        "g": part.heads if model.mla else part.kv_heads,
        "p": each.tokens,
        "e": model.query_dim,
        "f": _unequal(model),
        "dtype": dtype_of(model.kv_bits),
    }
    window = model.window if model.window and model.window < each.context else None
    earlier = -(-_pairs_with_earlier(each, window) // each.tokens) if window else each.earlier
    if earlier:
        yield Sdpa.model_construct(**sizes, m=earlier)
    own = window if window and window < each.tokens else None
    yield Sdpa.model_construct(**sizes, m=each.tokens, causal=True, window=own)


def _pairs_with_earlier(each: Prefill, window: int) -> int:
    """Of a new token, the j-th from 1, and an earlier one: the sum of what a window of W shows
    beyond the j new ones, at most all C earlier ones: sum_j min(max(W - j, 0), C)."""

    def beyond(width: int) -> int:
        terms = min(each.tokens, max(width, 0))
        return terms * width - terms * (terms + 1) // 2

    return beyond(window) - beyond(window - each.earlier)


def _unequal(model: Model) -> int | None:
    return None if model.result_dim == model.query_dim else model.result_dim


# --- after ---------------------------------------------------------------------------------------


def _out(model: Model, part: Shard, phase: Phase, tokens: int) -> Iterator[Call]:
    if model.mla:
        yield from _absorbed(model, part, phase, model.mla.value_dim, model.mla.kv_rank)
    rows = part.heads * model.result_dim
    yield gemm(tokens, model.hidden, rows, dtype_of(model.weight_bits))
    yield norm(tokens, model.hidden, dtype_of(model.activation_bits))


def _dense(model: Model, part: Shard, tokens: int) -> Iterator[Call]:
    return _network(model, tokens, part.feed_forward)


def _network(model: Model, tokens: int, columns: int) -> Iterator[Call]:
    words = dtype_of(model.weight_bits)
    yield gemm(tokens, (1 + model.gated) * columns, model.hidden, words)
    yield activation(model, tokens * columns)
    yield gemm(tokens, model.hidden, columns, words)


def _experts(model: Model, part: Shard, tokens: int, spread: Spread, of: Busy) -> Iterator[Call]:
    """The router, then as many experts as are hit, each with its share of tokens (the last row of
    some is padding), then the shared ones."""
    experts, columns = spread.experts, spread.columns
    words, dtype = dtype_of(model.weight_bits), dtype_of(model.activation_bits)
    load = spread.load(tokens, of)
    pairs, hit = ceil(load.pairs), max(1, round(load.hit))
    rows = -(-pairs // hit)
    yield gemm(tokens, experts.count, model.hidden, dtype)
    yield Softmax.model_construct(rows=tokens, cols=experts.count, dtype=dtype)
    yield rows_copied(model, pairs, pairs)
    yield bmm(hit, rows, (1 + model.gated) * columns, model.hidden, words)
    yield activation(model, pairs * columns)
    yield bmm(hit, rows, model.hidden, columns, words)
    yield from _summed(model, tokens, pairs, spread)
    if experts.shared:
        yield from _network(model, tokens, part.shared)


def _summed(model: Model, tokens: int, pairs: int, spread: Spread) -> Iterator[Call]:
    """Results of a token's experts. Of spread ones a device puts its own in the order in which they
    go back, and adds up those that come for its share of the tokens."""
    if spread.devices == 1:
        yield rows_copied(model, pairs, tokens)
    else:
        own = ceil(tokens / spread.tensor)
        yield rows_copied(model, pairs, pairs)
        yield rows_copied(model, ceil(own * spread.copies), own)
