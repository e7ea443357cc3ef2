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

Requests that come at a rate of r a second keep r · E[S] decoding, which is N: Little's law. Without
a rate as many decode as can. Lengths and ends are taken at their means.

Of the time S in which a request decodes more falls to iterations with prompts than their share:
who decodes while prompts queue has slow iterations for long (`_Flow.between`). Where requests
always wait, it is room that lets a prompt in, one after the other, and prompts do not queue.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf
from typing import NamedTuple

from accelsim.cost.system.costs import Costs
from accelsim.cost.system.efforts import efforts_of
from accelsim.cost.system.iteration import Batch, Chunk, Iteration
from accelsim.cost.system.plan import plan_of_prompts

LEAST_OUTPUT = 1e-6
"""Tokens that are decoded, of requests that want no more than one."""

MOST_STEPS = 60
"""Of bisection: below a thousandth of a sequence."""


class Lengths(NamedTuple):
    """Means over requests: of prompts, of outputs, and of what is held while decoding.

    `seen` is E[P^2] / E[P], what is kept of the prompt that a token of a prompt belongs to;
    `prompt_spread` is E[P^2] / E[P]^2 - 1, of whole prompts, and `output_spread` that of outputs.
    """

    prompt: float
    output: float
    held: float
    whole: float
    seen: float
    prompt_spread: float = 0.0
    output_spread: float = 0.0


def lengths_of(requests: Iterable[tuple[float, float]], window: float = inf) -> Lengths:
    """Of pairs of prompt and output tokens, of which no more than a window's are kept."""
    number = prompts = outputs = held = whole = seen = 0.0
    prompt_squares = output_squares = 0.0
    for prompt, output in requests:
        number += 1
        prompts += prompt
        outputs += output
        held += _held(prompt, output, window)
        whole += output * min(prompt + output, window)
        seen += prompt * min(prompt, window)
        prompt_squares += prompt * prompt
        output_squares += output * output
    return Lengths(
        prompt=prompts / number,
        output=outputs / number,
        held=held / outputs,
        whole=whole / outputs,
        seen=seen / prompts,
        prompt_spread=number * prompt_squares / prompts**2 - 1,
        output_spread=number * output_squares / outputs**2 - 1,
    )


def _held(prompt: float, output: float, window: float) -> float:
    """Keys over all of a request's iterations: the integral of min(prompt + g, window)."""
    growing = min(output, max(0.0, window - prompt))
    return growing * (prompt + growing / 2) + (output - growing) * min(prompt + output, window)


@dataclass(frozen=True)
class Steady:
    """Of the whole system. `bound` is what keeps more requests out: memory, chunk, sequences, or
    that no more come (arrivals, or prompts done apart). `seconds` lie between two tokens of a
    sequence in the mean; `iteration` has prompts."""

    sequences: float
    seconds: float
    iteration: Iteration
    tokens_per_s: float
    requests_per_s: float
    bound: str


def steady(costs: Costs, lengths: Lengths, rate_per_s: float = inf) -> Steady:
    """With requests that come at a rate, or always wait."""
    plan, whole = costs.plan, lengths
    lengths = _decoded(costs, whole)
    limits = _limits(costs, lengths)
    bound = min(limits, key=lambda name: limits[name])
    sequences = limits[bound]
    flow = _always_waiting(costs, lengths, sequences)
    between = flow.seconds
    prompts_per_s = _prompts_per_s(costs, lengths)
    own_rate = min(rate_per_s, prompts_per_s) / plan.engines
    if sequences / flow.seconds / lengths.output > own_rate:
        sequences = _kept_busy(costs, lengths, own_rate, sequences)
        flow = _arriving(costs, lengths, own_rate, sequences)
        between = flow.between(lengths, plan.engines)
        bound = "prompts" if prompts_per_s < rate_per_s else "arrivals"
    requests = plan.engines * sequences / between / lengths.output
    return Steady(
        sequences=plan.engines * sequences,
        seconds=between,
        iteration=flow.longest,
        tokens_per_s=requests * whole.output,
        requests_per_s=requests,
        bound=bound,
    )


def _decoded(costs: Costs, lengths: Lengths) -> Lengths:
    """Without the token that a prompt's last query makes, if prompts are worked on at all."""
    system = costs.plan.system
    if system.serving.prefill != "here" and system.prefill_device is None:
        return lengths
    return lengths._replace(output=max(lengths.output - 1, LEAST_OUTPUT))


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


# --- what iterations do in the mean ---------------------------------------------------------------


class _Flow(NamedTuple):
    """Iterations with prompts, as a share of all, and without; how many of them a prompt takes."""

    share: float
    longest: Iteration
    without_s: float
    each: float

    @property
    def seconds(self) -> float:
        """Of the mean iteration."""
        return self.share * self.longest.seconds + (1 - self.share) * self.without_s

    @property
    def busy(self) -> float:
        """The share of time with prompts."""
        return self.share * self.longest.seconds / self.seconds

    def between(self, lengths: Lengths, engines: int) -> float:
        """Seconds between the tokens of a request: E[S] / E[G].

        Prompts are customers of a queue and are served for s seconds each, with C^2 of their
        tokens. Engines take turns, so that c^2 of the times between arrivals at one is 1 / engines.
        With u the share of time with a prompt, W what a customer waits (Kingman 1961), V the
        seconds of work that wait at any time (Brumelle 1971), and L those that a request leaves
        behind as its own prompt ends,

            E[W] = u E[s] (c^2 + C^2) / (2 (1 - u))
            E[V] = u (E[W] + E[s] (1 + C^2) / 2)
            E[L] = u (E[W] + E[s]) - E[s] (1 - c^2) / 2

        Work that waits falls with the time with prompts and grows with all time, so that of the
        time until G iterations are done, with d = 1/T0 - 1/T1 and T = share T1 + (1 - share) T0,

            E[S] = T (E[G] + d (E[L] - E[V after G]))

        V goes from L to what an iteration sees in the mean, E[V] share / u, exponentially, in as
        many iterations as make the first one as long as a moment's, u T1 + (1 - u) T0. Outputs
        are taken to be spread like a gamma distribution.
        """
        with_s, without_s, share, busy = self.longest.seconds, self.without_s, self.share, self.busy
        if not 0 < share < 1 or busy >= 1 or with_s <= without_s:
            return self.seconds
        served, regular = self.each * with_s, 1 - 1 / engines
        waits = busy * served * (1 - regular + lengths.prompt_spread) / 2 / (1 - busy)
        waiting = busy * (waits + served * (1 + lengths.prompt_spread) / 2)
        left = max(0.0, busy * (waits + served) - served * regular / 2)
        more = (1 / without_s - 1 / with_s) * (left - waiting * share / busy)
        moment = busy * with_s + (1 - busy) * without_s
        settles = max(0.0, more / (moment / self.seconds - 1))
        lasting = more * (1 - _not_yet(lengths, settles))
        return self.seconds * (1 + lasting / lengths.output)


def _not_yet(lengths: Lengths, settles: float) -> float:
    """E[exp(-G / settles)] of outputs that are spread like a gamma distribution."""
    if settles == 0:
        return 0.0
    scaled = lengths.output / settles
    if lengths.output_spread == 0:
        return exp(-scaled)
    return float((1 + lengths.output_spread * scaled) ** (-1 / lengths.output_spread))


def _always_waiting(costs: Costs, lengths: Lengths, sequences: float) -> _Flow:
    """Each token that is made brings its share of a prompt along."""
    tokens = sequences * lengths.prompt / lengths.output
    one = _of_one_prompt(costs, lengths, sequences)
    return _flow(costs, lengths, sequences, max(tokens, one), min(1.0, tokens / one))


def _arriving(costs: Costs, lengths: Lengths, rate_per_s: float, sequences: float) -> _Flow:
    """As many prompts as come, one at a time: of n iterations a second, `rate · each`."""
    found = _flow(costs, lengths, sequences, _of_one_prompt(costs, lengths, sequences), 0.0)
    prompts = rate_per_s * found.each
    busy = min(1.0, prompts * found.longest.seconds)
    number = prompts + (1 - busy) / found.without_s
    return found._replace(share=prompts / number)


def _of_one_prompt(costs: Costs, lengths: Lengths, sequences: float) -> float:
    return min(lengths.prompt, max(1.0, costs.plan.system.serving.chunk - sequences))


def _flow(costs: Costs, lengths: Lengths, sequences: float, size: float, share: float) -> _Flow:
    """With `size` tokens of prompts in an iteration that has any."""
    without = Batch(max(1, round(sequences)), round(sequences * lengths.held))
    if costs.plan.system.serving.prefill != "here":
        found = costs(without)
        return _Flow(0.0, found, found.seconds, 0.0)
    before = max(0.0, lengths.seen - size) / 2
    found = costs(without._replace(chunks=(Chunk(max(1, round(size)), round(before)),)))
    return _Flow(share, found, costs(without).seconds, lengths.prompt / size)


def _kept_busy(costs: Costs, lengths: Lengths, rate_per_s: float, most: float) -> float:
    """The sequences that decode while as many come as end."""
    low, high = 0.0, most
    for _ in range(MOST_STEPS):
        middle = (low + high) / 2
        flow = _arriving(costs, lengths, rate_per_s, middle)
        if middle < rate_per_s * lengths.output * flow.between(lengths, costs.plan.engines):
            low = middle
        else:
            high = middle
    return (low + high) / 2
