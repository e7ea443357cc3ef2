"""Tiles, storages and the arithmetic of ragged factors, with numbers one can check by hand."""

import numpy as np
import pytest

from accelsim.mapping.loops import (
    Loop,
    LoopNest,
    Storage,
    ceil_div,
    factor_product,
    innermost,
    largest,
    smallest,
)

NEST = LoopNest(
    einsum="Z",
    array="Array",
    loops=(Loop("M", 4), Loop("N", 3), Loop("M", 8, "rows"), Loop("K", 16), Loop("M", 2)),
    storages=(
        Storage("DRAM", frozenset({"X", "Y", "Z"}), 0),
        Storage("Buffer", frozenset({"X", "Z"}), 2),
        Storage("Registers", frozenset({"Z"}), 3),
    ),
)


def test_a_loop_with_an_axis_is_spatial():
    assert [loop.is_spatial for loop in NEST.loops] == [False, False, True, False, False]


def test_ranks_come_in_the_order_of_their_outermost_loops():
    assert NEST.ranks == ("M", "N", "K")


@pytest.mark.parametrize(("depth", "tile"), [(0, 64), (1, 16), (2, 16), (3, 2), (4, 2), (5, 1)])
def test_a_tile_is_the_product_of_the_factors_inside(depth, tile):
    assert NEST.tile("M", depth) == tile


def test_a_rank_without_loops_has_a_tile_of_1():
    assert NEST.tile("P", 0) == 1


def test_storages_of_a_tensor_go_from_the_outermost_inwards_past_those_that_skip_it():
    assert [storage.memory for storage in NEST.storages_of("Z")] == ["DRAM", "Buffer", "Registers"]
    assert [storage.memory for storage in NEST.storages_of("Y")] == ["DRAM"]
    assert NEST.storages_of("W") == ()


def test_a_rank_of_1000_over_256_columns_takes_4_tiles():
    nest = LoopNest("Z", "Array", (Loop("N", 4), Loop("N", 256, "columns")), ())
    assert ceil_div(1000, nest.tile("N", 1)) == 4


def test_tiles_that_are_empty_are_not_counted():
    # 10 tiles of 16 are visited, but 100 elements fill 7 of them.
    nest = LoopNest("Z", "Array", (Loop("N", 10), Loop("N", 16)), ())
    assert ceil_div(100, nest.tile("N", 1)) == 7


def test_the_factors_of_4_and_8_and_2_make_64():
    assert factor_product(NEST.loops, "M") == 64
    assert factor_product((), "M") == 1


def test_a_started_tile_counts_whole():
    assert [ceil_div(n, 256) for n in (1, 256, 257, 1000)] == [1, 1, 2, 4]


def test_ceil_of_whole_numbers_is_exact_beyond_doubles():
    assert ceil_div(2**80 + 1, 2) == 2**79 + 1


def test_factors_and_sizes_may_be_arrays_that_broadcast():
    columns = np.array([[128], [256]])
    nest = LoopNest("Z", "Array", (Loop("N", columns, "columns"),), ())
    tiles = ceil_div(np.array([1000, 1024, 1025]), nest.tile("N", 0))
    assert tiles.tolist() == [[8, 8, 9], [4, 4, 5]]


def test_largest_and_smallest_go_element_by_element():
    assert (largest([3, 1, 2]), smallest([3, 1, 2])) == (3, 1)
    assert largest([2, np.array([1, 3])]).tolist() == [2, 3]
    assert smallest([2, np.array([1, 3])]).tolist() == [1, 2]


def test_the_innermost_loop_of_a_sweep_depends_on_where_factors_are_one():
    sometimes = Loop("N", np.array([1, 3]), may_be_one=True)
    (at_n, inner), (at_m, outer) = innermost((Loop("M", 4), sometimes), [0, 1])
    assert (inner, outer) == (1, 0)
    assert (at_n.tolist(), at_m.tolist()) == ([0, 1], [1, 0])
    assert [place for _, place in innermost((sometimes,), [0])] == [0, -1]
    assert list(innermost((Loop("M", 4), sometimes), [0])) == [(1, 0)]
    assert list(innermost((), [])) == [(1, -1)]
