"""What one engine's work comes to for a whole system: tokens a second, joules, dollars.

    decoding    an iteration that gives every sequence of a batch its next token
    prompt      all iterations of a prompt that finds its engine idle, up to its first token: chunks
                of `serving.chunk` tokens where prompts are worked on here; whole, on the devices
                with the role `prefill`, where these do it

    tokens_per_s           = engines · tokens / seconds
    energy by part         = engines · what its devices do + what all devices draw waiting · seconds
    usd_per_million_tokens = usd_per_hour / 3600 / tokens_per_s · 10^6

All engines work alike. Tokens are those generated while decoding, and those of the prompt else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from accelsim.base.errors import WorkloadError
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import Costs, costs_of
from accelsim.cost.system.effort import idle_w
from accelsim.cost.system.iteration import Batch, Chunk, Iteration
from accelsim.cost.system.plan import Plan, plan_of_prompts


@dataclass(frozen=True)
class Served:
    """`plan` is that of the devices that work; `whole` the system's, whose devices all wait and
    are all paid. `of` is an engine's work, in all its `batches`; `tokens` are one engine's."""

    whole: Plan
    plan: Plan
    of: Iteration
    tokens: int
    batches: tuple[Batch, ...]

    @property
    def seconds(self) -> float:
        """Between two tokens of a sequence, or to the first one."""
        return self.of.seconds + self.of.drain_s

    @property
    def tokens_per_s(self) -> float:
        return self.plan.engines * self.tokens / self.of.seconds

    @property
    def usd_per_hour(self) -> float | None:
        """Of all devices; None where a kind of device has no price."""
        devices = self.whole.system.devices
        if not all(each.price_usd_per_hour for each in devices):
            return None
        return self.whole.system.usd_per_hour

    @property
    def usd_per_million_tokens(self) -> float | None:
        if self.usd_per_hour is None:
            return None
        return self.usd_per_hour / 3600 / self.tokens_per_s * 1e6

    @property
    def energy_by_part_j(self) -> dict[str, float]:
        """Of the whole system, over the seconds: what kinds of devices and links do, and what each
        kind draws while it waits."""
        engines, machines = self.plan.engines, self.whole.machines
        done = {name: engines * joules for name, joules in self.of.joules.items()}
        waited = {
            f"{each.name} waiting": each.count * idle_w(machines[each.name]) * self.of.seconds
            for each in self.whole.system.devices
        }
        return {**done, **waited}

    @property
    def energy_j(self) -> float:
        return sum(self.energy_by_part_j.values())

    @property
    def joules_per_token(self) -> float:
        return self.energy_j / (self.plan.engines * self.tokens)

    @property
    def power_w(self) -> float:
        return self.energy_j / self.of.seconds


def decoding(plan: Plan, batch: Batch, costs: Costs | None = None) -> Served:
    """One iteration, at exactly these sizes; what drains is no sequence's own. `costs` are exact
    ones of the plan, if there are any yet."""
    now = replace((costs or costs_of(plan, Exact()))(batch), drain_s=0.0)
    return Served(plan, plan, now, batch.sequences, (batch,))


def prompt(plan: Plan, tokens: int) -> Served:
    """Of one prompt in each engine.

    Raises
    ------
    WorkloadError
        if the system works on no prompts, or has no room for one of this length.
    """
    working, batches = prompt_batches(plan, tokens)
    now = summed(costs_of(working, Exact()), batches)
    return Served(plan, working, now, tokens, batches)


def prompt_batches(plan: Plan, tokens: int) -> tuple[Plan, tuple[Batch, ...]]:
    """The plan of the devices that work on prompts, and its iterations for one."""
    if tokens > plan.kv_tokens:
        fact = f"a prompt of {tokens:,} tokens, and room for {plan.kv_tokens:,}"
        raise WorkloadError(fact, remedy="Take a shorter one")
    if plan.system.prefill_device is not None:
        return plan_of_prompts(plan), (Batch(0, 0, (Chunk(tokens, 0),)),)
    serving = plan.system.serving
    if serving.prefill != "here":
        fact = "this system works on no prompts"
        raise WorkloadError(fact, remedy="Set serving.prefill: here")
    starts = range(0, tokens, serving.chunk)
    chunks = (Chunk(min(serving.chunk, tokens - start), start) for start in starts)
    return plan, tuple(Batch(0, 0, (chunk,)) for chunk in chunks)


def summed(costs: Costs, batches: Iterable[Batch]) -> Iteration:
    """One after the other, as one: its bound is the last one's, and so is what drains."""
    first, *others = [costs(batch) for batch in batches]
    for other in others:
        first = replace(
            other,
            seconds=first.seconds + other.seconds,
            busy_s=_added(first.busy_s, other.busy_s),
            port_s=_added(first.port_s, other.port_s),
            link_bytes=_added(first.link_bytes, other.link_bytes),
            joules=_added(first.joules, other.joules),
            way_s=_added(first.way_s, other.way_s),
        )
    return first


def _added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in {**one, **other}}
