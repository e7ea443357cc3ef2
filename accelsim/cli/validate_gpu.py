"""`accelsim validate gpu`: predictions beside the measurements that are shipped, or others'."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

import typer

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.catalogue import names, shipped
from accelsim.base.errors import InputError, Place
from accelsim.base.files import atomic_write, output_folder
from accelsim.cli.options import Json
from accelsim.cli.output import csv_text, print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cost.gpu.why import why
from accelsim.validation.aiconfigurator import RULES, Selection, data_folder, read
from accelsim.validation.gpu_compare import (
    APART,
    Compared,
    Statistics,
    by_family,
    compared,
    long_rows,
    read_measured,
    short_rows,
    worst,
)
from accelsim.validation.gpu_targets import Missed, missed, targets_of, unjudged
from accelsim.validation.status import of_statistics, write_status
from accelsim.validation.third_party import errors_of, verdicts_of

FAILED = 1

QUANTITIES = {"ms": "time, alone", "sustained_ms": "time, back to back", "mj": "energy a call"}
QUANTITIES["clock_mhz"] = "clock, back to back"


def command(
    device: Annotated[str, typer.Option(metavar="GPU", help="Whose measurements.")] = "h100_sxm",
    measured: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Rows of accelsim measure; else the shipped ones."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Tables and a figure.")] = None,
    against: Annotated[
        Literal["aiconfigurator"] | None,
        typer.Option(help="Attention that others measured, from the installed package."),
    ] = None,
    json: Json = False,
) -> None:
    """Errors by family of kernels, the worst cases, and whether the targets are met.

    Exit status 1 if a target is missed. With --out DIR: errors.csv, predicted.csv, agreement.png;
    and of the shipped measurements status.csv, which `accelsim report` reads.

    Example: accelsim validate gpu --device h100_sxm --out out/gpu_validation

    `accelsim validate gpu --device a100_sxm_80gb --against aiconfigurator` takes the rows of
    aiconfigurator-core (pip install 'accelsim[aiconfigurator]') of any GPU that it has.
    """
    if against is not None:
        if measured or out:
            remedy = "Leave --measured and --out out"
            raise InputError("--against reads others' rows and prints their errors", remedy=remedy)
        machines = {name.rpartition("/")[2] for name in names("machines")}
        _report_against(_full_name(device, sorted(machines)), json)
        return
    name = _full_name(device, _measured_gpus())
    gpu = load_gpu(name)
    rows = compared(read_measured(measured or _shipped_rows(name)), gpu)
    statistics = {quantity: by_family(long_rows(rows), quantity) for quantity in QUANTITIES}
    failures = missed(targets_of(name), statistics)
    if out is not None and not statistics["ms"]:
        fact = "no steady case of 20 us and more could be predicted, so there is nothing to draw"
        raise InputError(fact, at=Place(str(measured or name)), remedy="Leave --out out")
    if out is not None:
        _write(rows, statistics["ms"], name, output_folder(out))
        if measured is None:
            note = f"Not in the mean: {', '.join(APART)}."
            by = f"accelsim validate gpu --device {name}"
            of = "measured calls of kernels"
            write_status(of_statistics(name, of, statistics["ms"], by, note), out)
    if json:
        print_json(_as_plain(rows, statistics, failures))
    else:
        _report(rows, statistics, failures, name)
        print("\nworst cases")
        long = worst(long_rows(rows))
        cells = [_worst_row(row, why(row.cost, gpu)) for row in long if row.cost]
        print_table(("family", "params", "measured", "predicted", "error", "why"), cells)
    if failures:
        raise typer.Exit(FAILED)


def _report_against(device: str, json: bool) -> None:
    """Rows whose cache may be in L2 count: nothing shows that it makes a difference, but on Ada."""
    gpu = load_gpu(device)
    readings = read(device, data_folder(), Selection(phases=("prefill", "decode")), RULES[:-1])
    with progress("predicting", len(readings.rows)) as advance:
        errors = errors_of(readings.rows, gpu, lambda row: advance(row.phase))
    verdicts = verdicts_of(errors)
    unknown = sum(error.predicted_ms is None for error in errors)
    if json:
        plain = {"left_out": readings.left_out, "not_predicted": unknown}
        print_json({**plain, "errors": {each.kind: vars(each) for each in verdicts}})
        return
    left = ", ".join(f"{count} {name}" for name, count in readings.left_out.items() if count)
    print(f"{len(errors)} rows of bf16 and heads of 128 on {device}; left out: {left or 'none'};")
    print(f"for {unknown} no kernel is known\n")
    columns = ("kind", "rows", "mean", "95th", "bias")
    cells = [
        (v.kind, str(v.rows), *(f"{100 * x:.1f}" for x in (v.mean, v.p95, v.bias)))
        for v in verdicts
    ]
    print_table(columns, cells)


def _full_name(device: str, known: Sequence[str]) -> str:
    """h100 means h100_sxm, if that is the first of them."""
    found = [name for name in known if name == device] or [
        name for name in known if name.startswith(f"{device}_") and "pcie" not in name
    ]
    if not found:
        remedy = f"There are those of {', '.join(known)}"
        raise InputError(f"no measurements of {device!r} are shipped", remedy=remedy)
    return found[0]


def _measured_gpus() -> list[str]:
    machines = {name.rpartition("/")[2] for name in names("machines")}
    return sorted(file.stem for file in _folder().glob("*.csv") if file.stem in machines)


def _folder() -> Path:
    return shipped() / "studies" / "gpu_validation"


def _shipped_rows(name: str) -> Path:
    return _folder() / f"{name}.csv"


# --- what is printed ------------------------------------------------------------------------------


def _report(
    rows: Sequence[Compared],
    statistics: Mapping[str, Sequence[Statistics]],
    failures: Sequence[Missed],
    name: str,
) -> None:
    left_out = [row.measured for row in rows if not row.measured.is_steady]
    unknown = sum(row.cost is None for row in rows)
    short = short_rows(rows)
    print(f"{len(rows)} cases measured on {name}; {len(left_out)} unsteady or failed are left out;")
    print(f"for {unknown} no kernel is known; {len(long_rows(rows))} others take 20 us and more\n")
    for quantity, title in QUANTITIES.items():
        print(f"{title}: error in percent")
        columns = ("family", "rows", "mean", "median", "95th", "bias")
        print_table(columns, [_cells(each) for each in statistics[quantity]])
        print()
    if short:
        off = [abs(row.ms - row.measured.ms) * 1e3 for row in short if row.ms and row.measured.ms]
        within = sum(each <= 2 for each in off)
        print(f"{len(off)} cases under 20 us: {within} within 2 us, mean {_mean(off):.2f} us")
    for failure in failures:
        print(f"target missed: {failure}")
    for target in unjudged(targets_of(name), statistics):
        print(f"not judged, for want of rows: {target.family}, {target.quantity}")
    for row in left_out:
        ms = row.error or f"{row.ms:.4g} ms, at least {row.min_ms:.4g}"
        print(f"left out: {row.kernel} {row.params}: {ms}")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _cells(each: Statistics) -> tuple[str, ...]:
    numbers = (each.mean, each.median, each.p95, each.bias)
    return each.family, str(each.rows), *(f"{100 * number:.1f}" for number in numbers)


def _worst_row(row: Compared, reason: str) -> tuple[str, ...]:
    ms, error = row.measured.ms or 0.0, row.errors()["ms"]
    times = f"{ms * 1e3:.1f} us", f"{(row.ms or 0) * 1e3:.1f} us"
    return row.family, row.measured.params, *times, f"{100 * error:+.1f} %", reason


def _as_plain(
    rows: Sequence[Compared],
    statistics: Mapping[str, Sequence[Statistics]],
    failures: Sequence[Missed],
) -> dict[str, object]:
    return {
        "rows": len(rows),
        "without_kernel": sum(row.cost is None for row in rows),
        "errors": {
            quantity: {each.family: vars(each) for each in found}
            for quantity, found in statistics.items()
        },
        "missed": [str(failure) for failure in failures],
        "left_out": [row.measured.params for row in rows if not row.measured.is_steady],
    }


# --- what is written ------------------------------------------------------------------------------


def _write(
    rows: Sequence[Compared], statistics: Sequence[Statistics], name: str, folder: Path
) -> None:
    errors: list[tuple[str, ...]] = [
        ("gpu", "family", "rows", "mean_percent", "p95_percent", "bias_percent")
    ]
    errors += [
        (name, s.family, str(s.rows), *(f"{100 * x:.2f}" for x in (s.mean, s.p95, s.bias)))
        for s in statistics
    ]
    atomic_write(folder / "errors.csv", csv_text(errors))
    predicted: list[tuple[str, ...]] = [
        ("kernel", "params", "measured_ms", "predicted_ms", "bound")
    ]
    predicted += [
        (r.measured.kernel, r.measured.params, _text(r.measured.ms), _text(r.ms), r.cost.bound)
        for r in rows
        if r.cost
    ]
    atomic_write(folder / "predicted.csv", csv_text(predicted))
    long = [row for row in long_rows(rows) if row.cost]
    draw = import_module("accelsim.report.agreement").draw_agreement
    save = import_module("accelsim.report.save").save_figure
    figure = draw(
        [row.measured.ms for row in long],
        [row.ms for row in long],
        [row.cost.bound for row in long if row.cost],
        f"{len(long)} kernels on {name}",
    )
    for ending in ("png", "svg"):
        save(figure, folder / f"agreement.{ending}")


def _text(ms: float | None) -> str:
    return "" if ms is None else f"{ms:.6g}"
