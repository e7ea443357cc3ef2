"""Why an iteration of a model on a system, or a prompt, takes as long as it does, as data.

    part      what one batch spends on the model, attention, network and host
    device    in which a device of a kind computes
    link      in which a port carries something: bytes over its bandwidth, and messages

The formulas of model and attention are what weights, and keys and values, take at least:

    weights of a device / bandwidth of its memory      keys · bytes of one / (devices · bandwidth)

What would help is the same iteration on a system with one number changed, found anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import NamedTuple

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.arch.system import Link, Machine
from accelsim.base.rate import Rate
from accelsim.base.units import format_quantity
from accelsim.cost.explanation import Explanation, Help, Number, Row, RunnerUp, ranked, sentence
from accelsim.cost.gpu.levers import LEVERS, PATHS
from accelsim.cost.system import next_bound
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import Costs, costs_of
from accelsim.cost.system.efforts import on_other_machines
from accelsim.cost.system.iteration import Batch, Iteration
from accelsim.cost.system.plan import Plan
from accelsim.cost.system.served import Served, summed
from accelsim.mapping.values import with_values

COUNTED = "counted: model and batch"
TRIED = ("device memory bandwidth", "L2 bandwidth", "tensor throughput", "SMs", "power limit")
"""Levers of GPUs."""


class _Asked(NamedTuple):
    """Iterations of a plan, and what their time is called."""

    plan: Plan
    batches: tuple[Batch, ...]
    between: str


def explained_iteration(
    plan: Plan, batch: Batch, of: str, costs: Costs | None = None
) -> Explanation:
    """Of one engine that gives every sequence of a batch its next token; `costs` are exact ones of
    the plan, if somebody has asked them already."""
    costs = costs or costs_of(plan, Exact())
    asked = _Asked(plan, (batch,), "between two tokens")
    return _explained(asked, of, costs, _took(costs, asked))


def explained_prompt(served: Served, of: str) -> Explanation:
    """Of one prompt in an engine that is idle, up to its first token, as `served.prompt` has it."""
    costs = costs_of(served.plan, Exact())
    asked = _Asked(served.plan, served.batches, "to the first token")
    return _explained(asked, of, costs, _to_the_end(served.of))


def _explained(asked: _Asked, of: str, costs: Costs, now: Iteration) -> Explanation:
    plan = asked.plan
    bound = bound_of(now)
    text = _bound_text(asked, now, bound)
    helps = ranked(
        each._replace(gain=_gain(asked, costs, now, other)) for each, other in _changed(plan)
    )
    runner_up = _runner_up(asked, costs, now, bound)
    return Explanation(
        of=of,
        latency_s=now.seconds,
        bound=bound,
        bound_on=_on(plan, bound),
        bound_text=text,
        runner_up=runner_up,
        rows=(*_parts(asked, now), *_devices(plan, now), *_links(plan, now)),
        helps=helps,
        sentence=sentence(text, helps, runner_up, _idle(helps)),
    )


def _took(costs: Costs, asked: _Asked) -> Iteration:
    """All of them; of a prompt, until it has left the last stage."""
    now = summed(costs, asked.batches)
    return now if _decodes(asked) else _to_the_end(now)


def _to_the_end(now: Iteration) -> Iteration:
    return replace(now, seconds=now.seconds + now.drain_s)


def _gain(asked: _Asked, costs: Costs, now: Iteration, other: Plan) -> float:
    """On another plan; devices that only attend to what decodes have no part in a prompt."""
    holder = asked.plan.holder.name
    if (
        not _decodes(asked)
        and other.system is asked.plan.system
        and other.machines[holder] is asked.plan.machines[holder]
    ):
        return 1.0
    took = _took(Costs(on_other_machines(costs.efforts, other)), asked)
    return now.seconds / took.seconds


def _decodes(asked: _Asked) -> bool:
    return all(batch.sequences for batch in asked.batches)


def bound_of(now: Iteration) -> str:
    """A part of the way: the one that all batches wait for in turn, or else the longest."""
    return now.bound if now.bound in now.way_s else max(now.way_s, key=lambda part: now.way_s[part])


_TOLD = {"model": "model (all but attention)"}
"""Parts whose names alone do not say what they take in."""


def _bound_text(asked: _Asked, now: Iteration, bound: str) -> str:
    """Batches that take turns wait for what is needed longest; a batch alone goes its own way."""
    on = f"bound by {_TOLD.get(bound, bound)} on {_on(asked.plan, bound)}"
    if now.bound == bound and _decodes(asked):
        return f"{on}, for which all batches wait in turn"
    return f"{on} ({now.way_s[bound] / now.seconds:.0%} of the time {asked.between})"


def _runner_up(asked: _Asked, costs: Costs, now: Iteration, bound: str) -> RunnerUp | None:
    """Of an iteration with what would make it bind; a prompt has all its keys as they are."""
    if not _decodes(asked):
        return next_bound.runner_up_as_it_is(now, bound)
    (batch,) = asked.batches

    def binds(other: Plan, at: Batch) -> str:
        return bound_of(Costs(on_other_machines(costs.efforts, other))(at))

    return next_bound.runner_up(asked.plan, batch, now, bound, binds)


def _on(plan: Plan, part: str) -> str:
    of = {"model": plan.holder.name, "attention": plan.attender.name, "network": "its links"}
    return of.get(part, "the host")


def _idle(helps: tuple[Help, ...]) -> str:
    """Links of which more bandwidth changes nothing."""
    start, end = "links.", ".bandwidth"
    own = [each for each in helps if each.path.startswith(start) and each.path.endswith(end)]
    names = [each.path[len(start) : -len(end)] for each in own if each.gain < 1.005]
    return f"bandwidth of {' or '.join(names)}" if names else ""


# --- rows -----------------------------------------------------------------------------------------


def _parts(asked: _Asked, now: Iteration) -> Iterator[Row]:
    plan = asked.plan
    least = {
        "model": _weights(plan, len(asked.batches)),
        "attention": _keys(plan, asked.batches[0]) if _decodes(asked) else _OF_PROMPTS,
        "host": _host(plan),
    }
    for part, seconds in now.way_s.items():
        text, numbers = least.get(part, ("messages of every layer, one after the other", ()))
        yield Row("part", part, seconds, seconds / now.seconds, text, numbers)


_OF_PROMPTS: tuple[str, tuple[Number, ...]] = ("each query over the keys before it", ())


def _weights(plan: Plan, iterations: int) -> tuple[str, tuple[Number, ...]]:
    stored = Number("weights of a device", plan.weight_bytes, "B", COUNTED)
    chunks = Number("chunks of the prompt", iterations, "", COUNTED)
    rate = _bandwidth(plan.holder.name, plan.machines[plan.holder.name])
    counts = (stored,) if iterations == 1 else (chunks, stored)
    return _at_least(counts, rate, 1, plan.pipeline)


def _keys(plan: Plan, batch: Batch) -> tuple[str, tuple[Number, ...]]:
    """Of one of the batches that take turns, over the devices that attend to it."""
    devices = plan.attender.count if plan.is_offloaded else plan.tensor * plan.context
    offload = plan.system.offload
    turns = offload.batches if plan.is_offloaded and offload else plan.pipeline
    own = batch.keys / max(1, min(turns, batch.sequences))
    keys = Number("keys of a batch", own, "", COUNTED)
    each = Number("bytes of a token", plan.kv_token_bytes, "B", COUNTED)
    rate = _bandwidth(plan.attender.name, plan.machines[plan.attender.name])
    return _at_least((keys, each), rate, devices, 1)


def _at_least(
    counts: tuple[Number, ...], rate: Number | None, devices: int, stages: int
) -> tuple[str, tuple[Number, ...]]:
    """What a batch meets on all stages, one after the other."""
    text = " · ".join(format_quantity(each.value, each.unit or "1") for each in counts)
    if rate is None:
        return text, counts
    total = prod(each.value for each in counts) * stages
    shown = format_quantity(rate.value, "B/s")
    over = f"({devices} · {shown})" if devices > 1 else f"({shown})"
    several = f"{stages} stages · " if stages > 1 else ""
    seconds = format_quantity(total / (devices * rate.value), "s")
    return f"{several}{text} / {over} = {seconds} at least", (*counts, rate)


def _bandwidth(device: str, machine: Machine) -> Number | None:
    if isinstance(machine, Gpu):
        rate, source = rate_per_s(machine.hbm.bandwidth, machine), machine.hbm.source
        return Number(f"{device}.memories.HBM.bandwidth", rate, "B/s", source)
    memory = machine.memories[0]
    if memory.bandwidth is None:
        return None
    rate = float(memory.bandwidth.per_second(machine.clock_hz))
    path = f"{device}.memories.{memory.name}.bandwidth"
    return Number(path, rate, "B/s", memory.source or machine.source)


def _host(plan: Plan) -> tuple[str, tuple[Number, ...]]:
    seconds = float(plan.system.serving.overhead_s)
    number = Number("serving.overhead", seconds, "s", plan.system.source)
    return f"{format_quantity(seconds, 's')} between two iterations", (number,)


def _devices(plan: Plan, now: Iteration) -> Iterator[Row]:
    for device in plan.system.devices:
        if device.name not in now.busy_s:
            continue
        seconds = now.busy_s[device.name]
        count = Number(f"{device.name}.count", device.count, "", device.source)
        text = f"each of {device.count} {device.machine} computes"
        share = seconds / now.seconds
        yield Row("device", device.name, seconds, share, text, (count,))


def _links(plan: Plan, now: Iteration) -> Iterator[Row]:
    for link in plan.system.links:
        if link.name not in now.port_s:
            continue
        seconds, moved = now.port_s[link.name], now.link_bytes[link.name]
        numbers = (
            Number(f"bytes over {link.name}", moved, "B", COUNTED),
            Number(f"links.{link.name}.bandwidth", link.bytes_per_s, "B/s", link.source),
            Number(f"links.{link.name}.latency", float(link.latency_s), "s", link.source),
        )
        text = (
            f"{format_quantity(moved, 'B')} over all ports of "
            f"{format_quantity(link.bytes_per_s, 'B/s')}, "
            f"{format_quantity(float(link.latency_s), 's')} a message"
        )
        yield Row("link", link.name, seconds, seconds / now.seconds, text, numbers)


# --- what would help ------------------------------------------------------------------------------


def _changed(plan: Plan) -> Iterator[tuple[Help, Plan]]:
    """The plan on other systems, with what was changed. What changes keeps its layout."""
    used = dict.fromkeys((plan.holder.name, plan.attender.name))
    for name in used:
        for lever, paths, machine in _machines(plan.machines[name]):
            moves = tuple(f"{name}.{path}" for path in paths)
            other = replace(plan, machines={**plan.machines, name: machine})
            yield Help(f"{name} {lever}", 2, 1, moves), other
    for link in plan.system.links:
        rate = Rate(bytes_per_s=2 * link.bytes_per_s)
        twice = _with_link(plan, link, {"bandwidth": rate})
        yield Help(f"links.{link.name}.bandwidth", 2, 1), twice
        if link.latency_s:
            half = _with_link(plan, link, {"latency_s": link.latency_s / 2})
            yield Help(f"links.{link.name}.latency", 0.5, 1), half
    overhead = plan.system.serving.overhead_s
    if overhead:
        serving = plan.system.serving.model_copy(update={"overhead_s": overhead / 2})
        system = plan.system.model_copy(update={"serving": serving})
        yield Help("serving.overhead", 0.5, 1), replace(plan, system=system)


def _machines(machine: Machine) -> Iterator[tuple[str, tuple[str, ...], Machine]]:
    if isinstance(machine, Gpu):
        for name in TRIED:
            yield name, PATHS[name], LEVERS[name](machine, 2)
        return
    memory = machine.memories[0]
    if memory.bandwidth is not None:
        path = f"memories.{memory.name}.bandwidth"
        rate = Rate(bytes_per_s=2 * memory.bandwidth.per_second(machine.clock_hz))
        yield f"{memory.name} bandwidth", (path,), with_values(machine, {path: rate})
    yield "clock", ("clock",), with_values(machine, {"clock": 2 * machine.clock_hz})


def _with_link(plan: Plan, link: Link, more: Mapping[str, object]) -> Plan:
    links = tuple(
        each.model_copy(update=dict(more)) if each.name == link.name else each
        for each in plan.system.links
    )
    return replace(plan, system=plan.system.model_copy(update={"links": links}))
