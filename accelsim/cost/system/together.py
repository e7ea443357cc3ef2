"""An iteration where the devices that hold the model attend themselves.

Of a layer, for the x tokens of a batch over t x c devices:

    before + attention + after + 2 all-reduces of x / c · hidden over t
    c > 1   queries are gathered, partial results exchanged
    e > 1   in layers with experts each device sends its x / (t c) tokens to all that have a part of
            their experts, once, and has as many results back. These it adds to its part of the
            shared experts' sum, and the second all-reduce tells all; without shared experts they
            are gathered

Of a chunk each of the c devices has every query against a c-th of the keys, old ones and new, or
its own queries against all of them: as many pairs. The first sends queries and partial results; the
second sends keys and values around a ring beneath attention (Liu et al., arXiv 2310.01889), of
which counts what attention does not hide. The faster one is taken (Yang et al., arXiv 2411.01783).

With p stages, p batches are under way, one a stage; of fewer than p tokens, as many as there are:

    seconds = longer( p · longest stage,  Σ stages + hops ) + overhead of the host

A prompt's tokens are in all p of them, and the last of them enters p - 1 stages after the first: it
is out, with the first token, `drain_s` after an iteration's time. So is all that follows.
"""

from typing import NamedTuple

from accelsim.cost.system.effort import Effort, total
from accelsim.cost.system.efforts import Efforts
from accelsim.cost.system.iteration import Batch, Chunk, Iteration
from accelsim.cost.system.plan import WORD_BYTES, Plan
from accelsim.cost.system.transfer import (
    NOTHING,
    Path,
    Sent,
    all_gather,
    all_reduce,
    all_to_all,
    path_within_replica,
)
from accelsim.workload.expert_spread import Spread


def iteration_together(efforts: Efforts, batch: Batch) -> Iteration:
    plan = efforts.plan
    parts = max(1, min(plan.pipeline, batch.tokens))
    share = _share(batch, parts)
    model, attention = _model(efforts, share), _attention(efforts, share)
    sent = _sent(efforts, share)
    layer_s = model.seconds + attention.seconds + sum(each.seconds for each in sent)
    head = efforts.head(share.sampled / plan.context)
    stages_s = plan.model.layers * layer_s + head.seconds
    hop = _hop(plan, share)
    longest_s = plan.stage_layers * layer_s + head.seconds
    way_s = stages_s + (plan.pipeline - 1) * hop.seconds
    host_s = float(plan.system.serving.overhead_s)
    seconds = max(parts * longest_s, way_s) + host_s
    # A device does its stage for each of the batches under way.
    busy_s = plan.stage_layers * (model.seconds + attention.seconds) + head.seconds
    network_s = plan.model.layers * sum(each.seconds for each in sent)
    layers = plan.model.layers * parts
    devices = plan.tensor * plan.context
    joules = devices * (layers * (model.joules + attention.joules) + parts * head.joules)
    sent_bytes = layers * sum(each.bytes for each in sent)
    sent_bytes += parts * (plan.pipeline - 1) * hop.bytes
    port_s = parts * (plan.stage_layers * sum(each.port_s for each in sent) + hop.port_s)
    kind, links = plan.holder.name, _links(plan)
    return Iteration(
        seconds=seconds,
        busy_s={kind: min(parts * busy_s, seconds)},
        port_s={link: min(port_s, seconds) for link in links},
        link_bytes={link: sent_bytes for link in links},
        joules={kind: joules, **_link_joules(plan, sent_bytes)},
        way_s={
            "model": plan.model.layers * model.seconds + head.seconds,
            "attention": plan.model.layers * attention.seconds,
            "network": network_s + (plan.pipeline - 1) * hop.seconds,
            "host": host_s,
        },
        bound="stages" if parts * longest_s > way_s else "way",
        drain_s=way_s + (parts - 1) * longest_s + host_s - seconds,
    )


class _Share(NamedTuple):
    """What one of the batches under way has of all."""

    sequences: float
    keys: float
    chunks: tuple[Chunk, ...]
    parts: int
    tokens: float
    sampled: float


def _share(batch: Batch, parts: int) -> _Share:
    return _Share(
        sequences=batch.sequences / parts,
        keys=batch.keys / max(1, batch.sequences),
        chunks=batch.chunks,
        parts=parts,
        tokens=max(1.0, batch.tokens / parts),
        sampled=max(1.0, (batch.sequences + len(batch.chunks)) / parts),
    )


def _model(efforts: Efforts, share: _Share) -> Effort:
    tokens = max(1.0, share.tokens / efforts.plan.context)
    return efforts.before(tokens) + efforts.after(tokens)


def _attention(efforts: Efforts, share: _Share) -> Effort:
    context = efforts.plan.context
    chunks = total(_chunk(efforts, chunk, context).times(1 / share.parts) for chunk in share.chunks)
    if not share.sequences:
        return chunks
    return chunks + efforts.attention(
        max(1.0, share.sequences), efforts.plan.keys_of_one(share.keys, context)
    )


def _chunk(efforts: Efforts, chunk: Chunk, context: int) -> Effort:
    own = max(1.0, chunk.tokens / context)
    # n queries have n (before + n / 2) pairs with the keys before them and their own.
    before = chunk.done + (chunk.tokens - own) / 2
    return efforts.chunk(own, before + 1)


def _sent(efforts: Efforts, share: _Share) -> tuple[Sent, ...]:
    """Of one layer."""
    plan = efforts.plan
    if not _links(plan):
        return ()
    path = _path(plan)
    own = share.tokens / plan.context
    hidden_bytes = own * plan.model.hidden * WORD_BYTES
    reduced = all_reduce(path, plan.tensor, hidden_bytes, plan.context)
    exchanged = _context_parts(efforts, path, share)
    return (reduced, *exchanged, *_after_experts(plan, path, hidden_bytes, reduced))


def _after_experts(plan: Plan, path: Path, hidden_bytes: float, reduced: Sent) -> tuple[Sent, ...]:
    """To experts, back, and what tells all devices the sum; in the mean of all layers."""
    experts = plan.model.experts
    if plan.expert == 1 or experts is None:
        return (reduced,)
    spread = Spread(experts, plan.expert, plan.tensor)
    groups = plan.tensor * plan.context // spread.members
    own_bytes = hidden_bytes / plan.tensor * spread.copies
    sent = all_to_all(path, spread.members, own_bytes, groups)
    told = all_gather(path, plan.tensor, hidden_bytes, plan.context)
    told = reduced if experts.shared else told
    share = plan.model.expert_layers / plan.model.layers
    return (*(each.times(share) for each in (sent, sent, told)), reduced.times(1 - share))


def _context_parts(efforts: Efforts, path: Path, share: _Share) -> tuple[Sent, ...]:
    plan = efforts.plan
    if plan.context == 1:
        return ()
    chunks = tuple(
        min(
            _sum(_queries_around(plan, path, chunk.tokens / share.parts)),
            _keys_around(efforts, path, chunk).times(1 / share.parts),
            key=lambda sent: sent.seconds,
        )
        for chunk in share.chunks
    )
    return (*(_queries_around(plan, path, share.sequences) if share.sequences else ()), *chunks)


def _queries_around(plan: Plan, path: Path, tokens: float) -> tuple[Sent, Sent]:
    """Every device gets all queries, and for its own the partial results of all."""
    own, words = tokens / plan.tensor, plan.words
    queries = all_gather(path, plan.context, own * words.q * WORD_BYTES, plan.tensor)
    # Partial results are in fp32, with a maximum and a sum for each head.
    partial_bytes = own * (words.result + 2 * plan.model.heads) * 4
    return queries, all_to_all(path, plan.context, partial_bytes, plan.tensor)


def _keys_around(efforts: Efforts, path: Path, chunk: Chunk) -> Sent:
    """Every device gets all keys and values, a part from its neighbour while it attends to the
    part before."""
    plan, others = efforts.plan, efforts.plan.context - 1
    size_bytes = (chunk.done + chunk.tokens) * plan.words.kv / plan.tensor * WORD_BYTES
    port_bytes = others / plan.context * size_bytes
    ports = plan.context * plan.tensor
    port_s = path.port_s(port_bytes, ports, others)
    hidden_s = _chunk(efforts, chunk, plan.context).seconds * others / plan.context
    exposed_s = max(0.0, others * path.latency_s + port_s - hidden_s)
    return Sent(exposed_s, port_s, ports * port_bytes)


def _sum(sent: tuple[Sent, Sent]) -> Sent:
    one, other = sent
    return Sent(one.seconds + other.seconds, one.port_s + other.port_s, one.bytes + other.bytes)


def _hop(plan: Plan, share: _Share) -> Sent:
    """From one stage to the next: each device hands on its part of the tokens."""
    if plan.pipeline == 1:
        return NOTHING
    path, devices = _path(plan), plan.tensor * plan.context
    sent_bytes = share.tokens * plan.model.hidden * WORD_BYTES
    port_bytes = sent_bytes / devices
    port_s = path.port_s(port_bytes, devices)
    return Sent(path.latency_s + port_s, port_s, sent_bytes)


def _path(plan: Plan) -> Path:
    return path_within_replica(plan.system)


def _links(plan: Plan) -> tuple[str, ...]:
    if plan.tensor * plan.pipeline * plan.context == 1:
        return ()
    return tuple(dict.fromkeys(link.name for link in _path(plan).links))


def _link_joules(plan: Plan, sent_bytes: float) -> dict[str, float]:
    if not _links(plan):
        return {}
    joules: dict[str, float] = {}
    for link in _path(plan).links:
        joules[link.name] = joules.get(link.name, 0.0) + link.energy_j(sent_bytes)
    return joules
