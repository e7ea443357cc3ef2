"""Selections, lookups, masks, scatters, transforms: against plain numpy loops."""

from typing import Any

import numpy as np
import pytest

from accelsim.base.errors import WorkloadError
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret
from accelsim.workload.load import read_workload


def cascade_of(text: str, **keys: str) -> Cascade:
    lines = [f"{key}: {value}" for key, value in ({"word": "2 B"} | keys).items()]
    body = "\n".join(f"  {line}" for line in text.strip().splitlines())
    return read_workload(parse_yaml("\n".join([*lines, f"cascade: |\n{body}\n"])), "made")


def run(cascade: Cascade, keep: str | None = None, **arrays: Any) -> Any:
    return interpret(cascade, arrays, keep=keep)


NORMAL = np.random.default_rng(3).normal


def test_topk_gives_positions_of_the_largest_first():
    scores = NORMAL(size=(3, 7))
    made = cascade_of("I[p,k] topk= C[p,m] * 2", ranks="{P: 3, M: 7, K: 4}", inputs="{C: [P, M]}")
    expected = np.argsort(-scores, axis=1)[:, :4]
    assert (run(made, C=scores)["I"] == expected).all()


def test_of_equals_the_first_is_taken():
    made = cascade_of("I[k] topk= C[m]", ranks="{M: 4, K: 3}", inputs="{C: [M]}")
    assert run(made, C=np.array([1.0, 5.0, 5.0, 5.0]))["I"].tolist() == [1, 2, 3]


def test_sort_is_rising_and_stable():
    made = cascade_of("I[r] sort= C[m]", ranks="{M: 5, R: M}", inputs="{C: [M]}")
    assert run(made, C=np.array([2.0, 1.0, 2.0, 0.0, 1.0]))["I"].tolist() == [3, 1, 4, 0, 2]


def test_argmax_and_argmin():
    values = NORMAL(size=(4, 6))
    made = cascade_of(
        "Z[m] argmax= S[m,s]\nY[m] argmin= S[m,s]", ranks="{M: 4, S: 6}", inputs="{S: [M, S]}"
    )
    found = run(made, S=values)
    assert (found["Z"] == values.argmax(1)).all()
    assert (found["Y"] == values.argmin(1)).all()


def test_points_that_do_not_exist_are_no_candidates_and_free_slots_hold_minus_one():
    made = cascade_of(
        "I[p,k] topk= C[p,m] where m <= p", ranks="{P: 3, M: 3, K: 2}", inputs="{C: [P, M]}"
    )
    scores = np.array([[1.0, 9.0, 9.0], [1.0, 2.0, 9.0], [1.0, 3.0, 2.0]])
    assert run(made, C=scores)["I"].tolist() == [[0, -1], [1, 0], [1, 2]]


def test_lookups_gather_blocks_and_leave_out_what_is_outside():
    keys, picked = NORMAL(size=(6, 2)), np.array([[2.0, 0.0], [-1.0, 1.0]])
    made = cascade_of(
        "S[p] += K[I[p,k]*N + n,e]",
        ranks="{P: 2, K: 2, N: 2, M: 6, E: 2}",
        inputs="{K: [M, E], I: [P, K]}",
    )
    blocks = keys.reshape(3, 2, 2).sum((1, 2))
    expected = [blocks[2] + blocks[0], blocks[1]]
    assert run(made, K=keys, I=picked)["S"] == pytest.approx(expected)


def test_lookups_nest_and_divide():
    made = cascade_of(
        "Y[p] = T[Z[I[p]] // 2, p]",
        ranks="{P: 3, M: 4, S: 4}",
        inputs="{T: [S, P], Z: [M], I: [P]}",
    )
    table, codes, picked = NORMAL(size=(4, 3)), np.array([7, 3, 0, 5]), np.array([3, 0, 1])
    expected = [table[codes[picked[p]] // 2, p] for p in range(3)]
    assert run(made, T=table, Z=codes, I=picked)["Y"] == pytest.approx(expected)


def test_positions_must_be_whole_numbers():
    made = cascade_of("Y[p] = X[I[p]]", ranks="{P: 2, M: 4}", inputs="{X: [M], I: [P]}")
    with pytest.raises(WorkloadError, match=r"position I\[p\] is 0.5 at some point"):
        run(made, X=np.zeros(4), I=np.array([0.5, 1.0]))


def test_scatter_adds_where_codes_meet():
    codes, values = np.array([1, 0, 1, 2]), NORMAL(size=(4, 3))
    made = cascade_of(
        "VS[Z[m],f] += V[m,f]\nO[s,f] = VS[s,f] * 2",
        ranks="{M: 4, S: 3, F: 3}",
        inputs="{V: [M, F], Z: [M]}",
        tensors="{VS: [S, F]}",
    )
    expected = np.zeros((3, 3))
    np.add.at(expected, codes, values)
    found = run(made, V=values, Z=codes)
    assert found["O"] == pytest.approx(2 * expected)
    assert list(found) == ["O"]


def test_masks_say_which_points_exist():
    scores = NORMAL(size=(3, 5))
    made = cascade_of(
        """
        X[p,m] = at_least(C[p,m], 0)
        G[p] max= C[p,m] where X[p,m]
        N[p] += C[p,m] where not X[p,m] and m <= p
        """,
        ranks="{P: 3, M: 5}",
        inputs="{C: [P, M]}",
    )
    found = run(made, C=scores)
    kept = np.where(scores >= 0, scores, -np.inf)
    below = np.arange(5) <= np.arange(3)[:, None]
    assert (found["G"] == kept.max(1)).all()
    assert found["N"] == pytest.approx(np.where((scores < 0) & below, scores, 0).sum(1))


def test_conditions_may_look_up():
    made = cascade_of(
        "S[p] += V[I[p,k]] where I[p,k] <= p",
        ranks="{P: 4, K: 2, M: 4}",
        inputs="{V: [M], I: [P, K]}",
    )
    values, picked = NORMAL(size=4), np.array([[0, 3], [3, 2], [1, 2], [0, 3]])
    expected = [values[[m for m in picked[p] if m <= p]].sum() for p in range(4)]
    assert run(made, V=values, I=picked)["S"] == pytest.approx(expected)


def test_distances_that_are_powers_of_two():
    made = cascade_of(
        "S[p] += V[m] where power_of_two(p - m) or m == p\n"
        "T[p] += V[m] where not power_of_two(p - m)",
        ranks="{P: 20, M: 20}",
        inputs="{V: [M]}",
    )
    values = NORMAL(size=20)
    near = [[p - m in (0, 1, 2, 4, 8, 16) for m in range(20)] for p in range(20)]
    far = [[p - m not in (1, 2, 4, 8, 16) for m in range(20)] for p in range(20)]
    found = run(made, V=values)
    assert found["S"] == pytest.approx(np.array(near) @ values)
    assert found["T"] == pytest.approx(np.array(far) @ values)


def test_an_index_is_its_number():
    made = cascade_of(
        "D[t,u] = exp(L[] * (t - u)) where u <= t", ranks="{T: 4, U: 4}", inputs="{L: []}"
    )
    t, u = np.indices((4, 4))
    expected = np.where(u <= t, np.exp(-0.3 * (t - u)), 0)
    assert run(made, L=np.array(-0.3))["D"] == pytest.approx(expected)


def test_a_convolution_by_transforms_is_the_direct_sum():
    made = cascade_of(
        """
        AH[w] fft= A[m]
        XH[w,r] fft= X[m,r]
        Y[p,r] ifft= cmul(AH[w], XH[w,r])
        """,
        ranks="{M: 5, P: M, R: 2, W: 2*M}",
        inputs="{A: [M], X: [M, R]}",
    )
    kernel, signal = NORMAL(size=5), NORMAL(size=(5, 2))
    expected = [
        [np.dot(kernel[: p + 1][::-1], signal[: p + 1, r]) for r in (0, 1)] for p in range(5)
    ]
    found = run(made, A=kernel, X=signal)["Y"]
    assert found.dtype == np.float64
    assert found == pytest.approx(np.array(expected))


def test_selections_within_a_recurrence():
    """A search whose every level picks two of the four children of the level before."""
    made = cascade_of(
        """
        I[0,k] = k
        C[l,j] = S[I[l,j // 2]*2 + j % 2]
        B[l,k] topk= C[l,j]
        R[l,k] = floor(B[l,k] / 2)
        I[l+1,k] = I[l,R[l,k]] * 2 + B[l,k] - 2 * R[l,k]
        """,
        ranks="{L: 3, K: 2, J: 4, N: 16}",
        inputs="{S: [N]}",
    )
    scores, front = NORMAL(size=16), [0, 1]
    for _ in range(3):
        children = [2 * node + side for node in front for side in (0, 1)]
        front = sorted(children, key=lambda node: -scores[node])[:2]
    assert run(made, "I", S=scores)["I"][-1].tolist() == front


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I[k] topk= C[p,m]", "'topk=' reduces one rank, not P, M. Join ranks first"),
        ("I[p] topk= C[p,m]", "has one rank on the left that is not on the right, not none"),
        ("I[p,k] argmax= C[p,m]", "'argmax=' has one result, but K numbers some. Remove k"),
        ("I[2*k] topk= C[0,m]", "is no place for results of 'topk='"),
        ("X[p,m] = C[p,m]\nY[p,m] = C[p,m] where X[p,m]\nZ[p,m] = Y[p,m]", "Add 'where X[p,m]'"),
    ],
)
def test_what_means_nothing_is_refused(text: str, message: str):
    with pytest.raises(WorkloadError) as error:
        cascade_of(
            text,
            ranks="{P: 3, M: 5, K: 2}",
            inputs="{C: [P, M]}",
            outputs="{I: [K]}" if "2*k" in text else "{}",
        )
    assert message in str(error.value)
