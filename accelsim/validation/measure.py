"""Cases → a CSV of measurements, a row a case; what stands in the file already is not run again.

kernel, params            the case, as its file has it
ms, min_ms, max_ms, runs  one call with cold caches: median, least, most, of so many runs
sustained_ms, sustained_clock_mhz, sustained_mj
                          a call of many back to back, for calls of 20 us and more
launches                  the kernels it was made of, as JSON
error                     why the case could not be run; all else is empty then
device, driver, torch, date
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError
from accelsim.validation.board import Board, board_of
from accelsim.validation.gpu_timing import Timer, burst, sustained, timer_of
from accelsim.validation.launches import launches
from accelsim.validation.microbenchmarks import MICROBENCHMARKS, prepared_microbenchmark
from accelsim.validation.rows import Appended, append_rows, row_error
from accelsim.validation.torch_calls import Run, prepared
from accelsim.workload.calls import KERNELS, Call, Case

MEASURED_KERNELS: Mapping[str, type[Call]] = {**KERNELS, **MICROBENCHMARKS}

SUSTAINED_FROM_MS = 0.020

COLUMNS = (
    "kernel",
    "params",
    "ms",
    "min_ms",
    "max_ms",
    "runs",
    "sustained_ms",
    "sustained_clock_mhz",
    "sustained_mj",
    "launches",
    "error",
    "device",
    "driver",
    "torch",
    "date",
)


@dataclass(frozen=True)
class Bench:
    """A device to measure on, and what its rows say of it."""

    device: str
    timer: Timer
    board: Board
    about: Mapping[str, str]


def bench_of(device: str) -> Bench:
    """Raises InputError if torch, or its CUDA device, is not there."""
    about = about_of(device)
    return Bench(device, timer_of(device), board_of(device), about)


def about_of(device: str) -> Mapping[str, str]:
    """What rows say of a device: its name, driver, torch and today's date.

    Raises InputError if torch, or its CUDA device, is not there.
    """
    try:
        import torch
    except ImportError as error:
        raise InputError("torch is not installed", remedy="pip install torch") from error
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("torch sees no CUDA device", remedy="Measure with --device cpu")
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else _processor(),
        "driver": board_of(device).driver(),
        "torch": torch.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }


def measure(
    cases: Sequence[Case],
    out: str | Path,
    bench: Bench,
    sustain_s: float = 1.0,
    advance: Callable[[Case], None] = lambda case: None,
    limit_s: float | None = None,
) -> Appended:
    """Measures what `out` does not hold yet and appends it there.

    `sustain_s` is how long calls run back to back; 0 leaves that out. After `limit_s` seconds no
    further case is begun.
    """
    return append_rows(
        cases, out, COLUMNS, lambda case: _row(case, bench, sustain_s), advance, limit_s
    )


def _row(case: Case, bench: Bench, sustain_s: float) -> dict[str, Any]:
    found = {"kernel": case.kernel, "params": case.params, **bench.about}
    try:
        return found | _measured(_prepared(case, bench.device), bench, sustain_s)
    except Exception as error:
        return found | row_error(error)
    finally:
        free(bench.device)


def _measured(run: Run, bench: Bench, sustain_s: float) -> dict[str, Any]:
    alone = burst(run, bench.timer)
    found = asdict(alone)
    if sustain_s and alone.ms >= SUSTAINED_FROM_MS:
        steady = sustained(run, alone.ms, bench.timer, bench.board, sustain_s)
        found |= {f"sustained_{name}": value for name, value in asdict(steady).items()}
    if bench.device == "cuda":
        found["launches"] = json.dumps(launches(run))
    return {name: short(value) for name, value in found.items()}


def short(value: Any) -> Any:
    """A time with the digits that mean something; all else as it is."""
    return f"{value:.6g}" if isinstance(value, float) else value


def _prepared(case: Case, device: str) -> Run:
    prepare = prepared_microbenchmark if case.kernel in MICROBENCHMARKS else prepared
    return prepare(case.call, device)


def free(device: str) -> None:
    """What a case held, so that the next one has the whole memory."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
        torch.cuda.empty_cache()


def _processor() -> str:
    import platform

    return platform.processor() or platform.machine()
