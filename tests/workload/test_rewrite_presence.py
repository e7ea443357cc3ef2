"""Where tiles have a point, against trying every index."""

from itertools import product

import pytest

from accelsim.workload.conditions import ranks_of, text_of
from accelsim.workload.parse import parse_einsum
from accelsim.workload.rewrite.bounds import always
from accelsim.workload.rewrite.presence import implies, part, presence, tile, whole

SIZES = {"P": 7, "M": 10, "M1": 4, "M0": 3, "N": 2, "W": 2, "J": 3}

CONDITIONS = {
    "m <= p": "m1*M0 <= p",
    "m < p": "m1*M0 < p",
    "p - m < W": "p - W + 1 < m1*M0 + M0 and p - W + 1 < M",
    "m == p": "p < m1*M0 + M0 and p < M and m1*M0 <= p",
    "m // N < W": "m1*M0 < N*W",
    "m <= p and m >= W": None,
    "p // N - m // N <= W and m // N - p // N <= W": None,
    "2*m <= p": "2*m1*M0 <= p",
    "m != p": None,
    "m < W or p - m < W and m <= p": None,
    "m*J <= p": None,
    "m >= W": None,
}


def conditions_of(text):
    return parse_einsum(f"Z[p] += S[p,m] where {text}").conditions


def exists(conditions, values):
    return all(each.holds(values, SIZES) for each in conditions)


@pytest.mark.parametrize(("text", "expected"), CONDITIONS.items())
def test_a_tile_is_present_where_it_has_a_point(text, expected):
    conditions = conditions_of(text)
    found = presence(conditions, ["M"], {"M": tile("M", "M1", "M0")})
    assert found.exact
    assert expected in (None, text_of(found.conditions))
    for p, m1 in product(range(SIZES["P"]), range(SIZES["M1"])):
        inside = range(m1 * SIZES["M0"], min((m1 + 1) * SIZES["M0"], SIZES["M"]))
        some = any(exists(conditions, {"P": p, "M": m}) for m in inside)
        assert exists(found.conditions, {"P": p, "M1": m1}) == some, (p, m1)


@pytest.mark.parametrize("text", ["m % 2 == 0", "power_of_two(p - m)", "X[p,m]", "I[m] <= p"])
def test_what_is_no_bound_is_left_out_and_told(text):
    found = presence(conditions_of(text), ["M"], {"M": tile("M", "M1", "M0")})
    assert not found.exact
    assert not {"M", "M1"} & set(ranks_of(found.conditions)) or text.startswith("power")


def test_a_condition_that_always_has_a_point_is_none():
    assert presence(conditions_of("m <= p"), ["M"]).conditions == ()
    assert presence((), ["M"], {"M": tile("M", "M1", "M0")}).conditions == ()


def test_bounds_hold_for_all_sizes_or_are_not_known():
    (one,) = conditions_of("m <= p + 1")
    assert always(one.left, whole("M").beyond[0].position)
    assert not always(one.right, whole("M").beyond[0].position)


def test_a_step_s_condition_follows_from_its_points():
    (point, step, other) = conditions_of("m1*M0 + m0 <= p, m1*M0 <= p, m1*M0 + M0 <= p")
    assert implies(point, step)
    assert not implies(step, point)
    assert not implies(point, other)


def test_powers_of_two_of_other_indices_stay_as_they_are():
    conditions = conditions_of("m1*M0 + m0 <= p and (power_of_two(p - m1) or m1 == 0)")
    found = presence(conditions, ["M0"], {"M0": part("M", "M1", "M0")})
    assert found.exact
    assert text_of(found.conditions) == "m1*M0 <= p and (power_of_two(p - m1) or m1 == 0)"
