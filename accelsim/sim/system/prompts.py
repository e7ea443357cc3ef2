"""Prompts worked on by devices of their own, whose keys and values then travel to where they are
needed.

A group of as many devices as one replica of the model shares each prompt; groups take the next one
from a common queue. The prompt's last query makes the first token. Its keys leave when an engine
has room for them, and share the link with those of other prompts.
"""

from collections.abc import Callable

import simpy

from accelsim.arch.system import Parallel, Worker
from accelsim.cost.system.buckets import Nodes
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.cost.system.transfer import path_between
from accelsim.sim.system.engine import Engine, Process
from accelsim.sim.system.ledger import Ledger
from accelsim.sim.system.scheduler import Sequence


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
        self.costs = costs_of(_plan_of_prompts(plan), nodes)
        own = self.costs.plan.holder
        self.path = path_between(plan.system, own.name, plan.attender.name)
        self.ports = min(own.count, plan.attender.count)
        self.link = simpy.Resource(env, 1)
        self.queue: simpy.Store = simpy.Store(env)
        size = self.costs.plan.tensor
        for group in range(own.count // size):
            workers = tuple(Worker(own.name, group * size + n) for n in range(size))
            env.process(self._work({own.name: workers}))

    def put(self, sequence: Sequence) -> None:
        self.queue.put(sequence)

    def fetch(self, engine: Engine, sequence: Sequence) -> Process:
        """The keys of an admitted sequence travel."""
        size = sequence.to_prefill * self.plan.kv_token_bytes
        with self.link.request() as turn:
            yield turn
            port_s = self.path.port_s(size / self.ports, self.ports)
            yield self.env.timeout(port_s)
        for link in self.path.links:
            port_s_before = self.ledger.port_s.get(link.name, 0.0)
            self.ledger.port_s[link.name] = port_s_before + port_s
            self.ledger.moved(link.name, size)
        yield self.env.timeout(self.path.latency_s)
        engine.come(sequence)

    def _work(self, workers: dict[str, tuple[Worker, ...]]) -> Process:
        while True:
            sequence: Sequence = yield self.queue.get()
            if sequence.started_s < 0:
                sequence.started_s = self.env.now
            batch = Batch(0, 0, (Chunk(sequence.to_prefill, 0),))
            iteration, start_s = self.costs(batch), self.env.now
            yield self.env.timeout(iteration.seconds)
            self.ledger.iteration(workers, batch, iteration, start_s)
            self._prompted(sequence, start_s)

    def _prompted(self, sequence: Sequence, start_s: float) -> None:
        now_s = self.env.now
        sequence.prefilled = sequence.to_prefill
        sequence.had += 1
        self.ledger.produced(1, start_s, now_s)
        if sequence.first_token_s < 0:
            self.ledger.first_token(sequence, now_s)
        else:
            self.ledger.gap(now_s - sequence.last_token_s, 1)
        sequence.last_token_s = now_s
        self.prompted(sequence)


def _plan_of_prompts(plan: Plan) -> Plan:
    device = plan.system.prefill_device
    assert device is not None, "there are devices for prompts"
    tensor = plan.tensor if device.count % plan.tensor == 0 else device.count
    system = plan.system.model_copy(
        update={
            "devices": (device.model_copy(update={"role": "both"}),),
            "parallel": Parallel(tensor=tensor),
            "offload": None,
        }
    )
    return plan_of(system, plan.model, plan.machines)
