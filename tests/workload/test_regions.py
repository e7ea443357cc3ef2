"""Counting is checked against trying every point of small boxes."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.workload import regions
from accelsim.workload.polynomials import power_sum
from accelsim.workload.regions import Effort, UncountableError, count_points

_HUGE = 2**30


def box(**sizes):
    """0 <= name < size for each."""
    return [
        bound for name, size in sizes.items() for bound in ({name: 1}, {name: -1, "": size - 1})
    ]


def enumerated(region, names):
    """Points of the region with all variables from 0 to 6."""
    return [
        values
        for values in product(range(7), repeat=len(names))
        if all(
            sum(
                factor * dict(zip(names, values, strict=True)).get(name, 1)
                for name, factor in f.items()
            )
            >= 0
            for f in region
        )
    ]


def test_squares_up_to_n_sum_to_n_times_n_plus_1_times_2n_plus_1_over_6():
    assert sum(factor * 10**power for power, factor in enumerate(power_sum(2))) == 385


def test_a_triangle_of_side_4_has_10_points():
    assert count_points([*box(p=4, m=4), {"p": 1, "m": -1}]) == 10


def test_a_tetrahedron_of_side_4_has_20_points():
    assert count_points([*box(a=4, b=4, c=4), {"a": 1, "b": -1}, {"b": 1, "c": -1}]) == 20


def test_a_tetrahedron_of_a_huge_side_takes_as_many_steps_as_one_of_side_4():
    small, huge = Effort(), Effort()
    for side, effort in ((4, small), (_HUGE, huge)):
        sides = [*box(a=side, b=side, c=side), {"a": 1, "b": -1}, {"b": 1, "c": -1}]
        assert count_points(sides, effort) == side * (side + 1) * (side + 2) // 6
    assert small.taken == huge.taken < 10


def test_more_steps_than_a_question_may_take_are_refused(monkeypatch):
    monkeypatch.setattr(regions, "MOST_STEPS", 2)
    with pytest.raises(UncountableError):
        count_points([*box(a=4, b=4, c=4), {"a": 1, "b": -1}, {"b": 1, "c": -1}])


def test_2m_up_to_3p_on_a_huge_square_is_counted_at_once():
    # m <= floor(3p/2): p in pairs 2k, 2k+1 gives 3k+1 and 3k+2, until 3p/2 leaves the square.
    inside = [*box(p=_HUGE, m=_HUGE * 2), {"p": 3, "m": -2}]
    half = _HUGE // 2
    assert count_points(inside) == sum((3 * half * (half - 1), 3 * half))


def test_an_empty_region_has_no_points():
    assert count_points([*box(p=4), {"p": 1, "": -9}]) == 0


_LINEAR = st.dictionaries(
    st.sampled_from(["a", "b", "c", ""]), st.sampled_from([-3, -2, -1, 1, 2, 4]), min_size=2
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINEAR, max_size=3))
def test_counting_agrees_with_enumeration(extra):
    region = [*box(a=7, b=7, c=7), *extra]
    assert count_points(region) == len(enumerated(region, ("a", "b", "c")))


def test_a_region_with_large_coprime_factors_everywhere_is_refused():
    region = [
        *box(a=10**9, b=10**9),
        {"a": 10007, "b": -10009, "": 5},
        {"a": -9973, "b": 9967, "": 5},
    ]
    with pytest.raises(UncountableError):
        count_points(region)
