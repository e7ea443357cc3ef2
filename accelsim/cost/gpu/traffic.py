"""Bytes that an attention kernel moves: between L2 and the SMs, and of device memory at least.

                 forward                              gradient (blocks of keys)
    a step       keys and values                      queries and the result's gradient
    added        -                                    the queries' gradient, in fp32, at L2
    once         queries and the result               keys, values and their gradients
    read         queries; keys and values seen        queries, the result's gradient; keys and
                                                      values; sums of the queries' gradient
    written      the result                           these sums; gradients of keys and values

Values that are latent in the keys are read with them: a step copies one tile, not two.

A kernel over pages finds every row by itself: of a tile it copies those that the call has. Others
copy whole tiles.

In a gradient every query head has keys' and values' gradients of its own.
"""

from dataclasses import dataclass

from accelsim.cost.gpu.tile import ACCUMULATOR_BYTES
from accelsim.mapping.attention_binding import BoundAttention
from accelsim.workload.call_counts import key_bytes, query_bytes, result_bytes
from accelsim.workload.calls import WORD_BYTES


@dataclass(frozen=True)
class Traffic:
    """`step`, `added`: of one step. `once`, `read`, `written`: of the call. `block`: through an
    SM's port before a block's first step and after its last."""

    step: float
    added: float
    once: float
    read: float
    written: float
    block: float


def traffic_of(bound: BoundAttention) -> Traffic:
    return _of_gradient(bound) if bound.kernel.over == "keys" else _of_result(bound)


def _of_result(bound: BoundAttention) -> Traffic:
    call, tile, word = bound.call, bound.tile, WORD_BYTES[bound.call.dtype]
    queries, keys, results = query_bytes(call), key_bytes(call), result_bytes(call)
    rows, columns = _copied(bound)
    features, values = tile.features, tile.value_features
    kept = features if call.latent else features + values
    own = min(features, call.e) + (0 if call.latent else min(values, call.value_dim))
    return Traffic(
        step=columns * own * word + tile.refetched_bytes,
        added=0,
        once=queries + results,
        read=queries + keys,
        written=results,
        block=(rows * (features + values) + columns * kept) * word,
    )


def _copied(bound: BoundAttention) -> tuple[int, int]:
    """Rows of queries and of keys, of a tile."""
    call, tile = bound.call, bound.tile
    if call.page is None:
        return tile.queries, tile.keys
    return min(tile.queries, bound.fold * call.p), min(tile.keys, call.m)


def _of_gradient(bound: BoundAttention) -> Traffic:
    call, tile, word = bound.call, bound.tile, WORD_BYTES[bound.call.dtype]
    queries, keys = query_bytes(call), key_bytes(call)
    sums = queries * ACCUMULATOR_BYTES // word
    of_every_head = keys * (call.h // call.g)
    row = min(tile.features, call.e)
    return Traffic(
        step=2 * tile.queries * row * word,
        added=tile.queries * row * ACCUMULATOR_BYTES,
        once=2 * of_every_head,
        read=2 * queries + keys + sums,
        written=sums + of_every_head,
        block=(4 * tile.keys + 2 * tile.queries) * tile.features * word,
    )
