"""FLOP and least bytes of one device for one batch: what a roofline holds against its time.

    model       projections, feed-forward and head, of the devices that hold the model
    attention   of the devices that attend

Of the same batch as `Iteration.way_s`: where n batches take turns, or are under way in n stages, it
is an n-th of all sequences. Bytes are inputs and results once (`workload.call_counts`): weights,
and keys and values, lie in device memory; what else a kernel moves is not counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accelsim.cost.system.efforts import kinds_of_layers
from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.cost.system.plan import Plan
from accelsim.workload.call_counts import compulsory_bytes, useful_flop
from accelsim.workload.calls import Call
from accelsim.workload.layer import head_calls, layer_calls
from accelsim.workload.phase import Decode, Prefill


@dataclass(frozen=True)
class Work:
    flop: float
    bytes: float

    def times(self, number: float) -> "Work":
        return Work(self.flop * number, self.bytes * number)


def useful_work(plan: Plan, batches: Iterable[Batch]) -> dict[str, Work]:
    """Of the parts `model` and `attention`, over all iterations."""
    found = {"model": Work(0, 0), "attention": Work(0, 0)}
    for batch in batches:
        found["model"] = _sum(found["model"], _model(plan, batch))
        found["attention"] = _sum(found["attention"], _attention(plan, batch))
    return found


def _turns(plan: Plan, batch: Batch) -> int:
    """Batches that take turns, or are under way."""
    offload = plan.system.offload if plan.is_offloaded else None
    if offload is not None:
        return max(1, min(offload.batches, batch.sequences))
    return max(1, min(plan.pipeline, batch.tokens))


def _model(plan: Plan, batch: Batch) -> Work:
    turns = _turns(plan, batch)
    tokens = max(1, round(batch.tokens / turns / plan.context))
    sampled = max(1, round((batch.sequences + len(batch.chunks)) / turns / plan.context))
    total = _work(head_calls(plan.model, sampled, plan.tensor))
    for layer, number in kinds_of_layers(plan):
        phase = Decode(tokens=tokens, context=1)
        calls = layer_calls(plan.model, layer, phase, plan.tensor, expert=plan.expert)
        total = _sum(total, _work((*calls.before, *calls.after)).times(number))
    return total


def _attention(plan: Plan, batch: Batch) -> Work:
    turns, layers = _turns(plan, batch), plan.model.layers
    total = Work(0, 0)
    for chunk in batch.chunks:
        total = _sum(total, _chunk(plan, chunk).times(layers / turns))
    if not batch.sequences:
        return total
    holders = plan.context
    if plan.is_offloaded and plan.head_parts == 1:
        holders = plan.attender.count
    keys = max(1, round(plan.keys_of_one(batch.keys / batch.sequences, holders)))
    phase = Decode(
        tokens=max(1, round(batch.sequences / turns)), context=min(keys, plan.model.window or keys)
    )
    calls = layer_calls(plan.model, 0, phase, plan.head_parts, plan.decodes_with)
    return _sum(total, _work(calls.attention).times(layers))


def _chunk(plan: Plan, chunk: Chunk) -> Work:
    own = max(1, round(chunk.tokens / plan.context))
    # As in `together`: the mean query has this many tokens before those of its own part.
    before = chunk.done + (chunk.tokens - own) // 2
    phase = Prefill(tokens=own, context=own + before)
    return _work(layer_calls(plan.model, 0, phase, plan.tensor, plan.holder.attention).attention)


def _work(calls: Sequence[Call]) -> Work:
    return Work(sum(map(useful_flop, calls)), sum(map(compulsory_bytes, calls)))


def _sum(one: Work, other: Work) -> Work:
    return Work(one.flop + other.flop, one.bytes + other.bytes)
