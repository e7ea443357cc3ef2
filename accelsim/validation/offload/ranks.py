"""Two processes, one a device, that time what they do together: NCCL, or gloo on the processor.

They start when they are first asked and end with `close`. If they do not answer in time they are
ended, and asking again says so at once. A message or an all-reduce alone, and many one after the
other; a message also to and fro. Before each run both processes meet, and the devices wait until
Python has queued all of it.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from multiprocessing import get_context
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from accelsim.base.errors import InputError
from accelsim.validation.offload.link import copies_in_a_chain
from accelsim.validation.torch_calls import Run

ANSWER_S = 60.0
END_S = 5.0
WARM_UP_RUNS = 3
RUNS = 12
QUEUE_CYCLES_A_CALL = 400_000
"""0.2 ms: Python starts a message and its answer in half of that."""
MULTICAST_OFF = {
    "NCCL_NVLS_ENABLE": "0",
    "NVSHMEM_DISABLE_NVLS": "1",
    "TORCH_SYMM_MEM_DISABLE_MULTICAST": "1",
}
"""NVLink multicast reserves what all GPUs of a host share; two of them gain nothing by it."""


class Ranks:
    """The two processes, or none yet."""

    def __init__(self, device: str, answer_s: float = ANSWER_S) -> None:
        self._device = device
        self._answer_s = answer_s
        self._processes: list[Any] = []
        self._pipes: list[Any] = []
        self._folder: TemporaryDirectory[str] | None = None
        self._failed = ""

    def ask(self, kernel: str, size_bytes: int) -> dict[str, Any]:
        """Times at the second process, the one that receives; an InputError if they fail."""
        if self._failed:
            raise InputError(f"the processes failed before: {self._failed}")
        if not self._processes:
            self._start()
        for pipe in self._pipes:
            # One that has ended says so when it is to answer.
            with suppress(OSError):
                pipe.send((kernel, size_bytes))
        return self._answers()[-1]

    def close(self) -> None:
        """Ends the processes; the next `ask` starts them again."""
        for pipe in self._pipes:
            with suppress(OSError):
                pipe.send(None)
        self._end(END_S)

    def _start(self) -> None:
        for name, value in MULTICAST_OFF.items():
            os.environ.setdefault(name, value)
        context = get_context("spawn")
        self._folder = TemporaryDirectory(prefix="accelsim-")
        meeting = f"file://{self._folder.name}/meeting"
        for rank in range(2):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_serve, args=(rank, self._device, meeting, theirs), daemon=True
            )
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)

    def _answers(self) -> list[dict[str, Any]]:
        until = time.perf_counter() + self._answer_s
        answers = [_answer(pipe, until) for pipe in self._pipes]
        wrong = [answer["error"] for answer in answers if "error" in answer]
        if wrong:
            self._failed = wrong[0]
            self._end(0.0)
            raise InputError(f"the processes failed: {self._failed}")
        return answers

    def _end(self, patience_s: float) -> None:
        for process in self._processes:
            process.join(patience_s)
            if process.is_alive():
                process.kill()
                process.join()
        for pipe in self._pipes:
            pipe.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._processes, self._pipes, self._folder = [], [], None


def _answer(pipe: Any, until: float) -> dict[str, Any]:
    """What a process says before that time; its silence and its end are errors too."""
    try:
        if pipe.poll(max(0.0, until - time.perf_counter())):
            found: dict[str, Any] = pipe.recv()
            return found
        return {"error": "no answer in time"}
    except (EOFError, OSError):
        return {"error": "a process ended"}


def _serve(rank: int, device: str, meeting: str, pipe: Any) -> None:
    """The life of one process: answers until None is asked."""
    import torch
    from torch import distributed

    try:
        clock = _clock_of(device, rank)
        distributed.init_process_group(
            "nccl" if device == "cuda" else "gloo",
            init_method=meeting,
            rank=rank,
            world_size=2,
            timeout=timedelta(seconds=ANSWER_S),
            device_id=torch.device(clock.device) if device == "cuda" else None,
        )
        while (asked := pipe.recv()) is not None:
            kernel, size_bytes = asked
            pipe.send(_timed(kernel, size_bytes, rank, clock))
    except Exception as error:
        pipe.send({"error": str(error) or repr(error)})
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _timed(kernel: str, size_bytes: int, rank: int, clock: Any) -> dict[str, Any]:
    import torch

    data = torch.empty(max(1, size_bytes // 2), dtype=torch.bfloat16, device=clock.device)
    call, back = _calls(kernel, data, rank)
    many = copies_in_a_chain(size_bytes)
    alone = clock.times_ms(call, 1, data)
    parts = {"back_to_back_ms": median(clock.times_ms(call, many, data)) / many}
    if back is not None:
        trips = clock.times_ms(lambda: (call(), back()), many, data)
        parts["half_round_trip_ms"] = median(trips) / (2 * many)
    times = {"ms": median(alone), "min_ms": min(alone), "max_ms": max(alone), "runs": len(alone)}
    return {**times, "parts": parts}


def _calls(kernel: str, data: Any, rank: int) -> tuple[Run, Run | None]:
    """What this process does in a call, and on the way back of a message."""
    from torch import distributed

    if kernel == "all_reduce":
        return lambda: distributed.all_reduce(data), None

    def send() -> None:
        distributed.send(data, 1 - rank)

    def receive() -> None:
        distributed.recv(data, 1 - rank)

    return (receive, send) if rank else (send, receive)


class _CudaClock:
    """Events of the process's device."""

    def __init__(self, rank: int) -> None:
        import torch

        torch.cuda.set_device(rank)
        self._torch: Any = torch
        self.device = f"cuda:{rank}"

    def times_ms(self, call: Run, calls: int, data: Any) -> list[float]:
        def once() -> float:
            # Sums of sums would grow beyond all numbers.
            data.normal_()
            self._torch.distributed.barrier()
            self._torch.cuda._sleep((calls + 1) * QUEUE_CYCLES_A_CALL)
            # The first call waits for the other process; the others do not.
            call()
            first = self._mark()
            for _ in range(calls):
                call()
            last = self._mark()
            self._torch.cuda.synchronize()
            return float(first.elapsed_time(last))

        return _after_warm_up(once)

    def _mark(self) -> Any:
        event = self._torch.cuda.Event(enable_timing=True)
        event.record()
        return event


class _CpuClock:
    """The processor's."""

    device = "cpu"

    def times_ms(self, call: Run, calls: int, data: Any) -> list[float]:
        from torch import distributed

        def once() -> float:
            data.normal_()
            distributed.barrier()
            start = time.perf_counter()
            for _ in range(calls):
                call()
            return (time.perf_counter() - start) * 1e3

        return _after_warm_up(once)


def _clock_of(device: str, rank: int) -> Any:
    return _CudaClock(rank) if device == "cuda" else _CpuClock()


def _after_warm_up(once: Callable[[], float]) -> list[float]:
    return [once() for _ in range(WARM_UP_RUNS + RUNS)][WARM_UP_RUNS:]
