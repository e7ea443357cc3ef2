"""Attention latencies that others measured, beside ours as they timed them.

They replay a graph that holds one call, three times to warm up and six times to time it, with no
flush, one shape after the other: caches are warm, and so is the board, whose clock is taken to be
the one that it can hold. What vLLM calls attention also writes the new keys and values into the
cache, a kernel of its own before it.

    seconds = launch floor + Σ kernels + gaps between them
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import AccelsimError
from accelsim.cost.gpu.call import works_of
from accelsim.cost.gpu.composed import actions_of
from accelsim.cost.gpu.power import sustained_clock_hz
from accelsim.cost.gpu.unfused import StreamWork
from accelsim.cost.gpu.work import Work
from accelsim.validation.aiconfigurator import Row
from accelsim.workload.calls import WORD_BYTES, Call, Sdpa

LONG_PROMPT = 512


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

    def seconds_at(clock_hz: float) -> float:
        starts = gpu.launch.floor_s + (len(works) - 1) * gpu.launch.back_to_back_s
        return starts + sum(work.times(clock_hz, False).seconds for work in works)

    return seconds_at(sustained_clock_hz(gpu, actions_of(works, cold=False), seconds_at)) * 1e3


def _cache_update(call: Call, gpu: Gpu) -> tuple[Work, ...]:
    """New keys and values are read and written into the cache."""
    if not isinstance(call, Sdpa):
        return ()
    moved = 2.0 * call.b * call.g * call.p * call.e * WORD_BYTES[call.dtype]
    return (StreamWork("cache update", moved, moved, gpu),)
