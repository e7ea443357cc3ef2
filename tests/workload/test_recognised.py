"""Cascades are told apart by what they compute."""

import pytest

from accelsim.workload.calls import Bmm, Gemm, Sdpa
from accelsim.workload.load import load_workload
from accelsim.workload.recognised import attention_call, product_call

ATTENTION = ["one_pass", "two_pass", "three_pass", "deferred_division", "rabe_staats"]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", [*ATTENTION, "flash_attention_2"])
def test_all_forms_of_attention_are_the_same_call(name, causal):
    cascade = load_workload(f"attention/{name}{'_causal' if causal else ''}")
    call = attention_call(cascade, "flash", "bf16")
    sizes = {"b": 1, "h": 12, "g": 12, "p": 4096, "m": 4096, "e": 64}
    assert call == Sdpa(backend="flash", causal=causal, **sizes)


def test_groups_of_query_heads_share_keys():
    cascade = load_workload("kernels/attention", {"ranks.B": "2", "ranks.H": "4", "ranks.G": "3"})
    call = attention_call(cascade, "cudnn", "fp16")
    assert call is not None and (call.b, call.h, call.g) == (2, 12, 4)


@pytest.mark.parametrize("name", ["attention/block_sparse", "attention/sliding_window_sinks"])
def test_a_pattern_is_not_causal_attention_though_it_is_at_small_sizes(name):
    assert attention_call(load_workload(name), "flash", "bf16") is None


@pytest.mark.parametrize("name", ["kernels/gemm", "kernels/softmax", "transformer/encoder_layer"])
def test_other_things_are_no_attention(name):
    assert attention_call(load_workload(name), "flash", "bf16") is None


def test_attention_without_its_maximum_is_the_same_but_one_with_a_slip_is_not(cascade_of):
    ranks, inputs = "{P: 64, M: 32, E: 8, F: 8}", "{Q: [P, E], K: [M, E], V: [M, F]}"
    text = """
    S[p,m] += Q[p,e] * K[m,e]
    N[p,m] = exp(S[p,m])
    D[p] += N[p,m]
    O[p,f] += N[p,m] * V[m,f]
    A[p,f] = O[p,f] / D[p]
    """
    found = attention_call(cascade_of(text, ranks, inputs), "flash", "bf16")
    assert found == Sdpa(backend="flash", b=1, h=1, g=1, p=64, m=32, e=8)
    wrong = text.replace("O[p,f] / D[p]", "O[p,f] * D[p]")
    assert attention_call(cascade_of(wrong, ranks, inputs), "flash", "bf16") is None


def test_products_by_their_ranks():
    layers = load_workload("transformer/linear_layers")
    found = {e.name: product_call(e, layers, "bf16") for e in layers.einsums}
    assert found["Q"] == Gemm(m=4096, n=768, k=768)
    assert found["FF1"] == Gemm(m=4096, n=3072, k=768)
    bmm = load_workload("kernels/bmm")
    assert product_call(bmm.einsums[0], bmm, "bf16") == Bmm(b=16, m=1024, n=1024, k=1024)


@pytest.mark.parametrize(
    "text",
    [
        "C[m] += A[m,k] * A[m,k]",
        "C[m,n] = A[m,k] * B[k,n]",
        "C[m,n] max= A[m,k] * B[k,n]",
        "C[m,n] += A[m,k] * B[k,n] where n <= m",
        "C[m,n] += A[m,k] * B[k,n] * A[m,k]",
    ],
)
def test_what_is_no_product_of_matrices(cascade_of, text):
    text = text.replace("C[m,n] =", "C[m,n,k] =")
    cascade = cascade_of(text, "{M: 4, N: 4, K: 4}", "{A: [M, K], B: [K, N]}")
    assert product_call(cascade.einsums[0], cascade, "bf16") is None
