"""What calls ask for, beside a count of every pair of query and key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.base.errors import Place
from accelsim.workload.call_counts import (
    compulsory_bytes,
    key_bytes,
    keys_seen,
    pairs_seen,
    useful_flop,
)
from accelsim.workload.calls import Copy, Gemm, Sdpa, SdpaBackward, case_of

AT = Place("cases.csv", 2)
SDPA = '{"backend": "flash", "b": 2, "h": 8, "g": 2, "p": 64, "m": 96, "e": 32, "causal": true}'


def test_flop_and_bytes_of_a_product_and_of_grouped_attention():
    assert useful_flop(Gemm(m=2, n=3, k=4)) == 48
    assert compulsory_bytes(Gemm(m=2, n=3, k=4)) == 2 * (8 + 12 + 6)
    call = case_of("sdpa", SDPA, AT).call
    # 2 x 8 heads of 64 queries that see half of 64 keys, the other 32 of the 96 are masked:
    # 4 x 32 FLOP of products and 5 of softmax each
    assert useful_flop(call) == 2 * 8 * 64 * 64 // 2 * (4 * 32 + 5)
    # queries and results of 8 heads, keys and values of 2
    assert compulsory_bytes(call) == 2 * 2 * 2 * (8 * 64 + 2 * 64) * 32
    # the last 32 of 96 queries see all 64 keys
    longer = call.model_copy(update={"p": 96, "m": 64})
    assert useful_flop(longer) == 2 * 8 * (64 * 64 // 2 + 32 * 64) * (4 * 32 + 5)
    assert (useful_flop(Copy(bytes=7)), compulsory_bytes(Copy(bytes=7))) == (0, 14)


def test_values_may_be_shorter_than_keys_or_lie_within_them():
    sizes = {"b": 1, "h": 4, "p": 1, "m": 10, "e": 6, "f": 4}
    apart = Sdpa(backend="flash", g=4, **sizes)
    assert useful_flop(apart) == 4 * 10 * (2 * 6 + 2 * 4 + 5)
    assert compulsory_bytes(apart) == 2 * (4 * (6 + 4) + 4 * 10 * (6 + 4))
    latent = Sdpa(backend="flash", g=1, latent=True, **sizes)
    assert useful_flop(latent) == useful_flop(apart)
    assert compulsory_bytes(latent) == 2 * (4 * (6 + 4) + 10 * 6)
    gradients = SdpaBackward(backend="flash", g=4, **sizes)
    assert useful_flop(gradients) == 4 * 10 * (2 * (3 * 6 + 2 * 4) + 5)


def call(kind=Sdpa, **sizes):
    shape = {"backend": "flash", "b": 1, "h": 4, "g": 2, "p": 64, "m": 64, "e": 32}
    return kind(**shape | sizes)


def mask_of(one, queries, keys):
    """Which pairs a call computes, one by one."""
    behind = np.arange(queries)[:, None] - np.arange(keys)[None]
    if one.window and not one.causal:
        behind += keys - queries
    seen = np.ones((queries, keys), dtype=bool)
    if one.causal or one.window:
        seen &= behind >= 0
    if one.window:
        seen &= behind < one.window
    return seen


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.booleans(), st.data())
def test_pairs_and_keys_are_those_of_the_mask(lengths, causal, data):
    p = max(lengths) if causal else data.draw(st.sampled_from([1, max(lengths)]))
    has_window = causal or p == 1
    window = data.draw(st.none() | st.integers(1, 50)) if has_window else None
    one = call(
        b=len(lengths), p=p, m=max(lengths), causal=causal, lengths=tuple(lengths), window=window
    )
    masks = [mask_of(one, *each[:2]) for each in one.sequences]
    assert keys_seen(one) == sum(int(mask.any(axis=0).sum()) for mask in masks)
    # The triangle of n keys counts n^2 / 2, as is usual, for n (n + 1) / 2.
    sides = [min(keys, one.window or keys) for _, keys, _ in one.sequences] if causal else []
    more = sum(n * (n + 1) // 2 - (n * n - n * n // 2) for n in sides)
    assert pairs_seen(one) == sum(int(mask.sum()) for mask in masks) - more


def test_the_gradient_makes_five_products_and_moves_more():
    forward, backward = call(), call(SdpaBackward)
    assert useful_flop(backward) == 4 * 64 * 64 * (10 * 32 + 5)
    queries, keys = 2 * 4 * 64 * 32, 2 * 2 * 64 * 32
    assert compulsory_bytes(forward) == 2 * queries + 2 * keys
    # queries, the result and its gradient, keys and values; then three gradients
    assert compulsory_bytes(backward) == 3 * queries + 2 * keys + queries + 2 * keys


def test_a_window_bounds_what_one_query_reads():
    assert key_bytes(call(p=1, m=4096, window=128)) == 2 * 2 * 128 * 2 * 32


@pytest.mark.parametrize(
    ("sizes", "fact"),
    [
        ({"lengths": (64, 32)}, "1 of them are wanted"),
        ({"b": 2, "lengths": (32, 32)}, "the longest 64"),
        ({"p": 8, "lengths": (64,)}, "p is 1, or m"),
        ({"window": 8}, "causal with p = m, or p is 1"),
        ({"window": 8, "causal": True, "p": 32}, "causal with p = m, or p is 1"),
    ],
)
def test_what_a_call_cannot_be_is_refused(sizes, fact):
    with pytest.raises(ValueError, match=fact):
        call(**sizes)
