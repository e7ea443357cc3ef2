"""What a GPU's board says of itself while it works: energy drawn, clock, driver (NVML).

A watch reads it from a thread of its own, at times that have nothing to do with what the device is
doing: a clock that is read whenever a kernel has just ended is the clock of an idle moment. The
energy counter ticks about ten times a second: power is the slope between two ticks, far apart.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

BETWEEN_READINGS_S = 0.007


@dataclass(frozen=True)
class Reading:
    """At `time_s`: energy drawn since the driver was loaded, and the clock of the SMs."""

    time_s: float
    energy_mj: float
    clock_mhz: float


class Board(Protocol):
    """A board that can be read; the CPU's says nothing."""

    def read(self, time_s: float) -> Reading | None: ...

    def driver(self) -> str: ...


class NoBoard:
    """Where there is no NVML."""

    def read(self, time_s: float) -> Reading | None:
        return None

    def driver(self) -> str:
        return ""


class NvidiaBoard:
    """The board of torch's current CUDA device."""

    def __init__(self) -> None:
        import pynvml
        import torch

        pynvml.nvmlInit()
        self._nvml: Any = pynvml
        uuid = f"GPU-{torch.cuda.get_device_properties(0).uuid}"
        self._handle: Any = pynvml.nvmlDeviceGetHandleByUUID(uuid)

    def read(self, time_s: float) -> Reading | None:
        clock = self._nvml.nvmlDeviceGetClockInfo(self._handle, self._nvml.NVML_CLOCK_SM)
        energy = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)
        return Reading(time_s, float(energy), float(clock))

    def driver(self) -> str:
        return str(self._nvml.nvmlSystemGetDriverVersion())


def board_of(device: str) -> Board:
    """The device's board; where NVML cannot be loaded, one that says nothing."""
    if device != "cuda":
        return NoBoard()
    try:
        return NvidiaBoard()
    except Exception:
        # No pynvml, no permission, no such function: times are still worth having.
        return NoBoard()


@dataclass
class Watch:
    """What was read while it ran."""

    readings: list[Reading] = field(default_factory=list)


@contextmanager
def watched(board: Board) -> Iterator[Watch]:
    """Reads the board in the background until the block ends."""
    watch, ended = Watch(), threading.Event()

    def read_on() -> None:
        while not ended.wait(BETWEEN_READINGS_S):
            reading = board.read(time.perf_counter())
            if reading is None:
                return
            watch.readings.append(reading)

    thread = threading.Thread(target=read_on, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


def mean_power_w(readings: Sequence[Reading]) -> float | None:
    """Slope of the energy counter between its first and its last tick."""
    ticks = [after for before, after in pairwise(readings) if after.energy_mj != before.energy_mj]
    if len(ticks) < 3:
        return None
    first, last = ticks[0], ticks[-1]
    return (last.energy_mj - first.energy_mj) * 1e-3 / (last.time_s - first.time_s)


def mean_clock_mhz(readings: Sequence[Reading]) -> float | None:
    clocks = [reading.clock_mhz for reading in readings]
    return sum(clocks) / len(clocks) if clocks else None
