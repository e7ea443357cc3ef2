"""A function of many things on all cores, with results in order as they come."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORTH_IT = 24
"""With fewer things, starting processes takes longer than they save."""


def each_of(function: Callable[[T], R], things: Sequence[T]) -> Iterator[R]:
    """`map`, on as many processes as there are cores. Ctrl-C, or no longer asking, ends them; the
    results until then are there."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if len(things) < WORTH_IT or (cores or 1) < 2:
        yield from map(function, things)
        return
    # Spawned, so that no thread of ours is copied half way.
    with get_context("spawn").Pool(cores, _leave_interrupts_to_the_parent) as pool:
        yield from pool.imap(function, things)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
