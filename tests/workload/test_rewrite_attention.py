"""Pass reduction of shipped attention."""

from collections.abc import Callable

import numpy as np
import pytest

from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret
from accelsim.workload.load import load_workload
from accelsim.workload.passes import passes, rank_passes
from accelsim.workload.rewrite import reduce_passes, tried
from accelsim.workload.rewrite.trial import random_inputs
from tests.workload.equality import EQUAL, assert_equal

CascadeOf = Callable[..., Cascade]

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
