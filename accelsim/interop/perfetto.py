"""A trace as Chrome's trace events, which https://ui.perfetto.dev and chrome://tracing draw.

    a thread for each actor     Array2D, Array1D, DRAM
    a slice for each interval   named after its Einsum; `cat` says what is done for it (work, load)
    ts, dur                     microseconds: cycles / clock_hz * 1e6

Format: "Trace Event Format", Google, 2016: an object with `traceEvents`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accelsim.base.files import atomic_path
from accelsim.sim.trace import Interval, Trace

PROCESS = 1


def write_trace_events(trace: Trace, clock_hz: float, path: str | Path) -> Path:
    """The file, whole or not at all; an event a line, so that a long trace is not held twice."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
        for number, event in enumerate(trace_events(trace, clock_hz)):
            stream.write(("" if number == 0 else ",\n") + json.dumps(event))
        stream.write("\n]}\n")
    return Path(path)


def trace_events(trace: Trace, clock_hz: float) -> Iterator[dict[str, Any]]:
    """The names of the actors, in the order in which they first act, then the intervals."""
    actors = dict.fromkeys(interval.actor for interval in trace.intervals)
    threads = {actor: number for number, actor in enumerate(actors, 1)}
    for actor, thread in threads.items():
        of_thread = {"ph": "M", "pid": PROCESS, "tid": thread}
        yield {"name": "thread_name", **of_thread, "args": {"name": actor}}
        yield {"name": "thread_sort_index", **of_thread, "args": {"sort_index": thread}}
    for interval in trace.intervals:
        yield _slice(interval, threads[interval.actor], 1e6 / clock_hz)


def _slice(interval: Interval, thread: int, us_per_cycle: float) -> dict[str, Any]:
    subject = interval.subject
    return {
        "name": subject.einsum,
        "cat": interval.activity,
        "ph": "X",
        "pid": PROCESS,
        "tid": thread,
        "ts": interval.start * us_per_cycle,
        "dur": interval.cycles * us_per_cycle,
        "args": {
            "activity": interval.activity,
            "step": subject.step,
            "phase": subject.phase,
            "tile": subject.tile,
            "start_cycles": interval.start,
            "end_cycles": interval.end,
        },
    }
