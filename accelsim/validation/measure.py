"""Cases → a CSV of measurements, a row a case; what stands in the file already is not run again.

    kernel, params            the case, as its file has it
    ms, min_ms, max_ms, runs  one call with cold caches: median, least, most, of so many runs
    sustained_ms, sustained_clock_mhz, sustained_mj
                              a call of many back to back, for calls of 20 us and more
    launches                  the kernels it was made of, as JSON
    error                     why the case could not be run; all else is empty then
    device, driver, torch, date

Every row is on disk before the next case begins. A row with an error is tried again when the file
is resumed only if it is taken out of it.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from accelsim.base.errors import InputError, Place, YamlError
from accelsim.base.files import output_folder
from accelsim.validation.board import Board, board_of
from accelsim.validation.gpu_timing import Timer, burst, sustained, timer_of
from accelsim.validation.launches import launches
from accelsim.validation.microbenchmarks import MICROBENCHMARKS, prepared_microbenchmark
from accelsim.validation.torch_calls import Run, prepared
from accelsim.workload.calls import KERNELS, Call, Case

MEASURED_KERNELS: Mapping[str, type[Call]] = {**KERNELS, **MICROBENCHMARKS}

SUSTAINED_FROM_MS = 0.020
LONGEST_ERROR = 200

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


class Added(NamedTuple):
    """Rows that were added to a file: with times, and with an error."""

    measured: int
    failed: int


def bench_of(device: str) -> Bench:
    """Raises InputError if torch, or its CUDA device, is not there."""
    try:
        import torch
    except ImportError as error:
        raise InputError("torch is not installed", remedy="pip install torch") from error
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("torch sees no CUDA device", remedy="Measure with --device cpu")
    board = board_of(device)
    about = {
        "device": torch.cuda.get_device_name() if device == "cuda" else _processor(),
        "driver": board.driver(),
        "torch": torch.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }
    return Bench(device, timer_of(device), board, about)


def measure(
    cases: Sequence[Case],
    out: str | Path,
    bench: Bench,
    sustain_s: float = 1.0,
    advance: Callable[[Case], None] = lambda case: None,
) -> Added:
    """Measures what `out` does not hold yet and appends it there.

    `sustain_s` is how long calls run back to back; 0 leaves that out.
    """
    known = set(_rows_there(out))
    output_folder(Path(out).parent)
    measured = failed = 0
    with Path(out).open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if file.tell() == 0:
            writer.writeheader()
        for case in cases:
            if (case.kernel, case.params) not in known:
                row = _row(case, bench, sustain_s)
                writer.writerow(row)
                file.flush()
                known.add((case.kernel, case.params))
                failed += "error" in row
                measured += "error" not in row
            advance(case)
    return Added(measured, failed)


def _row(case: Case, bench: Bench, sustain_s: float) -> dict[str, Any]:
    found = {"kernel": case.kernel, "params": case.params, **bench.about}
    try:
        return found | _measured(_prepared(case, bench.device), bench, sustain_s)
    except Exception as error:
        # Out of memory, no kernel for these shapes, ...: a row, so that the other cases still run.
        return found | {"error": " ".join(str(error).split())[:LONGEST_ERROR] or repr(error)}
    finally:
        _free(bench.device)


def _measured(run: Run, bench: Bench, sustain_s: float) -> dict[str, Any]:
    alone = burst(run, bench.timer)
    found = asdict(alone)
    if sustain_s and alone.ms >= SUSTAINED_FROM_MS:
        steady = sustained(run, alone.ms, bench.timer, bench.board, sustain_s)
        found |= {f"sustained_{name}": value for name, value in asdict(steady).items()}
    if bench.device == "cuda":
        found["launches"] = json.dumps(launches(run))
    return {name: _short(value) for name, value in found.items()}


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def _prepared(case: Case, device: str) -> Run:
    prepare = prepared_microbenchmark if case.kernel in MICROBENCHMARKS else prepared
    return prepare(case.call, device)


def _free(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
        torch.cuda.empty_cache()


def _rows_there(out: str | Path) -> Iterator[tuple[str, str]]:
    path = Path(out)
    if path.exists():
        try:
            with path.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                _refuse_other_table(reader.fieldnames, path)
                yield from ((row["kernel"], row["params"]) for row in reader)
        except (UnicodeDecodeError, csv.Error) as error:
            raise YamlError(f"is no CSV table: {error}", at=Place(str(path))) from error
        except OSError as error:
            raise YamlError(f"cannot be read: {error.strerror}", at=Place(str(path))) from error


def _refuse_other_table(columns: Iterable[Any] | None, path: Path) -> None:
    if columns is not None and tuple(columns) != COLUMNS:
        fact = "is a table, but none of measurements"
        raise YamlError(fact, at=Place(str(path)), remedy="Name another file with --out")


def _processor() -> str:
    import platform

    return platform.processor() or platform.machine()
