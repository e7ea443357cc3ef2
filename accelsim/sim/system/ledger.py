"""What is kept of a run while it goes on: sums, histograms and curves, whatever its length.

Every token is counted in the iteration that made it; every byte with the iteration or transfer that
carried it, once sent and once received. A link is busy for as long as its ports are on average: an
engine that has a half of them counts by half.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from accelsim.arch.system import System, Worker
from accelsim.cost.system.effort import idle_w
from accelsim.cost.system.iteration import Batch, Iteration
from accelsim.cost.system.plan import Plan
from accelsim.sim.request import Outcome
from accelsim.sim.summary import Summary
from accelsim.sim.system.scheduler import Sequence
from accelsim.sim.tally import LogHistogram, OverTime
from accelsim.sim.timeline import Span, Window

Took = Callable[[Outcome], None]


@dataclass
class Longest:
    """The longest of all iterations since one, found without keeping those that are outlasted."""

    numbers: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, number: int, seconds: float) -> None:
        while self.seconds and self.seconds[-1] <= seconds:
            self.numbers.pop()
            self.seconds.pop()
        self.numbers.append(number)
        self.seconds.append(seconds)

    def since(self, number: int) -> float:
        place = bisect_left(self.numbers, number)
        return self.seconds[place] if place < len(self.seconds) else 0.0


@dataclass
class Ledger:
    plan: Plan
    took: Took
    window: Window | None = None
    shown_s: float = 0.0
    requests: int = 0
    finished: int = 0
    tokens: int = 0
    preempted: int = 0
    recomputed_tokens: int = 0
    end_s: float = 0.0
    tbt: LogHistogram = field(default_factory=LogHistogram)
    ttft: LogHistogram = field(default_factory=LogHistogram)
    batch: OverTime = field(default_factory=OverTime)
    made: OverTime = field(default_factory=OverTime)
    busy_s: dict[Worker, float] = field(default_factory=dict)
    port_s: dict[str, float] = field(default_factory=dict)
    joules: dict[str, float] = field(default_factory=dict)
    sent_bytes: dict[str, float] = field(default_factory=dict)
    received_bytes: dict[str, float] = field(default_factory=dict)
    way_s: dict[str, float] = field(default_factory=dict)
    decoded: int = 0
    lost_s: float = 0.0
    notes: list[str] = field(default_factory=list)

    # --- as it happens ----------------------------------------------------------------------------

    def iteration(
        self, workers: Mapping[str, tuple[Worker, ...]], batch: Batch, of: Iteration, start_s: float
    ) -> None:
        """One that an engine with these workers has ended."""
        end_s = start_s + of.seconds
        self.end_s = max(self.end_s, end_s)
        self.batch.hold(batch.sequences, start_s, end_s)
        for kind, seconds in of.busy_s.items():
            for worker in workers[kind]:
                self.busy_s[worker] = self.busy_s.get(worker, 0.0) + seconds
        if batch.sequences:
            self.decoded += 1
            for name, seconds in of.way_s.items():
                self.way_s[name] = self.way_s.get(name, 0.0) + seconds
        share = self._share(workers)
        for name, seconds in of.port_s.items():
            self.carried(name, share * seconds, of.link_bytes[name])
        for name, joules in of.joules.items():
            # All devices of a kind do the same; a link is one part.
            parts = [str(worker) for worker in workers.get(name, ())] or [name]
            for part in parts:
                self.joules[part] = self.joules.get(part, 0.0) + joules / len(parts)
        if self.window is None:
            self.show_from(start_s)
        if self.window is not None and self.window.shows(start_s, end_s):
            self._note(self.window, workers, batch, of, start_s)

    def show_from(self, start_s: float) -> None:
        """A window that nobody chose opens here."""
        if self.shown_s:
            self.window = Window(start_s, start_s + self.shown_s)

    def produced(self, tokens: int, start_s: float, end_s: float) -> None:
        self.tokens += tokens
        self.made.spread(tokens, start_s, end_s)

    def carried(self, link: str, port_s: float, size_bytes: float) -> None:
        """Bytes that left and came, and for how long all ports of the link were busy with them."""
        self.port_s[link] = self.port_s.get(link, 0.0) + port_s
        self.sent_bytes[link] = self.sent_bytes.get(link, 0.0) + size_bytes
        self.received_bytes[link] = self.received_bytes.get(link, 0.0) + size_bytes

    def gap(self, seconds: float, tokens: int) -> None:
        """Between two tokens of a sequence, for so many sequences."""
        self.tbt.add(seconds, tokens)

    def first_token(self, sequence: Sequence, now_s: float) -> None:
        sequence.first_token_s = now_s
        self.ttft.add(now_s - sequence.request.arrived_s)

    def end(self, sequence: Sequence, now_s: float) -> None:
        self.finished += 1
        self.end_s = max(self.end_s, now_s)
        self.preempted += sequence.preempted
        self.recomputed_tokens += sequence.recomputed_tokens
        gaps = sequence.request.output_tokens - (1 if sequence.first_token_s >= 0 else 0)
        begun_s = sequence.first_token_s if sequence.first_token_s >= 0 else sequence.started_s
        self.took(
            Outcome(
                request=sequence.request,
                started_s=sequence.started_s,
                first_token_s=sequence.first_token_s if sequence.first_token_s >= 0 else None,
                finished_s=now_s,
                tbt_mean_s=(now_s - begun_s) / gaps if gaps else None,
                tbt_max_s=sequence.longest_gap_s if gaps else None,
                preempted=sequence.preempted,
                recomputed_tokens=sequence.recomputed_tokens,
            )
        )

    # --- at the end -------------------------------------------------------------------------------

    def summary(self) -> Summary:
        system, seconds = self.plan.system, self.end_s or 1.0
        decode_only = system.serving.prefill == "elsewhere"
        return Summary(
            seconds=self.end_s,
            tokens=self.tokens,
            requests=self.requests,
            finished=self.finished,
            tbt=self.tbt,
            ttft=None if decode_only else self.ttft,
            mean_batch=self.batch.mean or 0.0,
            usd_per_hour=system.usd_per_hour or None,
            utilization={
                str(worker): self.busy_s.get(worker, 0.0) / seconds for worker in system.workers()
            },
            link_utilization={
                link.name: self.port_s.get(link.name, 0.0) / seconds for link in system.links
            },
            energy_by_part_j=self._energy(system),
            way_s={name: seconds / self.decoded for name, seconds in self.way_s.items()},
            preempted=self.preempted,
            recomputed_tokens=self.recomputed_tokens,
            notes=tuple(self.notes),
        )

    def _share(self, workers: Mapping[str, tuple[Worker, ...]]) -> float:
        """What of the devices of their kinds, and of those devices' ports, these are; a kind that
        has lost devices leaves the ports of the other kind as busy as they are."""
        system = self.plan.system
        return max(len(own) / system.device(kind).count for kind, own in workers.items())

    def _energy(self, system: System) -> dict[str, float]:
        """What was done, and for the whole run what every device draws while it waits."""
        idle = {device.name: idle_w(self.plan.machines[device.name]) for device in system.devices}
        waited = {f"{each} waiting": idle[each.kind] * self.end_s for each in system.workers()}
        return {**self.joules, **waited}

    def _note(
        self,
        window: Window,
        workers: Mapping[str, tuple[Worker, ...]],
        batch: Batch,
        of: Iteration,
        start_s: float,
    ) -> None:
        for kind, seconds in of.busy_s.items():
            activity = "model"
            if kind == self.plan.attender.name != self.plan.holder.name:
                activity = "attention"
            if batch.chunks and not batch.sequences:
                activity = "prefill"
            for worker in workers[kind]:
                label = _told(batch)
                end_s = start_s + min(seconds, of.seconds)
                window.note(Span(str(worker), activity, start_s, end_s, label, batch.sequences))
        first = next(iter(workers.values()))[0]
        ports = "" if self._share(workers) == 1 else f" of {first}"
        for name, seconds in of.port_s.items():
            end_s = start_s + min(seconds, of.seconds)
            window.note(Span(f"{name}{ports}", "send", start_s, end_s, "", batch.sequences))


def _told(batch: Batch) -> str:
    """What an iteration is for: `4 sequences, 2846 keys; 512 tokens of prompts`."""
    prompts = batch.tokens - batch.sequences
    parts = [f"{batch.sequences} sequences, {batch.keys} keys"] if batch.sequences else []
    parts += [f"{prompts} tokens of prompts"] if prompts else []
    return "; ".join(parts)
