"""What a call asks for, whatever kernel makes it: operations, bytes, and pairs of query and key.

A causal query counts half of the keys before it is past all of them, as is usual.
"""

from accelsim.workload.calls import (
    WORD_BYTES,
    Bmm,
    Call,
    Copy,
    Gemm,
    RmsNorm,
    Sdpa,
    SdpaBackward,
    Sequences,
    Softmax,
)

FORWARD_PRODUCTS = 2

BACKWARD_PRODUCTS = 5
"""Scores again, the gradients of weights, values, queries and keys."""

SOFTMAX_OPERATIONS = 5


def useful_flop(call: Call) -> int:
    """Without padding; an exp, a quotient 1."""
    match call:
        case Gemm(m=m, n=n, k=k):
            return 2 * m * n * k
        case Bmm(b=b, m=m, n=n, k=k):
            return 2 * b * m * n * k
        case Sdpa():
            is_backward = isinstance(call, SdpaBackward)
            products = BACKWARD_PRODUCTS if is_backward else FORWARD_PRODUCTS
            return call.h * pairs_seen(call) * (2 * products * call.e + SOFTMAX_OPERATIONS)
        case Softmax() | RmsNorm():
            return 5 * call.rows * call.cols
    return 0


def compulsory_bytes(call: Call) -> int:
    """Inputs read once and results written once."""
    match call:
        case Copy():
            return 2 * call.bytes
        case Gemm(m=m, n=n, k=k):
            return WORD_BYTES[call.dtype] * (m * k + k * n + m * n)
        case Bmm(b=b, m=m, n=n, k=k):
            return WORD_BYTES[call.dtype] * b * (m * k + k * n + m * n)
        case Softmax() | RmsNorm():
            return WORD_BYTES[call.dtype] * 2 * call.rows * call.cols
        case SdpaBackward():
            # Queries, results, their gradients and those of queries; keys, values, and theirs.
            return 4 * query_bytes(call) + 2 * key_bytes(call)
        case Sdpa():
            return 2 * query_bytes(call) + key_bytes(call)
    return 0


def query_bytes(call: Sdpa) -> int:
    """Of the queries, or of the result."""
    queries = sum(each.queries * each.number for each in call.sequences)
    return WORD_BYTES[call.dtype] * queries * call.h * call.e


def key_bytes(call: Sdpa) -> int:
    """Of keys and values that any query sees."""
    return 2 * WORD_BYTES[call.dtype] * keys_seen(call) * call.g * call.e


def keys_seen(call: Sdpa) -> int:
    """Of all sequences: under a causal mask, the first p of each."""
    return sum(_seen(call, each) * each.number for each in call.sequences)


def pairs_seen(call: Sdpa) -> int:
    """Of query and key, in one head of all sequences."""
    return sum(_pairs(call, each) * each.number for each in call.sequences)


def _seen(call: Sdpa, each: Sequences) -> int:
    if call.causal:
        return min(each.queries, each.keys)
    return min(each.keys, call.window or each.keys)


def _pairs(call: Sdpa, each: Sequences) -> int:
    widest = min(_seen(call, each), call.window or each.keys)
    return each.queries * widest - (widest * widest // 2 if call.causal else 0)
