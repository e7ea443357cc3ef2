"""How long a layer takes as one of many, and each of its parts by itself.

A run is so many layers, one feeding the next, that no weights and no cache are in L2 when their
turn comes (`plan_of`); times are those of a run over its layers. Parts are run in the same way,
as often in a row as there are layers in a run, with the same turns of weights and caches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelsim.base.errors import InputError
from accelsim.validation.gpu_timing import Burst, burst
from accelsim.validation.launches import launches
from accelsim.validation.offload.cases import MODELS, DecodeLayer, LayerShape, Plan, plan_of
from accelsim.validation.offload.devices import Pair, random_source
from accelsim.validation.offload.elementwise import elementwise_of, turn_of
from accelsim.validation.offload.layer import (
    Inbox,
    Layer,
    Weights,
    apart,
    attend,
    finish,
    inbox,
    one,
    project,
    random_cache,
    random_weights,
    send,
)
from accelsim.validation.torch_calls import allow_only

GIB = 2**30
ACTIVATIONS = 8
"""Bytes of intermediates over those of the widest, at most."""


@dataclass(frozen=True)
class Bench:
    """A case with everything that it computes with; `arrived` is None on one device."""

    backend: str
    plan: Plan
    layer: Layer
    hidden: Any
    weights: Sequence[Weights]
    caches: Sequence[Any]
    arrived: Inbox | None

    def turns(self) -> list[tuple[Weights, Any]]:
        """Weights and cache of each layer of a run."""
        return [
            (self.weights[i % len(self.weights)], self.caches[i % len(self.caches)])
            for i in range(self.plan.layers)
        ]

    def step(self, hidden: Any, weights: Weights, cache: Any) -> Any:
        """One layer."""
        if self.arrived is None:
            return one(hidden, weights, cache, self.layer)
        return apart(hidden, weights, cache, self.layer, self.arrived)

    def run(self) -> Any:
        """All layers of a run; the hidden states after the last."""
        hidden = self.hidden
        for weights, cache in self.turns():
            hidden = self.step(hidden, weights, cache)
        return hidden


def timed_layer(bench: Bench, pair: Pair) -> dict[str, Any]:
    """ms, min_ms, max_ms and runs of a layer; under `parts` the ms of each part, the plan, how the
    work was started, and how far its result was from that of plain calls."""
    # What was prepared is not on the streams of the pair.
    pair.wait()
    expected = pair.queued(bench.run)()
    pair.wait()
    whole = pair.recorded(bench.run)
    taken = burst(whole.run, pair)
    pair.wait()
    parts = {
        "form": whole.form,
        "backend": bench.backend,
        **bench.plan._asdict(),
        "difference": _difference(whole.result, expected),
        "queued_ms": burst(pair.queued(bench.run), pair).ms / bench.plan.layers,
    }
    del whole
    named = parts_of(bench)
    pair.wait()
    for name, part in named.items():
        parts[f"{name}_ms"] = _part_ms(part, bench.plan.layers, pair)
    return {**_a_layer(taken, bench.plan.layers), "parts": parts}


def launched(bench: Bench, pair: Pair) -> list[dict[str, Any]]:
    """The kernels and copies of one layer."""
    weights, cache = bench.turns()[0]
    return launches(pair.queued(lambda: bench.step(bench.hidden, weights, cache)))


def prepared_layer(call: DecodeLayer, pair: Pair) -> Bench:
    """Random weights, caches and hidden states where the case wants them, in bf16; torch is left
    with the case's backend of attention. An InputError if they do not fit."""
    import torch

    allow_only(call.backend)
    shape, home = MODELS[call.model], pair.first
    far = home if call.place == "one" else pair.second
    plan = plan_of(shape, call.b, call.m, pair.l2_bytes)
    _refuse_what_does_not_fit(needed_bytes(call, shape, plan, home, far), pair)
    dtype, source, far_source = torch.bfloat16, random_source(home), random_source(far)
    hidden = torch.empty(call.b, shape.hidden, dtype=dtype, device=home)
    return Bench(
        call.backend,
        plan,
        Layer(shape, turn_of(call.m - 1, shape, home), elementwise_of(home)),
        hidden.normal_(generator=source),
        [random_weights(shape, dtype, source) for _ in range(plan.weights)],
        [random_cache(shape, call.b, call.m, dtype, far_source) for _ in range(plan.caches)],
        None if call.place == "one" else inbox(shape, call.b, home, far, dtype),
    )


def needed_bytes(
    call: DecodeLayer, shape: LayerShape, plan: Plan, home: str, far: str
) -> dict[str, int]:
    """What the case takes on each device."""
    widest = 2 * call.b * (2 * shape.ffn + shape.projected)
    needed = {home: plan.weights * shape.weight_bytes + ACTIVATIONS * widest}
    caches = plan.caches * shape.cache_bytes(call.b, call.m)
    return {**needed, far: needed.get(far, 0) + caches}


def parts_of(bench: Bench) -> Mapping[str, Callable[[int], Any]]:
    """The parts of a layer by name, each a function of the layer's number in the run."""
    layer, hidden, turns = bench.layer, bench.hidden, bench.turns()
    query, keys_values = project(hidden, bench.weights[0], layer)
    here: dict[str, Callable[[int], Any]] = {
        "before": lambda i: project(hidden, turns[i][0], layer),
    }
    arrived = bench.arrived
    if arrived is None:
        result = attend(query, keys_values, bench.caches[0])
        here["attention"] = lambda i: attend(query, keys_values, turns[i][1])
    else:
        far_query, far_keys_values, result = arrived
        send(query, far_query)
        send(keys_values, far_keys_values)
        far_result = attend(far_query, far_keys_values, bench.caches[0])
        here["query"] = lambda i: send(query, far_query)
        here["keys_values"] = lambda i: send(keys_values, far_keys_values)
        here["attention"] = lambda i: attend(far_query, far_keys_values, turns[i][1])
        here["result"] = lambda i: send(far_result, result)
    here["after"] = lambda i: finish(hidden, result, turns[i][0], layer)
    return here


def _part_ms(part: Callable[[int], Any], layers: int, pair: Pair) -> float:
    def run() -> None:
        for i in range(layers):
            part(i)

    return burst(pair.recorded(run).run, pair).ms / layers


def _a_layer(taken: Burst, layers: int) -> dict[str, Any]:
    times = {"ms": taken.ms, "min_ms": taken.min_ms, "max_ms": taken.max_ms}
    return {**{name: ms / layers for name, ms in times.items()}, "runs": taken.runs}


def _difference(found: Any, expected: Any) -> float:
    """‖found - expected‖ / ‖expected‖."""
    return float((found.float() - expected.float()).norm() / expected.float().norm())


def _refuse_what_does_not_fit(needed: Mapping[str, int], pair: Pair) -> None:
    for device, size in needed.items():
        free = pair.free_bytes(device)
        if size > free:
            raise InputError(
                f"does not fit: {size / GIB:.1f} GiB wanted on {device}, {free / GIB:.1f} free"
            )
