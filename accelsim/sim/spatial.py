"""A bound mapping on a spatial array, played tile by tile: arrays, buffers and ports of memories.

The arrays of a phase work side by side; the phase is over when all are done and its drains have
come out of the array. Every memory with a bandwidth has a port that carries one thing at a time,
and a buffer of two halves: a round's data comes into one half while the arrays work out of the
other, so it comes at most one round ahead.

    arrays     work 0                    work 1                  work 2
    port       load 0, load 1            write 0, load 2         write 1, load 3

Data streams. An Einsum starts when the rest of its data will come before it is wanted; its results
start to leave when the rest will be made before it is wanted:

    start of work   >= start of load + max(0, load - work)
    start of write  >= start of work + max(0, work - write)

A result leaves in as many parts as there are rounds until its Einsum's next one, a part in each,
and has left before the result after the next is begun.

Assumptions, besides those of `rounds`: a memory's reads come before an Einsum's work and its writes
after; the ports of several memories work side by side; steps do not overlap.

The formula of `cost.cycles` knows no order: it takes the larger of two sums. Here a round waits for
its own data, so where rounds of unlike length meet a port that is nearly as busy as the arrays,
the simulation takes a little longer.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import simpy

from accelsim.base.errors import InputError
from accelsim.cost.spatial import cost
from accelsim.mapping.binding import BoundMapping
from accelsim.sim.engine import Actor, Port, Simulation, act, begin, carry, note, play, side_by_side
from accelsim.sim.engine import port as make_port
from accelsim.sim.rounds import Job, Round, Rounds, rounds
from accelsim.sim.trace import StepSpan, Subject, Trace


def simulate(mapping: BoundMapping, *, most_tiles: int) -> Trace:
    """Play the schedule: of each step all tiles, or the first `most_tiles` of them.

    The mapping is one that `mapping.check` has found legal, with numbers, not arrays of them.
    """
    if most_tiles < 1:
        raise InputError(f"{most_tiles} tiles are nothing to play", remedy="Play 1 or more")
    found = cost(mapping)
    if np.size(found.cycles) > 1:
        fact = f"this mapping is a sweep of {np.size(found.cycles)} points"
        raise InputError(fact, remedy="Bind and simulate one point at a time")
    simulation = Simulation()
    steps = [rounds(step, mapping, found, most_tiles) for step in mapping.steps]
    spans: list[StepSpan] = []
    intervals = play(simulation, [one_after_another(simulation, steps, spans)])
    return Trace(intervals, tuple(spans))


@dataclass(frozen=True)
class Buffer:
    """Between a port and the arrays: two halves for data, room for two results of each Einsum.

    Data of a job is `in_time` if it is there, or comes as fast as the job will want it.
    """

    port: Port
    free_halves: simpy.Container
    in_time: defaultdict[Job, simpy.Event]
    room: defaultdict[str, simpy.Container]

    @property
    def name(self) -> str:
        return self.port.name


@dataclass(frozen=True)
class Scene:
    """A step while it is played."""

    step: str
    simulation: Simulation
    buffers: tuple[Buffer, ...]
    begun: tuple[simpy.Event, ...]

    def round_begun(self, number: int) -> simpy.Event:
        """The event that a round has begun; the last one, for those that never come."""
        return self.begun[min(number, len(self.begun) - 1)]


def one_after_another(simulation: Simulation, steps: list[Rounds], spans: list[StepSpan]) -> Actor:
    """Play the steps, and note in `spans` how long each took."""
    for step in steps:
        start = simulation.now
        yield from machine(_scene(simulation, step), step.rounds)
        spans.append(StepSpan(step.step, start, simulation.now, step.tiles_played, step.tiles))


def _scene(simulation: Simulation, step: Rounds) -> Scene:
    buffers = tuple(_buffer(simulation, memory) for memory in step.memories)
    begun = tuple(simulation.env.event() for _ in step.rounds)
    return Scene(step.step, simulation, buffers, begun)


def _buffer(simulation: Simulation, memory: str) -> Buffer:
    def two() -> simpy.Container:
        return simpy.Container(simulation.env, capacity=2, init=2)

    port = make_port(simulation, memory)
    return Buffer(port, two(), defaultdict(simulation.env.event), defaultdict(two))


def machine(scene: Scene, rounds: tuple[Round, ...]) -> Actor:
    """Play round after round while the loaders fill the buffers, until all results have left."""
    for buffer in scene.buffers:
        begin(scene.simulation, loader(scene, buffer, rounds))
    for phases, begun in zip(rounds, scene.begun, strict=True):
        begun.succeed()
        for jobs in phases:
            yield from phase(scene, jobs)
        for buffer in scene.buffers:
            yield buffer.free_halves.put(1)
    for buffer in scene.buffers:
        for room in buffer.room.values():
            yield room.get(2)


def phase(scene: Scene, jobs: tuple[Job, ...]) -> Actor:
    """The arrays work side by side; then the last sums come out, one after the other."""
    by_array: defaultdict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_array[job.work.array].append(job)
    yield side_by_side(scene.simulation, [array(scene, own) for own in by_array.values()])
    for job in jobs:
        if job.work.drain_cycles > 0:
            yield from _act(scene, job.work.array, "drain", job.work.drain_cycles, job)


def array(scene: Scene, jobs: list[Job]) -> Actor:
    """Take one job after the other: wait for its data and for room, work, let the result leave."""
    for job in jobs:
        since = scene.simulation.now
        yield from data_in_time(scene, job)
        yield from room_for_result(scene, job)
        note(scene.simulation, job.work.array, "wait", since, _subject(scene, job))
        for buffer in scene.buffers:
            if buffer.name in job.work.write_cycles:
                begin(scene.simulation, writer(scene, buffer, job))
        yield from _act(scene, job.work.array, "work", job.work.cycles, job)


def data_in_time(scene: Scene, job: Job) -> Actor:
    for buffer in scene.buffers:
        if buffer.name in job.work.load_cycles:
            yield buffer.in_time[job]


def room_for_result(scene: Scene, job: Job) -> Actor:
    for buffer in scene.buffers:
        if buffer.name in job.work.write_cycles:
            yield buffer.room[job.work.einsum].get(1)


def loader(scene: Scene, buffer: Buffer, rounds: tuple[Round, ...]) -> Actor:
    """Take a free half and load a round's data into it, first what is wanted first."""
    for phases in rounds:
        yield buffer.free_halves.get(1)
        for job in (job for jobs in phases for job in jobs):
            if buffer.name in job.work.load_cycles:
                yield from load(scene, buffer, job)


def load(scene: Scene, buffer: Buffer, job: Job) -> Actor:
    """Wait for the port's turn; from when on the work will not overtake the data, say so."""
    cycles = job.work.load_cycles[buffer.name]
    with buffer.port.turn.request() as turn:
        yield turn
        ahead = max(0, cycles - job.work.cycles)
        begin(scene.simulation, say_in_time(scene, buffer, job, ahead))
        yield from _act(scene, buffer.name, "load", cycles, job)


def say_in_time(scene: Scene, buffer: Buffer, job: Job, after_cycles: float) -> Actor:
    yield scene.simulation.env.timeout(after_cycles)
    buffer.in_time[job].succeed()


def writer(scene: Scene, buffer: Buffer, job: Job) -> Actor:
    """Write a part of a result in each round, none before it is made; then there is room again."""
    cycles, parts = job.work.write_cycles[buffer.name], job.until_next
    yield scene.simulation.env.timeout(max(0, job.work.cycles - cycles))
    for number in range(parts):
        yield scene.round_begun(job.round + number)
        yield from carry(
            scene.simulation, buffer.port, "write", cycles / parts, _subject(scene, job)
        )
    yield buffer.room[job.work.einsum].put(1)


def _act(scene: Scene, actor: str, activity: str, cycles: float, job: Job) -> Actor:
    yield from act(scene.simulation, actor, activity, cycles, _subject(scene, job))


def _subject(scene: Scene, job: Job) -> Subject:
    return Subject(scene.step, job.work.phase + 1, job.work.einsum, job.tile)
