"""Stream-K, played in time: the slow truth beside `cost/gpu/stream_k.py`.

An SM works on the blocks that were dealt to it side by side (as in `sim/gpu.py`). A block leaves
its part on the way; at the end of its walk it waits until all parts of its last tile are there, and
adds them up. It does not slow down the others then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import simpy

from accelsim.cost.gpu.stream_k import StreamBlocks
from accelsim.sim.engine import Actor, Simulation, act, begin, note, side_by_side
from accelsim.sim.gpu import DONE, Block
from accelsim.sim.trace import StepSpan, Subject, Trace


@dataclass
class Walker:
    """A block on its way: what is left of its walk, and of the way to where it leaves its part."""

    block: Block
    slot: int
    to_part: float
    helpers: Sequence[simpy.Event]
    collecting: float
    there: simpy.Event
    left: float = 1.0

    @property
    def to_next(self) -> float:
        return self.left if self.there.triggered else self.to_part

    def walk(self, share: float) -> None:
        self.left -= share
        self.to_part -= share
        if self.to_part <= DONE and not self.there.triggered:
            self.there.succeed()


def play_walks(kernel: str, blocks: StreamBlocks, sms: int) -> Trace:
    """The trace of all blocks, dealt to the SMs slot by slot."""
    simulation = Simulation()
    walkers = _walkers(simulation, blocks, sms)
    actors = [
        streaming_multiprocessor(simulation, f"SM {sm}", kernel, walkers[sm::sms])
        for sm in range(sms)
    ]
    simulation.env.run(until=side_by_side(simulation, actors))
    ordered = tuple(sorted(simulation.intervals, key=lambda interval: interval.start))
    count = len(walkers)
    return Trace(ordered, (StepSpan(kernel, 0.0, simulation.now, count, count),))


def streaming_multiprocessor(
    simulation: Simulation, name: str, kernel: str, walkers: list[Walker]
) -> Actor:
    """Walk with all blocks at hand until each has ended, and then until each is done."""
    hosts = []
    while walkers:
        sharing = len(walkers)
        passing = min(each.to_next * each.block.cycles(sharing) for each in walkers)
        yield simulation.env.timeout(passing)
        for each in walkers:
            each.walk(passing / each.block.cycles(sharing))
        for each in [each for each in walkers if each.left <= DONE]:
            walkers.remove(each)
            subject = Subject(kernel, 1, "block", each.block.number)
            note(simulation, f"{name} slot {each.slot}", "work", 0.0, subject)
            hosts.append(begin(simulation, host(simulation, name, kernel, each)))
    yield simulation.env.all_of(hosts)


def host(simulation: Simulation, name: str, kernel: str, walker: Walker) -> Actor:
    """Wait until the parts of all helpers are there, and add them up."""
    actor, since = f"{name} slot {walker.slot}", simulation.now
    subject = Subject(kernel, 2, "parts", walker.block.number)
    yield simulation.env.all_of(walker.helpers)
    note(simulation, actor, "wait", since, subject)
    yield from act(simulation, actor, "work", walker.collecting, subject)


def _walkers(simulation: Simulation, blocks: StreamBlocks, sms: int) -> list[Walker]:
    there = [simulation.env.event() for _ in blocks.busy]
    return [
        Walker(
            block=Block(number, blocks.busy[number], blocks.alone[number], blocks.ends),
            slot=number // sms,
            to_part=blocks.share[number],
            helpers=there[number + 1 : number + 1 + blocks.helpers[number]],
            collecting=blocks.collecting[number],
            there=there[number],
        )
        for number in range(len(blocks.busy))
    ]
