"""Steady state: the batch that a system settles at, by a formula instead of a simulation.

A request with P prompt and G output tokens decodes for G iterations, so that of the sequences in a
batch, which are seen in proportion to how long they stay, the mean is

    keys held   E[G (P + G/2)] / E[G]             tokens yet to come, and room they will need, alike

The first in the queue waits for room for its whole prompt, the longer the more: of the room for
keys half of E[P^2] / E[P] is empty on average, the mean prompt as its own tokens see it. The rest
allows N = room / (keys held + page / 2). Where prompts are worked on here, one such prompt has
room, too; each token brings P / G tokens of prompts along on average, a prompt at a time while
there is less than one an iteration, over half of its own tokens; and an iteration takes no more
than `chunk`:

    N <= chunk · E[G] / (E[P] + E[G])

Where prompts are worked on apart, no more requests come than their devices have done, each group of
them one prompt after the other.

Requests that come at a rate of r a second keep r · E[G] · seconds(N) decoding, which is N: Little's
law. Without a rate as many decode as can. Arrivals, lengths and ends are taken at their means.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from accelsim.cost.system.costs import Costs
from accelsim.cost.system.efforts import efforts_of
from accelsim.cost.system.iteration import Batch, Chunk, Iteration
from accelsim.cost.system.plan import plan_of_prompts

MOST_STEPS = 60
"""Of bisection: below a thousandth of a sequence."""


class Lengths(NamedTuple):
    """Means over requests: of prompts, of outputs, and of what is held while decoding."""

    prompt: float
    output: float
    held: float
    whole: float
    seen: float
    """E[P^2] / E[P], what is kept of the prompt that a token of a prompt belongs to."""


def lengths_of(requests: Iterable[tuple[float, float]], window: float = inf) -> Lengths:
    """Of pairs of prompt and output tokens, of which no more than a window's are kept."""
    number = prompts = outputs = held = whole = squares = 0.0
    for prompt, output in requests:
        number += 1
        prompts += prompt
        outputs += output
        held += _held(prompt, output, window)
        whole += output * min(prompt + output, window)
        squares += prompt * min(prompt, window)
    return Lengths(
        prompt=prompts / number,
        output=outputs / number,
        held=held / outputs,
        whole=whole / outputs,
        seen=squares / prompts,
    )


def _held(prompt: float, output: float, window: float) -> float:
    """Keys over all of a request's iterations: the integral of min(prompt + g, window)."""
    growing = min(output, max(0.0, window - prompt))
    return growing * (prompt + growing / 2) + (output - growing) * min(prompt + output, window)


@dataclass(frozen=True)
class Steady:
    """Of the whole system. `bound` is what keeps more requests out: memory, chunk, sequences, or
    that no more come (arrivals, or prompts done apart). `seconds` is the mean iteration's;
    `iteration` has prompts."""

    sequences: float
    seconds: float
    iteration: Iteration
    tokens_per_s: float
    requests_per_s: float
    bound: str


def steady(costs: Costs, lengths: Lengths, rate_per_s: float = inf) -> Steady:
    """With requests that come at a rate, or always wait."""
    plan = costs.plan
    limits = _limits(costs, lengths)
    bound = min(limits, key=lambda name: limits[name])
    most = limits[bound]
    prompts_per_s = _prompts_per_s(costs, lengths)
    own_rate = min(rate_per_s, prompts_per_s) / plan.engines
    if own_rate < inf and _ended_per_s(costs, lengths, most) > own_rate:
        most = _kept_busy(costs, lengths, own_rate, most)
        bound = "prompts" if prompts_per_s < rate_per_s else "arrivals"
    mean = _mean(costs, lengths, most)
    tokens = plan.engines * most / mean.seconds
    return Steady(
        sequences=plan.engines * most,
        seconds=mean.seconds,
        iteration=mean.longest,
        tokens_per_s=tokens,
        requests_per_s=tokens / lengths.output,
        bound=bound,
    )


def _prompts_per_s(costs: Costs, lengths: Lengths) -> float:
    """That the devices for prompts have done; without them it is no limit."""
    if costs.plan.system.prefill_device is None:
        return inf
    pool = Costs(efforts_of(plan_of_prompts(costs.plan), costs.efforts.before.nodes))
    # Of a prompt of P tokens the mean query sees P / 2; over all prompts, half of `seen`.
    before = max(0.0, lengths.seen - lengths.prompt) / 2
    chunk = Chunk(max(1, round(lengths.prompt)), round(before))
    return pool.plan.system.replicas / pool(Batch(0, 0, (chunk,))).seconds


def _limits(costs: Costs, lengths: Lengths) -> dict[str, float]:
    """Sequences of one engine that each of them allows."""
    plan, serving = costs.plan, costs.plan.system.serving
    each = lengths.whole if serving.admit == "whole" else lengths.held
    prompts = lengths.seen * (1.5 if serving.prefill == "here" else 0.5)
    limits = {
        "memory": max(1.0, (plan.kv_tokens - prompts) / (each + plan.system.memory.page / 2)),
        "sequences": float(serving.most_sequences),
    }
    if serving.prefill == "here":
        share = lengths.output / (lengths.prompt + lengths.output)
        limits["chunk"] = serving.chunk * share
    return limits


class _Mean(NamedTuple):
    """Seconds over iterations with and without prompts, and one with them."""

    seconds: float
    longest: Iteration


def _mean(costs: Costs, lengths: Lengths, sequences: float) -> _Mean:
    keys = round(sequences * lengths.held)
    without = Batch(max(1, round(sequences)), keys)
    if costs.plan.system.serving.prefill != "here":
        found = costs(without)
        return _Mean(found.seconds, found)
    tokens = sequences * lengths.prompt / lengths.output
    one = min(lengths.prompt, max(1.0, costs.plan.system.serving.chunk - sequences))
    size, share = max(tokens, one), min(1.0, tokens / one)
    before = max(0.0, lengths.seen - size) / 2
    found = costs(without._replace(chunks=(Chunk(max(1, round(size)), round(before)),)))
    return _Mean(share * found.seconds + (1 - share) * costs(without).seconds, found)


def _ended_per_s(costs: Costs, lengths: Lengths, sequences: float) -> float:
    return sequences / _mean(costs, lengths, sequences).seconds / lengths.output


def _kept_busy(costs: Costs, lengths: Lengths, rate_per_s: float, most: float) -> float:
    """The sequences with which as many requests end as come."""
    low, high = 0.0, most
    for _ in range(MOST_STEPS):
        middle = (low + high) / 2
        if _ended_per_s(costs, lengths, middle) < rate_per_s:
            low = middle
        else:
            high = middle
    return (low + high) / 2
