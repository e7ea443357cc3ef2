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

FORWARD_PRODUCTS = (1, 1)
"""Over the numbers of a key, and over those of a value: scores, results."""

BACKWARD_PRODUCTS = (3, 2)
"""Scores again and the gradients of queries and keys; those of weights and values."""

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
            of_keys, of_values = BACKWARD_PRODUCTS if is_backward else FORWARD_PRODUCTS
            macs = of_keys * call.e + of_values * call.value_dim
            return call.h * pairs_seen(call) * (2 * macs + SOFTMAX_OPERATIONS)
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
            return 2 * (query_bytes(call) + result_bytes(call) + key_bytes(call))
        case Sdpa():
            return query_bytes(call) + result_bytes(call) + key_bytes(call)
    return 0


def query_bytes(call: Sdpa) -> int:
    queries = sum(each.queries * each.number for each in call.sequences)
    return WORD_BYTES[call.dtype] * queries * call.h * call.e


def result_bytes(call: Sdpa) -> int:
    return query_bytes(call) * call.value_dim // call.e


def key_bytes(call: Sdpa) -> int:
    """Of keys and values that any query sees; latent values are among the keys."""
    numbers = call.e if call.latent else call.e + call.value_dim
    return WORD_BYTES[call.dtype] * keys_seen(call) * call.g * numbers


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
