"""Attention that is interpreted, against direct computations."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret
from accelsim.workload.load import load_workload
from tests.workload.attention import ATTENTION
from tests.workload.random_cascades import random_inputs


def attention(inputs: Mapping[str, Any], causal: bool) -> Any:
    """softmax(Q Kᵀ) V, row by row; a query sees the keys up to its own if causal."""
    scores = np.einsum("bhpe,bhme->bhpm", inputs["Q"], inputs["K"])
    if causal:
        queries, keys = np.indices(scores.shape[2:])
        scores = np.where(keys <= queries, scores, -inf)
    return np.einsum("bhpm,bhmf->bhpf", softmax(scores, axis=-1), inputs["V"])


def attention_inputs(cascade: Cascade) -> dict[str, Any]:
    """Values are positive, so that no sum cancels and relative errors mean something."""
    inputs = random_inputs(cascade)
    return {**inputs, "V": np.abs(inputs["V"]) + 0.1}


@pytest.mark.parametrize("causal", [False, True], ids=["full", "causal"])
@pytest.mark.parametrize("keys", [32, 37], ids=["even", "ragged"])
@pytest.mark.parametrize("name", ATTENTION)
def test_attention_is_softmax_of_scores_times_values(name: str, keys: int, causal: bool) -> None:
    cascade = load_workload(f"attention/{name}{'_causal' if causal else ''}")
    sizes = {"B": 2, "H": 3, "P": 37, "M": keys, "M0": 8, "E": 5, "F": 4}
    cascade = cascade.with_ranks(**{r: n for r, n in sizes.items() if r in cascade.ranks})
    inputs = attention_inputs(cascade)
    expected = attention(inputs, causal)
    found = interpret(cascade, inputs)["AV"]
    assert np.max(np.abs(found / expected - 1)) < 1e-12
    single = interpret(cascade, inputs, dtype=np.float32)["AV"]
    assert single.dtype == np.float32
    assert np.max(np.abs(single / expected - 1)) < 1e-4


def sees_sinks_and_window(query: int, key: int) -> bool:
    return key in (*range(3), *range(query - 5 + 1, query + 1)) and not key > query


def sees_block(query: int, key: int) -> bool:
    query_block, key_block = query // 4, key // 4
    return abs(query_block - key_block) <= 1 or min(query_block, key_block) < 2


@pytest.mark.parametrize(
    ("name", "sizes", "sees"),
    [
        ("sliding_window_sinks", {"S": 3, "W": 5}, sees_sinks_and_window),
        ("block_sparse", {"N": 4, "W": 1, "G": 2}, sees_block),
    ],
)
def test_sparse_attention_is_softmax_over_the_keys_that_each_query_sees(
    name: str, sizes: dict[str, int], sees: Callable[[int, int], bool]
) -> None:
    cascade = load_workload(f"attention/{name}")
    cascade = cascade.with_ranks(B=2, H=3, P=37, M=37, E=5, F=4, **sizes)
    inputs = attention_inputs(cascade)
    found = interpret(cascade, inputs)["AV"]
    for query in range(37):
        seen = [key for key in range(37) if sees(query, key)]
        scores = np.einsum("bhe,bhme->bhm", inputs["Q"][:, :, query], inputs["K"][:, :, seen])
        shares = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
        expected = np.einsum("bhm,bhmf->bhf", shares, inputs["V"][:, :, seen])
        assert np.max(np.abs(found[:, :, query] / expected - 1)) < 1e-12


def test_flash_attention_2_also_gives_the_logarithm_of_the_denominator() -> None:
    cascade = load_workload("attention/flash_attention_2").with_ranks(H=2, P=5, M=21, M0=4)
    inputs = random_inputs(cascade)
    scores = np.einsum("bhpe,bhme->bhpm", inputs["Q"], inputs["K"])
    found = interpret(cascade, inputs)["L"]
    np.testing.assert_allclose(found, logsumexp(scores, axis=-1), rtol=1e-12)


def test_one_tile_larger_than_the_keys_is_plain_softmax() -> None:
    cascade = load_workload("attention/one_pass").with_ranks(H=1, P=3, M=5, M0=100)
    inputs = attention_inputs(cascade)
    expected = attention(inputs, causal=False)
    np.testing.assert_allclose(interpret(cascade, inputs)["AV"], expected, rtol=1e-12)


def test_large_scores_do_not_overflow_in_one_pass() -> None:
    cascade = load_workload("attention/one_pass").with_ranks(H=1, P=3, M=12, M0=4, E=2)
    inputs = attention_inputs(cascade)
    inputs["Q"] *= 1e3
    expected = attention(inputs, causal=False)
    np.testing.assert_allclose(interpret(cascade, inputs)["AV"], expected, rtol=1e-12)


def test_encoder_layer_is_attention_and_feed_forward_with_layer_norms() -> None:
    cascade = load_workload("transformer/encoder_layer")
    cascade = cascade.with_ranks(B=2, H=3, P=7, D=6, E=4, F=5, S=9)
    x = random_inputs(cascade)

    def norm(rows: Any, gain: Any, bias: Any) -> Any:
        centred = rows - rows.mean(axis=-1, keepdims=True)
        return centred / np.sqrt(rows.var(axis=-1, keepdims=True) + 1e-5) * gain + bias

    heads = {
        name: np.einsum("bpd,hde->bhpe", x["X"], x[weight])
        for name, weight in {"Q": "WQ", "K": "WK", "V": "WV"}.items()
    }
    mixed = np.einsum("bhpf,hfd->bpd", attention(heads, causal=False), x["WO"])
    middle = norm(x["X"] + mixed, x["G1"], x["C1"])
    wide = middle @ x["W1"]
    gelu = wide * (1 + np.vectorize(_erf)(wide / np.sqrt(2))) / 2
    expected = norm(middle + gelu @ x["W2"], x["G2"], x["C2"])
    np.testing.assert_allclose(interpret(cascade, x)["Y"], expected, rtol=1e-10, atol=1e-12)


def _erf(value: float) -> float:
    from math import erf

    return erf(value)
