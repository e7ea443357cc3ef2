from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.cost.system.buckets import FEW, Bucketed, Exact, Interpolated
from accelsim.cost.system.effort import Effort

SIZES = st.floats(1, 1e6)


@given(SIZES, st.sampled_from([1, 2, 8, 24, 100, 1000]))
def test_a_size_is_the_weighted_mean_of_the_nodes_around_it(size, per_octave):
    around = Bucketed(per_octave).around(size)
    assert sum(share for _, share in around) == pytest.approx(1)
    assert sum(node * share for node, share in around) == pytest.approx(size)
    assert all(0 < share <= 1 for _, share in around)
    assert around[0][0] <= size <= around[-1][0] or len(around) == 1


def test_every_small_size_is_a_node():
    assert [Bucketed().around(size) for size in range(1, FEW + 1)] == [
        ((size, 1.0),) for size in range(1, FEW + 1)
    ]


def test_a_doubling_has_as_many_nodes_as_are_asked_for():
    nodes = {node for size in range(1024, 2049) for node, _ in Bucketed(8).around(size)}
    assert len(nodes) == 9
    assert {1024, 2048} < nodes


def test_exact_takes_the_nearest_whole_size_and_at_least_one():
    assert Exact().around(70.4) == ((70, 1.0),)
    assert Exact().around(0.3) == ((1, 1.0),)


@given(SIZES, SIZES)
def test_what_is_linear_in_each_size_is_interpolated_without_error(one, other):
    def product(x, y):
        return Effort(2.0 * x * y, 3.0 + y)

    found = Interpolated(product, Bucketed())(one, other)
    assert found.seconds == pytest.approx(2 * one * other)
    assert found.joules == pytest.approx(3 + other)


def test_every_node_is_asked_for_once():
    asked = []

    def of(*sizes):
        asked.append(sizes)
        return Effort(float(prod(sizes)), 0.0)

    function = Interpolated(of, Bucketed())
    for _ in range(3):
        function(100, 3.5)
    assert sorted(asked) == sorted({(n, k) for n, _ in Bucketed().around(100) for k in (3, 4)})


def test_slower_devices_take_longer_for_the_same_joules():
    slow = Interpolated(lambda size: Effort(float(size), 7.0), Exact(), slower=2.5)
    assert slow(4) == Effort(10.0, 7.0)


def test_between_two_sizes_are_all_to_16_then_so_many_an_octave():
    assert Bucketed(2).between(13, 70) == (13, 14, 15, 16, 23, 32, 45, 64, 70)
    assert Bucketed(1).between(100, 600) == (100, 128, 256, 512, 600)
    assert Bucketed(8).between(5, 5) == (5,)


@pytest.mark.parametrize("size", [17, 100, 1000.5, 4096])
def test_what_lies_around_a_size_is_among_the_nodes_between(size):
    nodes = Bucketed(4)
    assert {node for node, _ in nodes.around(size)} <= set(nodes.between(1, 8192))
