"""Where requests come from: a recorded or a described trace, and when each of them arrives.

    requests = poisson(first(read_trace("azure_conv"), 1000), rate_per_s=4, seed=0)

Sources are iterators over iterators: none holds more than a block of requests at a time. A source
tells when requests arrive whatever the system does, except a `ClosedLoop`, whose clients wait for
their answers.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from accelsim.base.catalogue import find
from accelsim.base.errors import InputError
from accelsim.base.record import read_record, refuse_another_kind
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.sim.request import Request
from accelsim.sim.request_csv import trace_requests
from accelsim.sim.request_lengths import RequestTrace, generated

__all__ = [
    "ClosedLoop",
    "Request",
    "at_once",
    "first",
    "generated",
    "load_trace",
    "poisson",
    "read_arrival_rate",
    "read_request_trace",
    "read_trace",
    "trace_requests",
]

BLOCK = 1024
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_RATE = re.compile(rf"\s*([0-9.eE+-]+)\s*/\s*({'|'.join(SECONDS)})\s*")


def read_trace(
    name_or_path: str | Path, *, requests: int | None = None, seed: int = 0
) -> Iterator[Request]:
    """The first requests of a trace: a CSV file, or a description of a shelf name or in YAML.

    A described trace has as many requests as are asked for, or as its `requests` says; a recorded
    one ends with its file.
    """
    if _is_recorded(name_or_path):
        return first(trace_requests(name_or_path), requests)
    spec = load_trace(name_or_path)
    return generated(spec, spec.requests if requests is None else requests, seed)


def load_trace(name_or_path: str | Path) -> RequestTrace:
    """The description of a trace: `load_trace("azure_conv")`."""
    return read_request_trace(read_yaml(find(name_or_path, "traces")))


def read_request_trace(node: Node) -> RequestTrace:
    refuse_another_kind(node, RequestTrace, "prompt")
    return read_record(node, RequestTrace)


def _is_recorded(name_or_path: str | Path) -> bool:
    path = Path(name_or_path)
    return path.suffix not in (".yaml", ".yml") and (path.suffix == ".csv" or path.is_file())


# --- when they arrive -----------------------------------------------------------------------------


def poisson(requests: Iterable[Request], rate_per_s: float, seed: int = 0) -> Iterator[Request]:
    """The requests in their order, arriving at random: gaps are exponential with mean 1 / rate."""
    stream = np.random.default_rng(seed)
    now_s, source = 0.0, iter(requests)
    while block := list(islice(source, BLOCK)):
        gaps = stream.exponential(1 / rate_per_s, BLOCK)
        for request, gap in zip(block, gaps.tolist(), strict=False):
            now_s += gap
            yield request._replace(arrived_s=now_s)


def at_once(requests: Iterable[Request]) -> Iterator[Request]:
    """All at time 0: what a rate of `inf` means."""
    return (request._replace(arrived_s=0.0) for request in requests)


def first(requests: Iterable[Request], n: int | None) -> Iterator[Request]:
    """The first `n`, or as many as there are; all without `n`."""
    return islice(requests, n)


@dataclass(frozen=True)
class ClosedLoop:
    """So many clients, each of which asks, waits for the answer, thinks, and asks again.

    The requests are dealt to whoever is next; when they arrive in their trace does not matter.
    """

    requests: Iterator[Request]
    clients: int
    think_s: float = 0.0

    def begin(self) -> list[Request]:
        """The first request of every client, at time 0."""
        return list(at_once(first(self.requests, self.clients)))

    def next_after(self, finished_s: float) -> Request | None:
        """What the client asks next whose answer was complete at `finished_s`; None at the end."""
        request = next(self.requests, None)
        return request and request._replace(arrived_s=finished_s + self.think_s)


def read_arrival_rate(text: str) -> float:
    """Requests a second: `4/s` is 4, `240/min` is 4, `inf` all at once; above 0."""
    if text.strip() == "inf":
        return math.inf
    match = _RATE.fullmatch(text) if len(text) <= 40 else None
    try:
        number = float(match[1]) if match else math.nan
    except ValueError:
        number = math.nan
    if match is None or not (0 < number < math.inf):
        fact = f"{text[:40]!r} is no rate of arrivals"
        raise InputError(fact, remedy="write it like '4/s', '240/min' or 'inf', above 0")
    return number / SECONDS[match[2]]
