"""How large a transformer is: parameters, bytes of weights, of the cache, and between the layers.

Sizes with `tensor` are those of one of so many tensor-parallel devices (`Model.divided`).
"""

from dataclasses import dataclass
from functools import lru_cache

from accelsim.workload.model import Experts, LatentAttention, Model, Shard

LOGIT_BYTES = 4
"""Logits are sampled from as float32."""


@dataclass(frozen=True)
class LayerParameters:
    """`feed_forward` is the dense network, or the shared experts; `experts` are all others.
    Biases are in `attention`."""

    attention: int
    feed_forward: int
    experts: int
    router: int
    norms: int

    @property
    def matrices(self) -> int:
        """What is quantised."""
        return self.attention + self.feed_forward + self.experts

    @property
    def total(self) -> int:
        return self.matrices + self.router + self.norms


@lru_cache(maxsize=1024)
def layer_parameters(model: Model, layer: int, tensor: int = 1, expert: int = 1) -> LayerParameters:
    """Those of a layer, counted from 0; D = hidden, h and g heads, e numbers a key, f a value:

        attention      D (h e + g (e + f)) + h f D, and biases
        ... latent     D q + q h e (or D h e), D (c + r) + c h (n + f), h f D
        feed-forward   3 D S, of 2 D S if not gated; shared and other experts likewise
        norms          2 D, and e of queries and of keys (qk_norm), q and c of latents

    A router is one matrix, experts x D; a correction of its scores is no parameter. Experts that
    are spread over more devices than `tensor` (`expert`) are fewer on each; over fewer, each device
    has as many numbers as without.
    """
    part = model.divided(tensor)
    matrices, experts = 3 if model.gated else 2, model.experts
    has_experts = model.has_experts(layer) and experts is not None
    columns = part.shared if has_experts else part.feed_forward
    of_experts = _expert_columns(experts, tensor, expert) if has_experts and experts else 0
    return LayerParameters(
        attention=_latent(model, model.mla, part) if model.mla else _attention(model, part),
        feed_forward=matrices * model.hidden * columns,
        experts=matrices * model.hidden * of_experts,
        router=model.hidden * experts.count if has_experts and experts else 0,
        norms=2 * model.hidden + _inner_norms(model),
    )


def parameters(model: Model, tensor: int = 1, expert: int = 1) -> int:
    """All: layers, final norm, and embeddings, once if tied."""
    of_layers = _sum(model, tensor, "total", expert)
    return of_layers + model.hidden + embedding_parameters(model, tensor)


def active_parameters(model: Model) -> int:
    """Those that a token passes: k of E experts; embeddings are counted whole, as is usual."""
    if model.experts is None:
        return parameters(model)
    idle = model.experts.count - model.experts.active
    return parameters(model) - _sum(model, 1, "experts") * idle // model.experts.count


def embedding_parameters(model: Model, tensor: int = 1) -> int:
    """Of the embedding and the head."""
    return (1 if model.tied else 2) * model.divided(tensor).vocabulary * model.hidden


def weight_bytes(model: Model, tensor: int = 1, expert: int = 1) -> int:
    """Matrices of layers at `weight` bits, all else at those of activations. Scales of quantised
    weights are left out (of FP8 blocks of 128 x 128: 0.02 %)."""
    matrices = _sum(model, tensor, "matrices", expert)
    others = parameters(model, tensor, expert) - matrices
    return _bytes(matrices * model.weight_bits + others * model.activation_bits)


def layer_weight_bytes(model: Model, layer: int, tensor: int = 1) -> int:
    found = layer_parameters(model, layer, tensor)
    others = found.total - found.matrices
    return _bytes(found.matrices * model.weight_bits + others * model.activation_bits)


def kv_bytes_per_token(model: Model, tensor: int = 1) -> int:
    """What the caches of all layers keep of a token, on one device:

        layers (kv_heads (head_dim + value_dim)) kv bits      or      layers (kv_rank + rope_dim)

    and a scale for every started group of a vector. Latents are on every device whole."""
    part, mla = model.divided(tensor), model.mla
    vectors = (mla.kept,) if mla else (model.head_dim, model.value_dim) * part.kv_heads
    group = model.kv_group
    scales = sum(-(-numbers // group) for numbers in vectors) if group else 0
    return _bytes(model.layers * (sum(vectors) * model.kv_bits + scales * model.kv_scale_bits))


def sequence_kv_bytes(model: Model, context: int, tensor: int = 1) -> int:
    """Of a sequence of so many tokens, of which a window keeps the last."""
    kept = min(context, model.window) if model.window else context
    return kept * kv_bytes_per_token(model, tensor)


def activation_bytes_per_token(model: Model, tensor: int = 1) -> int:
    """The most that lives at once between two calls of a layer: the residual, its norm, and the
    wider of attention (queries, keys, values, results) and feed-forward network (gate and up, their
    product, the result; of all active and shared experts)."""
    part = model.divided(tensor)
    widest = max(_attention_width(model, part), _feed_forward_width(model, part))
    return _bytes((2 * model.hidden + widest) * model.activation_bits)


def logit_bytes_per_token(model: Model, tensor: int = 1) -> int:
    """Of a token from which the next one is sampled: the device's logits and those of all."""
    gathered = model.vocabulary if tensor > 1 else 0
    return LOGIT_BYTES * (model.divided(tensor).vocabulary + gathered)


def activation_bytes(model: Model, tokens: int, sampled: int, tensor: int = 1) -> int:
    """Of a step of so many tokens, of which so many are followed by a sampled one."""
    between = activation_bytes_per_token(model, tensor) * tokens
    return between + logit_bytes_per_token(model, tensor) * sampled


def _expert_columns(experts: Experts, tensor: int, expert: int) -> int:
    """Of all that a device holds: E / e experts in t / e parts, or whole."""
    return experts.count * experts.feed_forward // max(tensor, expert)


def _sum(model: Model, tensor: int, what: str, expert: int = 1) -> int:
    """Over all layers, of which there are two kinds: the first and the last are one of each."""
    last = layer_parameters(model, model.layers - 1, tensor, expert)
    first = layer_parameters(model, 0, tensor)
    like_last = model.expert_layers or model.layers
    number: int = getattr(last, what) * like_last
    return number + int(getattr(first, what)) * (model.layers - like_last)


def _attention(model: Model, part: Shard) -> int:
    columns = part.heads * model.head_dim + part.kv_heads * (model.head_dim + model.value_dim)
    matrices = model.hidden * (columns + part.heads * model.value_dim)
    return matrices + model.qkv_bias * columns + model.output_bias * model.hidden


def _latent(model: Model, mla: LatentAttention, part: Shard) -> int:
    queries = part.heads * model.query_dim
    if mla.query_rank:
        of_queries = (model.hidden + queries) * mla.query_rank
    else:
        of_queries = model.hidden * queries
    down = model.hidden * mla.kept
    up = mla.kv_rank * part.heads * (mla.nope_dim + mla.value_dim)
    out = part.heads * mla.value_dim * model.hidden
    biases = model.qkv_bias * ((mla.query_rank or 0) + mla.kept)
    return of_queries + down + up + out + biases + model.output_bias * model.hidden


def _inner_norms(model: Model) -> int:
    if model.mla:
        return (model.mla.query_rank or 0) + model.mla.kv_rank
    return 2 * model.head_dim if model.qk_norm else 0


def _attention_width(model: Model, part: Shard) -> int:
    """Of latent attention, the wider of both forms: with keys and values, or absorbed."""
    if model.mla is None:
        of_a_head = model.head_dim + model.value_dim
        return (part.heads + part.kv_heads) * of_a_head
    whole = 2 * (model.query_dim + model.mla.value_dim)
    absorbed = model.mla.kept + model.mla.kv_rank
    return part.heads * max(whole, absorbed) + model.mla.kept


def _feed_forward_width(model: Model, part: Shard) -> int:
    matrices, experts = 3 if model.gated else 2, model.experts
    dense = matrices * part.feed_forward + model.hidden if model.expert_layers < model.layers else 0
    if experts is None:
        return dense
    routed = experts.active * (matrices * part.expert + model.hidden)
    shared = matrices * part.shared + model.hidden if experts.shared else 0
    return max(dense, routed + shared)


def _bytes(bits: float) -> int:
    """Started bytes count whole."""
    return int(-(-bits // 8))
