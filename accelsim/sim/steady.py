"""The part of a run in which a system is kept full, where all requests are there from the start.

It begins when so many requests have been answered that those that began together have dispersed,
and ends when the last one is taken up: from there on the batch only shrinks. What it makes a second
there is what it would make of requests that never end.
"""

from dataclasses import dataclass
from typing import NamedTuple

from accelsim.sim.request import Outcome
from accelsim.sim.system.ledger import Ledger


class Steady(NamedTuple):
    """Between two times: tokens a second, and requests that a token is made for at once."""

    start_s: float
    end_s: float
    tokens_per_s: float
    mean_batch: float


@dataclass
class SteadyPart:
    """Watches a run (`Options.took`); the part begins after `warm_up` answers."""

    warm_up: int
    answered: int = 0
    start_s: float | None = None
    end_s: float = 0.0

    def took(self, outcome: Outcome) -> None:
        self.answered += 1
        if self.answered == self.warm_up:
            self.start_s = outcome.finished_s
        self.end_s = max(self.end_s, outcome.started_s)

    def of(self, ledger: Ledger) -> Steady | None:
        """None if the last request was taken up before there were so many answers."""
        if self.start_s is None or self.end_s <= self.start_s:
            return None
        span = (self.start_s, self.end_s)
        return Steady(*span, ledger.made.mean_between(*span), ledger.batch.mean_between(*span))
