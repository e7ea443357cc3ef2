"""The actors of a serving system: engines that iterate, and prompts that are worked on elsewhere.

An engine takes in what has room, runs an iteration, hands out its tokens, and begins again; when it
has nothing to do it sleeps until something comes. A fault may stop it in the middle of an
iteration: that iteration's tokens were never made.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import simpy

from accelsim.arch.system import Worker
from accelsim.cost.system.costs import Costs
from accelsim.cost.system.iteration import Batch, Iteration
from accelsim.sim.system.ledger import Ledger, Longest
from accelsim.sim.system.scheduler import Scheduler, Sequence

Process = Generator[simpy.Event, Any, None]


class Prompts(Protocol):
    """Where prompts are worked on, if not here."""

    def put(self, sequence: Sequence, /) -> None:
        """Its prompt, and the tokens that it has, are to be worked on."""

    def fetch(self, engine: "Engine", sequence: Sequence, /) -> Process:
        """An admitted sequence's keys come to the engine, after which it joins."""


@dataclass(eq=False)
class Engine:
    """One batch of sequences on its own devices. `costs` is None while it is down."""

    env: simpy.Environment
    scheduler: Scheduler
    costs: Costs | None
    workers: Mapping[str, tuple[Worker, ...]]
    ledger: Ledger
    done: Callable[[Sequence, float], None]
    prompts: Prompts | None = None
    dead: frozenset[str] = frozenset()
    """Of the workers, those that it goes on without."""
    longest: Longest = field(default_factory=Longest)
    came: list[Sequence] = field(default_factory=list)
    iterating: bool = False
    token_s: float = 0.0
    """When tokens were handed out last."""

    def __post_init__(self) -> None:
        self.work, self.drained = self.env.event(), self.env.event()
        self.process = self.env.process(self._run())

    def put(self, sequence: Sequence) -> None:
        """Into the queue."""
        self.scheduler.waiting.append(sequence)
        self._wake()

    def come(self, sequence: Sequence) -> None:
        """An admitted sequence's keys are there; unless they came after they were lost."""
        if sequence in self.scheduler.coming:
            self.came.append(sequence)
            self._wake()

    def change(self, costs: Costs | None) -> None:
        """From the next iteration on, things take longer, or less long."""
        self.costs = costs
        self._wake()

    def stop(self) -> list[Sequence]:
        """Now, in the middle of whatever it does; all sequences under way, without their keys."""
        decoding = list(self.scheduler.decoding)
        gone = self.scheduler.take_all()
        for sequence in decoding:
            self._fell_out(sequence)
        if self.iterating:
            self.process.interrupt()
        self.came.clear()
        return gone

    # --- what it does -----------------------------------------------------------------------------

    def _run(self) -> Process:
        while True:
            self._admit()
            begun, self.came = self.came, []
            for sequence in begun:
                self.scheduler.join(sequence)
            for sequence in self.scheduler.make_way():
                self._fell_out(sequence)
                self._take_again(sequence)
            if self.costs is None or not self.scheduler.has_work:
                self.work = self.env.event()
                yield self.work
                continue
            batch = self.scheduler.batch()
            iteration, start_s = self.costs(batch), self.env.now
            self.iterating = True
            try:
                yield self.env.timeout(iteration.seconds)
            except simpy.Interrupt:
                self.ledger.lost_s += self.env.now - start_s
                continue
            finally:
                self.iterating = False
            self._hand_out(batch, iteration, start_s, begun)

    def _admit(self) -> None:
        admitted = self.scheduler.admitted(self.env.now) if self.costs is not None else []
        for sequence in admitted:
            if self.prompts is None:
                self.came.append(sequence)
            else:
                self.env.process(self.prompts.fetch(self, sequence))
        if admitted:
            self.drained.succeed()
            self.drained = self.env.event()

    def _wake(self) -> None:
        if not self.work.triggered:
            self.work.succeed()

    def _hand_out(
        self, batch: Batch, iteration: Iteration, start_s: float, begun: list[Sequence]
    ) -> None:
        now_s, ledger = self.env.now, self.ledger
        late = [each for each in begun if each.last_token_s >= 0]
        late = [each for each in late if each in self.scheduler.decoding]
        self.token_s = now_s
        ended, prompted = self.scheduler.advance(batch)
        self.longest.add(self.scheduler.iteration, iteration.seconds)
        ledger.iteration(self._alive, batch, iteration, start_s)
        ledger.produced(batch.sequences + len(prompted), start_s, now_s)
        ledger.gap(iteration.seconds, batch.sequences - len(late))
        for sequence in late:
            self._resumed(sequence, now_s)
        for sequence in prompted:
            sequence.behind_s = iteration.drain_s
            if sequence.first_token_s < 0:
                ledger.first_token(sequence, now_s + sequence.behind_s)
            elif sequence.last_token_s >= 0:
                self._resumed(sequence, now_s)
        for sequence in ended:
            self._note_gaps(sequence)
            self.done(sequence, now_s + sequence.behind_s)

    @property
    def _alive(self) -> Mapping[str, tuple[Worker, ...]]:
        if not self.dead:
            return self.workers
        return {
            kind: tuple(each for each in own if str(each) not in self.dead)
            for kind, own in self.workers.items()
        }

    def _take_again(self, sequence: Sequence) -> None:
        """Before all others that wait."""
        if self.prompts is None:
            self.scheduler.waiting.appendleft(sequence)
        else:
            self.prompts.put(sequence)

    def _fell_out(self, sequence: Sequence) -> None:
        """The next token will be late: after the last one here, or still after one from before."""
        self._note_gaps(sequence)
        if sequence.had and sequence.last_token_s < 0:
            sequence.last_token_s = self.token_s + sequence.behind_s

    def _note_gaps(self, sequence: Sequence) -> None:
        """Those between the tokens that it got while it decoded here."""
        if sequence.begun >= 0:
            longest_s = self.longest.since(sequence.begun + 1)
            sequence.longest_gap_s = max(sequence.longest_gap_s, longest_s)
            sequence.begun = -1

    def _resumed(self, sequence: Sequence, now_s: float) -> None:
        gap_s = now_s + sequence.behind_s - sequence.last_token_s
        self.ledger.gap(gap_s, 1)
        sequence.longest_gap_s = max(sequence.longest_gap_s, gap_s)
        sequence.last_token_s = -1.0
