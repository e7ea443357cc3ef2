"""Serving a stream of requests on a system: the door of the simulation.

    served = serve(plan, read_trace("azure_conv", requests=1000))
    served.summary.tokens_per_s

Requests go to the engine with the fewest of them. What was under way when a device died is put back
into the queue of an engine that works; while there is none, it waits for one.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import singledispatchmethod
from math import ceil, inf

import simpy

from accelsim.arch.system import Worker, devices_of_a_replica
from accelsim.base.errors import InputError, WorkloadError
from accelsim.cost.system.buckets import Nodes
from accelsim.cost.system.costs import Costs, costs_of
from accelsim.cost.system.plan import Plan
from accelsim.sim.arrivals import ClosedLoop
from accelsim.sim.request import Outcome, Request
from accelsim.sim.summary import Summary
from accelsim.sim.system import faults as fault_times
from accelsim.sim.system.caveats import caveats, late_start
from accelsim.sim.system.engine import Engine, Process
from accelsim.sim.system.faults import Fault, concerns
from accelsim.sim.system.impaired import impaired
from accelsim.sim.system.ledger import Ledger
from accelsim.sim.system.prompts import PromptPool
from accelsim.sim.system.scheduler import Scheduler, Sequence
from accelsim.sim.timeline import Window

SHOWN_AFTER = 100
"""Requests answered, by which time batches have filled."""

MOST_WAITING = 2048
"""Requests of an engine's queue, beyond which those that have arrived stay in their source."""

Source = Iterable[Request] | ClosedLoop


@dataclass(frozen=True)
class Options:
    """What a run takes besides system and requests."""

    faults: tuple[Fault, ...] = ()
    nodes: Nodes | None = None
    until_s: float = inf
    window: Window | None = None
    shown_s: float = 0.0
    """Without a window: how long one is that opens with the first iteration, and, in its place,
    with the SHOWN_AFTER-th answer."""
    took: Callable[[Outcome], None] = lambda outcome: None


@dataclass(frozen=True)
class Served:
    summary: Summary
    ledger: Ledger


def serve(plan: Plan, source: Source, options: Options | None = None) -> Served:
    """Until every request is answered, or nobody is left to answer; a note of the summary says what
    was not.

    Raises
    ------
    WorkloadError
        if a request needs more room for keys and values than an engine has: how much.
    """
    return _Run(plan, options or Options()).play(source)


class _Run:
    """The actors of one run, and who hands what to whom."""

    def __init__(self, plan: Plan, options: Options) -> None:
        self.plan, self.options = plan, options
        self.env = simpy.Environment()
        shown_s = 0.0 if options.window else options.shown_s
        self.ledger = Ledger(plan, options.took, options.window, shown_s)
        self.costs = costs_of(plan, options.nodes)
        self.stranded: deque[Sequence] = deque()
        self.clients: ClosedLoop | None = None
        self.sources = 0
        self.first_s = 0.0
        self.impaired: dict[tuple[int, tuple[Fault, ...]], Costs | None] = {}
        self.engines = [self._engine(number) for number in range(plan.engines)]
        self.prompts: PromptPool | None = None
        if plan.system.prefill_device is not None:
            self.prompts = PromptPool(self.env, plan, options.nodes, self.ledger, self._prompted)
            for engine in self.engines:
                engine.prompts = self.prompts

    def play(self, source: Source) -> Served:
        self._suffer(0.0)
        self._begin(source)
        self.env.process(self._fail())
        try:
            self.env.run(until=None if self.options.until_s == inf else self.options.until_s)
        except InputError as error:
            # simpy raises a copy that is made of the arguments alone, without place and remedy.
            raise error.__cause__ or error from None
        self._note_unanswered()
        self.ledger.notes += [
            *late_start(self.first_s, self.ledger.end_s),
            *caveats(self.plan),
        ]
        return Served(self.ledger.summary(), self.ledger)

    def _note_unanswered(self) -> None:
        ledger, until_s = self.ledger, self.options.until_s
        left = ledger.requests - ledger.finished
        if not left and not self.sources:
            return
        if until_s < inf:
            ledger.end_s = max(ledger.end_s, until_s)
            ledger.notes.append(f"stopped at {until_s:g} s, with {left:,} requests under way")
        else:
            after = f"{left:,} of {ledger.requests:,} requests that came are not answered"
            ledger.notes.append(f"{after}: no device is left that could, or none has the room")

    # --- requests come ----------------------------------------------------------------------------

    @singledispatchmethod
    def _begin(self, source: Source) -> None:
        assert isinstance(source, Iterable)
        self._expect(iter(source))

    @_begin.register
    def _(self, source: ClosedLoop) -> None:
        self.clients = source
        for request in source.begin():
            self._take_up(request)

    def _expect(self, requests: Iterator[Request]) -> None:
        self.sources += 1
        self.env.process(self._arrive(requests))

    def _arrive(self, requests: Iterator[Request]) -> Process:
        for request in requests:
            if request.arrived_s > self.env.now:
                yield self.env.timeout(request.arrived_s - self.env.now)
            while self._is_full:
                yield self.env.any_of([engine.drained for engine in self.engines])
            self._take_up(request)
        self.sources -= 1

    @property
    def _is_full(self) -> bool:
        """Whether even the engine with the fewest requests has more than it should hold."""
        engine = self._next_engine()
        prompts = len(self.prompts.queue) if self.prompts is not None else 0
        most = MOST_WAITING + self.plan.system.serving.most_sequences
        return engine is not None and engine.scheduler.load + prompts > most

    def _take_up(self, request: Request) -> None:
        self._refuse_too_long(request)
        if not self.ledger.requests:
            self.first_s = request.arrived_s
        self.ledger.requests += 1
        self._place(Sequence(request))

    def _refuse_too_long(self, request: Request) -> None:
        tokens = ceil(self.engines[0].scheduler.most_needed(request))
        plans = (self.plan, self.prompts.costs.plan) if self.prompts is not None else (self.plan,)
        plan = min(plans, key=lambda plan: plan.kv_tokens)
        if tokens > plan.kv_tokens:
            fact = (
                f"request {request.number} needs room for {tokens:,} tokens; "
                f"{plan.attender.name} has room for {plan.kv_tokens:,}"
            )
            raise WorkloadError(fact, remedy="Take more devices, or leave such requests out")

    def _place(self, sequence: Sequence) -> None:
        """Where its prompt is worked on, or where it decodes."""
        engine = self._next_engine()
        if engine is None:
            self.stranded.append(sequence)
        elif self.prompts is not None and not sequence.prefilled:
            self.prompts.put(sequence)
        else:
            engine.put(sequence)

    def _prompted(self, sequence: Sequence) -> None:
        """Its first token may be all that was asked for."""
        if sequence.had == sequence.request.output_tokens:
            self._done(sequence, self.env.now)
        else:
            self._place(sequence)

    def _next_engine(self) -> Engine | None:
        working = [engine for engine in self.engines if engine.costs is not None]
        return min(working, key=lambda engine: engine.scheduler.load, default=None)

    def _done(self, sequence: Sequence, now_s: float) -> None:
        self.ledger.end(sequence, now_s)
        if self.ledger.finished == SHOWN_AFTER:
            self.ledger.show_from(now_s)
        if self.clients is not None:
            request = self.clients.next_after(now_s)
            if request is not None:
                self._expect(iter([request]))

    # --- devices ----------------------------------------------------------------------------------

    def _engine(self, number: int) -> Engine:
        plan, serving = self.plan, self.plan.system.serving
        scheduler = Scheduler(
            serving=serving,
            room_tokens=plan.kv_tokens,
            page=plan.system.memory.page,
            prefills_here=serving.prefill == "here",
            window=plan.model.window or inf,
        )
        workers = {
            plan.attender.name: _all_of(plan.attender.name, plan.attender.count),
            plan.holder.name: self._holders(number),
        }
        return Engine(self.env, scheduler, self.costs, workers, self.ledger, self._done)

    def _holders(self, number: int) -> tuple[Worker, ...]:
        plan = self.plan
        if plan.is_offloaded:
            return _all_of(plan.holder.name, plan.holder.count)
        own = devices_of_a_replica(plan.system.parallel)
        return tuple(Worker(plan.holder.name, number * own + n) for n in range(own))

    def _fail(self) -> Process:
        for time_s in fault_times.changes(self.options.faults):
            yield self.env.timeout(max(0.0, time_s - self.env.now))
            self._suffer(time_s)

    def _suffer(self, time_s: float) -> None:
        """The faults in force from this time on."""
        active = fault_times.at(self.options.faults, time_s)
        if self.prompts is not None:
            self.prompts.change(active)
        for number, engine in enumerate(self.engines):
            own = tuple(each for each in active if concerns(each, engine.workers))
            if (number, own) not in self.impaired:
                self.impaired[number, own] = impaired(self.costs, own)
            engine.dead = fault_times.dead_of(own)
            died = fault_times.dies_at(own, time_s)
            self._change(engine, self.impaired[number, own], died)
        while self.stranded and self._next_engine() is not None:
            self._place(self.stranded.popleft())

    def _change(self, engine: Engine, costs: Costs | None, died: bool) -> None:
        engine.change(costs)
        lost = engine.stop() if died else []
        if costs is None:
            lost += engine.scheduler.waiting
            engine.scheduler.waiting.clear()
        else:
            engine.scheduler.room_tokens = costs.plan.kv_tokens
        for sequence in lost:
            self._place(sequence)


def _all_of(kind: str, count: int) -> tuple[Worker, ...]:
    return tuple(Worker(kind, number) for number in range(count))
