"""What a serving simulation comes to, as the figures of summary.json.

    tokens_per_s           = tokens / seconds                        generated tokens only
    usd_per_million_tokens = usd_per_hour / 3600 / tokens_per_s * 1e6
    tokens_per_usd         = tokens_per_s * 3600 / usd_per_hour
    energy_j               = sum of energy_by_part_j

TBT is the time between two tokens of a request, TTFT the time from its arrival to its first token.
A figure that cannot be made (a price that nobody knows, a percentile of nothing) is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelsim.sim.tally import LogHistogram

PERCENTILES = (50, 90, 99)


@dataclass(frozen=True)
class Summary:
    """The facts of a run; every other figure follows from them."""

    seconds: float
    """From time 0 until the last request was answered, or the run was stopped."""
    tokens: int
    """Generated."""
    requests: int
    """Arrived."""
    finished: int
    """Answered in full."""
    tbt: LogHistogram
    ttft: LogHistogram | None
    """None where prompts are not computed (decode only)."""
    mean_batch: float
    """Requests that a token is generated for in one iteration, over time."""
    usd_per_hour: float | None
    utilization: Mapping[str, float]
    """By device: the share of the time in which it works."""
    link_utilization: Mapping[str, float]
    """By link: the share of the time in which it carries data."""
    energy_by_part_j: Mapping[str, float]
    """By device and what it does there; empty where energies are not known."""
    way_s: Mapping[str, float] = field(default_factory=dict)
    """By model, attention, network and host: what a batch spends on each in a mean iteration. Where
    these overlap, or batches wait for one another, an iteration takes less or more than the sum."""
    preempted: int = 0
    """How often a request had to give its place up."""
    recomputed_tokens: int = 0
    """Tokens whose keys and values were computed again after that."""
    notes: tuple[str, ...] = field(default=())
    """What a reader must know: assumptions, what was left out."""

    @property
    def tokens_per_s(self) -> float | None:
        return self.tokens / self.seconds if self.seconds > 0 else None

    @property
    def usd_per_million_tokens(self) -> float | None:
        """usd_per_hour / 3600 / tokens_per_s * 1e6."""
        if self.usd_per_hour is None or not self.tokens_per_s:
            return None
        return self.usd_per_hour / 3600 / self.tokens_per_s * 1e6

    @property
    def tokens_per_usd(self) -> float | None:
        """tokens_per_s * 3600 / usd_per_hour."""
        if not self.usd_per_hour or self.tokens_per_s is None:
            return None
        return self.tokens_per_s * 3600 / self.usd_per_hour

    @property
    def energy_j(self) -> float | None:
        return sum(self.energy_by_part_j.values()) if self.energy_by_part_j else None

    def figures(self) -> dict[str, Any]:
        """summary.json: plain values under fixed keys, units at the end of their names."""
        return {
            "tokens_per_s": self.tokens_per_s,
            **_percentiles("tbt", self.tbt),
            **_percentiles("ttft", self.ttft),
            "mean_batch": self.mean_batch,
            "usd_per_hour": self.usd_per_hour,
            "usd_per_million_tokens": self.usd_per_million_tokens,
            "tokens_per_usd": self.tokens_per_usd,
            "utilization": dict(self.utilization),
            "link_utilization": dict(self.link_utilization),
            "iteration_way_s": dict(self.way_s),
            "energy_j": self.energy_j,
            "energy_by_part_j": dict(self.energy_by_part_j),
            "requests": self.requests,
            "finished": self.finished,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "preempted": self.preempted,
            "recomputed_tokens": self.recomputed_tokens,
            "notes": list(self.notes),
        }


def _percentiles(name: str, times: LogHistogram | None) -> dict[str, float | None]:
    return {f"{name}_p{q}_s": times.percentile(q) if times else None for q in PERCENTILES}
