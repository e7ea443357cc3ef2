"""Traces that are described instead of recorded: how many requests in what time, how long they are.

    requests: 19366
    duration: 3501.7 s
    prompt: {mean: 1154.7, variation: 0.960, longest: 14050, source: ...}
    output: {mean: 211.1, variation: 0.771, longest: 1000, source: ...}

Lengths are lognormal, rounded to whole tokens and cut to 1 .. longest:

    tokens = min(max(round(exp(location + scale * z)), 1), longest),  z standard normal

`location` and `scale` are chosen so that mean and coefficient of variation (standard deviation over
mean) of `tokens`, after rounding and cutting, are those of the description. A prompt and its output
are independent, and arrivals are a Poisson process.

Requests come in blocks. A block takes one length from each of BLOCK equally likely slices of the
distribution, in random order (Latin hypercube sampling: McKay, Beckman and Conover, 1979), so that
means hold over a few thousand requests, not just in the limit; a heavy tail would need a hundred
times as many.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
from pydantic import model_validator
from scipy.special import ndtri  # type: ignore[import-untyped]

from accelsim.base.record import Count, Positive, Record
from accelsim.sim.request import Request

BLOCK = 4096
#: At these shares of the distribution its mean and variation are taken.
MIDDLES = (np.arange(4 * BLOCK) + 0.5) / (4 * BLOCK)
MOST_STEPS = 2000
TOLERANCE = 1e-4

Lengths = np.ndarray[Any, np.dtype[np.float64]]


class Length(Record):
    """How long prompts or outputs are, in tokens; `variation` is standard deviation over mean."""

    mean: Positive
    variation: Positive
    longest: Count
    source: str

    @model_validator(mode="after")
    def _there_is_one(self) -> Self:
        if not 1 < self.mean < self.longest:
            raise ValueError(f"a mean of {self.mean:g} is not between 1 and {self.longest} tokens")
        lognormal(self.mean, self.variation, self.longest)
        return self


class RequestTrace(Record):
    """A trace by its figures: `requests` in `duration_s`, and the lengths of their two parts."""

    about: str
    source: str
    requests: Count
    duration_s: Positive
    prompt: Length
    output: Length

    @property
    def rate_per_s(self) -> float:
        """Requests a second."""
        return self.requests / self.duration_s


class Lognormal(NamedTuple):
    """Of the tokens' logarithm before they are rounded and cut."""

    location: float
    scale: float


def generated(spec: RequestTrace, n: int, seed: int = 0) -> Iterator[Request]:
    """`n` requests of the described trace, the same for the same seed; a shorter run is the start
    of a longer one."""
    streams = np.random.default_rng(seed).spawn(3)
    now_s = 0.0
    for begin in range(0, n, BLOCK):
        gaps = streams[0].exponential(1 / spec.rate_per_s, BLOCK)
        prompts = _block(spec.prompt, streams[1])
        outputs = _block(spec.output, streams[2])
        for number in range(begin, min(n, begin + BLOCK)):
            place = number - begin
            now_s += float(gaps[place])
            yield Request(number, now_s, int(prompts[place]), int(outputs[place]))


def _block(length: Length, stream: np.random.Generator) -> Lengths:
    """One length from each slice of the distribution, shuffled."""
    shares = (stream.permutation(BLOCK) + stream.random(BLOCK)) / BLOCK
    lognormal_ = lognormal(length.mean, length.variation, length.longest)
    return tokens_at(lognormal_, length.longest, shares)


def tokens_at(distribution: Lognormal, longest: int, shares: Lengths) -> Lengths:
    """The length that a share of all lengths do not exceed: whole, from 1 to `longest`."""
    logarithms = distribution.location + distribution.scale * ndtri(shares)
    # e^600 is beyond any length, and still a float.
    tokens: Lengths = np.rint(np.exp(np.minimum(logarithms, 600.0)))
    return tokens.clip(1, longest)


@lru_cache(maxsize=64)
def lognormal(mean: float, variation: float, longest: int) -> Lognormal:
    """The lognormal that has this mean and variation once rounded and cut.

    Starts from the closed form without them, scale² = ln(1 + variation²) and location = ln(mean) -
    scale² / 2, and moves both by what is missing until both are met to one in ten thousand. A
    ValueError if there is none: lengths up to `longest` can only vary so much.
    """
    scale = float(np.sqrt(np.log1p(variation**2)))
    location = float(np.log(mean)) - scale**2 / 2
    for _ in range(MOST_STEPS):
        tokens = tokens_at(Lognormal(location, scale), longest, MIDDLES)
        less_mean = mean / tokens.mean()
        less_varied = variation * tokens.mean() / max(tokens.std(), 1e-9)
        if max(abs(less_mean - 1), abs(less_varied - 1)) < TOLERANCE:
            return Lognormal(location, scale)
        scale *= min(2.0, float(less_varied))
        location += float(np.log(less_mean))
        if scale > 100:
            break
    fact = f"no lengths of 1 to {longest} tokens with a mean of {mean:g} vary by {variation:g}"
    raise ValueError(fact)
