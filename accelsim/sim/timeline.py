"""What the devices of a system did, in time: spans in seconds, of a window of the run.

    H100 0      model       64 requests   12.000 – 12.031
    H100 > H20  send        64 requests   12.002 – 12.004
    H20 0       attention   64 requests   12.004 – 12.026

    prefill     a device computes the keys, values and first token of prompts
    model       a device computes what is not attention, of one token of each request
    attention   a device reads keys and values and computes attention
    send        a link carries data from one device to another
    wait        an actor can do nothing until another is done

A run is a million spans long; a `Window` keeps those of a few seconds, so that memory does not grow
with the run. `sim.trace` is the same for a machine, in cycles.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

ACTIVITIES = ("prefill", "model", "attention", "send", "wait")
IDLE = frozenset({"wait"})


class Span(NamedTuple):
    """`actor` did `activity` from `start_s` to `end_s`, for a batch of so many requests.

    `label` says for what: a slice of the model, the batch's number.
    """

    actor: str
    activity: str
    start_s: float
    end_s: float
    label: str = ""
    batch: int = 0

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


@dataclass
class Window:
    """Records the spans that reach into the time from `start_s` to `end_s`, whole; no others."""

    start_s: float
    end_s: float
    actors: Sequence[str] = ()
    """Whose lanes come first, in this order, whether they act in the window or not."""
    spans: list[Span] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise ValueError(f"a window cannot reach from {self.start_s} s to {self.end_s} s")

    def shows(self, start_s: float, end_s: float) -> bool:
        """Whether a span of that time would be kept; ask before making one."""
        return start_s < self.end_s and end_s > self.start_s

    def note(self, span: Span) -> None:
        if self.shows(span.start_s, span.end_s):
            self.spans.append(span)

    def rows(self) -> list[dict[str, str | int | float]]:
        """One plain row per span, lane by lane, for a table or a file."""
        return [span._asdict() for own in self.lanes().values() for span in own]

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s

    def lanes(self) -> dict[str, list[Span]]:
        """The spans of each actor by their start; actors that were not named come as they acted."""
        found: dict[str, list[Span]] = {actor: [] for actor in self.actors}
        for span in self.spans:
            found.setdefault(span.actor, []).append(span)
        return {actor: sorted(own, key=_start) for actor, own in found.items()}


def _start(span: Span) -> float:
    return span.start_s


def busy_share(window: Window) -> dict[str, float]:
    """The share of the window in which each actor does anything but wait.

    Spans of one actor may overlap; the time that they share counts once.
    """
    lanes = window.lanes()
    return {actor: _covered(window, own) / window.seconds for actor, own in lanes.items()}


def _covered(window: Window, spans: Iterable[Span]) -> float:
    """Seconds of the window in which any of the spans, given by their start, is no idle one."""
    covered, until = 0.0, window.start_s
    for span in spans:
        end_s = min(span.end_s, window.end_s)
        if span.activity not in IDLE and end_s > until:
            covered += end_s - max(span.start_s, until)
            until = end_s
    return covered
