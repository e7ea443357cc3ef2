"""`accelsim predict`: how long calls of kernels take on a GPU, and why."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.arch.gpu import Gpu
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import AccelsimError
from accelsim.base.files import atomic_write
from accelsim.base.record import keys_of
from accelsim.base.units import format_quantity
from accelsim.cli.options import Json, Settings, settings_by_input
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cost.gpu.call import call_cost
from accelsim.cost.gpu.why import why
from accelsim.validation.gpu_families import family_of
from accelsim.validation.known_errors import known_error_percent
from accelsim.workload.call_counts import compulsory_bytes
from accelsim.workload.calls import Call, Case, read_cases

ROWS_SHOWN = 20

COLUMNS = (
    "kernel",
    "params",
    "predicted_ms",
    "predicted_sustained_ms",
    "predicted_mj",
    "predicted_clock_mhz",
    "error_percent",
    "bound",
    "why",
)


def command(
    machine: Annotated[str, typer.Argument(metavar="GPU", help="A shipped GPU or a file.")],
    cases: Annotated[Path, typer.Argument(metavar="CASES.csv", help="Columns kernel and params.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Where rows go.")] = None,
    *,
    settings: Settings,
    json: Json = False,
) -> None:
    """Time, energy, clock and bound of every case, in the order of the file.

    `predicted_ms` is one call with cold caches, as `accelsim measure` times it; the sustained
    time, the energy and the clock are those of calls back to back for a second. `error_percent` is
    what validation found for this kind of kernel on this kind of GPU. A case for which no kernel is
    known, or whose operands device memory does not hold, says so in `why`.

    Example: accelsim predict h100_sxm cases.csv --out predicted.csv
    """
    gpu = load_gpu(machine, settings_by_input(settings, {"arch": keys_of(Gpu)})["arch"])
    found = read_cases(cases)
    # Of another machine than the shipped one nothing was validated.
    name = "" if settings or Path(machine).is_file() else machine
    with progress("predicting", len(found)) as advance:
        rows = []
        for case in found:
            rows.append(_row(case, gpu, name))
            advance(case.kernel)
    if out is not None:
        atomic_write(out, _csv(rows))
    if json:
        print_json(rows)
    elif out is not None:
        print(f"{len(rows)} cases predicted on {machine}; rows in {out}")
    else:
        _print(rows)


def _row(case: Case, gpu: Gpu, name: str) -> dict[str, Any]:
    row: dict[str, Any] = {column: "" for column in COLUMNS}
    row |= {"kernel": case.kernel, "params": case.params}
    try:
        cost = call_cost(case.call, gpu)
    except AccelsimError as error:
        # One case that no kernel is known for; the others are worth having.
        return row | {"why": str(error)}
    family = family_of(case.call)
    error_percent = known_error_percent(family, name, gpu.generation) if name else None
    return row | {
        "predicted_ms": cost.seconds * 1e3,
        "predicted_sustained_ms": cost.sustained_s * 1e3,
        "predicted_mj": cost.energy_j * 1e3,
        "predicted_clock_mhz": cost.sustained_clock_hz / 1e6,
        "error_percent": "" if error_percent is None else error_percent,
        "bound": cost.bound,
        "why": _too_large(case.call, gpu) + why(cost, gpu),
    }


def _too_large(call: Call, gpu: Gpu) -> str:
    """Said before all else of a call whose operands device memory cannot hold."""
    needed, there = float(compulsory_bytes(call)), float(gpu.hbm.capacity_bytes)
    if needed <= there:
        return ""
    return f"does not fit: {format_quantity(needed, 'B')} of {format_quantity(there, 'B')}; "


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _short(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def _print(rows: list[dict[str, Any]]) -> None:
    columns = ("kernel", "params", "ms", "sustained ms", "mJ", "MHz", "bound", "why")
    print_table(columns, [_cells(row) for row in rows[:ROWS_SHOWN]])
    if len(rows) > ROWS_SHOWN:
        print(f"... and {len(rows) - ROWS_SHOWN} cases more; --out FILE.csv keeps all")


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    numbers = [
        f"{row[name]:.4g}" if row[name] != "" else ""
        for name in ("predicted_ms", "predicted_sustained_ms", "predicted_mj")
    ]
    clock = f"{row['predicted_clock_mhz']:.0f}" if row["predicted_clock_mhz"] != "" else ""
    return row["kernel"], row["params"], *numbers, clock, row["bound"], row["why"]
