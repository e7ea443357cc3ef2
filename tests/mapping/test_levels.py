"""Levels of one Einsum, from the outermost memory to the register file."""

from accelsim.mapping.levels import Job, levels, room_in
from accelsim.mapping.mapping import Level
from accelsim.mapping.spread import Spread
from accelsim.mapping.tiling import Operand, Work

PATH = ("DRAM", "Buffer", "LaneRegisters")
OPERANDS = (
    Operand("X", frozenset([frozenset("MP")]), 2 * 10 * 20, 2, False),
    Operand("C", frozenset([frozenset("MP")]), 2 * 10 * 20, 2, True),
)


def job(**more):
    """C[m+1,p] = C[m,p] + X[m,p] on 4 of the 8 lanes, 10 steps for each of 5 tiles of P."""
    work = Work(
        operands=OPERANDS,
        reduced=frozenset(),
        sizes={"M": 1, "P": 4},
        factors={"M": 1, "P": 4},
        around=(("P", 5), ("M", 10)),
        shared=frozenset("MP"),
    )
    return Job(work, Spread("Lanes", {"P": 4}, {}), PATH, **more)


def test_what_stays_at_home_is_not_kept_further_out(toy):
    found, _ = levels(job(home="Buffer", staying=frozenset("C")), {"Buffer": {"C": 8}}, 1, toy())
    assert found == (
        Level(memory="DRAM", keep=("X",), loops={"P": 5, "M": 10}),
        Level(memory="Buffer", keep=("C", "X")),
        Level(array="Lanes", spatial={"columns": {"P": 4}}),
        Level(memory="LaneRegisters", keep=("X", "C")),
    )


def test_a_result_that_stays_at_home_is_kept_further_out_as_well(toy):
    staying = frozenset("C")
    found, _ = levels(job(home="Buffer", staying=staying, leaving=staying), {}, 1, toy())
    assert found[0].keep == ("X", "C")


def test_memories_then_hold_a_tile_of_each_tensor(toy):
    _, held = levels(job(home="Buffer", staying=frozenset("C")), {"Buffer": {"C": 8}}, 1, toy())
    assert held == {"Buffer": {"C": 8, "X": 8}, "LaneRegisters": {"X": 2, "C": 2}}


def test_what_others_hold_is_no_room(toy):
    found, held = levels(job(), {"LaneRegisters": {"Y": 5}}, 1, toy())
    assert found[-1] == Level(memory="LaneRegisters", keep=("C",))
    assert held["LaneRegisters"] == {"Y": 5, "C": 2}


def test_a_memory_without_capacity_has_room_for_anything(toy):
    assert room_in("DRAM", {}, toy()).holds({"X": 1e30})
    assert room_in("Buffer", {"Buffer": {"X": 65536}}, toy()).holds({"X": 65536})
    assert not room_in("Buffer", {"Buffer": {"X": 65536}}, toy()).holds({"Y": 1})
