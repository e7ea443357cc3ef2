"""An iteration where attention runs on workers of its own, as in Lamina (arXiv 2405.01814v2).

One batch, in one layer (t devices that hold the model, b that attend):

    early ── late ───────────────────────── after
      └ q → attention over old keys ┐ result →
             └ k, v → the new key ──┘

    send_q_early               q travels when `early` is done; if not, all three are projected in
                               one product and q travels with k and v
    attend_while_kv_travels    old keys are attended to from when q has come; if not, all keys at
                               once, from when k and v have

n batches take turns on R replicas of the model and on the workers. Every batch does the same, so
whatever is needed longest sets the pace (`sim/rotation.py` plays it slice by slice):

    seconds = longest of  a batch's own way,  (n · model + chunks) / R,  n · attention,  n · port

Chunks of prompts are worked on by the replicas between the slices of the batches; their keys and
values travel, too.
"""

from typing import NamedTuple

from accelsim.arch.system import Offload
from accelsim.cost.system.effort import NONE, Effort, total
from accelsim.cost.system.efforts import Efforts
from accelsim.cost.system.iteration import Batch, Iteration
from accelsim.cost.system.plan import WORD_BYTES, Plan
from accelsim.cost.system.transfer import (
    NOTHING,
    Path,
    Sent,
    all_reduce,
    path_between,
    path_within_replica,
)


class Layer(NamedTuple):
    """Of one batch in one layer: efforts of a device, and what travels."""

    early: Effort
    late: Effort
    after: Effort
    old: Effort
    new: Effort
    reduces: tuple[Sent, Sent]
    q: Sent
    kv: Sent
    result: Sent

    @property
    def model_s(self) -> float:
        """For which a replica is taken."""
        own = self.early.seconds + self.late.seconds + self.after.seconds
        return own + sum(each.seconds for each in self.reduces)

    @property
    def attention_s(self) -> float:
        return self.old.seconds + self.new.seconds

    def way_s(self, offload: Offload) -> float:
        """From the layer's input to its output."""
        projected = self.early.seconds + self.late.seconds
        q_sent = self.early.seconds if offload.send_q_early else projected
        # What is sent together shares a message; the queries go first.
        q_there = q_sent + self.q.seconds
        kv_there = max(projected, q_sent + self.q.port_s) + self.kv.seconds
        begun = q_there if offload.attend_while_kv_travels else max(q_there, kv_there)
        done = max(begun + self.old.seconds, kv_there) + self.new.seconds
        return done + self.result.seconds + self.model_s - projected


NO_LAYER = Layer(NONE, NONE, NONE, NONE, NONE, (NOTHING, NOTHING), NOTHING, NOTHING, NOTHING)
"""Of an iteration in which nobody decodes."""


def iteration_apart(efforts: Efforts, batch: Batch) -> Iteration:
    work = _work(efforts, batch)
    plan, layer, head, chunks = work.plan, work.layer, work.head, work.chunks
    layers, host_s = plan.model.layers, float(plan.system.serving.overhead_s)
    way_s = layers * layer.way_s(_offload(plan)) + head.seconds if work.batches else 0.0
    own_s = way_s + host_s
    model_s = work.batches * (layers * layer.model_s + head.seconds) + chunks.seconds
    port_s = _port_s(work)
    turns = {
        "model": (model_s + max(1, work.batches) * host_s) / plan.system.replicas,
        "attention": work.batches * layers * layer.attention_s,
        "network": max(port_s.values()),
    }
    longest = max(turns, key=lambda name: turns[name])
    paced_s = turns[longest]
    return Iteration(
        seconds=max(own_s, paced_s),
        busy_s=_busy_s(work),
        port_s=port_s,
        link_bytes=_link_bytes(work),
        joules=_joules(work),
        way_s={
            "model": model_s / max(1, work.batches),
            "attention": layers * layer.attention_s if work.batches else 0.0,
            "network": layers * _travels_s(work),
            "host": host_s,
        },
        bound=longest if paced_s > own_s else "way",
    )


def _travels_s(work: "_Work") -> float:
    """Of a layer: what a batch sends and gets; without one, the keys and values of prompts."""
    layer = work.layer
    if not work.batches:
        return work.chunks.kv.seconds
    return layer.q.seconds + layer.kv.seconds + layer.result.seconds


def layer_of(efforts: Efforts, sequences: float, keys: float) -> Layer:
    """Of a batch of so many sequences with so many keys each (their mean)."""
    plan, offload = efforts.plan, _offload(efforts.plan)
    by_sequence, b = offload.split == "sequence", plan.attender.count
    sizes = _sizes(plan, sequences)
    copies = b if by_sequence else 1
    merging = efforts.merge(sizes.result * copies) if copies > 1 else NONE
    reduced = _reduced(plan, sequences)
    path = path_between(plan.system, plan.holder.name, plan.attender.name)
    early, late = _projections(efforts, offload, sequences)
    old, new = _attention(efforts, offload, sequences, keys, copies)
    return Layer(
        early=early,
        late=late,
        after=efforts.after(sequences) + merging,
        old=old,
        new=new,
        reduces=(reduced, reduced),
        q=_sent(plan, path, sizes.q * copies),
        kv=_sent(plan, path, sizes.kv),
        result=_sent(plan, path, sizes.result * copies),
    )


def _projections(efforts: Efforts, offload: Offload, sequences: float) -> tuple[Effort, Effort]:
    """Up to the queries, and the rest: in two products only where that sends the queries early."""
    if offload.send_q_early:
        return efforts.early(sequences), efforts.late(sequences)
    return efforts.before(sequences), NONE


def _attention(
    efforts: Efforts, offload: Offload, sequences: float, keys: float, copies: int
) -> tuple[Effort, Effort]:
    """Over old keys, and over the new one: apart only where the old ones do not wait for it."""
    if offload.attend_while_kv_travels:
        old_keys = efforts.plan.keys_of_one(keys - 1, copies)
        return efforts.attention(sequences, old_keys), efforts.attention(sequences, 1)
    return efforts.attention(sequences, efforts.plan.keys_of_one(keys, copies)), NONE


class _Sizes(NamedTuple):
    """Bytes of a batch in one layer."""

    q: float
    kv: float
    result: float


def _sizes(plan: Plan, sequences: float) -> _Sizes:
    """Every worker that has heads needs the latents, which are those of all heads."""
    words = plan.words
    copies = plan.head_parts if plan.model.mla else 1
    each = (words.q, words.kv * copies, words.result)
    return _Sizes(*(sequences * number * WORD_BYTES for number in each))


def _sent(plan: Plan, path: Path, size_bytes: float) -> Sent:
    """Between all that hold the model and all that attend, each at its own port."""
    senders, takers = plan.tensor, plan.attender.count
    ports = min(senders, takers)
    messages = -(-max(senders, takers) // ports)
    port_s = path.port_s(size_bytes / ports, ports, messages)
    return Sent(path.latency_s + port_s, port_s, size_bytes)


class _Work(NamedTuple):
    """Of an iteration. With fewer sequences than batches, each is a batch of its own."""

    plan: Plan
    batches: int
    layer: Layer
    head: Effort
    chunks: "_Chunks"


def _work(efforts: Efforts, batch: Batch) -> _Work:
    batches = min(_offload(efforts.plan).batches, batch.sequences)
    sequences = batch.sequences / max(1, batches)
    layer = layer_of(efforts, sequences, batch.keys / batch.sequences) if batches else NO_LAYER
    head = efforts.head(max(1.0, sequences))
    return _Work(efforts.plan, batches, layer, head, _chunks(efforts, batch))


class _Chunks(NamedTuple):
    """Of all chunks of an iteration: work of a device in all layers, sums over devices of all
    layers, and the keys and values of one layer."""

    own: Effort
    reduced: Sent
    kv: Sent

    @property
    def seconds(self) -> float:
        return self.own.seconds + self.reduced.seconds


def _chunks(efforts: Efforts, batch: Batch) -> _Chunks:
    plan, layers = efforts.plan, efforts.plan.model.layers
    if not batch.chunks:
        return _Chunks(NONE, NOTHING, NOTHING)
    tokens = sum(chunk.tokens for chunk in batch.chunks)
    attention = total(efforts.chunk(chunk.tokens, chunk.done + 1) for chunk in batch.chunks)
    layer = efforts.before(tokens) + efforts.after(tokens) + attention
    own = layer.times(layers) + efforts.head(len(batch.chunks))
    reduced = _reduced(plan, tokens).times(2 * layers)
    path = path_between(plan.system, plan.holder.name, plan.attender.name)
    return _Chunks(own, reduced, _sent(plan, path, _sizes(plan, tokens).kv))


def _reduced(plan: Plan, tokens: float) -> Sent:
    """One sum over the devices of a replica."""
    if plan.tensor == 1:
        return NOTHING
    own = path_within_replica(plan.system)
    return all_reduce(own, plan.tensor, tokens * plan.model.hidden * WORD_BYTES)


def _busy_s(work: _Work) -> dict[str, float]:
    plan, layer, layers = work.plan, work.layer, work.plan.model.layers
    own = layer.early.seconds + layer.late.seconds + layer.after.seconds
    model_s = work.batches * (layers * own + work.head.seconds) + work.chunks.own.seconds
    return {
        plan.holder.name: model_s / plan.system.replicas,
        plan.attender.name: work.batches * layers * layer.attention_s,
    }


def _port_s(work: _Work) -> dict[str, float]:
    plan, layer, chunks = work.plan, work.layer, work.chunks
    slices = work.batches * plan.model.layers
    there_s = slices * (layer.q.port_s + layer.kv.port_s) + plan.model.layers * chunks.kv.port_s
    way_s = max(there_s, slices * layer.result.port_s)
    reduced_s = slices * sum(each.port_s for each in layer.reduces) + chunks.reduced.port_s
    return _by_link(plan, way_s, reduced_s / plan.system.replicas)


def _link_bytes(work: _Work) -> dict[str, float]:
    layer, layers, chunks = work.layer, work.plan.model.layers, work.chunks
    there = work.batches * (layer.q.bytes + layer.kv.bytes + layer.result.bytes) + chunks.kv.bytes
    reduced = work.batches * layers * sum(each.bytes for each in layer.reduces)
    return _by_link(work.plan, layers * there, reduced + chunks.reduced.bytes)


def _by_link(plan: Plan, between: float, among: float) -> dict[str, float]:
    """What goes on between the kinds of devices, and among those of a replica."""
    found: dict[str, float] = {}
    for link in path_between(plan.system, plan.holder.name, plan.attender.name).links:
        found[link.name] = between
    if plan.tensor > 1:
        for link in path_within_replica(plan.system).links:
            found[link.name] = found.get(link.name, 0.0) + among
    return found


def _joules(work: _Work) -> dict[str, float]:
    plan, layer, layers = work.plan, work.layer, work.plan.model.layers
    own = layers * (layer.early.joules + layer.late.joules + layer.after.joules) + work.head.joules
    attended = layers * (layer.old.joules + layer.new.joules)
    links = {link.name: link for link in plan.system.links}
    return {
        plan.holder.name: plan.tensor * (work.batches * own + work.chunks.own.joules),
        plan.attender.name: plan.attender.count * work.batches * attended,
        **{name: links[name].energy_j(size) for name, size in _link_bytes(work).items()},
    }


def _offload(plan: Plan) -> Offload:
    assert plan.system.offload is not None
    return plan.system.offload
