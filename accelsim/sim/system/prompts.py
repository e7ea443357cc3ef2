"""Prompts worked on by devices of their own, whose keys and values then travel to where they are
needed.

A group of as many devices as one replica of the model shares each prompt; groups take the next one
from a common queue, by arrival. The prompt's last query makes the first token. Its keys leave when
an engine has room for them, and share the link with those of other prompts. A group that has lost a
device stops, and its prompt goes back into the queue.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import simpy

from accelsim.arch.system import Worker
from accelsim.cost.system.buckets import Nodes
from accelsim.cost.system.costs import Costs, costs_of
from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.cost.system.plan import Plan, plan_of_prompts
from accelsim.cost.system.transfer import Path, path_between
from accelsim.sim.system.engine import Engine, Process
from accelsim.sim.system.faults import Fault, concerns, factors
from accelsim.sim.system.impaired import impaired, slower_links
from accelsim.sim.system.ledger import Ledger
from accelsim.sim.system.scheduler import Sequence


@dataclass(eq=False)
class _Group:
    """Devices that share a prompt; `costs` is None while they cannot."""

    workers: dict[str, tuple[Worker, ...]]
    costs: Costs | None
    work: simpy.Event
    process: simpy.Process | None = None
    busy: bool = False

    def wake(self) -> None:
        if not self.work.triggered:
            self.work.succeed()


class PromptPool:
    """The devices with the role `prefill`."""

    def __init__(
        self,
        env: simpy.Environment,
        plan: Plan,
        nodes: Nodes | None,
        ledger: Ledger,
        prompted: Callable[[Sequence], None],
    ) -> None:
        self.env, self.plan, self.ledger, self.prompted = env, plan, ledger, prompted
        self.costs = costs_of(plan_of_prompts(plan), nodes)
        own = self.costs.plan.holder
        self.whole = self.path = path_between(plan.system, own.name, plan.attender.name)
        self.ports = min(own.count, plan.attender.count)
        self.link = simpy.Resource(env, 1)
        self.queue: list[tuple[float, int, Sequence]] = []
        size = self.costs.plan.tensor
        self.groups = [self._group(number * size, size) for number in range(own.count // size)]

    def put(self, sequence: Sequence) -> None:
        request = sequence.request
        heapq.heappush(self.queue, (request.arrived_s, request.number, sequence))
        for group in self.groups:
            group.wake()

    def fetch(self, engine: Engine, sequence: Sequence) -> Process:
        """The keys of an admitted sequence travel."""
        kept = min(sequence.prefilled, self.plan.model.window or sequence.prefilled)
        size, path = kept * self.plan.kv_token_bytes, self.path
        with self.link.request() as turn:
            yield turn
            port_s = path.port_s(size / self.ports, self.ports)
            yield self.env.timeout(port_s)
        for link in path.links:
            self.ledger.carried(link.name, port_s, size)
        yield self.env.timeout(path.latency_s)
        engine.come(sequence)

    def change(self, active: Iterable[Fault]) -> None:
        """These faults are in force."""
        active = tuple(active)
        self.path = Path(slower_links(self.whole.links, factors(active)))
        for group in self.groups:
            own = tuple(each for each in active if concerns(each, group.workers))
            group.costs = impaired(self.costs, own)
            if group.busy and group.costs is None and group.process is not None:
                group.process.interrupt()
            group.wake()

    # --- what a group does ------------------------------------------------------------------------

    def _group(self, begin: int, size: int) -> _Group:
        kind = self.costs.plan.holder.name
        workers = {kind: tuple(Worker(kind, begin + n) for n in range(size))}
        group = _Group(workers, self.costs, self.env.event())
        group.process = self.env.process(self._work(group))
        return group

    def _work(self, group: _Group) -> Process:
        while True:
            if group.costs is None or not self.queue:
                group.work = self.env.event()
                yield group.work
                continue
            *_, sequence = heapq.heappop(self.queue)
            if sequence.started_s < 0:
                sequence.started_s = self.env.now
            batch = Batch(0, 0, (Chunk(sequence.to_prefill, 0),))
            iteration, start_s = group.costs(batch), self.env.now
            group.busy = True
            try:
                yield self.env.timeout(iteration.seconds)
            except simpy.Interrupt:
                self.ledger.lost_s += self.env.now - start_s
                self.put(sequence)
                continue
            finally:
                group.busy = False
            self.ledger.iteration(group.workers, batch, iteration, start_s)
            # The next prompt enters a pipeline while this one leaves it.
            self.env.process(self._leaves(sequence, start_s, iteration.drain_s))

    def _leaves(self, sequence: Sequence, start_s: float, drain_s: float) -> Process:
        yield self.env.timeout(drain_s)
        now_s = self.env.now
        sequence.prefilled = sequence.to_prefill
        sequence.had += 1
        self.ledger.produced(1, start_s, now_s)
        if sequence.first_token_s < 0:
            self.ledger.first_token(sequence, now_s)
        else:
            gap_s = now_s - sequence.last_token_s
            self.ledger.gap(gap_s, 1)
            sequence.longest_gap_s = max(sequence.longest_gap_s, gap_s)
        sequence.last_token_s = now_s
        self.prompted(sequence)
