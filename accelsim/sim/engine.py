"""Actors take turns in a simpy environment and note what they do; nothing here knows hardware.

An actor is a generator: it waits for events, acts for some cycles, waits again.

    def array(simulation, tiles, port):
        while tiles:
            tile = tiles.popleft()
            yield from carry(simulation, port, "load", 10, tile)
            yield from act(simulation, "array", "work", 30, tile)

Two of them, four tiles of 10 + 30 cycles and one port are done after 90 cycles: the port is what
the second one waits for, once.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import simpy

from accelsim.sim.trace import Interval, Subject

Actor = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class Simulation:
    """The clock, and the intervals noted so far in the order of their ends."""

    env: simpy.Environment = field(default_factory=simpy.Environment)
    intervals: list[Interval] = field(default_factory=list)

    @property
    def now(self) -> float:
        return self.env.now


@dataclass(frozen=True)
class Port:
    """A way in and out of a memory that carries one thing at a time, first come, first served."""

    name: str
    turn: simpy.Resource


def port(simulation: Simulation, name: str) -> Port:
    return Port(name, simpy.Resource(simulation.env, capacity=1))


def act(
    simulation: Simulation, actor: str, activity: str, cycles: float, subject: Subject
) -> Actor:
    """Be busy with one thing for so many cycles."""
    start = simulation.now
    yield simulation.env.timeout(cycles)
    note(simulation, actor, activity, start, subject)


def carry(
    simulation: Simulation,
    port: Port,
    activity: str,
    cycles: float,
    subject: Subject,
) -> Actor:
    """Wait for the port's turn, then keep it for so many cycles."""
    with port.turn.request() as turn:
        yield turn
        yield from act(simulation, port.name, activity, cycles, subject)


def note(simulation: Simulation, actor: str, activity: str, start: float, subject: Subject) -> None:
    """Write down what the actor has done since `start`, if that took any time."""
    if simulation.now > start:
        simulation.intervals.append(Interval(actor, activity, start, simulation.now, subject))


def begin(simulation: Simulation, actor: Actor) -> simpy.Process:
    """The actor begins now; the process is the event that it is done."""
    return simulation.env.process(actor)


def side_by_side(simulation: Simulation, actors: Iterable[Actor]) -> simpy.Event:
    """The event that all these actors, which begin now, are done."""
    return simulation.env.all_of([begin(simulation, actor) for actor in actors])


def play(simulation: Simulation, actors: Iterable[Actor]) -> tuple[Interval, ...]:
    """Run until all these actors are done; what happened, by start."""
    simulation.env.run(until=side_by_side(simulation, actors))
    return tuple(sorted(simulation.intervals, key=lambda interval: interval.start))
