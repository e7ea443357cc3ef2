from collections import deque

import pytest

from accelsim.sim.engine import Actor, Port, Simulation, act, carry, note, play, port, side_by_side
from accelsim.sim.trace import Interval, Subject


def subject(tile: int) -> Subject:
    return Subject("step", 1, "Z", tile)


def array(simulation: Simulation, name: str, tiles: deque[int], memory: Port) -> Actor:
    """Take the next tile, load it through the shared port, compute it; until none is left."""
    while tiles:
        tile = subject(tiles.popleft())
        yield from carry(simulation, memory, "load", 10, tile)
        yield from act(simulation, name, "work", 30, tile)


def played(arrays: int, tiles: int) -> tuple[Interval, ...]:
    simulation = Simulation()
    memory, queue = port(simulation, "DRAM"), deque(range(tiles))
    return play(simulation, [array(simulation, f"A{n}", queue, memory) for n in range(arrays)])


@pytest.mark.parametrize(
    ("arrays", "tiles", "cycles"),
    [(1, 4, 4 * (10 + 30)), (2, 4, 10 + 2 * 40), (4, 4, 4 * 10 + 30), (2, 1, 40)],
)
def test_arrays_that_share_a_port_wait_for_their_turn(arrays: int, tiles: int, cycles: int):
    assert max(interval.end for interval in played(arrays, tiles)) == cycles


def test_two_arrays_and_four_tiles_take_turns_at_one_port():
    loads = [(i.start, i.end) for i in played(2, 4) if i.activity == "load"]
    works = [(i.actor, i.start, i.end) for i in played(2, 4) if i.activity == "work"]
    assert loads == [(0, 10), (10, 20), (40, 50), (50, 60)]
    assert works == [("A0", 10, 40), ("A1", 20, 50), ("A0", 50, 80), ("A1", 60, 90)]


def test_a_port_serves_who_came_first():
    simulation = Simulation()
    memory = port(simulation, "DRAM")
    actors = [carry(simulation, memory, "load", 5, subject(tile)) for tile in (2, 0, 1)]
    order = [(i.subject.tile, i.start) for i in play(simulation, actors)]
    assert order == [(2, 0), (0, 5), (1, 10)]


def test_actors_side_by_side_take_as_long_as_the_slowest():
    simulation = Simulation()

    def phases() -> Actor:
        for _ in range(2):
            both = [act(simulation, f"A{n}", "work", n, subject(0)) for n in (3, 7)]
            yield side_by_side(simulation, both)

    assert [i.end for i in play(simulation, [phases()])] == [3, 7, 10, 14]


def test_what_took_no_time_is_not_noted():
    simulation = Simulation()
    note(simulation, "A", "wait", simulation.now, subject(0))
    assert simulation.intervals == []
