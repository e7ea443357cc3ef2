import pytest

from accelsim.sim.trace import Interval, StepSpan, Subject, Trace, waterfall


def interval(actor: str, activity: str, start: float, end: float, tile: int = 0) -> Interval:
    einsum = "QK" if actor == "DRAM" else f"{actor[0]}K"
    return Interval(actor, activity, start, end, Subject("attention", 1, einsum, tile))


TRACE = Trace(
    (
        interval("DRAM", "load", 0, 10),
        interval("Array", "wait", 0, 5),
        interval("Array", "work", 5, 25),
        interval("DRAM", "load", 10, 20, tile=1),
        interval("Array", "drain", 25, 30),
        interval("Array", "work", 30, 40, tile=1),
    ),
    (StepSpan("attention", 0, 40, tiles_played=2, tiles=6),),
)


def test_an_actor_is_busy_while_it_works_or_carries_not_while_it_waits():
    assert TRACE.busy_cycles == {"DRAM": 10 + 10, "Array": 20 + 10}
    assert TRACE.utilization == {"DRAM": 20 / 40, "Array": 30 / 40}


def test_cycles_of_one_activity_are_summed():
    assert TRACE.cycles_of("Array", "drain") == 5
    assert TRACE.cycles_of("Array", "load") == 0


def test_a_window_of_2_in_6_tiles_stands_for_three_times_its_cycles():
    assert (TRACE.tiles_played, TRACE.tiles) == (2, 6)
    assert (TRACE.cycles, TRACE.estimated_cycles) == (40, 40 * 6 / 2)


def test_a_row_is_plain_and_carries_its_unit():
    assert TRACE.rows()[2] == {
        "actor": "Array",
        "activity": "work",
        "start_cycles": 5,
        "end_cycles": 25,
        "step": "attention",
        "phase": 1,
        "einsum": "AK",
        "tile": 0,
    }


def test_a_waterfall_has_a_row_for_each_phase_and_array_and_each_port():
    assert waterfall(TRACE, columns=16) == (
        "attention: 2 of 6 tiles; one column is 2.5 cycles\n"
        "                  0      40 cycles\n"
        "phase 1 Array AK |..00000000~~1111|\n"
        "DRAM load QK     |00001111        |\n"
        "digits: tile number mod 10   ~ waits for its last sum   . waits for data or room\n"
    )


@pytest.mark.parametrize(("start", "end", "cells"), [(20, 40, "0~11"), (0, 20, ".000")])
def test_a_waterfall_shows_the_window_asked_for(start: float, end: float, cells: str):
    row = waterfall(TRACE, start, end, columns=4).splitlines()[2]
    assert row == f"phase 1 Array AK |{cells}|"


def test_what_is_shorter_than_a_column_is_shown_all_the_same():
    row = waterfall(TRACE, 0, 400, columns=4).splitlines()[2]
    assert row == "phase 1 Array AK |1   |"
