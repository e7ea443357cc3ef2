"""Budgets: what is counted of cascades that depend on data, against what really runs."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from accelsim.workload.budget import budgeted
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret
from accelsim.workload.load import load_workload
from tests.workload.test_selections import cascade_of

NORMAL = np.random.default_rng(5).normal
PAGES = """
C[p,n] += Q[p,e] * KM[n,e]
I[p,k] topk= C[p,n]
S[p,k,u] += Q[p,e] * K[I[p,k]*U + u,e]
G[p] max= S[p,k,u]
"""


def pages(**ranks: int) -> Cascade:
    sizes = {"P": 2, "N": 8, "U": 4, "M": 32, "K": 3, "E": 5, **ranks}
    listed = ", ".join(f"{rank}: {size}" for rank, size in sizes.items())
    return cascade_of(
        PAGES, ranks=f"{{{listed}}}", inputs="{Q: [P, E], KM: [N, E], K: [M, E]}", words="{I: 4 B}"
    )


def test_nothing_changes_where_nothing_depends_on_data():
    cascade = load_workload("attention/one_pass_causal")
    assert budgeted(cascade) is cascade


def test_a_budget_has_a_budget_of_itself():
    once = budgeted(pages())
    assert budgeted(once) is once


def test_a_lookup_reads_what_it_fetches_and_the_positions_beside_it():
    scores = budgeted(pages()).einsum("S")
    assert str(scores) == "S[p,k,u] += Q[p,e] * K_at_I[u,p,k,e]"
    assert [access.tensor for access in scores.reads] == ["Q", "K_at_I", "I"]


def test_selections_take_steps_for_each_candidate_and_then_fill_slots():
    found = {each.einsum: each for each in counts(pages()).einsums}
    # 2 queries, 8 candidates, a heap of 3: ceil(log2(6)) = 3 steps.
    assert found["I_steps"].operations == {"topk": 2 * 8 * 3}
    assert (found["I"].points, found["I"].operations) == (2 * 3, {})
    assert found["S"].operations == {"mac": 2 * 3 * 4 * 5}


@pytest.mark.parametrize(("kind", "steps"), [("sort", 16 * 4), ("fft", 16 * 4)])
def test_sorts_and_transforms_take_n_log_n(kind: str, steps: int):
    made = cascade_of(f"I[r] {kind}= C[m]", ranks="{M: 16, R: 16}", inputs="{C: [M]}")
    halves = 2 if kind == "fft" else 1
    assert counts(made).operations == {kind: pytest.approx(steps / halves, rel=0.5)}


def test_least_traffic_of_a_lookup_is_at_most_the_whole_tensor():
    few, many = counts(pages()), counts(pages(P=100))
    assert few.read_bytes == 2 * (2 * 5 + 8 * 5 + 2 * 3 * 4 * 5)
    assert many.read_bytes == 2 * (100 * 5 + 8 * 5 + 32 * 5)


def test_scattered_sums_take_a_point_each_and_write_every_element():
    made = cascade_of(
        "VS[Z[m],f] += V[m,f]\nO[s,f] = VS[s,f] * 2",
        ranks="{M: 40, S: 4, F: 3}",
        inputs="{V: [M, F], Z: [M]}",
        tensors="{VS: [S, F]}",
    )
    found = {each.einsum: each for each in counts(made).einsums}
    assert found["VS_sum"].operations == {"add": 40 * 3}
    assert found["VS"].points == 4 * 3


def test_a_shift_that_is_looked_up_touches_what_no_shift_touches():
    made = cascade_of("Y[l,p] = X[l,p - D[l]]", ranks="{L: 3, P: 9}", inputs="{X: [L, P], D: [L]}")
    assert counts(made).read_bytes == 2 * (27 + 3)


def test_running_values_read_what_they_start_from():
    made = cascade_of(
        "S[0,e] = SI[e]\nS[c+1,e] = S[c,e] + U[c,e]",
        ranks="{C: 4, E: 3}",
        inputs="{SI: [E], U: [C, E]}",
    )
    assert counts(made).read_bytes == 2 * (3 + 12)


# --- masks ---------------------------------------------------------------------------------------


def masked(
    density: str, sizes: str = "{P: 24, M: 40, E: 2, F: 3}", mask: str = "[P, M]"
) -> Cascade:
    where = "where X[p,m]" if mask == "[P, M]" else "where X[p // 4,m // 5]"
    return cascade_of(
        f"""
        S[p,m] += Q[p,e] * K[m,e] {where}
        G[p] max= S[p,m] {where}
        N[p,m] = exp(S[p,m] - G[p]) {where}
        AV[p,f] += N[p,m] * V[m,f] {where}
        """,
        ranks=sizes,
        inputs=f"{{Q: [P, E], K: [M, E], V: [M, F], X: {mask}}}",
        densities=f"{{X: {{value: {density}, source: made up}}}}",
    )


def points_that_exist(cascade: Cascade, mask: Any) -> int:
    ones = {name: np.ones(interpretable(cascade, name)) for name in cascade.inputs}
    found = interpret(cascade, {**ones, "X": mask}, keep="N")["N"]
    return int((found > 0).sum())


def interpretable(cascade: Cascade, name: str) -> list[int]:
    return [cascade.ranks[rank] for rank in cascade.tensors[name].ranks]


@pytest.mark.parametrize("kept", [4, 10, 40])
def test_a_mask_of_even_rows_counts_the_points_that_exist(kept: int):
    mask = np.zeros((24, 40))
    for row in mask:
        row[np.random.default_rng(1).permutation(40)[:kept]] = 1
    cascade = masked(f"{kept / 40}")
    found = {each.einsum: each for each in counts(cascade).einsums}
    assert found["N"].points == points_that_exist(cascade, mask) == 24 * kept
    assert found["AV"].operations == {"mac": 24 * kept * 3}


def test_a_mask_by_block_reads_keys_once_for_all_queries_of_a_block():
    sizes = "{P: 20, M: 40, E: 16, F: 16, PB: 5, MB: 8}"
    made = budgeted(masked("0.25", sizes, "[PB, MB]"))
    expected = "S[p_1,p_0,m_1_x,m_0] += Q[p_1,p_0,e] * K_at_X[p_1,m_1_x,m_0,e]"
    assert str(made.einsum("S")) == expected
    assert (made.ranks["P_1"], made.ranks["M_1_X"], made.ranks["M_0"]) == (5, 2, 5)


def test_conditions_beside_a_mask_go_into_the_length_of_its_rank():
    cascade = cascade_of(
        "N[p] += S[p,m] where X[p,m] and m <= p",
        ranks="{P: 40, M: 40}",
        inputs="{S: [P, M], X: [P, M]}",
        densities="{X: {value: 0.5, source: made up}}",
    )
    causal = 40 * 41 / 2
    assert counts(cascade).einsums[0].points == pytest.approx(0.5 * causal, rel=0.05)


def test_a_mask_read_by_the_tiles_of_a_rank_leaves_as_many_points():
    data = {
        "inputs": "{S: [P, M], X: [P, M]}",
        "densities": "{X: {value: 0.25, source: made up}}",
    }
    by_tiles = cascade_of(
        """
        m -> m1, m0
        G[p,m1] max= S[p,m1,m0] where X[p,m1,m0]
        T[p,m1,m0] = S[p,m1,m0] - G[p,m1] where X[p,m1,m0]
        N[p] += T[p,m1,m0] where X[p,m1,m0]
        """,
        ranks="{P: 24, M: 40, M0: 8}",
        **data,
    )
    whole = cascade_of("G[p] max= S[p,m] where X[p,m]", ranks="{P: 24, M: 40}", **data)
    assert [each.points for each in counts(by_tiles).einsums] == 3 * [24 * 40 / 4]
    assert counts(by_tiles).einsums[0].read_bytes == counts(whole).einsums[0].read_bytes


def test_one_query_reads_the_blocks_that_it_picks():
    decode = load_workload("dynamic/native_sparse:decode")
    size = decode.ranks
    blocks = size["S"] + 3  # S picked ones, the first and the last two
    found = {each.einsum: each.points for each in counts(decode).einsums}
    assert found["QK1"] == size["H"] * blocks * size["N"] * size["E"]


@pytest.mark.parametrize("tokens", [2**13, 2**15, 2**17, 2**20])
def test_blocks_of_which_a_query_picks_a_few_cost_as_much_masked_as_gathered(tokens: int):
    masked, gathered = (
        counts(load_workload(f"dynamic/moba:{form}", {"ranks.P": str(tokens)}))
        for form in ("prefill", "gathered")
    )
    assert masked.by_class["mac"] == gathered.by_class["mac"]


def test_a_sweep_shortens_the_rank_that_its_points_shorten():
    cascade = load_workload("dynamic/moba:scaling_8k:prefill")
    sizes = np.array([2048, 4096, 8192, 16384])
    swept = counts(cascade.with_ranks(P=sizes)).flop
    alone = [counts(cascade.with_ranks(P=int(size))).flop for size in sizes]
    assert swept.tolist() == alone


def test_alternatives_of_masks_are_taken_to_be_independent():
    cascade = cascade_of(
        "N[p] += S[p,m] where X[p,m] or m < 10",
        ranks="{P: 5, M: 40}",
        inputs="{S: [P, M], X: [P, M]}",
        densities="{X: {value: 0.5, source: made up}}",
    )
    assert counts(cascade).einsums[0].points == 5 * 40 * (1 - 0.5 * 0.75)


def test_densities_may_follow_the_ranks():
    cascade = masked("(E + F) / M")
    shares = [counts(cascade.with_ranks(M=m)).einsums[0].points / (24 * m * 2) for m in (40, 80)]
    assert shares == pytest.approx([5 / 40, 5 / 80])


def test_a_sweep_counts_as_its_points_do():
    sizes = np.array([40, 80, 120])
    for cascade in (masked("(E + F) / M"), pages()):
        rank = "P"
        swept = counts(cascade.with_ranks(**{rank: sizes})).flop
        alone = [counts(cascade.with_ranks(**{rank: int(size)})).flop for size in sizes]
        assert swept.tolist() == alone


def test_heads_chosen_by_token_shorten_the_tokens_not_the_keys():
    cascade = cascade_of(
        """
        S[h,p,m] += Q[h,p,e] * K[h,m,e] where R[p,h]
        AV[h,p,f] += S[h,p,m] * V[h,m,f] where R[p,h]
        O[p,f] += AV[h,p,f] * W[p,h] where R[p,h]
        """,
        ranks="{P: 16, H: 4, M: 64, E: 8, F: 8}",
        inputs="{Q: [H, P, E], K: [H, M, E], V: [H, M, F], R: [P, H], W: [P, H]}",
        densities="{R: {value: 0.5, source: made up}}",
    )
    made = budgeted(cascade)
    assert str(made.einsum("S")) == "S[h,p_r,m] += Q[h,p_r,e] * K[h,m,e]"
    assert made.tensors["O"].ranks == ("P", "F")
    assert counts(cascade).einsums[0].points == 4 * 8 * 64 * 8


def test_every_pattern_of_a_small_mask_has_the_mean_of_its_density():
    """All masks of two by two, each by its own density: in the mean the points that exist."""
    actual, counted = [], []
    for bits in product((0, 1), repeat=4):
        mask = np.array(bits).reshape(2, 2)
        cascade = masked(f"{mask.mean()}", "{P: 2, M: 2, E: 1, F: 1}")
        actual.append(points_that_exist(cascade, mask))
        counted.append({each.einsum: each.points for each in counts(cascade).einsums}["N"])
    assert all(abs(a - c) <= 2 for a, c in zip(actual, counted, strict=True))
    assert counted[-1] == actual[-1] == 4


def test_a_mask_and_its_opposite_have_a_length_each():
    cascade = cascade_of(
        "A[p] += S[p,m] where X[p,m]\nB[p] += S[p,m] where not X[p,m]",
        ranks="{P: 5, M: 40}",
        inputs="{S: [P, M], X: [P, M]}",
        densities="{X: {value: 0.1, source: made up}}",
    )
    assert [each.points for each in counts(cascade).einsums] == [5 * 4, 5 * 36]
