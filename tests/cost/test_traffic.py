"""Elements over a boundary, small enough to count by hand; random nests are in test_flows.py."""

from random import Random

import numpy as np
import pytest

from accelsim.cost.traffic import Walks, array_steps, moved_elements, operand_elements
from accelsim.cost.walk_sites import working_elements
from accelsim.mapping.loops import Loop
from tests.cost.strategies import random_case, random_structure


def fills(loops, ranks, **sizes):
    """What comes into the storage inside all of `loops`; every instance counts for itself."""
    return moved_elements(Walks(loops, sizes), len(loops), set(ranks), len(loops))


def reads(loops, ranks, **sizes):
    """What their parent outside of all `loops` is read for them; instances share."""
    return moved_elements(Walks(loops, sizes), len(loops), set(ranks), 0)


def test_weights_stay_while_the_batch_streams_past():
    loops = (Loop("K", 2), Loop("N", 3), Loop("M", 100))
    assert fills(loops, "KN", K=2, N=3, M=100) == 2 * 3


def test_weights_come_again_for_every_row_of_a_batch_outside():
    loops = (Loop("M", 100), Loop("K", 2), Loop("N", 3))
    assert fills(loops, "KN", K=2, N=3, M=100) == 100 * 2 * 3


def test_a_loop_inside_brings_tiles_back_for_a_loop_around_it():
    # X[k] leaves at k = 1 and comes back at k = 0, for each of 5 rounds.
    assert fills((Loop("M", 5), Loop("K", 2)), "K", M=5, K=2) == 10
    assert fills((Loop("K", 2), Loop("M", 5)), "K", M=5, K=2) == 2


def test_a_loop_that_runs_once_moves_nothing():
    assert fills((Loop("M", 5), Loop("K", 1)), "K", M=5, K=1) == 1


def test_a_tile_brings_all_its_elements():
    # 4 tiles of 8 elements, the last one with 6 of them.
    loops = (Loop("K", 4), Loop("K", 8))
    assert moved_elements(Walks(loops, {"K": 30}), 1, {"K"}, 1) == 30


def test_a_ragged_rank_may_leave_a_single_tile_that_rests():
    # Of K = 3, two tiles of 2: K visits tiles 0, 1 and comes back; with K = 2 only tile 0 is there.
    loops = (Loop("M", 5), Loop("K", 2), Loop("K", 2))
    assert moved_elements(Walks(loops, {"M": 5, "K": 3}), 2, {"K"}, 2) == 15
    assert moved_elements(Walks(loops, {"M": 5, "K": 2}), 2, {"K"}, 2) == 2


def test_four_columns_that_want_the_same_weights_are_filled_4_times_from_one_read():
    loops = (Loop("K", 3), Loop("N", 4, "columns"))
    assert fills(loops, "K", K=3, N=4) == 12
    assert reads(loops, "K", K=3, N=4) == 3


def test_columns_with_tiles_of_their_own_share_nothing():
    loops = (Loop("M", 3), Loop("N", 4, "columns"))
    assert fills(loops, "N", M=3, N=4) == reads(loops, "N", M=3, N=4) == 4


def test_an_idle_column_is_not_filled():
    # N = 10 on 4 columns: steps of 4, 4 and 2 columns, each asking for X[m] of its own M step.
    loops = (Loop("N", 3), Loop("M", 2), Loop("N", 4, "columns"))
    assert fills(loops, "M", N=10, M=2) == (4 + 4 + 2) * 2
    assert reads(loops, "M", N=10, M=2) == 3 * 2


def test_an_idle_row_keeps_its_tile():
    # M = 3 on 2 rows, 2 steps, twice: row 0 sees 0, 2, 0, 2, and row 1 rests on element 1.
    loops = (Loop("Q", 2), Loop("M", 2), Loop("M", 2, "rows"))
    assert fills(loops, "M", Q=2, M=3) == 4 + 1


def test_an_idle_row_gives_its_sum_up_with_the_tile_around_it():
    # As above; but the tile {0, 1} of a storage around leaves for {2}, and takes element 1 along.
    loops = (Loop("Q", 2), Loop("M", 2), Loop("M", 2, "rows"))
    assert moved_elements(Walks(loops, {"Q": 2, "M": 3}), 3, {"M"}, 3, around=(2,)) == 6
    assert moved_elements(Walks(loops, {"Q": 2, "M": 3}), 3, {"M"}, 3, around=(0,)) == 5


def test_a_sum_over_4_rows_arrives_as_one():
    loops = (Loop("M", 5), Loop("K", 4, "rows"))
    assert operand_elements(Walks(loops, {"M": 5, "K": 4}), {"M"}, shared_from=0) == 5
    assert operand_elements(Walks(loops, {"M": 5, "K": 4}), {"M"}, shared_from=2) == 20


def test_1000_over_256_columns_takes_4_steps_the_last_with_232_active():
    loops = (Loop("N", 4), Loop("N", 256, "columns"))
    assert array_steps(Walks(loops, {"N": 1000})) == 4
    assert operand_elements(Walks(loops, {"N": 1000}), {"N"}, shared_from=2) == 3 * 256 + 232


def test_steps_in_which_no_element_works_are_not_counted():
    # M = 5 in blocks of 3, 3 blocks: 3 + 2 steps, and none in the last block.
    assert array_steps(Walks((Loop("M", 3), Loop("M", 3)), {"M": 5})) == 5


@pytest.mark.parametrize("block", range(4))
def test_array_steps_are_those_in_which_the_walk_finds_an_element_at_work(block):
    for seed in range(250 * block, 250 * (block + 1)):
        case = random_case(Random(seed))
        for einsum in case.cascade.einsums:
            nest, sizes = case.nests[einsum.name], case.cascade.ranks
            walked = sum(count > 0 for count in working_elements(einsum, nest, sizes))
            own = {rank: sizes[rank] for rank in einsum.ranks}
            assert array_steps(Walks(nest.loops, own)) == walked, f"seed {seed}: {case}"


def test_columns_and_sizes_as_arrays_give_a_table():
    columns = np.array([[2], [4]])
    loops = (Loop("N", np.array([[6], [3]])), Loop("M", 2), Loop("N", columns, "columns"))
    moved = moved_elements(Walks(loops, {"N": np.array([9, 10, 12]), "M": 2}), 3, {"M"}, 3)
    assert moved.tolist() == [[18, 20, 24], [18, 20, 24]]
    steps = array_steps(Walks(loops, {"N": np.array([9, 10, 12]), "M": 2}))
    assert steps.tolist() == [[10, 10, 12], [6, 6, 6]]


@pytest.mark.parametrize("seed", range(150))
def test_arrays_give_elementwise_what_scalars_give(seed):
    rng = Random(seed)
    loops, variants = random_structure(rng, variants=5)
    depth = rng.randint(0, len(loops))
    ranks, outer = set(rng.sample("ABC", rng.randint(0, 3))), rng.randint(0, depth)
    around = tuple(sorted(rng.sample(range(depth + 1), rng.randint(0, min(2, depth)))))
    arrays = [np.array([factors[i] for factors, _ in variants]) for i in range(len(loops))]
    sizes = {rank: np.array([sizes[rank] for _, sizes in variants]) for rank in "ABC"}
    together = Walks(with_factors(loops, arrays), sizes)
    alone = [Walks(with_factors(loops, factors), own) for factors, own in variants]
    moved = moved_elements(together, depth, ranks, outer, around)
    each = [moved_elements(walks, depth, ranks, outer, around) for walks in alone]
    assert np.broadcast_to(moved, 5).tolist() == each
    taken = operand_elements(together, ranks, outer)
    each = [operand_elements(walks, ranks, outer) for walks in alone]
    assert np.broadcast_to(taken, 5).tolist() == each


def with_factors(loops, factors):
    return tuple(
        Loop(loop.rank, factor, loop.axis) for loop, factor in zip(loops, factors, strict=True)
    )
