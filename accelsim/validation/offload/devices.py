"""Two devices side by side: work on both, recorded once and replayed, and how long it took.

A piece of work is a function that starts kernels and copies on the first device, the second, or
both. It is recorded as one CUDA graph over both devices, so that Python does not set the pace;
what cannot be recorded is started from Python while the first device waits. Events on the first
device enclose each run, which a wait precedes that is long enough for the host to queue it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, NamedTuple, Protocol

from accelsim.base.errors import InputError
from accelsim.validation.gpu_timing import Stopwatch
from accelsim.validation.torch_calls import Run

CYCLES_A_SECOND = 2e9
"""Of the fastest SMs: at a lower clock the wait is longer, which does no harm."""
SLACK_S = 200e-6
LONGEST_WAIT_S = 0.02
RESERVE_BYTES = 2**30
"""What libraries take beside the tensors: workspaces, the partial results of split attention."""


class Recorded(NamedTuple):
    """Work that can be run again, how it is (`graph`, `queue` or `call`), and what it returned."""

    run: Run
    form: str
    result: Any


class Pair(Stopwatch, Protocol):
    """The first device and, if there is one, the second."""

    first: str

    @property
    def second(self) -> str:
        """An InputError if there is none."""

    @property
    def l2_bytes(self) -> int:
        """The second-level cache of a device."""

    @property
    def peer_access(self) -> bool:
        """Whether each can address the other's memory; copies go through the host's if not."""

    def free_bytes(self, device: str) -> int:
        """What can be allocated there."""

    def queued(self, work: Run) -> Run:
        """The work, started anew each time."""

    def recorded(self, work: Run) -> Recorded:
        """The work, started once and from then on replayed, until the next is recorded."""

    def aside(self) -> AbstractContextManager[None]:
        """Within recorded work: what runs beside the rest."""

    def wait(self) -> None:
        """Until both devices have nothing left to do."""


class CudaPair:
    """The first two CUDA devices, or the only one."""

    def __init__(self) -> None:
        import torch

        self._torch: Any = torch
        self._names = [f"cuda:{number}" for number in range(min(2, torch.cuda.device_count()))]
        self._main = [torch.cuda.Stream(name) for name in self._names]
        self._beside = [torch.cuda.Stream(name) for name in self._names]
        self.first = self._names[0]

    @property
    def second(self) -> str:
        if len(self._names) < 2:
            raise InputError("torch sees one CUDA device, and this takes two")
        return self._names[1]

    @property
    def l2_bytes(self) -> int:
        return int(self._torch.cuda.get_device_properties(0).L2_cache_size)

    @property
    def peer_access(self) -> bool:
        return bool(self._torch.cuda.can_device_access_peer(self.first, self.second))

    def free_bytes(self, device: str) -> int:
        cuda = self._torch.cuda
        cached = cuda.memory_reserved(device) - cuda.memory_allocated(device)
        return int(cuda.mem_get_info(device)[0] + cached) - RESERVE_BYTES

    def queued(self, work: Run) -> Run:
        def run() -> Any:
            with self._current(self._main):
                return work()

        return run

    def recorded(self, work: Run) -> Recorded:
        # Twice: libraries set themselves up and the peers open their memory to each other.
        for _ in range(2):
            result = self.queued(lambda: self._enclosed(work))()
            self.wait()
        try:
            graph, result = self._graph(work)
        except Exception as error:
            # Not every version of driver and torch records over two devices.
            self.wait()
            why = " ".join(str(error).split())[:80]
            return Recorded(self.queued(lambda: self._enclosed(work)), f"queue ({why})", result)
        return Recorded(self.queued(graph.replay), "graph", result)

    @contextmanager
    def aside(self) -> Iterator[None]:
        with self._current(self._beside):
            yield

    def wait(self) -> None:
        for name in self._names:
            self._torch.cuda.synchronize(name)

    def times_ms(self, run: Run, runs: int) -> list[float]:
        cycles = round(CYCLES_A_SECOND * self._host_s(run))
        times = []
        for _ in range(runs):
            marks = [self._torch.cuda.Event(enable_timing=True) for _ in range(2)]
            with self._torch.cuda.stream(self._main[0]):
                self._torch.cuda._sleep(cycles)
            marks[0].record(self._main[0])
            run()
            marks[1].record(self._main[0])
            self.wait()
            times.append(float(marks[0].elapsed_time(marks[1])))
        return times

    def _host_s(self, run: Run) -> float:
        """More than the host needs to queue the run."""
        self.wait()
        start = time.perf_counter()
        run()
        taken_s = time.perf_counter() - start
        self.wait()
        return min(LONGEST_WAIT_S, 2 * taken_s + SLACK_S)

    @contextmanager
    def _current(self, streams: Sequence[Any]) -> Iterator[None]:
        """The streams that torch's calls go to; the first device is the current one."""
        with ExitStack() as stack:
            for stream in reversed(streams):
                stack.enter_context(self._torch.cuda.stream(stream))
            yield

    def _enclosed(self, work: Run) -> Any:
        """The other streams begin after the first and end before it."""
        head, *others = [*self._main, *self._beside]
        for stream in others:
            stream.wait_stream(head)
        result = work()
        for stream in others:
            head.wait_stream(stream)
        return result

    def _graph(self, work: Run) -> tuple[Any, Any]:
        cuda = self._torch.cuda
        graph = cuda.CUDAGraph()
        # "relaxed": the second device's memory is not of the graph's pool, and allocated meanwhile.
        with (
            self._current(self._main),
            cuda.graph(graph, stream=self._main[0], capture_error_mode="relaxed"),
        ):
            result = self._enclosed(work)
        return graph, result


class CpuPair:
    """The processor in the place of both devices: it tries the harness out."""

    first = second = "cpu"
    l2_bytes = 0
    peer_access = True

    def free_bytes(self, device: str) -> int:
        import os

        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")

    def queued(self, work: Run) -> Run:
        return work

    def recorded(self, work: Run) -> Recorded:
        return Recorded(work, "call", work())

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def wait(self) -> None:
        pass

    def times_ms(self, run: Run, runs: int) -> list[float]:
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        return times


def random_source(device: str) -> Any:
    """Random numbers, the same each time. Not torch's own source: a graph that could not be
    recorded leaves that one unusable."""
    import torch

    return torch.Generator(device).manual_seed(0)


def pair_of(device: str) -> Pair:
    return _PAIRS[device]()


_PAIRS: dict[str, Callable[[], Pair]] = {"cuda": CudaPair, "cpu": CpuPair}
