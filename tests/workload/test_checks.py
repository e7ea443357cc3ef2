"""Every way a cascade can be meaningless, with the whole sentence that the user gets."""

import pytest

from accelsim.base.errors import InputError

RANKS = "{P: 4, M: 6, E: 2}"
INPUTS = "{Q: [P, E], K: [M, E]}"


@pytest.mark.parametrize(
    ("cascade", "message"),
    [
        (
            "S[p,m] += Q[p,e] * K[n,e]",
            "w.yaml:7: Einsum S: index n has no declared rank N. Declare N under 'ranks'",
        ),
        (
            "S[p,m] += Q[p,e] * K[m,e] / C",
            "w.yaml:7: Einsum S: C is no declared rank. "
            "Declare C under 'ranks'; a tensor without ranks is written C[]",
        ),
        (
            "S[p,m] += Q[p,e] * K[m]",
            "w.yaml:7: Einsum S: K[m] does not fit: K has the ranks [M, E]. "
            "Give one index per rank",
        ),
        (
            "S[p,m] += Q[p,e] * K[p,e] + K[m,e]",
            "w.yaml:7: Einsum S: K[p,e] indexes rank M (6) of K, but p runs over P (4). "
            "Write m, or declare 'P: M' if the ranks are the same",
        ),
        (
            "S[p,m] += Q[p,e] * L[m,e]",
            "w.yaml:7: Einsum S: L is read, but it is neither an input nor defined. "
            "Add L to 'inputs', or an Einsum that defines it",
        ),
        (
            "G[p] max= S[p,m]\nS[p,m] += Q[p,e] * K[m,e]",
            "w.yaml:7: Einsum G: S is read before it is written (line 8). Move S above G",
        ),
        (
            "S[p,m] += Q[p,e] * K[m,e]\nS[p,m] += Q[p,e] * K[m,e]",
            "w.yaml:8: Einsum S: S is defined twice (first on line 7). Give each its own name",
        ),
        (
            "Q[p,e] = Q[p,e] * 2",
            "w.yaml:7: Einsum Q: Q is an input, but this line defines it. Rename one of them",
        ),
        (
            "A[p] = B[p]\nB[p] = C[p]\nC[p] = A[p]",
            "w.yaml:7: Einsum A: the cascade is cyclic: A needs B needs C needs A. A running value "
            "needs an initial value and steps: A[0] = 0 above, A[i+1] on the left",
        ),
        (
            "Z[p] += Q[p,e]\nR[p+1] = max(R[p], Z[p])",
            "w.yaml:8: Einsum R: it runs over P, but has no initial value. "
            "Write 'R[0] = 0' (or what it starts from) above it",
        ),
        (
            "Z[p] += Q[p,e]\nR[p] = max(R[p-1], Z[p])",
            "w.yaml:8: Einsum R: it runs over P, but has no initial value. "
            "Write 'R[-1] = 0' (or what it starts from) above it",
        ),
        (
            "Z[p] += Q[p,e]\nR[0] = 0\nR[p] = max(R[p-1], Z[p])",
            "w.yaml:9: Einsum R: step p = 0 overwrites its initial value at 0. "
            "Write p+1 in R[p], or start at -1",
        ),
        (
            "Z[p] += Q[p,e]\nR[0] = 0\nR[p+1] = max(R[p+2], Z[p])",
            "w.yaml:9: Einsum R: R[p+2] reads a later step than R[p+1] defines",
        ),
        (
            "R[0] = 0\nS[p,m] += Q[p,e] * K[m,e]",
            "w.yaml:7: R[0] = 0 is an initial value, but no Einsum defines R. "
            "Add its Einsum below, or remove it",
        ),
        (
            "Z[p] += Q[p,e]\nY[] = Z[P]",
            "w.yaml:8: Einsum Y: Z[P] reads a final value, but Z does not run over P. "
            "Only a tensor with an initial value has one; write p",
        ),
        (
            "Z[p] += Q[p,e]\nR[-1] = 0\nR[p] = max(R[p-1], Z[p])\nY[] = R[P]",
            "w.yaml:10: Einsum Y: R[P] lies behind the last step of R[p]. Its last is at P - 1",
        ),
        (
            "Z[p] += Q[p,e]\nR[1] = 0\nR[p+2] = R[p+1] + R[p] + Z[p]",
            "w.yaml:9: Einsum R: R[p] reads p = 0 of R, which has no initial value. "
            "Write 'R[0] = 0' (or what it starts from) above it",
        ),
        (
            "G[p] += Q[p,e] where p // (P - M) == 0",
            "w.yaml:7: Einsum G: p // (P - M) divides by -2. "
            "Positions are divided by whole numbers from 1",
        ),
        (
            "G[p,e] max= Q[p,e]",
            "w.yaml:7: Einsum G: 'max=' has nothing to reduce: every rank of the right is on the "
            "left. Write '=', or remove the reduced rank from G[p,e]",
        ),
        (
            "G[p] = Q[p,e]",
            "w.yaml:7: Einsum G: rank E is on the right, but not on the left, and '=' reduces "
            "nothing. Write '+=' or 'max=', or add e to G[p]",
        ),
        (
            "G[p,m] += Q[p,e]",
            "w.yaml:7: Einsum G: rank M is on the left, but no tensor on the right has it. "
            "Remove m, or index a tensor on the right with it",
        ),
        (
            "G[p] += Q[p,e] where m < p",
            "w.yaml:7: Einsum G: rank M occurs in the condition only. Remove it from the condition",
        ),
        (
            # 4 queries x 6 keys, of which 10 lie in the triangle.
            "S[p,m] += Q[p,e] * K[m,e] where m <= p\nG[p] max= S[p,m]",
            "w.yaml:8: Einsum G: 14 points read elements of S[p,m] that are never written. "
            "Add 'where m <= p'",
        ),
        (
            # The condition runs over a rank that the reader does not have.
            "S[p,m] += Q[p,e] * K[m,e] where m < p\nG[p] max= S[p,m] where m < p\nZ[p] = G[p]",
            "w.yaml:9: Einsum Z: 1 points read elements of G[p] that are never written. "
            "Add a 'where' that excludes them",
        ),
        (
            "Z[p] += Q[p,e]\nR[0] = 0\nR[0] = 1\nR[p+1] = R[p] + Z[p]",
            "w.yaml:9: R[0] has two initial values (first on line 8). Keep one",
        ),
        (
            "S[p,p] += Q[p,e] * K[m,e]",
            "w.yaml:7: Einsum S: the ranks of S[p,p] cannot be read off. "
            "Declare them: 'outputs: {S: [...]}', or 'tensors' if it is none",
        ),
        (
            "m -> m1, m0\nm -> m2, m3\nS[p,m] += Q[p,e] * K[m,e]",
            "w.yaml:8: rank M is partitioned twice",
        ),
        ("# nothing at all", "w.yaml:6: w has no Einsum"),
    ],
)
def test_a_meaningless_cascade_is_refused_with_place_fact_and_remedy(cascade_of, cascade, message):
    with pytest.raises(InputError) as error:
        cascade_of(cascade, RANKS, INPUTS)
    assert str(error.value) == message


def test_one_tensor_over_two_ranks_of_the_same_declared_size_is_allowed(cascade_of):
    cascade = cascade_of("S[p,m] += X[p,e] * X[m,e]", "{P: 4, M: P, E: 2}", "{X: [P, E]}")
    assert cascade.ranks["M"] == 4


def test_the_same_with_sizes_4_and_6_uses_the_tensor_with_two_shapes(cascade_of):
    with pytest.raises(InputError) as error:
        cascade_of("S[p,m] += X[p,e] * X[m,e]", "{P: 4, M: S, S: 6, E: 2}", "{X: [P, E]}")
    assert str(error.value) == (
        "w.yaml:7: Einsum S: X[m,e] indexes rank P (4) of X, but m runs over M (6). "
        "Write p, or declare 'M: P' if the ranks are the same"
    )


def test_a_tiled_rank_needs_all_of_its_indices(cascade_of):
    with pytest.raises(InputError) as error:
        cascade_of("m -> m1, m0\nS[m1] = K[m1] * 2", "{M: 6, M0: 2}", "{K: [M]}")
    assert str(error.value) == ("w.yaml:8: Einsum S: K[m1] gives m1 alone for rank M. Write m1,m0")


def test_a_plain_assignment_from_8_points_to_5_elements_overwrites_three(cascade_of):
    with pytest.raises(InputError) as error:
        cascade_of(
            "Y[i + j] = X[i,j]",
            "{I: 4, J: 2, N: 5}",
            "{X: [I, J]}",
            more="outputs: {Y: [N]}\n",
        )
    assert str(error.value) == (
        "w.yaml:8: Einsum Y: 8 points write 5 elements of Y[i+j]. "
        "Write '+=' or 'max=' to combine them"
    )


def test_a_condition_in_other_words_is_recognised_as_the_same(cascade_of):
    cascade = cascade_of(
        "S[p,m] += Q[p,e] * K[m,e] where m <= p\nG[p] max= S[p,m] where p + 1 > m", RANKS, INPUTS
    )
    assert cascade.outputs == ("G",)


def test_einsums_of_one_step_may_need_the_step_before_of_one_defined_below(cascade_of):
    cascade = cascade_of("R[0] = 0\nS[p] = R[p] * X[p]\nR[p+1] = S[p] + X[p]", "{P: 4}", "{X: [P]}")
    assert cascade.iterative_ranks("R") == ("P",)


def test_an_unused_rank_and_an_unused_input_are_no_errors(cascade_of):
    cascade = cascade_of("Z[p] = X[p] * 2", "{P: 4, Q: 5}", "{X: [P], Y: [Q]}")
    assert cascade.inputs == ("X", "Y")
