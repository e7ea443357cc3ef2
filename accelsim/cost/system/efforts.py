"""What a plan's devices do in one iteration, part by part, each as a function of its sizes.

    before   of a layer, up to the cache               tokens
    early    the same in two halves: queries,          tokens
    late     keys and values                           tokens
    after    output projection, feed-forward           tokens
    attention    one query of each sequence            sequences, keys of each (their mean)
    chunk    queries of a prompt over what is there    tokens, tokens before them and one
    head     the last norm and the vocabulary          tokens
    merge    partial results of several workers        bytes

Layers of several kinds (dense ones before experts) count as their mean.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from accelsim.cost.system.buckets import Interpolated, Nodes
from accelsim.cost.system.effort import Effort, effort, runner, total
from accelsim.cost.system.plan import Plan
from accelsim.workload.calls import Call, Copy
from accelsim.workload.expert_spread import Busy
from accelsim.workload.layer import LayerCalls, head_calls, layer_calls
from accelsim.workload.phase import Decode, Prefill
from accelsim.workload.split_projections import Projections, split_projections


@dataclass(frozen=True)
class Efforts:
    """Of a plan: each of one device, all but the head's of one layer."""

    plan: Plan
    before: Interpolated
    early: Interpolated
    late: Interpolated
    after: Interpolated
    attention: Interpolated
    chunk: Interpolated
    head: Interpolated
    merge: Interpolated


ATTENDING = ("attention",)
"""Of the devices that attend; all others are of those that hold the model."""


def efforts_of(plan: Plan, nodes: Nodes) -> Efforts:
    """Sizes are asked for at `nodes`, when they are needed, and interpolated."""
    of: Mapping[str, Callable[..., Effort]] = {
        "before": _of_layers(plan, lambda calls: calls.before),
        "early": _of_projections(plan, lambda halves: halves.queries),
        "late": _of_projections(plan, lambda halves: halves.keys_values),
        "after": _of_layers(plan, lambda calls: calls.after),
        "attention": _attention(plan),
        "chunk": _chunk(plan),
        "head": _head(plan),
        "merge": _merge(plan),
    }
    return Efforts(plan, **{name: Interpolated(each, nodes) for name, each in of.items()})


def slowed(efforts: Efforts, factors: Mapping[str, float]) -> Efforts:
    """The same work on kinds of devices that are slower by these factors."""
    plan = efforts.plan

    def paced(name: str) -> Interpolated:
        kind = (plan.attender if name in ATTENDING else plan.holder).name
        own: Interpolated = getattr(efforts, name)
        return replace(own, slower=own.slower * factors.get(kind, 1.0))

    parts = [each.name for each in fields(efforts) if each.name != "plan"]
    return Efforts(plan, **{name: paced(name) for name in parts})


def on_other_machines(efforts: Efforts, plan: Plan) -> Efforts:
    """Of a plan with the same layout and other links or machines: what has been asked of a machine
    that is still there, or of an equal one, is not asked again."""
    new, before = efforts_of(plan, efforts.before.nodes), efforts.plan
    alike = {
        kind: machine is before.machines[kind] or machine == before.machines[kind]
        for kind, machine in plan.machines.items()
    }

    def kept(name: str) -> Interpolated:
        kind = (plan.attender if name in ATTENDING else plan.holder).name
        of = efforts if alike[kind] else new
        found: Interpolated = getattr(of, name)
        return found

    parts = [each.name for each in fields(efforts) if each.name != "plan"]
    return Efforts(plan, **{name: kept(name) for name in parts})


def kinds_of_layers(plan: Plan) -> Iterator[tuple[int, int]]:
    """A layer of each kind, and how many there are."""
    experts = plan.model.experts
    dense = experts.dense_layers if experts else 0
    if dense:
        yield 0, dense
    if plan.model.layers > dense:
        yield dense, plan.model.layers - dense


def _of_layers(plan: Plan, part: Callable[[LayerCalls], Sequence[Call]]) -> Callable[[int], Effort]:
    def of(tokens: int) -> Effort:
        each = (
            _of_layer(plan, layer, tokens, part).times(number)
            for layer, number in kinds_of_layers(plan)
        )
        return total(each).times(1 / plan.model.layers)

    return of


def _of_layer(
    plan: Plan, layer: int, tokens: int, part: Callable[[LayerCalls], Sequence[Call]]
) -> Effort:
    """Where experts are spread, seconds of the busiest device, joules of the mean one."""
    machine, model = plan.machines[plan.holder.name], plan.model
    phase = Decode(tokens=tokens, context=1)

    def calls(of: Busy) -> Sequence[Call]:
        return part(layer_calls(model, layer, phase, plan.tensor, expert=plan.expert, of=of))

    busiest, mean = calls("busiest"), calls("mean")
    found = effort(busiest, machine)
    return found if mean == busiest else found._replace(joules=effort(mean, machine).joules)


def _of_projections(
    plan: Plan, part: Callable[[Projections], Sequence[Call]]
) -> Callable[[int], Effort]:
    machine = plan.machines[plan.holder.name]

    def of(tokens: int) -> Effort:
        return effort(part(split_projections(plan.model, tokens, plan.tensor)), machine)

    return of


def _attention(plan: Plan) -> Callable[[int, int], Effort]:
    run, backend = runner(plan.machines[plan.attender.name]), plan.decodes_with

    def of(sequences: int, keys: int) -> Effort:
        # A query of a window meets no more keys than lie in it, whatever came before.
        phase = Decode(tokens=sequences, context=min(keys, plan.model.window or keys))
        return run(layer_calls(plan.model, 0, phase, plan.head_parts, backend).attention)

    return of


def _chunk(plan: Plan) -> Callable[[int, int], Effort]:
    machine, backend = plan.machines[plan.holder.name], plan.holder.attention

    def of(tokens: int, before_and_one: int) -> Effort:
        phase = Prefill(tokens=tokens, context=tokens + before_and_one - 1)
        return effort(layer_calls(plan.model, 0, phase, plan.tensor, backend).attention, machine)

    return of


def _head(plan: Plan) -> Callable[[int], Effort]:
    machine = plan.machines[plan.holder.name]

    def of(tokens: int) -> Effort:
        return effort(head_calls(plan.model, tokens, plan.tensor), machine)

    return of


def _merge(plan: Plan) -> Callable[[int], Effort]:
    machine = plan.machines[plan.holder.name]

    def of(size_bytes: int) -> Effort:
        return effort((Copy(bytes=size_bytes),), machine)

    return of
