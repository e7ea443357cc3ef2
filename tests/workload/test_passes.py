"""Passes of cascades made by hand."""

from collections.abc import Callable

import pytest

from accelsim.workload.einsum import Cascade
from accelsim.workload.passes import passes

CascadeOf = Callable[..., Cascade]

RANKS = "{P: 4, M: 8, M0: 2, F: 3, W: 2}"
INPUTS = "{X: [M], Y: [M], S: [P, M], K: [W], V: [F], T: [F, M]}"

BY_HAND = {
    "copy": ("Z[m] = X[m]", 1, "1"),
    "mean and variance": (
        """A[] += X[m]
        V2[] += square(X[m] - A[] / M)""",
        2,
        "M",
    ),
    "variance from the sum of squares": (
        """A[] += X[m]
        V2[] += square(X[m])
        Z[] = V2[] - square(A[]) / M""",
        1,
        "1",
    ),
    "a result that meets another fibre": (
        """A[] += X[m]
        Z[m] = Y[m] * A[]""",
        1,
        "1",
    ),
    "a result that meets its own fibre through another": (
        """A[] += X[m]
        B[m] = Y[m] * A[]
        Z[m] = B[m] + X[m]""",
        2,
        "M",
    ),
    "a result that meets its own fibre through a product": (
        """A[m] = X[m] * Y[m]
        B[] += A[m]
        Z[m] = Y[m] * B[]""",
        2,
        "M",
    ),
    "layer norm, then a matrix product": (
        """A[] += X[m]
        V2[] += square(X[m] - A[] / M)
        N[m] = (X[m] - A[] / M) * rsqrt(V2[] / M)
        Z[f] += T[f,m] * N[m]""",
        3,
        "M",
    ),
    "a reduction broadcast over another rank": (
        """A[p] += S[p,m]
        Z[p,f] = A[p] * V[f]""",
        1,
        "1",
    ),
    "a reduction broadcast back by an Einsum of its own": (
        """A[p] += S[p,m]
        B[p,m] = A[p] * Y[m]
        Z[p,m] = S[p,m] - B[p,m]""",
        2,
        "M",
    ),
    "a reduction over another rank": (
        """A[m] max= S[p,m]
        Z[p,m] = S[p,m] - A[m]""",
        1,
        "1",
    ),
    "a cumulative sum": (
        """C[0] = 0
        C[m+1] = C[m] + X[m]
        Z[m] = C[m+1] * X[m]""",
        1,
        "1",
    ),
    "a cumulative sum over its total": (
        """C[0] = 0
        C[m+1] = C[m] + X[m]
        Z[m] = C[m+1] / C[M]""",
        2,
        "M",
    ),
    "a cumulative sum whose total comes last": (
        """C[0] = 0
        C[m+1] = C[m] + X[m]
        Z[] = C[M] / 2""",
        1,
        "1",
    ),
    "a running value that starts from a result": (
        """A[] += X[m]
        C[0] = A[]
        C[m+1] = C[m] + X[m]""",
        2,
        "M",
    ),
    "an online softmax denominator": (
        """R[0] = -inf
        D[0] = 0
        R[m+1] = max(R[m], X[m])
        D[m+1] = D[m] * exp(R[m] - R[m+1]) + exp(X[m] - R[m+1])
        Z[] = R[M] + log(D[M])""",
        1,
        "1",
    ),
    "tiles on their own": (
        """m -> m1, m0
        A[m1] max= X[m1,m0]
        Z[m1,m0] = X[m1,m0] - A[m1]""",
        1,
        "M0",
    ),
    "tiles that are only added up": (
        """m -> m1, m0
        Z[] += X[m1,m0] * Y[m1,m0]""",
        1,
        "1",
    ),
    "a reduction in two stages": (
        """m -> m1, m0
        A[m1] max= X[m1,m0]
        B[] max= A[m1]
        Z[m1,m0] = X[m1,m0] - B[]""",
        2,
        "M",
    ),
    "a reduction in two stages, the other way round": (
        """m -> m1, m0
        A[m0] max= X[m1,m0]
        B[] max= A[m0]
        Z[m1,m0] = X[m1,m0] - B[]""",
        2,
        "M",
    ),
    "columns that need all rows": (
        """m -> m1, m0
        A[m1] max= X[m1,m0]
        B[m1,m0] = X[m1,m0] - A[m1]
        C[m0] += B[m1,m0]
        Z[m1,m0] = B[m1,m0] / C[m0]""",
        2,
        "M",
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_passes_over_m(name: str, cascade_of: CascadeOf) -> None:
    text, count, footprint = BY_HAND[name]
    found = passes(cascade_of(text, RANKS, INPUTS))["M"]
    assert (found.passes, found.footprint) == (count, footprint)


@pytest.mark.parametrize("length", range(1, 6))
def test_a_chain_of_k_reductions_and_a_last_visit_take_k_and_one_passes(
    length: int, cascade_of: CascadeOf
) -> None:
    lines = ["A0[] += X[m]"]
    lines += [f"A{k}[] += X[m] * A{k - 1}[]" for k in range(1, length)]
    found = passes(cascade_of("\n".join([*lines, f"Z[m] = X[m] * A{length - 1}[]"]), RANKS, INPUTS))
    assert found["M"].passes == length + 1
    assert [wait.result for wait in found["M"].forced_by] == [f"A{k}[]" for k in range(length)]


def test_softmax_over_both_ranks_revisits_both(cascade_of: CascadeOf) -> None:
    text = """G[] max= S[p,m]
    N[p,m] = exp(S[p,m] - G[])
    D[] += N[p,m]
    A[p,m] = N[p,m] / D[]"""
    found = passes(cascade_of(text, RANKS, INPUTS))
    assert (found["M"].passes, found["P"].passes) == (3, 3)


def test_summaries_of_tiles_count_for_the_outer_part(cascade_of: CascadeOf) -> None:
    text = """m -> m1, m0
    A[m1] max= X[m1,m0]
    G[] max= A[m1]
    Z[m1] = A[m1] - G[]"""
    found = passes(cascade_of(text, RANKS, INPUTS))
    assert {rank: (found[rank].passes, found[rank].footprint) for rank in ("M", "M1", "M0")} == {
        "M": (1, "1"),
        "M1": (2, "M1"),
        "M0": (1, "1"),
    }
    assert found["M1"].einsums == (("A", "G"), ("Z",))


def test_without_summaries_the_outer_part_is_traversed_with_the_whole(
    cascade_of: CascadeOf,
) -> None:
    text = """m -> m1, m0
    G[] max= X[m1,m0]
    Z[m1,m0] = X[m1,m0] - G[]"""
    found = passes(cascade_of(text, RANKS, INPUTS))
    assert [(found[rank].passes, found[rank].footprint) for rank in ("M", "M1", "M0")] == [
        (2, "M"),
        (2, "M1"),
        (2, "M0"),
    ]


def test_a_tile_of_tiles_may_be_what_is_kept(cascade_of: CascadeOf) -> None:
    text = """m -> m2, m1, m0
    A[m2] max= X[m2,m1,m0]
    Z[m2,m1,m0] = X[m2,m1,m0] - A[m2]"""
    found = passes(cascade_of(text, "{M: 8, M1: 2, M0: 2}", INPUTS.split(", S:")[0] + "}"))
    assert (found["M"].passes, found["M"].footprint) == (1, "M1*M0")


def test_indices_of_a_rank_and_of_its_parts_visit_the_same_fibre(cascade_of: CascadeOf) -> None:
    text = """m -> m1, m0
    G[] max= X[m]
    Z[m1,m0] = X[m1,m0] - G[]"""
    assert passes(cascade_of(text, RANKS, INPUTS))["M"].passes == 2


def test_weights_of_a_recurrence_are_visited_at_each_step(cascade_of: CascadeOf) -> None:
    text = """H[0,j] = B[j]
    A[t,j] += W[j,k] * H[t,k]
    H[t+1,j] = tanh(A[t,j])"""
    found = passes(cascade_of(text, "{T: 10, J: 3, K: J}", "{W: [J, K], B: [J]}"))
    assert (found["K"].passes, found["K"].footprint, found["K"].repeats) == (10, "K", "T")
    assert found["T"].passes == 1


def test_keys_of_each_step_are_visited_at_their_step(cascade_of: CascadeOf) -> None:
    """Linear attention: the state is a running value, each step has its own key."""
    text = """H[0,e,f] = 0
    H[t+1,e,f] = H[t,e,f] + K[t,e] * V[t,f]
    O[t,f] += Q[t,e] * H[t+1,e,f]"""
    found = passes(cascade_of(text, "{T: 9, E: 2, F: 2}", "{Q: [T, E], K: [T, E], V: [T, F]}"))
    assert [found[rank].passes for rank in "TEF"] == [1, 1, 1]
