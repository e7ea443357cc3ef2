"""Projections are checked against trying every point of small boxes."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.workload.projections import projected
from accelsim.workload.regions import UncountableError, count_points

BOX = [bound for name in "abc" for bound in ({name: 1}, {name: -1, "": 6})]

_LINEAR = st.dictionaries(
    st.sampled_from(["a", "b", "c", ""]), st.sampled_from([-3, -2, -1, 1, 2, 4]), min_size=2
)


def size(region, keep):
    shadow = projected(region, keep)
    return 0 if shadow is None else count_points(shadow)


def size_by_enumeration(region, keep):
    points = (dict(zip("abc", values, strict=True)) for values in product(range(7), repeat=3))
    return len(
        {
            tuple(point[name] for name in keep)
            for point in points
            if all(sum(f * point.get(name, 1) for name, f in each.items()) >= 0 for each in region)
        }
    )


def test_the_shadow_of_a_triangle_of_side_7_is_its_side():
    assert size([*BOX, {"a": 1, "b": -1}, {"c": -1}], ("a",)) == 7


def test_the_sums_of_two_numbers_from_0_to_6_are_13():
    is_sum = [{"s": 1, "a": -1, "b": -1}, {"s": -1, "a": 1, "b": 1}]
    assert size([*BOX, {"c": -1}, *is_sum], ("s",)) == 13


def test_twice_a_number_from_0_to_6_has_7_values_not_13():
    is_double = [{"s": 1, "a": -2}, {"s": -1, "a": 2}]
    assert size([*BOX, {"b": -1}, {"c": -1}, *is_double], ("s",)) == 7


def test_what_has_no_point_has_no_shadow():
    assert projected([*BOX, {"a": 1, "": -9}], ("b",)) is None


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINEAR, max_size=3), st.sets(st.sampled_from("abc"), min_size=1))
def test_a_projection_has_the_points_that_enumeration_finds(extra, keep):
    region = [*BOX, *extra]
    try:
        found = size(region, sorted(keep))
    except UncountableError:
        return
    assert found == size_by_enumeration(region, sorted(keep))


def test_a_shadow_with_holes_is_refused():
    # 3a + 5b: some whole numbers below 48 are no such sum, which no inequality can say.
    is_sum = [{"s": 1, "a": -3, "b": -5}, {"s": -1, "a": 3, "b": 5}]
    with pytest.raises(UncountableError):
        projected([*BOX, {"c": -1}, *is_sum], ("s",))
