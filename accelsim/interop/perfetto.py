"""Traces as Chrome's trace events, which https://ui.perfetto.dev and chrome://tracing draw.

    a thread for each actor     Array2D, Array1D, DRAM;  H100 0, H20 1
    a slice for each interval   named after its Einsum; `cat` says what is done for it (work, load)
    a slice for each span       named after its label, or its activity, which is also its `cat`
    ts, dur                     microseconds: cycles / clock_hz * 1e6, or seconds * 1e6

Format: "Trace Event Format", Google, 2016: an object with `traceEvents`.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from accelsim.base.files import atomic_path
from accelsim.sim.timeline import Span, Window
from accelsim.sim.trace import Interval, Trace

PROCESS = 1
US_PER_S = 1e6
Event = dict[str, Any]


def write_trace_events(trace: Trace, clock_hz: float, path: str | Path) -> Path:
    """The trace of a machine as a file, whole or not at all."""
    return _write(trace_events(trace, clock_hz), path)


def write_span_events(window: Window, path: str | Path) -> Path:
    """What a system did in a window as a file, whole or not at all."""
    return _write(span_events(window), path)


def trace_events(trace: Trace, clock_hz: float) -> Iterator[Event]:
    """The names of the actors, in the order in which they first act, then the intervals."""
    threads = _threads(interval.actor for interval in trace.intervals)
    yield from _names(threads)
    for interval in trace.intervals:
        yield _interval(interval, threads[interval.actor], US_PER_S / clock_hz)


def span_events(window: Window) -> Iterator[Event]:
    """The names of the actors, in the order of the lanes, then the spans, at the run's times."""
    threads = _threads(window.lanes())
    yield from _names(threads)
    for span in window.spans:
        yield _span(span, threads[span.actor])


def _interval(interval: Interval, thread: int, us_per_cycle: float) -> Event:
    subject = interval.subject
    arguments = {
        "activity": interval.activity,
        "step": subject.step,
        "phase": subject.phase,
        "tile": subject.tile,
        "start_cycles": interval.start,
        "end_cycles": interval.end,
    }
    start_us, long_us = interval.start * us_per_cycle, interval.cycles * us_per_cycle
    return _slice(thread, subject.einsum, interval.activity, start_us, long_us, arguments)


def _span(span: Span, thread: int) -> Event:
    arguments = {
        "activity": span.activity,
        "batch": span.batch,
        "start_s": span.start_s,
        "end_s": span.end_s,
    }
    start_us, long_us = span.start_s * US_PER_S, span.seconds * US_PER_S
    return _slice(thread, span.label or span.activity, span.activity, start_us, long_us, arguments)


# --- events ---------------------------------------------------------------------------------------


def _write(events: Iterable[Event], path: str | Path) -> Path:
    """An event a line as it comes, so that a long trace is not held twice."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
        for number, event in enumerate(events):
            stream.write(("" if number == 0 else ",\n") + json.dumps(event))
        stream.write("\n]}\n")
    return Path(path)


def _threads(actors: Iterable[str]) -> dict[str, int]:
    """A number from 1 for each actor, in the order in which they first appear."""
    return {actor: number for number, actor in enumerate(dict.fromkeys(actors), 1)}


def _names(threads: dict[str, int]) -> Iterator[Event]:
    for actor, thread in threads.items():
        of_thread = {"ph": "M", "pid": PROCESS, "tid": thread}
        yield {"name": "thread_name", **of_thread, "args": {"name": actor}}
        yield {"name": "thread_sort_index", **of_thread, "args": {"sort_index": thread}}


def _slice(
    thread: int, name: str, category: str, start_us: float, long_us: float, arguments: Event
) -> Event:
    return {
        "name": name,
        "cat": category,
        "ph": "X",
        "pid": PROCESS,
        "tid": thread,
        "ts": start_us,
        "dur": long_us,
        "args": arguments,
    }
