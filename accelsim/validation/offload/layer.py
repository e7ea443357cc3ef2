"""One decoder layer of Llama's kind, for one new token of each of B sequences.

    project   rms norm → queries, keys and values in one product → rotary positions
    attend    the new keys and values into the cache, at its last position → attention over all M
    finish    output product → residual → rms norm → gate and up in one product → silu(gate)·up
              → down product → residual

Hidden states are [B, D]; queries [B, H, E]; the new keys and values [2, B, G, E]; a cache is
[2, B, G, M, E]. `apart` has the cache and `attend` on another device, to which queries, then keys
and values are sent, and from which the result comes back.
"""

from math import prod
from typing import Any, NamedTuple

from accelsim.validation.offload.cases import LayerShape
from accelsim.validation.offload.elementwise import Elementwise


class Weights(NamedTuple):
    """Of one layer; a product is hidden [B, D] @ weight [D, columns]."""

    attention_norm: Any
    projection: Any
    output: Any
    ffn_norm: Any
    gate_up: Any
    down: Any


class Layer(NamedTuple):
    """What all layers of a model share."""

    shape: LayerShape
    turn: Any
    steps: Elementwise


class Inbox(NamedTuple):
    """Where what is sent arrives: queries, keys and values far away; the result at home."""

    query: Any
    keys_values: Any
    result: Any


def random_weights(shape: LayerShape, dtype: Any, source: Any) -> Weights:
    """Normal numbers, where the source of them lies, that keep the size of what they multiply."""
    import torch

    def matrix(rows: int, columns: int) -> Any:
        made = torch.empty(rows, columns, dtype=dtype, device=source.device)
        return made.normal_(std=rows**-0.5, generator=source)

    def norm() -> Any:
        return torch.ones(shape.hidden, dtype=dtype, device=source.device)

    return Weights(
        norm(),
        matrix(shape.hidden, shape.projected),
        matrix(shape.heads * shape.head_dim, shape.hidden),
        norm(),
        matrix(shape.hidden, 2 * shape.ffn),
        matrix(shape.ffn, shape.hidden),
    )


def random_cache(shape: LayerShape, b: int, m: int, dtype: Any, source: Any) -> Any:
    import torch

    sizes = (2, b, shape.groups, m, shape.head_dim)
    return torch.empty(sizes, dtype=dtype, device=source.device).normal_(generator=source)


def inbox(shape: LayerShape, b: int, home: str, far: str, dtype: Any) -> Inbox:
    import torch

    def room(device: str, *sizes: int) -> Any:
        return torch.zeros(sizes, dtype=dtype, device=device)

    heads, groups, width = shape.heads, shape.groups, shape.head_dim
    result = room(home, b, heads * width)
    return Inbox(room(far, b, heads, width), room(far, 2, b, groups, width), result)


def project(hidden: Any, weights: Weights, layer: Layer) -> tuple[Any, Any]:
    from torch.nn.functional import rms_norm

    normed = rms_norm(hidden, (layer.shape.hidden,), weights.attention_norm)
    return layer.steps.rotated(normed @ weights.projection, layer.turn, layer.shape)


def attend(query: Any, keys_values: Any, cache: Any) -> Any:
    """[B, H·E]; the backend is the one that torch is left with."""
    from torch.nn.functional import scaled_dot_product_attention

    cache[:, :, :, -1].copy_(keys_values)
    keys, values = cache
    heads_first = query.unsqueeze(2)
    result = scaled_dot_product_attention(heads_first, keys, values, enable_gqa=True)
    return result.reshape(len(query), prod(query.shape[1:]))


def finish(hidden: Any, result: Any, weights: Weights, layer: Layer) -> Any:
    from torch.nn.functional import rms_norm

    hidden = hidden + result @ weights.output
    normed = rms_norm(hidden, (layer.shape.hidden,), weights.ffn_norm)
    return hidden + layer.steps.gated(normed @ weights.gate_up) @ weights.down


def one(hidden: Any, weights: Weights, cache: Any, layer: Layer) -> Any:
    """The layer on the device where all of it lies."""
    query, keys_values = project(hidden, weights, layer)
    return finish(hidden, attend(query, keys_values, cache), weights, layer)


def apart(hidden: Any, weights: Weights, cache: Any, layer: Layer, arrived: Inbox) -> Any:
    """The layer with attention where the cache lies."""
    query, keys_values = project(hidden, weights, layer)
    send(query, arrived.query)
    send(keys_values, arrived.keys_values)
    send(attend(arrived.query, arrived.keys_values, cache), arrived.result)
    return finish(hidden, arrived.result, weights, layer)


def send(here: Any, there: Any) -> None:
    """A copy after all that was started on both devices, before all that will be."""
    there.copy_(here, non_blocking=True)
