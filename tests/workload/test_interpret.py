"""The interpreter by hand: the language construct by construct, what goes in and comes out."""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
import pytest

from accelsim.base.errors import AccelsimError
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret

CascadeOf = Callable[..., Cascade]


def run(cascade: Cascade, **inputs: Any) -> dict[str, Any]:
    return interpret(cascade, {name: np.asarray(array) for name, array in inputs.items()})


def test_a_window_is_a_convolution(cascade_of: CascadeOf) -> None:
    cascade = cascade_of("Y[p] += X[p - w] * K[w]", "{P: 4, W: 2}", "{X: [P], K: [W]}")
    assert run(cascade, X=[1, 2, 3, 4], K=[10, 1])["Y"].tolist() == [10, 21, 32, 43]


def test_a_transposed_window_adds_where_points_meet(cascade_of: CascadeOf) -> None:
    cascade = cascade_of(
        "Y[p + w] += X[p] * K[w]",
        "{P: 2, W: 2, S: 3}",
        "{X: [P], K: [W]}",
        more="outputs: {Y: [S]}\n",
    )
    assert run(cascade, X=[1, 2], K=[10, 1])["Y"].tolist() == [10, 21, 2]


def test_several_heads_share_the_keys_of_their_group(cascade_of: CascadeOf) -> None:
    cascade = cascade_of(
        "S[h] += Q[h,e] * K[h // 2,e]", "{H: 4, G: 2, E: 1}", "{Q: [H,E], K: [G,E]}"
    )
    assert run(cascade, Q=[[1], [2], [3], [4]], K=[[10], [1]])["S"].tolist() == [10, 20, 3, 4]


def test_points_under_a_condition_are_the_only_ones(cascade_of: CascadeOf) -> None:
    cascade = cascade_of("G[p] max= X[p,m] where m <= p", "{P: 2, M: 2}", "{X: [P, M]}")
    assert run(cascade, X=[[1, 9], [2, 3]])["G"].tolist() == [1, 3]


def test_a_reduction_without_points_is_its_neutral_element(cascade_of: CascadeOf) -> None:
    cascade = cascade_of("G[p] max= X[p,m] where m < p", "{P: 2, M: 2}", "{X: [P, M]}")
    assert run(cascade, X=[[1, 9], [2, 3]])["G"].tolist() == [-inf, 2]


def test_an_infinite_value_outside_the_condition_stays_outside(cascade_of: CascadeOf) -> None:
    cascade = cascade_of(
        "Z[p] += X[m] * Y[m] where m <= p",
        "{P: 2, M: 2}",
        "{X: [M], Y: [M]}",
        more="outputs: {Z: [P]}\n",
    )
    assert run(cascade, X=[1, inf], Y=[5, 1])["Z"].tolist() == [5, inf]


def test_the_last_tile_may_be_ragged(cascade_of: CascadeOf) -> None:
    cascade = cascade_of(
        """m -> m1, m0
        L[m1] min= X[m1,m0]
        Z[] += X[m1,m0]""",
        "{M: 5, M0: 2}",
        "{X: [M]}",
    )
    found = run(cascade, X=[5, 4, 3, 2, 1])
    assert (found["L"].tolist(), found["Z"].item()) == ([4, 2, 1], 15)


def test_a_running_value_has_one_element_more_than_steps(cascade_of: CascadeOf) -> None:
    cascade = cascade_of("C[0] = 7\nC[m+1] = C[m] + X[m]", "{M: 3}", "{X: [M]}")
    assert run(cascade, X=[1, 2, 3])["C"].tolist() == [7, 8, 10, 13]


def test_a_running_value_may_start_before_zero(cascade_of: CascadeOf) -> None:
    cascade = cascade_of("C[-1] = 7\nC[m] = C[m-1] + X[m]\nZ[] = C[M-1]", "{M: 3}", "{X: [M]}")
    assert run(cascade, X=[1, 2, 3])["Z"].item() == 13


def test_two_initial_values_start_the_fibonacci_numbers(cascade_of: CascadeOf) -> None:
    cascade = cascade_of("C[0] = 0\nC[1] = 1\nC[m+2] = C[m+1] + C[m] + X[m]", "{M: 5}", "{X: [M]}")
    assert run(cascade, X=[0] * 5)["C"].tolist() == [0, 1, 1, 2, 3, 5, 8]


def test_steps_that_do_not_exist_leave_the_running_value(cascade_of: CascadeOf) -> None:
    cascade = cascade_of("C[0] = 0\nC[m+1] = C[m] + X[m] where m % 2 == 0", "{M: 4}", "{X: [M]}")
    assert run(cascade, X=[1, 10, 100, 1000])["C"].tolist() == [0, 1, 1, 101, 101]


def test_a_running_value_starts_from_a_tensor(cascade_of: CascadeOf) -> None:
    cascade = cascade_of(
        "S[p] = B[p] + 1\nC[0,p] = S[p] * 2\nC[m+1,p] = C[m,p] * X[m]",
        "{M: 2, P: 2}",
        "{X: [M], B: [P]}",
    )
    assert run(cascade, X=[10, 10], B=[0, 1])["C"][-1].tolist() == [200, 400]


def test_a_running_vector_meets_a_matrix_at_each_step(cascade_of: CascadeOf) -> None:
    """Powers of [[1, 1], [1, 0]] hold the Fibonacci numbers."""
    cascade = cascade_of(
        "H[0,j] = B[j]\nH[t+1,j] += W[j,k] * H[t,k]",
        "{T: 6, J: 2, K: J}",
        "{W: [J, K], B: [J]}",
    )
    found = run(cascade, W=[[1, 1], [1, 0]], B=[1, 0])["H"]
    assert found[:, 0].tolist() == [1, 1, 2, 3, 5, 8, 13]


def test_a_running_value_within_the_step_of_another(cascade_of: CascadeOf) -> None:
    """H' = H + Σ_j H·X[j], with the sum made as a running value at each step."""
    cascade = cascade_of(
        """H[0] = 1
        C[i,0] = 0
        C[i,j+1] = C[i,j] + H[i] * X[j]
        H[i+1] = H[i] + C[i,J]""",
        "{I: 2, J: 2}",
        "{X: [J]}",
    )
    found = interpret(cascade, {"X": np.array([1, 2])}, keep=["H"])
    assert found["H"].tolist() == [1, 4, 16]


def test_paths_through_a_grid_run_over_two_ranks_at_once(cascade_of: CascadeOf) -> None:
    """C[i,j] counts the paths to (i, j) that step right or down: the binomial numbers."""
    cascade = cascade_of(
        """C[i,-1] = 0
        C[-1,j] = 0
        C[i,j] = C[i-1,j] + C[i,j-1] + X[i,j]""",
        "{I: 3, J: 3}",
        "{X: [I, J]}",
    )
    found = run(cascade, X=[[1, 0, 0], [0, 0, 0], [0, 0, 0]])["C"]
    assert found[1:, 1:].tolist() == [[1, 1, 1], [1, 2, 3], [1, 3, 6]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("relu(X[])", 0.0),
        ("silu(X[])", -2 / (1 + np.exp(2))),
        ("sigmoid(X[])", 1 / (1 + np.exp(2))),
        ("softplus(X[])", np.log(1 + np.exp(-2))),
        ("gelu(X[])", -2 * 0.022750131948179195),
        ("rsqrt(square(X[]))", 0.5),
        ("reciprocal(abs(X[]))", 0.5),
        ("less(X[], 0) + equal(X[], 0)", 1.0),
        ("select(less(X[], 0), 3, 4)", 3.0),
        ("pow(X[], 2) - X[] / 4", 4.5),
        ("min(X[], 1) * erf(0) + cos(0)", 1.0),
    ],
)
def test_operations_at_minus_two(expression: str, expected: float, cascade_of: CascadeOf) -> None:
    cascade = cascade_of(f"Z[] = {expression}", "{P: 1}", "{X: []}")
    for dtype in (np.float64, np.float32):
        found = interpret(cascade, {"X": np.array(-2.0)}, dtype=dtype)["Z"]
        assert found.dtype == dtype
        assert found.item() == pytest.approx(expected, rel=1e-6)


# --- what goes in and out ------------------------------------------------------------------------

TWO_STEPS = ("S[p] += X[p,m]\nZ[p] = S[p] / M", "{P: 2, M: 3}", "{X: [P, M]}")


def test_tensors_that_nobody_reads_come_out(cascade_of: CascadeOf) -> None:
    assert list(run(cascade_of(*TWO_STEPS), X=np.ones((2, 3)))) == ["Z"]


@pytest.mark.parametrize("keep", ["all", ["S"], "S"])
def test_others_come_out_on_request(keep: Any, cascade_of: CascadeOf) -> None:
    found = interpret(cascade_of(*TWO_STEPS), {"X": np.ones((2, 3))}, keep=keep)
    assert {name: array.tolist() for name, array in found.items()} == {"S": [3, 3], "Z": [1, 1]}


def test_inputs_are_not_written_to(cascade_of: CascadeOf) -> None:
    x = np.ones((2, 3))
    interpret(cascade_of(*TWO_STEPS), {"X": x})
    assert x.tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "input X is missing. Give an array over the ranks [P, M] = (2, 3)"),
        ({"X": np.ones((2, 3)), "W": np.ones(2)}, "w has no input 'W'. Its inputs are X"),
        (
            {"X": np.ones((3, 2))},
            "input X has shape (3, 2), but its ranks are [P, M] = (2, 3). "
            "Give an array of that shape, or set the ranks, like --set ranks.M=64",
        ),
        (
            {"X": np.full((2, 3), "a")},
            "input X has elements of type <U1, not real numbers. Convert it to float64",
        ),
    ],
    ids=["missing", "unknown", "shape", "letters"],
)
def test_bad_inputs_are_named(inputs: Any, message: str, cascade_of: CascadeOf) -> None:
    with pytest.raises(AccelsimError) as error:
        interpret(cascade_of(*TWO_STEPS), inputs)
    assert str(error.value) == message


def test_a_tensor_to_keep_must_exist(cascade_of: CascadeOf) -> None:
    with pytest.raises(AccelsimError) as error:
        interpret(cascade_of(*TWO_STEPS), {"X": np.ones((2, 3))}, keep=["ZZ"])
    assert str(error.value) == "w has no tensor 'ZZ'. Did you mean 'Z'?"


def test_arithmetic_is_in_real_numbers(cascade_of: CascadeOf) -> None:
    with pytest.raises(AccelsimError) as error:
        interpret(cascade_of(*TWO_STEPS), {"X": np.ones((2, 3))}, dtype=np.int64)
    assert str(error.value) == "arithmetic in int64 is not possible. Use float64 or float32"


def test_a_tensor_larger_than_the_memory_is_refused(cascade_of: CascadeOf) -> None:
    cascade = cascade_of("Z[p,m] = X[p] * Y[m]", "{P: 2, M: 2}", "{X: [P], Y: [M]}")
    large = cascade.with_ranks(P=2**22, M=2**22)
    with pytest.raises(AccelsimError) as error:
        interpret(large, {"X": np.zeros(2**22), "Y": np.zeros(2**22)})
    assert str(error.value) == (
        "w.yaml:7: tensor Z of shape (4194304, 4194304) needs 128 TiB of memory. "
        "Set smaller ranks, like --set ranks.M=64"
    )
