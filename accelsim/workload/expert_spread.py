"""Experts of a layer spread over devices: who holds what, and how many tokens come to it.

Of E experts, k for each token, on e devices, beside t that divide all other matrices (one of the
two divides the other):

    holds     E / e experts, each in t / e parts by columns; whole ones if e >= t
    tokens    n of every t devices; so many of max(e, t) devices together: n · max(1, e / t)
    pairs     of a token and one of its experts, on a device: tokens · k / e in the mean
    hit       experts that at least one token goes to, if each takes k at random:
              E (1 - (1 - k/E)^tokens), of which a device has an e-th

All wait for the busiest device. Its pairs are a sum over tokens of hypergeometric draws, k out of E
of which E / e are its own:

    mu = tokens k / e        sigma^2 = tokens k (1/e) (1 - 1/e) (E - k) / (E - 1)

The pairs of all devices add up to tokens · k, so that any two correlate by -1 / (e - 1). If they
were normal, each would be mu + sigma sqrt(e / (e - 1)) (Z_i - mean Z) of independent Z, of which
the largest of e is expected at z = Phi^-1((e - 3/8) / (e + 1/4)) (Blom 1958, Statistical Estimates
and Transformed Beta-Variables). They lean to the right as binomials do, by a skewness of about
(1 - 2/e) / sigma, for which Cornish and Fisher (1938) add a term:

    E[most] = mu + sigma sqrt(e / (e - 1)) z + (1 - 2/e) (z^2 - 1) / 6

but no less than one and the mean, and no more than all tokens bring. L pairs hit
E/e (1 - (1 - e/E)^L) of a device's experts.

Routers that balance the load (a bias, as DeepSeek-V3's) keep the mean of each expert equal, which
is assumed here; popular experts are not, and neither are copies of them.
"""

from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist
from typing import Literal, NamedTuple

from accelsim.workload.model import Experts

Busy = Literal["mean", "busiest"]
"""Which of the devices over which experts are spread."""


class Load(NamedTuple):
    """Of one device: pairs of a token and an expert, and experts that have any."""

    pairs: float
    hit: float


def experts_hit(experts: Experts, tokens: int) -> float:
    """Experts that at least one of n tokens goes to, in expectation if each takes k of E at
    random: E (1 - (1 - k/E)^n)."""
    return experts.count * (1 - (1 - experts.active / experts.count) ** tokens)


def devices_hit(experts: Experts, devices: int) -> float:
    """Devices that have one of a token's experts, in expectation:
    e (1 - C(E - E/e, k) / C(E, k))."""
    others = experts.count - experts.count // devices
    none = comb(others, experts.active) / comb(experts.count, experts.active)
    return devices * (1 - none)


@dataclass(frozen=True)
class Spread:
    """Over so many `devices`, beside `tensor` that divide all other matrices."""

    experts: Experts
    devices: int = 1
    tensor: int = 1

    @property
    def members(self) -> int:
        """Devices that send tokens to one another."""
        return max(self.devices, self.tensor)

    @property
    def columns(self) -> int:
        """Of an expert that a device holds some of."""
        return self.experts.feed_forward * min(self.devices, self.tensor) // self.tensor

    @property
    def copies(self) -> float:
        """Of a token, to all devices that hold a part of one of its experts: one to each."""
        parts = max(1, self.tensor // self.devices)
        return devices_hit(self.experts, self.devices) * parts

    def load(self, tokens: int, of: Busy) -> Load:
        """Of a device, where every `tensor` devices have so many tokens."""
        own = tokens * self.members // self.tensor
        mean = own * self.experts.active / self.devices
        if of == "mean" or self.devices == 1:
            return Load(mean, experts_hit(self.experts, own) / self.devices)
        most = self._most(own, mean)
        held = self.experts.count / self.devices
        return Load(most, held * (1 - (1 - 1 / held) ** most))

    def _most(self, tokens: int, mean: float) -> float:
        count, active, e = self.experts.count, self.experts.active, self.devices
        kept = (count - active) / (count - 1)
        sigma = sqrt(mean * (1 - 1 / e) * kept)
        z = NormalDist().inv_cdf((e - 3 / 8) / (e + 1 / 4))
        leaning = (1 - 2 / e) * (z * z - 1) / 6
        most = mean + sigma * sqrt(e / (e - 1)) * z + leaning
        return min(max(most, mean, 1.0), tokens * min(active, count / e))
