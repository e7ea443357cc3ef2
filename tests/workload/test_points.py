"""Points of Einsums and elements of tensors, against trying every combination of indices."""

from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accelsim.base.errors import WorkloadError
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.load import read_workload
from accelsim.workload.points import elements_of, elements_read, points_of, position_ranges
from tests.workload.random_conditions import random_condition

_HUGE = 2**30


def cascade(einsums, ranks, inputs):
    text = "\n".join(f"  {line}" for line in einsums)
    head = f"word: 2 B\nranks: {ranks}\ninputs: {inputs}\n"
    return read_workload(parse_yaml(f"{head}cascade: |\n{text}\n", "w.yaml"), "w")


def scores(where, p=_HUGE, m=_HUGE):
    line = f"S[p,m] = Q[p] * K[m] where {where}"
    return cascade([line], f"{{P: {p}, M: {m}}}", "{Q: [P], K: [M]}")


def test_a_causal_square_of_side_2_to_the_30_has_p_times_p_plus_1_over_2_points():
    assert points_of(scores("m <= p"), "S") == _HUGE * (_HUGE + 1) // 2


def test_a_window_of_4_over_10_queries_has_1_2_3_and_then_4_keys():
    assert points_of(scores("m <= p and p - m < 4", 10, 10), "S") == 1 + 2 + 3 + 7 * 4


def test_a_window_of_4096_on_a_huge_square_lacks_one_triangle():
    window = scores("m <= p and p - m < 4096")
    assert points_of(window, "S") == 4096 * _HUGE - 4096 * 4095 // 2


def test_blocks_of_16_on_a_huge_square_have_16_keys_a_query():
    assert points_of(scores("p // 16 == m // 16"), "S") == 16 * _HUGE


def test_a_causal_block_of_16_has_136_points():
    causal_blocks = scores("p // 16 == m // 16 and m <= p")
    assert points_of(causal_blocks, "S") == _HUGE // 16 * (16 * 17 // 2)


def test_every_fourth_key_is_a_quarter_of_the_keys():
    assert points_of(scores("m % 4 == 0"), "S") == _HUGE * _HUGE // 4


def test_a_window_of_4096_with_4_sinks_adds_the_sinks_that_the_window_does_not_reach():
    with_sinks = scores("m <= p and (m < 4 or p - m < 4096)")
    window = 4096 * _HUGE - 4096 * 4095 // 2
    # Query p sees sink m beside its window if p >= m + 4096.
    assert points_of(with_sinks, "S") == window + 4 * (_HUGE - 4096) - (0 + 1 + 2 + 3)


def test_not_a_or_b_is_neither():
    neither = scores("not (m <= p or m % 2 == 0)", 4, 4)  # (0,1), (0,3), (1,3), (2,3)
    assert points_of(neither, "S") == 4


def test_powers_of_two_are_as_many_diagonals():
    diagonals = " or ".join(f"p - m == {2**k}" for k in range(20))
    assert points_of(scores(diagonals), "S") == 20 * _HUGE - (2**20 - 1)


def test_conditions_without_a_closed_count_are_refused():
    hopeless = scores("(10007*p - 10009*m) // 3 >= 5 and 9967*m - 9973*p >= 5 or 7919*m > 7907*p")
    with pytest.raises(WorkloadError, match="no closed count"):
        points_of(hopeless, "S")


@pytest.mark.parametrize("seed", range(40))
def test_points_under_any_condition_agree_with_enumeration(seed, points_by_enumeration):
    random = Random(seed)
    for _ in range(8):
        p, m = random.randint(1, 20), random.randint(1, 20)
        small = scores(random_condition(random), p, m)
        (einsum,) = small.einsums
        points = points_by_enumeration(small, einsum)
        assert points_of(small, "S") == len(points)
        assert elements_read(small, "K", ("S",)) == len({point["M"] for point in points})


def test_all_but_the_diagonal_is_the_square_less_its_side():
    assert points_of(scores("m != p"), "S") == _HUGE * (_HUGE - 1)


def test_queries_at_the_end_of_the_keys_see_all_the_keys_before_them():
    # 2 queries, 10 keys: the last sees 10, the one before 9.
    assert points_of(scores("m <= p + M - P", 2, 10), "S") == 19


def test_causal_tiles_have_as_many_points_as_the_causal_square():
    tiled = cascade(
        ["m -> m1, m0", "S[p,m1,m0] = Q[p] * K[m1,m0] where m1*M0 + m0 <= p"],
        f"{{P: {_HUGE}, M: {_HUGE}, M0: 256}}",
        "{Q: [P], K: [M]}",
    )
    assert points_of(tiled, "S") == _HUGE * (_HUGE + 1) // 2


def test_the_last_of_three_tiles_of_4_holds_2_of_10_keys():
    ragged = cascade(
        ["m -> m1, m0", "S[m1,m0] = K[m1,m0] * 2", "L[m1] max= S[m1,m0]"],
        "{M: 10, M0: 4}",
        "{K: [M]}",
    )
    assert points_of(ragged, "S") == elements_of(ragged, "S") == 10
    assert elements_of(ragged, "L") == 3


def test_a_shift_below_zero_has_no_point():
    # Y[p] += X[p - w]: p = 0 has w = 0, p = 1 has w = 0 and 1, p = 2 and 3 have three.
    shifted = cascade(["Y[p] += X[p - w] * F[w]"], "{P: 4, W: 3}", "{X: [P], F: [W]}")
    assert points_of(shifted, "Y") == 1 + 2 + 3 + 3


def test_a_causal_maximum_has_a_value_for_every_query_and_tiles_for_half_of_the_pairs():
    # 8 queries, tiles of 4: queries 0-3 see one tile, 4-7 see two.
    tiled = cascade(
        [
            "m -> m1, m0",
            "S[p,m1,m0] = Q[p] * K[m1,m0] where m1*M0 + m0 <= p",
            "L[p,m1] max= S[p,m1,m0] where m1*M0 + m0 <= p",
            "G[p] max= L[p,m1] where m1*M0 <= p",
        ],
        "{P: 8, M: 8, M0: 4}",
        "{Q: [P], K: [M]}",
    )
    assert elements_of(tiled, "L") == 4 * 1 + 4 * 2
    assert elements_of(tiled, "G") == 8


def test_a_window_over_one_query_touches_only_its_keys():
    decode = cascade(
        ["S[p,m] = Q[p] * K[m] where m > M - 1 - W"],
        "{P: 1, M: 1000, W: 10}",
        "{Q: [P], K: [M]}",
    )
    assert elements_read(decode, "K", ("S",)) == 10
    assert elements_of(decode, "K") == 1000


def test_two_readers_of_overlapping_halves_touch_their_union():
    halves = cascade(
        ["A[m] = K[m] * 2 where m < 6", "B[m] = K[m] * 2 where m >= 4 and m < 8"],
        "{M: 10}",
        "{K: [M]}",
    )
    assert elements_read(halves, "K", ("A", "B")) == 8


def test_neighbours_of_a_huge_row_are_its_elements_once():
    pairs = cascade(["Y[m] = K[m] * K[m+1]"], f"{{M: {_HUGE}}}", "{K: [M]}")
    assert elements_read(pairs, "K", ("Y",)) == _HUGE


def test_a_stride_of_2_writes_every_second_element():
    strided = read_workload(
        parse_yaml(
            "word: 2 B\nranks: {P: 4, N: 8}\ninputs: {X: [P]}\noutputs: {Y: [N]}\n"
            "cascade: |\n  Y[2*p + 1] = X[p] * 3\n",
            "w.yaml",
        ),
        "w",
    )
    assert elements_of(strided, "Y") == 4


def test_a_running_value_over_4_steps_has_positions_0_to_4():
    running = cascade(["R[0] = 0", "R[p+1] = R[p] + X[p]"], "{P: 4}", "{X: [P]}")
    assert position_ranges(running, "R") == [(0, 4)]
    assert elements_of(running, "R") == 4


def test_two_initial_values_and_4_steps_are_positions_0_to_5():
    fibonacci = cascade(
        ["C[0] = 0", "C[1] = 1", "C[p+2] = C[p+1] + C[p] + X[p]"], "{P: 4}", "{X: [P]}"
    )
    assert position_ranges(fibonacci, "C") == [(0, 5)]
    assert points_of(fibonacci, "C") == 4


_POSITIONS = st.sampled_from(
    [
        "p",
        "m",
        "p - m",
        "p + m",
        "2*m",
        "p // 2",
        "m // 3",
        "m % 2",
        "p - 2*w",
        "w",
        "3*w",
        "p // W",
    ]
)
_CONDITIONS = st.builds(
    lambda left, comparison, right, offset: f"{left} {comparison} {right} + {offset}",
    _POSITIONS,
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    _POSITIONS,
    st.integers(-2, 3),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_CONDITIONS, min_size=1, max_size=3),
    st.tuples(*(st.integers(1, 6) for _ in range(3))),
    st.sampled_from(["p,m,w", "p,m", "w", "p + m"]),
)
def test_points_and_touched_elements_agree_with_enumeration(
    points_by_enumeration, conditions, sizes, index
):
    p, m, w = sizes
    small = cascade(
        [f"Z[] += X[{index}] * Y[p,m,w] where {' and '.join(conditions)}"],
        f"{{P: {p}, M: {m}, W: {w}, N: 7}}",
        "{X: ["
        + {"p,m,w": "P, M, W", "p,m": "P, M", "w": "W", "p + m": "N"}[index]
        + "], Y: [P, M, W]}",
    )
    (einsum,) = small.einsums
    points = points_by_enumeration(small, einsum)
    assert points_of(small, "Z") == len(points)
    positions = small.positions(einsum.reads[0])
    touched = {tuple(i.value(point, small.ranks) for i in positions) for point in points}
    try:
        assert elements_read(small, "X", ("Z",)) == len(touched)
    except WorkloadError as error:
        assume("no closed count" not in str(error))
        raise
