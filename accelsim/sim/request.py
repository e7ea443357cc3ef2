"""A request to a serving system, and what became of it.

A source of requests is an iterator: it gives one after the other, by their arrival, and never holds
them all, so that a trace may be as long as one likes.
"""

from typing import NamedTuple


class Request(NamedTuple):
    """`prompt_tokens` came in at `arrived_s`; `output_tokens` are to be generated; both above 0."""

    number: int
    arrived_s: float
    prompt_tokens: int
    output_tokens: int


class Outcome(NamedTuple):
    """When a request was taken up and answered.

    TBT is the time between two of its tokens; None where fewer than two were generated here.
    `first_token_s` is None where the prompt was not computed here (decode only).
    """

    request: Request
    started_s: float
    first_token_s: float | None
    finished_s: float
    tbt_mean_s: float | None
    tbt_max_s: float | None
    preempted: int = 0
    """How often it had to give its place up."""
    recomputed_tokens: int = 0
    """Tokens whose keys and values were computed again after that."""

    @property
    def ttft_s(self) -> float | None:
        """Time to first token: `first_token_s - arrived_s`, waiting included."""
        if self.first_token_s is None:
            return None
        return self.first_token_s - self.request.arrived_s
