"""An iteration where the devices that hold the model attend themselves.

Of a layer, for the x tokens of a batch over t x c devices:

    before + attention + after + 2 all-reduces of x / c · hidden over t
    c > 1: queries are gathered, partial results exchanged       e > 1: tokens go to their experts
                                                                        and back

Of a chunk each of the c devices has every query against a c-th of the keys, old ones and new: as
many pairs as its own queries have with all of them.

With p stages, p batches are under way, one a stage; of fewer than p tokens, as many as there are:

    seconds = longer( p · longest stage,  Σ stages + hops ) + overhead of the host
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


def iteration_together(efforts: Efforts, batch: Batch) -> Iteration:
    plan = efforts.plan
    parts = max(1, min(plan.pipeline, batch.tokens))
    share = _share(batch, parts)
    model, attention = _model(efforts, share), _attention(efforts, share)
    sent = _sent(plan, share)
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
    return chunks + efforts.attention(max(1.0, share.sequences), max(1.0, share.keys / context))


def _chunk(efforts: Efforts, chunk: Chunk, context: int) -> Effort:
    own = max(1.0, chunk.tokens / context)
    # n queries have n (before + n / 2) pairs with the keys before them and their own.
    before = chunk.done + (chunk.tokens - own) / 2
    return efforts.chunk(own, before + 1)


def _sent(plan: Plan, share: _Share) -> tuple[Sent, ...]:
    """Of one layer."""
    if not _links(plan):
        return ()
    path = _path(plan)
    own = share.tokens / plan.context
    hidden_bytes = own * plan.model.hidden * WORD_BYTES
    reduced = all_reduce(path, plan.tensor, hidden_bytes, plan.context)
    exchanged = _context_parts(plan, path, share)
    experts = plan.model.experts
    to_experts = NOTHING
    if plan.expert > 1 and experts is not None:
        own_bytes = hidden_bytes * experts.active / plan.tensor
        groups = plan.tensor * plan.context // plan.expert
        to_experts = all_to_all(path, plan.expert, own_bytes, groups)
    return (reduced, reduced, *exchanged, to_experts, to_experts)


def _context_parts(plan: Plan, path: Path, share: _Share) -> tuple[Sent, ...]:
    if plan.context == 1:
        return ()
    own, words = share.tokens / plan.tensor, plan.words
    queries = all_gather(path, plan.context, own * words.q * WORD_BYTES, plan.tensor)
    # Partial results are in fp32, with a maximum and a sum for each head.
    partial_bytes = own * (words.result + 2 * plan.model.heads) * 4
    return queries, all_to_all(path, plan.context, partial_bytes, plan.tensor)


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
