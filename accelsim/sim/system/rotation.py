"""Rotational staggered pipelining, played slice by slice: the slow truth beside `iteration_apart`.

n batches take turns on R replicas of the model and on the attention workers, which act as one. A
slice of the model is what follows an attention (`after`, and of the next layer `early` and `late`);
of several batches that wait for a replica, workers or a link, the first to come is served first.

    model     after · early ─── late ─────┐                        after · early ...
    link            └ q ──    └ k, v ──   │        result ──
    workers              old keys ──────── new key ┘
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

from accelsim.arch.system import Offload
from accelsim.cost.system.apart import Layer
from accelsim.sim.timeline import Span

Process = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class Rotation:
    """What is played: every batch does the same."""

    layer: Layer
    layers: int
    head_s: float
    replicas: int
    offload: Offload


@dataclass(frozen=True)
class Played:
    """When each batch had its tokens, iteration by iteration, and what was done meanwhile."""

    ends_s: tuple[tuple[float, ...], ...]
    spans: tuple[Span, ...]

    @property
    def iteration_s(self) -> float:
        """Between the tokens of a batch, once all are in step: the mean over the second half."""
        half = [ends[len(ends) // 2 - 1 :] for ends in self.ends_s]
        return sum((ends[-1] - ends[0]) / (len(ends) - 1) for ends in half) / len(half)


class _Stage:
    """The resources that batches share, and what is done on them."""

    def __init__(self, rotation: Rotation) -> None:
        self.env = simpy.Environment()
        self.model = simpy.Resource(self.env, rotation.replicas)
        self.workers = simpy.Resource(self.env, 1)
        self.there = simpy.Resource(self.env, 1)
        self.back = simpy.Resource(self.env, 1)
        self.spans: list[Span] = []

    def note(self, actor: str, activity: str, start_s: float, batch: int) -> None:
        self.spans.append(Span(actor, activity, start_s, self.env.now, f"batch {batch}", batch))


def play_rotation(rotation: Rotation, iterations: int) -> Played:
    """So many iterations of every batch, all begun at time 0."""
    stage = _Stage(rotation)
    ends: list[list[float]] = [[] for _ in range(rotation.offload.batches)]
    for batch, own in enumerate(ends):
        stage.env.process(_batch(stage, rotation, batch, iterations, own))
    stage.env.run()
    return Played(tuple(tuple(own) for own in ends), tuple(stage.spans))


def _batch(
    stage: _Stage, rotation: Rotation, batch: int, iterations: int, ends: list[float]
) -> Process:
    layer = rotation.layer
    after_s = layer.model_s - layer.early.seconds - layer.late.seconds
    for _ in range(iterations):
        first_s = 0.0
        for _ in range(rotation.layers):
            attended = stage.env.event()
            yield from _projected(stage, rotation, batch, first_s, attended)
            yield attended
            first_s = after_s
        with stage.model.request() as turn:
            yield turn
            start_s = stage.env.now
            yield stage.env.timeout(after_s + rotation.head_s)
            stage.note("model", "model", start_s, batch)
        ends.append(stage.env.now)


def _projected(
    stage: _Stage, rotation: Rotation, batch: int, first_s: float, attended: simpy.Event
) -> Process:
    """A slice of the model, whose end sets attention going."""
    env, layer, offload = stage.env, rotation.layer, rotation.offload
    with stage.model.request() as turn:
        yield turn
        start_s = env.now
        yield env.timeout(first_s + layer.early.seconds)
        q_there, kv_there = env.event(), env.event()
        env.process(_attended(stage, rotation, batch, (q_there, kv_there), attended))
        if offload.send_q_early:
            env.process(_sent(stage, layer.q.port_s, layer.q.seconds, q_there, batch))
        yield env.timeout(layer.late.seconds)
        if not offload.send_q_early:
            env.process(_sent(stage, layer.q.port_s, layer.q.seconds, q_there, batch))
        env.process(_sent(stage, layer.kv.port_s, layer.kv.seconds, kv_there, batch))
        stage.note("model", "model", start_s, batch)


def _attended(
    stage: _Stage,
    rotation: Rotation,
    batch: int,
    there: tuple[simpy.Event, simpy.Event],
    attended: simpy.Event,
) -> Process:
    env, layer = stage.env, rotation.layer
    q_there, kv_there = there
    yield q_there
    if not rotation.offload.attend_while_kv_travels:
        yield kv_there
    with stage.workers.request() as turn:
        yield turn
        start_s = env.now
        yield env.timeout(layer.old.seconds)
        yield kv_there
        yield env.timeout(layer.new.seconds)
        stage.note("workers", "attention", start_s, batch)
    with stage.back.request() as turn:
        yield turn
        yield env.timeout(layer.result.port_s)
    yield env.timeout(layer.result.seconds - layer.result.port_s)
    attended.succeed()


def _sent(stage: _Stage, port_s: float, seconds: float, there: simpy.Event, batch: int) -> Process:
    with stage.there.request() as turn:
        yield turn
        start_s = stage.env.now
        yield stage.env.timeout(port_s)
        stage.note("link", "send", start_s, batch)
    yield stage.env.timeout(seconds - port_s)
    there.succeed()
