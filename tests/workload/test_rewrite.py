"""Pass reduction: what is found, that it is equal, and what is said where nothing is found."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.base.errors import WorkloadError
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret
from accelsim.workload.load import load_workload, read_workload
from accelsim.workload.passes import passes, rank_passes
from accelsim.workload.rewrite import fewest_passes, reduce_passes, tried, workload_text
from accelsim.workload.rewrite.trial import random_inputs
from tests.workload.random_cascades import cascades
from tests.workload.random_reductions import reductions

CascadeOf = Callable[..., Cascade]
EQUAL = 1e-9

MULTI_PASS = [
    "three_pass",
    "three_pass_causal",
    "deferred_division",
    "deferred_division_causal",
    "two_pass",
    "two_pass_causal",
    "sliding_window_sinks",
    "block_sparse",
]
ONE_PASS = ["one_pass", "one_pass_causal", "rabe_staats", "flash_attention_2"]

#: name: (rank, ranks, inputs, cascade, passes before and after)
CASES: dict[str, tuple[str, str, str, str, tuple[int, int]]] = {
    "layer_norm": (
        "D",
        "{P: 3, D: 7, F: 4}",
        "{X: [P, D], G: [D], C: [D], W: [D, F]}",
        """
        MU[p] += X[p,d] / D
        VAR[p] += square(X[p,d] - MU[p]) / D
        N[p,d] = (X[p,d] - MU[p]) * rsqrt(VAR[p] + 1e-5) * G[d] + C[d]
        Y[p,f] += N[p,d] * W[d,f]
        """,
        (3, 1),
    ),
    "several_v_lse": (
        "M",
        "{P: 5, M: 7, F: 2, U: 3}",
        "{S: [P, M], V: [M, F], X: [M, U]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        O[p,f] += A[p,m] * V[m,f]
        O2[p,u] += A[p,m] * X[m,u]
        L[p] = G[p] + log(D[p])
        """,
        (3, 1),
    ),
    "two_ranks": (
        "N",
        "{P: 3, N: 5, J: 4, F: 2}",
        "{S: [P, N, J], V: [N, J, F]}",
        """
        G[p] max= S[p,n,j]
        E[p,n,j] = exp(S[p,n,j] - G[p])
        D[p] += E[p,n,j]
        A[p,n,j] = E[p,n,j] / D[p]
        O[p,f] += A[p,n,j] * V[n,j,f]
        """,
        (3, 1),
    ),
    "two_ranks_causal": (
        "N",
        "{P: 20, N: 5, J: 4, F: 2}",
        "{S: [P, N, J], V: [N, J, F]}",
        """
        G[p] max= S[p,n,j] where n*J + j <= p
        E[p,n,j] = exp(S[p,n,j] - G[p]) where n*J + j <= p
        D[p] += E[p,n,j] where n*J + j <= p
        A[p,n,j] = E[p,n,j] / D[p] where n*J + j <= p
        O[p,f] += A[p,n,j] * V[n,j,f] where n*J + j <= p
        """,
        (3, 1),
    ),
    "grouped": (
        "M",
        "{B: 1, H: 4, R: 2, Z: H / R, P: 5, M: 7, E: 3, F: 2}",
        "{Q: [B, H, P, E], K: [B, Z, M, E], V: [B, Z, M, F]}",
        """
        QK[b,h,p,m] += Q[b,h,p,e] * K[b,h//R,m,e] where m <= p
        GM[b,h,p] max= QK[b,h,p,m] where m <= p
        SN[b,h,p,m] = exp(QK[b,h,p,m] - GM[b,h,p]) where m <= p
        SD[b,h,p] += SN[b,h,p,m] where m <= p
        SNV[b,h,p,f] += SN[b,h,p,m] * V[b,h//R,m,f] where m <= p
        AV[b,h,p,f] = SNV[b,h,p,f] / SD[b,h,p]
        """,
        (2, 1),
    ),
    "sigmoid": (
        "M",
        "{P: 5, M: 7, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        A[p,m] = sigmoid(S[p,m])
        O[p,f] += A[p,m] * V[m,f]
        """,
        (1, 1),
    ),
    "weights_out": (
        "M",
        "{P: 5, M: 7, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        """,
        (3, 2),
    ),
    "tanh": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M]}",
        """
        MU[p] += S[p,m] / M
        T[p] += tanh(S[p,m] - MU[p])
        """,
        (2, 2),
    ),
    "entropy": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        H[p] += A[p,m] * log(A[p,m])
        """,
        (3, 1),
    ),
    "alibi": (
        "M",
        "{H: 2, P: 5, M: 7, F: 2}",
        "{S: [H, P, M], L: [H], V: [M, F]}",
        """
        B[h,p,m] = S[h,p,m] - L[h] * (p - m) where m <= p
        GM[h,p] max= B[h,p,m] where m <= p
        SN[h,p,m] = exp(B[h,p,m] - GM[h,p]) where m <= p
        SD[h,p] += SN[h,p,m] where m <= p
        A[h,p,m] = SN[h,p,m] / SD[h,p] where m <= p
        AV[h,p,f] += A[h,p,m] * V[m,f] where m <= p
        """,
        (3, 1),
    ),
    "mask": (
        "M",
        "{P: 5, M: 9, F: 2}",
        "{S: [P, M], T: [P, M], V: [M, F]}",
        """
        X[p,m] = less(T[p,m], 0.5)
        QK[p,m] = S[p,m] where X[p,m] and m < 8
        GM[p] max= QK[p,m] where X[p,m] and m < 8
        SN[p,m] = exp(QK[p,m] - GM[p]) where X[p,m] and m < 8
        SD[p] += SN[p,m] where X[p,m] and m < 8
        SNV[p,f] += SN[p,m] * V[m,f] where X[p,m] and m < 8
        AV[p,f] = SNV[p,f] / SD[p]
        """,
        (2, 1),
    ),
    "mean_then_softmax": (
        "M",
        "{P: 5, M: 7, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        MU[p] += S[p,m] / M
        C[p,m] = S[p,m] - MU[p]
        G[p] max= C[p,m]
        N[p,m] = exp(C[p,m] - G[p])
        D[p] += N[p,m]
        O[p,f] += N[p,m] * V[m,f] / D[p]
        """,
        (4, 1),
    ),
    "rms_projection": (
        "D",
        "{P: 3, D: 7, F: 4}",
        "{X: [P, D], G: [D], W: [D, F]}",
        """
        Q[p] += X[p,d] * X[p,d]
        I[p] = rsqrt(Q[p] / D + 1e-5)
        N[p,d] = X[p,d] * I[p] * G[d]
        Y[p,f] += N[p,d] * W[d,f]
        """,
        (2, 1),
    ),
    "threshold": (
        "M",
        "{P: 3, M: 7}",
        "{S: [P, M]}",
        """
        MU[p] += S[p,m] / M
        Y[p] += less(MU[p], S[p,m]) * S[p,m]
        """,
        (2, 2),
    ),
    "heads_mixed": (
        "M",
        "{H: 2, P: 3, M: 7, F: 2}",
        "{S: [H, P, M], V: [H, M, F]}",
        """
        G[h,p] max= S[h,p,m]
        N[h,p,m] = exp(S[h,p,m] - G[h,p])
        D[h,p] += N[h,p,m]
        O[p,f] += N[h,p,m] / D[h,p] * V[h,m,f]
        """,
        (3, 1),
    ),
    "variance_causal": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M]}",
        """
        N[p] += equal(S[p,m], S[p,m]) where m <= p
        MU[p] += S[p,m] / N[p] where m <= p
        VAR[p] += square(S[p,m] - MU[p]) where m <= p
        """,
        (3, 1),
    ),
    "window_mean": (
        "W",
        "{P: 5, W: 3}",
        "{X: [P], K: [W]}",
        """
        MU[p] += X[p - w]
        Y[p] += (X[p - w] - MU[p]) * K[w]
        """,
        (2, 1),
    ),
    "softmax_then_max": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        B[p] max= A[p,m]
        """,
        (3, 1),
    ),
    "double_softmax": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M], V: [M]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        G2[p] max= A[p,m]
        N2[p,m] = exp(A[p,m] - G2[p])
        D2[p] += N2[p,m]
        O[p] += N2[p,m] / D2[p] * V[m]
        """,
        (5, 2),
    ),
    "gathered_keys": (
        "K",
        "{P: 3, M: 9, K: 5, E: 2, F: 2}",
        "{C: [P, M], Q: [P, E], KY: [M, E], V: [M, F]}",
        """
        I[p,k] topk= C[p,m]
        QK[p,k] += Q[p,e] * KY[I[p,k],e]
        GM[p] max= QK[p,k]
        SN[p,k] = exp(QK[p,k] - GM[p])
        SD[p] += SN[p,k]
        A[p,k] = SN[p,k] / SD[p]
        AV[p,f] += A[p,k] * V[I[p,k],f]
        """,
        (3, 1),
    ),
    "implied_window": (
        "W",
        "{P: 7, M: P, W: 5, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        GM[p] max= S[p,p - w]
        SN[p,w] = exp(S[p,p - w] - GM[p])
        SD[p] += SN[p,w] where w <= p
        SNV[p,f] += SN[p,w] * V[p - w,f]
        AV[p,f] = SNV[p,f] / SD[p]
        """,
        (2, 1),
    ),
    "every_third": (
        "M",
        "{P: 5, M: 9}",
        "{S: [P, M], V: [M]}",
        """
        GM[p] max= S[p,m] where m % 3 == 0
        SN[p,m] = exp(S[p,m] - GM[p]) where m % 3 == 0
        SD[p] += SN[p,m] where m % 3 == 0
        SNV[p] += SN[p,m] * V[m] where m % 3 == 0
        AV[p] = SNV[p] / SD[p]
        """,
        (2, 1),
    ),
    "one_key_again": (
        "M",
        "{P: 5, M: 9, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        GM[p] max= S[p,m]
        SN[p,m] = exp(S[p,m] - GM[p])
        SD[p] += SN[p,m]
        SNV[p,f] += SN[p,m] * V[m,f]
        ZN[p] = 2 * SN[p,0]
        AV[p,f] = (SNV[p,f] + ZN[p] * V[0,f]) / (SD[p] + ZN[p])
        """,
        (2, 1),
    ),
    "given_tiles": (
        "M",
        "{P: 9, M: 11, M0: 3, W: 2, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        m -> m1, m0
        GM[p] max= S[p,m1,m0] where {near}
        SN[p,m1,m0] = exp(S[p,m1,m0] - GM[p]) where {near}
        SD[p] += SN[p,m1,m0] where {near}
        SNV[p,f] += SN[p,m1,m0] * V[m1,m0,f] where {near}
        AV[p,f] = SNV[p,f] / SD[p]
        """.replace("{near}", "m1*M0 + m0 <= p and (p - m1*M0 < W or m1 == 0)"),
        (2, 1),
    ),
    "slots_of_weights": (
        "M",
        "{P: 4, M: 6, A: 2, F: 2}",
        "{S: [P, A, M], V: [M, F]}",
        """
        GM[p] max= S[p,a,m] where a == 0 and m < 2 or a == 1 and 2 <= m
        SN[p,a,m] = exp(S[p,a,m] - GM[p]) where a == 0 and m < 2 or a == 1 and 2 <= m
        SD[p] += SN[p,a,m] where a == 0 and m < 2 or a == 1 and 2 <= m
        SNV[p,f] += SN[p,a,m] * V[m,f] where a == 0 and m < 2 or a == 1 and 2 <= m
        AV[p,f] = SNV[p,f] / SD[p]
        """,
        (2, 1),
    ),
}

#: name: what the sentence must say
REASONS = {
    "weights_out": "The output A has a value for each m: A[p,m] needs",
    "tanh": "T needs MU[p], which is complete only after a pass over M: tanh(S[p,m] - MU[p])",
    "threshold": "Y needs MU[p], which is complete only after a pass over M: less(MU[p], S[p,m])",
    "double_softmax": "under an exponential or a maximum",
}


def assert_equal(before: Cascade, after: Cascade, inputs: Mapping[str, Any] | None = None) -> None:
    """Both cascades make the same of the same numbers, wherever these are finite."""
    given_inputs = inputs or random_inputs(before)
    expected = interpret(before, given_inputs)
    own = {name: array for name, array in given_inputs.items() if name in after.inputs}
    found = interpret(after, own)
    assert set(found) == set(expected)
    for name, array in expected.items():
        finite = np.isfinite(array)
        scale = 1 + np.abs(array[finite])
        assert np.all(np.abs(found[name][finite] - array[finite]) <= EQUAL * scale), name


def reloaded(cascade: Cascade) -> Cascade:
    return read_workload(parse_yaml(workload_text(cascade), "w.yaml"), cascade.name)


# --- attention -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["three_pass", "deferred_division", "two_pass"])
@pytest.mark.parametrize("causal", ["", "_causal"], ids=["full", "causal"])
def test_fusemax_one_pass_cascade_is_found(name: str, causal: str) -> None:
    found = reduce_passes(load_workload(f"attention/{name}{causal}"), "M", tile=256).cascade
    fusemax = load_workload(f"attention/one_pass{causal}")
    ours, theirs = counts(found), counts(fusemax)
    assert ours.by_class == theirs.by_class
    assert sorted(tuple(each.operations.items()) for each in ours.einsums) == sorted(
        tuple(each.operations.items()) for each in theirs.einsums
    )
    assert (ours.read_bytes, ours.written_bytes) == (theirs.read_bytes, theirs.written_bytes)
    ours_by_rank, theirs_by_rank = passes(found), passes(fusemax)
    assert {rank: each.passes for rank, each in ours_by_rank.items()} == {
        rank: each.passes for rank, each in theirs_by_rank.items()
    }
    assert ours_by_rank["M"].footprint == theirs_by_rank["M"].footprint == "M0"


@pytest.mark.parametrize("name", MULTI_PASS)
def test_shipped_attention_is_reduced_to_one_equal_pass(name: str) -> None:
    before = load_workload(f"attention/{name}")
    found = reduce_passes(before, "M")
    assert (found.before.passes > 1, found.after.passes, found.obstacle) == (True, 1, None)
    assert tried(before, found.cascade).difference < EQUAL
    assert {each.passes for rank, each in passes(found.cascade).items() if rank in "BHPEF"} == {1}
    assert found.steps


@pytest.mark.parametrize("name", ONE_PASS)
def test_attention_in_one_pass_is_left_alone(name: str) -> None:
    cascade = load_workload(f"attention/{name}")
    found = reduce_passes(cascade, "M")
    assert found.cascade is cascade
    assert (found.steps, found.obstacle) == ((), None)


def test_tiles_have_steps_where_they_have_points() -> None:
    found = reduce_passes(load_workload("attention/three_pass_causal"), "M").cascade
    assert str(found.einsum("RGM")) == (
        "RGM[b,h,p,m1+1] = max(RGM[b,h,p,m1], LGM[b,h,p,m1]) where m1*M0 <= p"
    )
    sinks = reduce_passes(load_workload("attention/sliding_window_sinks"), "M").cascade
    assert str(sinks.einsum("RGM")).endswith(
        "where m1*M0 <= p and (m1*M0 < S or p - W + 1 < m1*M0 + M0 and p - W + 1 < M)"
    )


def test_the_author_s_tile_is_kept_and_a_new_one_may_be_chosen() -> None:
    cut = reduce_passes(load_workload("attention/two_pass"), "M", tile=64).cascade
    new = reduce_passes(load_workload("attention/three_pass"), "M", tile=64).cascade
    assert (cut.ranks["M0"], new.ranks["M0"], new.ranks["M1"]) == (256, 64, 64)
    other = new.with_ranks(M=100, M0=7)
    assert (other.ranks["M1"], rank_passes(other, "M").passes) == (15, 1)


@pytest.mark.parametrize("name", ["three_pass", "two_pass", "sliding_window_sinks"])
def test_large_scores_do_not_overflow(name: str) -> None:
    sizes = {"B": 1, "H": 1, "P": 9, "M": 9, "E": 2, "F": 3}
    before = load_workload(f"attention/{name}").with_ranks(**sizes)
    after = reduce_passes(before, "M", tile=2).cascade
    inputs = random_inputs(before)
    inputs["Q"] *= 1000 / np.abs(inputs["Q"]).max()
    assert np.isfinite(interpret(after, inputs)["AV"]).all()
    assert_equal(before, after, inputs)


def test_masks_of_infinity_in_whole_tiles_do_no_harm(cascade_of: CascadeOf) -> None:
    before = cascade_of(
        """
        B[p,m] = select(less(m, 4), -inf, S[p,m])
        G[p] max= B[p,m]
        N[p,m] = exp(B[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        O[p] += A[p,m] * V[m]
        """,
        "{P: 3, M: 9}",
        "{S: [P, M], V: [M]}",
    )
    after = reduce_passes(before, "M", tile=2).cascade
    assert np.isfinite(interpret(after, random_inputs(before))["O"]).all()
    assert_equal(before, after)


# --- other cascades ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("tile", [1, 2, 4])
def test_cascades_are_reduced_and_stay_equal(name: str, tile: int, cascade_of: CascadeOf) -> None:
    rank, ranks, inputs, text, expected = CASES[name]
    before = cascade_of(text, ranks, inputs)
    found = reduce_passes(before, rank, tile)
    assert (found.before.passes, found.after.passes) == expected
    assert (found.obstacle is None) == (found.after.passes == 1)
    assert_equal(before, found.cascade)
    again = reloaded(found.cascade)
    assert (str(again), again.tensors) == (str(found.cascade), found.cascade.tensors)


@pytest.mark.parametrize(("name", "said"), REASONS.items())
def test_what_cannot_be_reduced_is_told_with_the_einsum(
    name: str, said: str, cascade_of: CascadeOf
) -> None:
    rank, ranks, inputs, text, _ = CASES[name]
    assert said in str(reduce_passes(cascade_of(text, ranks, inputs), rank).obstacle)


def test_a_selection_is_told_as_what_it_is(cascade_of: CascadeOf) -> None:
    before = cascade_of(
        """
        I[p,k] topk= S[p,m]
        N[p] += S[p,I[p,k]]
        Y[p] += tanh(S[p,m] * N[p])
        """,
        "{P: 2, M: 5, K: 2}",
        "{S: [P, M]}",
    )
    found = reduce_passes(before, "M")
    assert (found.before.passes, found.after.passes) == (2, 2)
    assert "I is made by topk=, which needs every value before its first" in str(found.obstacle)


def test_layer_norm_keeps_a_sum_of_weights_without_the_rows(cascade_of: CascadeOf) -> None:
    rank, ranks, inputs, text, _ = CASES["layer_norm"]
    found = reduce_passes(cascade_of(text, ranks, inputs), rank).cascade
    assert found.partitions == {}
    assert str(found.einsum("VAR")) == "VAR[p] = SVAR[p] / D - MU[p] * MU[p]"
    assert {str(each.output) for each in found.einsums} >= {"SY2[f]", "SY3[f]"}


def test_every_rank_may_be_reduced_at_once() -> None:
    layer = load_workload("transformer/encoder_layer")
    before = {rank: each.passes for rank, each in passes(layer).items()}
    found = fewest_passes(layer)
    after = {rank: each.passes for rank, each in passes(found).items() if rank in before}
    assert (before["M"], after["M"]) == (3, 1)
    assert after["D"] < before["D"]
    assert all(after[rank] <= before[rank] for rank in after)
    assert tried(layer, found).difference < EQUAL


def test_what_is_known_of_tables_and_masks_is_written_with_the_cascade() -> None:
    text = """
        word: 2 B
        ranks: {B: 2, M: 24}
        inputs: {S: [B, M], V: [M], X: [B, M], LENGTH: [B], T: [M]}
        densities: {X: {value: 1 / 2, source: made up}}
        values: {LENGTH: [24, 12], T: [0.1, -2.5]}
        cascade: |
          G[b] max= S[b,m] where m < LENGTH[b] and X[b,m]
          N[b,m] = exp(S[b,m] - G[b]) * T[m] where m < LENGTH[b] and X[b,m]
          Z[b] += N[b,m] * V[m] where m < LENGTH[b] and X[b,m]
        """
    before = read_workload(parse_yaml(text, "t.yaml"), "t")
    again = reloaded(reduce_passes(before, "M", tile=8).cascade)
    assert again.values == {"LENGTH": (24, 12), "T": (0.1, -2.5)}
    assert again.densities == before.densities
    assert counts(again).by_class["mac"] == counts(before).by_class["mac"]


def test_an_unknown_rank_is_refused_with_those_there_are() -> None:
    with pytest.raises(WorkloadError, match="runs over a rank 'Z'. Its ranks are"):
        reduce_passes(load_workload("attention/three_pass"), "Z")


# --- random cascades -----------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=reductions(), tile=st.integers(1, 4))
def test_random_reductions_stay_equal(
    text: tuple[str, str, str], tile: int, cascade_of: CascadeOf
) -> None:
    try:
        before = cascade_of(*text)
    except WorkloadError:
        return
    found = reduce_passes(before, "M", tile)
    assert found.after.passes <= found.before.passes
    assert (found.obstacle is None) == (found.after.passes == 1)
    assert_equal(before, found.cascade)
    assert str(reloaded(found.cascade)) == str(found.cascade)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=cascades(), tile=st.integers(1, 4))
def test_random_cascades_stay_equal(
    text: tuple[str, str, str], tile: int, cascade_of: CascadeOf
) -> None:
    before = cascade_of(*text)
    for rank, each in passes(before).items():
        if each.passes > 1:
            assert_equal(before, reduce_passes(before, rank, tile).cascade)
