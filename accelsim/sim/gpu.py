"""Blocks of a kernel on the SMs of a GPU, played in time: the slow truth beside `cost/kernels.py`.

An SM holds as many blocks as it has slots and works on them side by side; whenever one ends, it
draws the next from the queue. With r blocks on it, each is done after

    max(r · busy, alone) + ends  cycles

if that goes on: a block's pipes are shared, its latencies are not.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.sim.engine import Actor, Simulation, note
from accelsim.sim.trace import StepSpan, Subject, Trace

DONE = 1e-9


@dataclass(frozen=True)
class Block:
    """Cycles of its SM's pipes; of itself alone; before and after, when it computes nothing."""

    number: int
    busy: float
    alone: float
    ends: float

    def cycles(self, sharing: int) -> float:
        """Beside so many blocks, itself counted."""
        return max(sharing * self.busy, self.alone) + self.ends


@dataclass
class Held:
    """A block on an SM: since when, in which slot, and what share of it is left."""

    block: Block
    slot: int
    since: float
    left: float = 1.0


def play_blocks(kernel: str, blocks: Sequence[Block], slots: int, sms: int) -> Trace:
    """The trace of all blocks, dealt to the SMs slot by slot and then drawn as room appears."""
    simulation = Simulation()
    queue = deque(blocks)
    hands: list[list[Held]] = [[] for _ in range(sms)]
    for slot in range(slots):
        for hand in hands:
            if queue:
                hand.append(Held(queue.popleft(), slot, since=0.0))
    for number, hand in enumerate(hands):
        simulation.env.process(
            streaming_multiprocessor(simulation, f"SM {number}", kernel, hand, queue)
        )
    simulation.env.run()
    end = max((interval.end for interval in simulation.intervals), default=0.0)
    ordered = tuple(sorted(simulation.intervals, key=lambda interval: interval.start))
    return Trace(ordered, (StepSpan(kernel, 0.0, end, len(blocks), len(blocks)),))


def streaming_multiprocessor(
    simulation: Simulation, name: str, kernel: str, held: list[Held], queue: deque[Block]
) -> Actor:
    """Work on all blocks at hand until one ends; draw the next; until none is left."""
    while held:
        sharing = len(held)
        passing = min(each.left * each.block.cycles(sharing) for each in held)
        yield simulation.env.timeout(passing)
        for each in held:
            each.left -= passing / each.block.cycles(sharing)
        for each in [each for each in held if each.left <= DONE]:
            held.remove(each)
            subject = Subject(kernel, 1, "block", each.block.number)
            note(simulation, f"{name} slot {each.slot}", "work", each.since, subject)
            if queue:
                held.append(Held(queue.popleft(), each.slot, since=simulation.now))
