"""How long a call takes on a device: alone with cold caches, and back to back.

alone      The call runs inside a burst of some tens of milliseconds, after a warm-up; before each
           run a buffer larger than the L2 cache is overwritten. Median, least and most of at least
           ten runs, by CUDA events that enclose the call alone.
sustained  The call runs back to back for more than a second. After a settling time: time and
           energy per call and the mean clock of the SMs. Short calls are replayed from a CUDA
           graph, so that Python does not set the pace.

On the CPU a clock takes the place of the events, and nothing is known of energy and clock.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

from accelsim.validation.board import Board, mean_clock_mhz, mean_power_w, watched
from accelsim.validation.torch_calls import Run

BURST_MS = 30.0
WARM_UP_MS = 15.0
FEWEST_RUNS = 10
MOST_RUNS = 60
FLUSH_BYTES = 256 * 2**20
QUEUE_CYCLES_A_RUN = 150_000
SETTLING_S = 0.25
CHUNK_MS = 12.0
MOST_CALLS_A_GRAPH = 400
GRAPH_BELOW_MS = 1.0
FEWEST_MARKS = 3


@dataclass(frozen=True)
class Burst:
    """Times in ms of runs with cold caches."""

    ms: float
    min_ms: float
    max_ms: float
    runs: int


@dataclass(frozen=True)
class Sustained:
    """Per call, back to back; None where the board does not tell."""

    ms: float
    clock_mhz: float | None
    mj: float | None


class Stopwatch(Protocol):
    """What tells how long runs took."""

    def times_ms(self, run: Run, runs: int) -> list[float]:
        """Of each run."""


class Timer(Stopwatch, Protocol):
    """A device that runs calls, each with cold caches, and tells how long they took."""

    def chunk(self, run: Run, calls: int) -> Callable[[], Any]:
        """A function that starts this many calls and returns a mark of their end."""

    def wait(self, mark: Any) -> None:
        """Until all calls before the mark have ended."""

    def between_ms(self, first: Any, last: Any) -> float:
        """From one mark to another."""


def burst(run: Run, timer: Stopwatch) -> Burst:
    """The call alone."""
    once = min(timer.times_ms(run, 3))
    timer.times_ms(run, _runs(once, WARM_UP_MS, 1, MOST_RUNS))
    times = timer.times_ms(run, _runs(once, BURST_MS, FEWEST_RUNS, MOST_RUNS))
    return Burst(median(times), min(times), max(times), len(times))


def sustained(run: Run, once_ms: float, timer: Timer, board: Board, seconds: float) -> Sustained:
    """The call back to back for so many seconds after it has settled."""
    calls = max(1, min(MOST_CALLS_A_GRAPH, round(CHUNK_MS / once_ms)))
    start_chunk = timer.chunk(run, calls)
    _chunks(start_chunk, timer, SETTLING_S)
    with watched(board) as watch:
        marks = _chunks(start_chunk, timer, seconds)
    each_ms = timer.between_ms(marks[0], marks[-1]) / ((len(marks) - 1) * calls)
    power_w = mean_power_w(watch.readings)
    mj = None if power_w is None else power_w * each_ms
    return Sustained(each_ms, mean_clock_mhz(watch.readings), mj)


def _chunks(start_chunk: Callable[[], Any], timer: Timer, seconds: float) -> list[Any]:
    """The marks of chunks that run one after the other for so long."""
    until = time.perf_counter() + seconds
    marks: list[Any] = []
    # Two chunks wait on the device while the end of a third is awaited: it never runs dry.
    under_way = deque(start_chunk() for _ in range(2))
    while len(marks) < FEWEST_MARKS or time.perf_counter() < until:
        under_way.append(start_chunk())
        marks.append(under_way.popleft())
        timer.wait(marks[-1])
    timer.wait(under_way[-1])
    return marks


def _runs(once_ms: float, total_ms: float, fewest: int, most: int) -> int:
    return max(fewest, min(most, round(total_ms / max(once_ms + 0.1, 1e-3))))


class CudaTimer:
    """torch's current CUDA device."""

    def __init__(self) -> None:
        import torch

        self._torch: Any = torch
        self._flushed = torch.empty(FLUSH_BYTES, dtype=torch.int8, device="cuda")

    def times_ms(self, run: Run, runs: int) -> list[float]:
        marks = []
        # While the device waits, Python queues the runs: it would not keep up with short ones.
        self._torch.cuda._sleep(runs * QUEUE_CYCLES_A_RUN)
        for _ in range(runs):
            self._flushed.zero_()
            first = self._mark()
            run()
            marks.append((first, self._mark()))
        self._torch.cuda.synchronize()
        return [self.between_ms(*pair) for pair in marks]

    def chunk(self, run: Run, calls: int) -> Callable[[], Any]:
        many = self._graph(run, calls) if calls > CHUNK_MS / GRAPH_BELOW_MS else None

        def start() -> Any:
            if many is not None:
                many.replay()
            else:
                for _ in range(calls):
                    run()
            return self._mark()

        return start

    def wait(self, mark: Any) -> None:
        mark.synchronize()

    def between_ms(self, first: Any, last: Any) -> float:
        return float(first.elapsed_time(last))

    def _mark(self) -> Any:
        event = self._torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def _graph(self, run: Run, calls: int) -> Any | None:
        graph = self._torch.cuda.CUDAGraph()
        try:
            with self._torch.cuda.graph(graph):
                for _ in range(calls):
                    run()
        except Exception:
            # Some calls cannot be captured (they synchronize); they run one by one.
            self._torch.cuda.synchronize()
            return None
        return graph


class CpuTimer:
    """The processor this runs on."""

    def times_ms(self, run: Run, runs: int) -> list[float]:
        times = []
        for _ in range(runs):
            first = time.perf_counter()
            run()
            times.append((time.perf_counter() - first) * 1e3)
        return times

    def chunk(self, run: Run, calls: int) -> Callable[[], Any]:
        def start() -> float:
            for _ in range(calls):
                run()
            return time.perf_counter()

        return start

    def wait(self, mark: Any) -> None:
        pass

    def between_ms(self, first: Any, last: Any) -> float:
        return float(last - first) * 1e3


def timer_of(device: str) -> Timer:
    return CudaTimer() if device == "cuda" else CpuTimer()
