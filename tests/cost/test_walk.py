"""The walk itself, on nests whose every step fits on a page."""

import pytest

from accelsim.cost.walk import walk
from accelsim.cost.walk_sites import working_elements
from accelsim.cost.walk_tensors import Action
from accelsim.mapping.loops import Loop, LoopNest, Storage
from tests.cost.strategies import cascade_of, einsum_of


def nest_of(einsum, loops, **kept):
    """Loops as ("K", 4) or ("K", 4, "rows"); `kept` has, per memory, the depth by tensor."""
    places = [
        Storage(memory, frozenset(tensor), depth)
        for memory, depths in kept.items()
        for tensor, depth in depths.items()
    ]
    return LoopNest(einsum, "Array", tuple(Loop(*loop) for loop in loops), tuple(places))


def walked(einsum, nest, **sizes):
    """Elements by (memory, action, tensor)."""
    counts = walk(cascade_of((einsum,), sizes), {einsum.name: nest})
    return {tuple(action)[1:]: elements for action, elements in counts.items()}


def test_weights_stay_while_the_batch_streams_past():
    einsum = einsum_of("Z", "MN", {"W": "KN"})
    nest = nest_of("Z", [("K", 2), ("N", 3), ("M", 10)], DRAM={"W": 0}, Buffer={"W": 2})
    counts = walked(einsum, nest, K=2, N=3, M=10)
    assert counts["DRAM", "read", "W"] == counts["Buffer", "write", "W"] == 6
    assert counts["Buffer", "read", "W"] == 60


def test_1000_over_256_columns_takes_4_steps_the_last_with_232_active():
    einsum = einsum_of("Z", "N", {"X": "N"})
    nest = nest_of("Z", [("N", 4), ("N", 256, "columns")])
    assert working_elements(einsum, nest, {"N": 1000}) == [256, 256, 256, 232]


def test_4_columns_share_one_read_of_what_they_all_need():
    einsum = einsum_of("Z", "MN", {"X": "M"})
    loops = [("M", 3), ("N", 4, "columns")]
    assert walked(einsum, nest_of("Z", loops, Buffer={"X": 0}), M=3, N=4) == {
        ("Buffer", "read", "X"): 3
    }


def test_4_columns_that_keep_the_same_element_are_written_one_by_one():
    einsum = einsum_of("Z", "MN", {"X": "M"})
    nest = nest_of("Z", [("M", 3), ("N", 4, "columns")], Buffer={"X": 0}, Register={"X": 2})
    assert walked(einsum, nest, M=3, N=4) == {
        ("Buffer", "read", "X"): 3,
        ("Register", "write", "X"): 12,
        ("Register", "read", "X"): 12,
    }


def test_a_sum_over_4_rows_arrives_as_one_write():
    einsum = einsum_of("Z", "M", {"X": "MK"})
    nest = nest_of("Z", [("M", 3), ("K", 4, "rows")], Buffer={"Z": 0})
    assert walked(einsum, nest, M=3, K=4) == {("Buffer", "write", "Z"): 3}


def test_an_accumulator_is_not_read_for_the_first_of_4_updates():
    einsum = einsum_of("Z", "M", {"X": "MK"})
    nest = nest_of("Z", [("M", 3), ("K", 4)], Buffer={"Z": 0})
    assert walked(einsum, nest, M=3, K=4) == {
        ("Buffer", "write", "Z"): 12,
        ("Buffer", "read", "Z"): 9,
    }


def test_partial_sums_that_leave_and_come_back_are_read_where_they_were_left():
    # 3 sums, 2 rounds: 6 go up from the register; the buffer adds the second 3 to the first 3.
    einsum = einsum_of("Z", "M", {"X": "MK"})
    nest = nest_of("Z", [("K", 2), ("M", 3)], Buffer={"Z": 0}, Register={"Z": 2})
    assert walked(einsum, nest, M=3, K=2) == {
        ("Register", "write", "Z"): 6,
        ("Register", "read", "Z"): 6,
        ("Buffer", "write", "Z"): 6,
        ("Buffer", "read", "Z"): 3,
    }


def test_an_idle_row_keeps_its_input():
    # M = 3 on 2 rows, twice: row 0 sees 0, 2, 0, 2, and row 1 rests on element 1.
    einsum = einsum_of("Z", "MQ", {"X": "M"})
    loops = [("Q", 2), ("M", 2), ("M", 2, "rows")]
    counts = walked(einsum, nest_of("Z", loops, Buffer={"X": 0}, Register={"X": 3}), Q=2, M=3)
    assert counts["Register", "write", "X"] == 5


def test_what_lies_in_a_row_leaves_with_the_tile_around_it():
    # The buffer's tile {0, 1} leaves for {2} and comes back: 3 sums go up in each of 2 rounds.
    einsum = einsum_of("Z", "M", {"X": "MQ"})
    loops = [("Q", 2), ("M", 2), ("M", 2, "rows")]
    assert walked(einsum, nest_of("Z", loops, Buffer={"Z": 2}, Register={"Z": 3}), Q=2, M=3) == {
        ("Register", "write", "Z"): 6,
        ("Register", "read", "Z"): 6,
        ("Buffer", "write", "Z"): 6,
    }


def test_places_past_the_end_of_a_rank_are_never_touched():
    # 2 x 3 blocks of 2 reach 12; M = 5 has 5.
    einsum = einsum_of("Z", "M", {"X": "M"})
    loops = [("M", 2), ("M", 3, "rows"), ("M", 2)]
    nest = nest_of("Z", loops, DRAM={"X": 0, "Z": 0}, Buffer={"X": 1, "Z": 2})
    counts = walked(einsum, nest, M=5)
    assert set(counts.values()) == {5}
    assert counts["Buffer", "write", "X"] == counts["DRAM", "write", "Z"] == 5


MAKER = einsum_of("T", "P", {"X": "PK"})
READER = einsum_of("Z", "PF", {"T": "P", "V": "F"})


def fused(reader_loops, reader_keeps, **sizes):
    """T is made in the accumulators, two elements a turn; Z reads it in the same turns."""
    nests = {
        "T": nest_of("T", [("P", 2), ("P", 2), ("K", 3)], Accumulator={"T": 1}),
        "Z": nest_of("Z", [("P", 2), *reader_loops], **reader_keeps),
    }
    counts = walk(cascade_of((MAKER, READER), sizes), nests, shared_loops=1)
    return {action: elements for action, elements in counts.items() if action.tensor == "T"}


def test_an_intermediate_never_leaves_the_memory_in_which_both_keep_it():
    counts = fused([("P", 2), ("F", 5)], {"Accumulator": {"T": 1}}, P=4, K=3, F=5)
    assert counts == {
        Action("T", "Accumulator", "write", "T"): 12,
        Action("T", "Accumulator", "read", "T"): 8,
        Action("Z", "Accumulator", "read", "T"): 20,
    }


def test_an_intermediate_is_read_once_for_all_5_columns_that_take_it_over():
    counts = fused([("P", 2), ("F", 5, "columns")], {"Register": {"T": 3}}, P=4, K=3, F=5)
    assert counts[Action("Z", "Accumulator", "read", "T")] == 4
    assert counts[Action("Z", "Register", "write", "T")] == 20
    assert counts[Action("Z", "Register", "read", "T")] == 20


def test_a_reader_whose_turns_cover_more_than_its_makers_is_found_out():
    # In its first turn T makes elements 0 and 1, and Z asks for 0, 1 and 2.
    with pytest.raises(AssertionError, match=r"T\[p\] is not there"):
        fused([("P", 3), ("F", 5)], {"Accumulator": {"T": 1}}, P=4, K=3, F=5)


def test_a_reader_that_takes_turns_with_a_sum_that_still_grows_is_found_out():
    """T sums over K in both turns; Z takes it in the first."""
    einsums = (einsum_of("T", "P", {"X": "PK"}), einsum_of("Z", "PK", {"T": "P", "V": "K"}))
    loops = [("K", 2), ("P", 3), ("K", 2)]
    nests = {
        "T": nest_of("T", loops, Accumulator={"T": 1}),
        "Z": nest_of("Z", loops, Accumulator={"T": 1}),
    }
    cascade = cascade_of(einsums, {"P": 3, "K": 4})
    assert walk(cascade, nests, shared_loops=0)
    with pytest.raises(AssertionError, match=r"T\[p\] was read before it was complete"):
        walk(cascade, nests, shared_loops=1)
