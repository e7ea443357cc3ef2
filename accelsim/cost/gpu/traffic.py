"""Bytes that an attention kernel moves: between L2 and the SMs, and of device memory at least.

                 forward                              gradient (blocks of keys)
    a step       keys and values                      queries and the result's gradient
    added        -                                    the queries' gradient, in fp32, at L2
    once         queries and the result               keys, values and their gradients
    read         queries; keys and values seen        queries, the result's gradient; keys and
                                                      values; sums of the queries' gradient
    written      the result                           these sums; gradients of keys and values

A kernel over pages finds every row by itself: of a tile it copies those that the call has. Others
copy whole tiles.

In a gradient every query head has keys' and values' gradients of its own.
"""

from dataclasses import dataclass

from accelsim.cost.gpu.tile import ACCUMULATOR_BYTES
from accelsim.mapping.attention_binding import BoundAttention
from accelsim.workload.call_counts import key_bytes, query_bytes
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
    queries, keys = query_bytes(call), key_bytes(call)
    rows, columns = _copied(bound)
    return Traffic(
        step=2 * columns * min(tile.features, call.e) * word + tile.refetched_bytes,
        added=0,
        once=2 * queries,
        read=queries + keys,
        written=queries,
        block=2 * (rows + columns) * tile.features * word,
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
