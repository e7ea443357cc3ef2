"""The interpreter against direct computations, numpy.einsum, and a loop over every point."""

from collections.abc import Callable, Mapping
from functools import cache
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from accelsim.base.errors import AccelsimError, WorkloadError
from accelsim.workload import blocks, scan
from accelsim.workload.einsum import Access, Cascade, Constant, Expression, RankSize
from accelsim.workload.interpret import interpret
from accelsim.workload.load import load_workload
from tests.workload.random_cascades import cascades

ATTENTION = (
    "three_pass",
    "deferred_division",
    "two_pass",
    "one_pass",
    "rabe_staats",
    "flash_attention_2",
)


def random_inputs(cascade: Cascade, seed: int = 0) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    return {
        name: generator.normal(size=[cascade.ranks[rank] for rank in cascade.tensors[name].ranks])
        for name in cascade.inputs
    }


# --- attention -----------------------------------------------------------------------------------


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


# --- every point, one by one ---------------------------------------------------------------------


MEANING: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "max": np.maximum,
    "min": np.minimum,
    "exp": np.exp,
    "tanh": np.tanh,
}
REDUCTION: dict[str | None, tuple[float, Callable[..., Any]]] = {
    "+": (0.0, MEANING["add"]),
    "*": (1.0, MEANING["mul"]),
    "max": (-inf, np.maximum),
    "min": (inf, np.minimum),
    None: (0.0, lambda _, value: value),
}


def slow_interpret(
    cascade: Cascade,
    inputs: Mapping[str, Any],
    points_of: Callable[..., list[dict[str, int]]],
    tensor: str,
) -> dict[tuple[int, ...], float]:
    """All elements of a tensor by position, each computed when it is asked for, point by point."""
    at_position = {
        einsum.name: _by_position(cascade, einsum.output, points_of(cascade, einsum))
        for einsum in cascade.einsums
    }

    @cache
    def element(name: str, position: tuple[int, ...]) -> Any:
        if name in inputs:
            return inputs[name][position]
        points = at_position[name].get(position, [])
        running = cascade.iterative_ranks(name)
        if not points and running:
            return initial(name, position, running[0])
        einsum = cascade.einsum(name)
        total, combine = REDUCTION[einsum.reduction]
        for point in points:
            total = combine(total, evaluate(einsum.expression, point))
        return total

    def initial(name: str, position: tuple[int, ...], rank: str) -> Any:
        axis = cascade.tensors[name].ranks.index(rank)
        for each in cascade.initial:
            if each.tensor == name and each.access.indices[axis].offset == position[axis]:
                free = zip(each.access.indices, position, strict=True)
                return evaluate(each.expression, {i.ranks[0]: at for i, at in free if i.ranks})
        before = (*position[:axis], position[axis] - 1, *position[axis + 1 :])
        return element(name, before)

    def evaluate(expression: Expression, point: Mapping[str, int]) -> Any:
        if isinstance(expression, Access):
            return element(expression.tensor, _position(cascade, expression, point))
        if isinstance(expression, Constant):
            return np.float64(expression.value)
        if isinstance(expression, RankSize):
            return np.float64(cascade.ranks[expression.rank])
        return MEANING[expression.name](*(evaluate(each, point) for each in expression.args))

    return {position: element(tensor, position) for position in at_position[tensor]}


def _position(cascade: Cascade, access: Access, point: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(index.value(point, cascade.ranks) for index in cascade.positions(access))


def _by_position(
    cascade: Cascade, output: Access, points: list[dict[str, int]]
) -> dict[tuple[int, ...], list[dict[str, int]]]:
    found: dict[tuple[int, ...], list[dict[str, int]]] = {}
    for point in points:
        found.setdefault(_position(cascade, output, point), []).append(point)
    return found


def assert_as_point_by_point(
    cascade: Cascade, points_by_enumeration: Callable[..., list[dict[str, int]]]
) -> None:
    inputs = random_inputs(cascade)
    found = interpret(cascade, inputs, keep="all")
    with np.errstate(all="ignore"):
        for einsum in cascade.einsums:
            slow = slow_interpret(cascade, inputs, points_by_enumeration, einsum.name)
            for position, expected in slow.items():
                np.testing.assert_allclose(
                    found[einsum.name][position], expected, rtol=1e-11, atol=1e-11
                )


@settings(max_examples=150, deadline=None)
@given(made=cascades())
def test_random_cascades_are_what_their_points_say(
    made: tuple[str, str, str],
    cascade_of: Callable[..., Cascade],
    points_by_enumeration: Callable[..., list[dict[str, int]]],
) -> None:
    assert_as_point_by_point(_loaded(cascade_of, made), points_by_enumeration)


@settings(max_examples=60, deadline=None)
@given(made=cascades(), block=st.integers(1, 12))
def test_the_size_of_blocks_does_not_matter(
    made: tuple[str, str, str], block: int, cascade_of: Callable[..., Cascade]
) -> None:
    cascade = _loaded(cascade_of, made)
    inputs = random_inputs(cascade)
    whole = interpret(cascade, inputs, keep="all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_POINTS", block)
        cut = interpret(cascade, inputs, keep="all")
    for name, array in whole.items():
        np.testing.assert_allclose(cut[name], array, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(made=cascades(steps=("scan", "coupled", "map", "tile")))
def test_scans_are_what_the_loop_over_their_steps_gives(
    made: tuple[str, str, str], cascade_of: Callable[..., Cascade]
) -> None:
    cascade = _loaded(cascade_of, made)
    inputs = random_inputs(cascade)
    stepped = interpret(cascade, inputs, keep="all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "FEWEST_STEPS", 1)
        scanned = interpret(cascade, inputs, keep="all")
    for name, array in stepped.items():
        np.testing.assert_allclose(scanned[name], array, rtol=1e-11, atol=1e-11)


def _loaded(cascade_of: Callable[..., Cascade], made: tuple[str, str, str]) -> Cascade:
    try:
        return cascade_of(*made)
    except WorkloadError:
        reject()


# --- numpy.einsum as truth -----------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    operands=st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1, max_size=4),
    data=st.data(),
)
def test_sums_of_products_are_numpy_einsums(
    operands: list[str], data: st.DataObject, cascade_of: Callable[..., Cascade]
) -> None:
    operands = ["".join(dict.fromkeys(each)) for each in operands]
    read = sorted(set("".join(operands)))
    summed = data.draw(st.sets(st.sampled_from(read), min_size=1))
    output = "".join(each for each in read if each not in summed)
    inputs = {f"X{at}": each for at, each in enumerate(operands)}
    product = " * ".join(f"{name}[{','.join(each)}]" for name, each in inputs.items())
    cascade = cascade_of(
        f"Z[{','.join(output)}] += {product}",
        ranks="{A: 2, B: 3, C: 4, D: 1}",
        inputs="{" + ", ".join(f"{n}: [{','.join(i.upper())}]" for n, i in inputs.items()) + "}",
    )
    arrays = random_inputs(cascade)
    expected = np.einsum(f"{','.join(operands)}->{output}", *arrays.values())
    np.testing.assert_allclose(interpret(cascade, arrays)["Z"], expected, rtol=1e-10, atol=1e-12)


# --- the language, construct by construct --------------------------------------------------------

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
