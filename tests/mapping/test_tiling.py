"""Tiles and orders of loops of a product of 64 x 64 x 64 on 4 x 8 processing elements, by hand."""

from math import inf

from accelsim.mapping.tiling import (
    Operand,
    Room,
    Task,
    Work,
    first_counts,
    grown,
    kept_in,
    ordered,
    tiles,
    trips,
)


def operand(tensor, ranks, size=64, is_output=False):
    return Operand(tensor, frozenset([frozenset(ranks)]), 2 * size ** len(ranks), 2, is_output)


X, Y, Z = operand("X", "MK"), operand("Y", "KN"), operand("Z", "MN", is_output=True)
PRODUCT = Work(
    operands=(X, Y, Z),
    reduced=frozenset("K"),
    sizes={"M": 64, "N": 64, "K": 64},
    factors={"M": 4, "N": 8, "K": 1},
)
ONE = {"M": 1, "N": 1, "K": 1}


def task(capacity, kept=(X, Y, Z), passing=(), work=PRODUCT):
    return Task(work, kept, passing, work.steps, (), Room(capacity, {}))


def test_64_rows_on_4_of_the_array_are_16_steps():
    assert PRODUCT.steps == {"M": 16, "N": 8, "K": 64}


def test_tiles_of_a_step_are_4_and_8_operands_and_32_sums_of_2_bytes():
    assert tiles(PRODUCT, PRODUCT.operands, ONE) == {"X": 8, "Y": 16, "Z": 64}


def test_a_tile_ends_where_the_rank_ends():
    work = Work((operand("X", "M", size=10),), frozenset(), {"M": 10}, {"M": 4})
    assert tiles(work, work.operands, {"M": 3}) == {"X": 20}


def test_32_sums_and_12_operands_a_step_want_6_terms_a_sum():
    # 32 sums in and out are 64, over 6 steps 11 a step, no more than 4 + 8 operands.
    assert first_counts(PRODUCT, PRODUCT.steps) == {"M": 1, "N": 1, "K": 6}


def test_a_short_sum_has_no_more_terms_than_it_has():
    assert first_counts(PRODUCT, {"M": 16, "N": 8, "K": 3}) == {"M": 1, "N": 1, "K": 3}


def test_room_counts_a_tensor_that_is_there_already_once():
    room = Room(100, {"X": 60})
    assert room.holds({"X": 80, "Y": 20})
    assert not room.holds({"X": 80, "Y": 21})
    assert room.with_tiles({"X": 10, "Y": 20}) == {"X": 60, "Y": 20}


def test_sums_are_kept_before_operands():
    sizes = {"X": 2, "Y": 2, "Z": 2}
    assert kept_in(PRODUCT, PRODUCT.operands, sizes, Room(2, {})) == (Z,)
    assert kept_in(PRODUCT, PRODUCT.operands, sizes, Room(6, {})) == (X, Y, Z)


def test_with_all_the_room_there_is_nothing_is_cut():
    assert trips(PRODUCT, grown(task(inf), ONE), PRODUCT.steps) == ()


def test_half_of_each_rank_fits_a_sixth_of_the_bytes():
    # 32 x 16 X, 16 x 32 Y and 32 x 32 Z of 2 B are 4 KiB; all three tensors are 24 KiB.
    counts = grown(task(4096), first_counts(PRODUCT, PRODUCT.steps))
    assert counts == {"M": 8, "N": 4, "K": 16}
    assert trips(PRODUCT, counts, PRODUCT.steps) == (("M", 2), ("N", 2), ("K", 4))


def test_a_tensor_that_is_whole_stays_through_loops_that_cannot_be_cut():
    recurrent = Work((X, Y, Z), frozenset("K"), PRODUCT.sizes, PRODUCT.factors, around=(("T", 9),))
    inside = Task(recurrent, (Y,), (), recurrent.steps, recurrent.around, Room(64 * 64 * 2, {}))
    counts = grown(inside, ONE)
    assert (counts["K"], counts["N"]) == (64, 8)


def test_shared_ranks_are_cut_into_equal_tiles():
    work = Work((X, Y, Z), frozenset("K"), {"M": 36, "N": 8, "K": 9}, {"M": 4, "N": 8, "K": 1})
    alike = Work(work.operands, work.reduced, work.sizes, work.factors, shared=frozenset("M"))
    # 9 steps along M; X and Y stay cut, so that reaching further along M saves reads of Y.
    room = 200
    assert grown(task(room, kept=(Z,), passing=(X, Y), work=work), ONE)["M"] in range(1, 10)
    assert 9 % grown(task(room, kept=(Z,), passing=(X, Y), work=alike), ONE)["M"] == 0


def test_sums_are_innermost_and_of_the_rest_what_lets_most_stay():
    # Y is 4 times as large as X, so that X comes again for every n rather than Y for every m.
    y = operand("Y", "KN", size=128)
    work = Work((X, y, Z), frozenset("K"), PRODUCT.sizes, PRODUCT.factors)
    assert ordered(work, {"M": 2, "N": 2, "K": 1}) == (("N", 2), ("M", 2))
    assert ordered(work, {"M": 2, "N": 2, "K": 3})[-1] == ("K", 3)


def test_of_ranks_that_are_alike_the_last_is_innermost():
    work = Work((operand("X", "AB"),), frozenset(), {"A": 64, "B": 64}, {"A": 1, "B": 1})
    assert ordered(work, {"A": 3, "B": 5}) == (("A", 3), ("B", 5))


def test_a_loop_that_runs_once_is_none():
    assert ordered(PRODUCT, {"M": 1, "N": 4, "K": 1}) == (("N", 4),)
