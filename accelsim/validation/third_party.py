"""Attention latencies that others measured, beside ours as they timed them.

They make a call three times, replay a graph that holds it three times more, and time six further
replays, with no flush, one shape after the other: caches are warm, but the board has rested while
the shape was made, and its clock settles on what it can hold only if nine calls take long enough.
What vLLM calls attention also writes the new keys and values into the cache, a kernel of its own
before it.

    seconds = replaying a graph + Σ kernels + gaps, at the clock in the middle of the six
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import AccelsimError
from accelsim.cost.gpu.cache_update import CacheUpdateWork
from accelsim.cost.gpu.call import works_of
from accelsim.cost.gpu.composed import actions_of
from accelsim.cost.gpu.power import clock_under_load_hz, sustained_clock_hz, within_peak_hz
from accelsim.cost.gpu.work import Work
from accelsim.validation.aiconfigurator import Row
from accelsim.workload.calls import Call, Sdpa

LONG_PROMPT = 512

CALLS_BEFORE = 9
"""Before the middle of those that are timed: three and three to warm up, and half of six."""


@dataclass(frozen=True)
class Error:
    """Predicted / measured - 1 of one row; nothing where no kernel is known for it."""

    row: Row
    predicted_ms: float | None

    @property
    def relative(self) -> float | None:
        return None if self.predicted_ms is None else self.predicted_ms / self.row.ms - 1


@dataclass(frozen=True)
class Verdict:
    """Of a kind of rows: how many, mean absolute error, 95th percentile, bias."""

    kind: str
    rows: int
    mean: float
    p95: float
    bias: float


KINDS: dict[str, Callable[[Row], bool]] = {
    "prefill of 512 tokens and more": lambda row: _prompt(row) >= LONG_PROMPT,
    "prefill, all": lambda row: row.phase == "prefill",
    "decode": lambda row: row.phase == "decode",
}


def errors_of(
    rows: Iterable[Row], gpu: Gpu, advance: Callable[[Row], None] = lambda row: None
) -> list[Error]:
    """Every row with its prediction."""
    found = []
    for row in rows:
        found.append(Error(row, _predicted_ms(row.call, gpu)))
        advance(row)
    return found


def verdicts_of(errors: Sequence[Error]) -> list[Verdict]:
    """By kind of row; kinds without rows are left out."""
    found = []
    for kind, is_in in KINDS.items():
        own = [e.relative for e in errors if is_in(e.row) and e.relative is not None]
        if own:
            sizes = np.abs(own)
            p95 = float(np.quantile(sizes, 0.95))
            found.append(Verdict(kind, len(own), float(sizes.mean()), p95, float(np.mean(own))))
    return found


def _prompt(row: Row) -> int:
    return row.call.p if row.phase == "prefill" and isinstance(row.call, Sdpa) else 0


def _predicted_ms(call: Call, gpu: Gpu) -> float | None:
    try:
        works = (*_cache_update(call, gpu), *works_of(call, gpu))
    except AccelsimError:
        # No kernel of the backend takes such a head; the row counts as not predicted.
        return None

    replay_s = float(gpu.launch.replay_s)
    starts_s = replay_s + (len(works) - 1) * float(gpu.launch.back_to_back_s)

    def seconds_at(clock_hz: float) -> float:
        return starts_s + sum(work.times(clock_hz, False).seconds for work in works)

    actions = actions_of(works, cold=False)
    settled = sustained_clock_hz(gpu, actions, seconds_at)
    under_load = clock_under_load_hz(gpu, settled, CALLS_BEFORE * seconds_at(settled))
    clock_hz = within_peak_hz(gpu, actions, seconds_at, replay_s, under_load)
    return seconds_at(clock_hz) * 1e3


def _cache_update(call: Call, gpu: Gpu) -> tuple[Work, ...]:
    return (CacheUpdateWork(call, gpu),) if isinstance(call, Sdpa) else ()
