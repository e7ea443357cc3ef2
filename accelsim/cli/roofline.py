"""`accelsim roofline`: work under the ceilings of a machine, predicted and measured."""

import csv
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import AccelsimError, InputError, Place
from accelsim.base.record import keys_of
from accelsim.cli.cases import load_case, refuse_illegal
from accelsim.cli.evaluate_gpu import evaluated
from accelsim.cli.gpu_cases import load_gpu_case, load_machine
from accelsim.cli.options import Json, Settings, Shape, settings_by_input
from accelsim.cli.output import print_json
from accelsim.cost.evaluate import evaluate
from accelsim.report.plots.catalogue import PLOTS
from accelsim.study.results import ENDINGS, write_result
from accelsim.study.roofline import Row, call_rows, cascade_rows, ceilings, roofline_table
from accelsim.study.table import Table
from accelsim.validation.gpu_compare import number_in
from accelsim.workload.call_counts import useful_flop
from accelsim.workload.calls import read_cases

CASES = ".csv"
Work = list[list[Row]]
"""Rows of each piece of work; none of a call that no kernel is known for."""


def command(
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="A shipped one or a file.")],
    work: Annotated[
        list[str],
        typer.Argument(
            metavar="WORK...", help="Workloads, or CASES.csv: cases, or rows of accelsim measure."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="A .png or .svg; or the table, as .csv or .parquet."),
    ] = Path("roofline.png"),
    *,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Draw the hierarchical roofline: each memory, each pipe, and the work under them.

    Where a file of cases has a column `ms`, as `accelsim measure` writes it, measured points are
    drawn beside predicted ones. Copies have no FLOP and are left out, as is what no kernel is known
    for.

    Example: accelsim roofline h100_sxm cases.csv --out roofline.png

    Several machines in one figure: accelsim roofline fusemax_cloud attention/one_pass
    attention/three_pass --out out/roofline/fusemax.csv, the same for h100_sxm, and
    accelsim plot roofline out/roofline
    """
    if out.suffix not in (*ENDINGS, ".png", ".svg"):
        raise InputError("a figure is a .png or .svg", remedy="and its table a .csv or .parquet")
    pieces = [piece for name in work for piece in _pieces(name, machine, settings, shape)]
    found = [rows for rows in pieces if rows]
    loaded = load_machine(machine, _of_machine(machine, settings))
    rows = [*ceilings(loaded), *(row for piece in found for row in piece)]
    table = roofline_table(machine, loaded.source, rows)
    if json:
        print_json(table.rows())
        return
    _write(table, out)
    unknown = len(pieces) - len(found)
    left_out = f"; of {unknown} no kernel is known" if unknown else ""
    counted = f"{len(found)} kernels" if any(_is_cases(name) for name in work) else _many(found)
    print(f"{counted} {'in' if out.suffix in ENDINGS else 'drawn in'} {out}{left_out}")


def _many(found: Work) -> str:
    return f"{len(found)} workload" + "s" * (len(found) != 1)


def _write(table: Table, out: Path) -> None:
    if out.suffix in ENDINGS:
        write_result(table, out)
        return
    figure = import_module("accelsim.report.plots.plotted").drawn(PLOTS["roofline"], table, {})
    import_module("accelsim.report.save").save_figure(figure, out)


def _is_cases(name: str) -> bool:
    return Path(name).suffix == CASES


def _of_machine(machine: str, settings: Sequence[str]) -> list[str]:
    """The settings that are the machine's, not the workload's."""
    known = keys_of(Gpu) if is_gpu(machine) else keys_of(Spatial)
    return [text for text in settings if text.removeprefix("arch.").partition(".")[0] in known]


def _pieces(
    name: str, machine: str, settings: Sequence[str], shape: str | None
) -> Iterator[list[Row]]:
    if _is_cases(name):
        yield from _of_calls(Path(name), machine, settings)
    elif is_gpu(machine):
        case = load_gpu_case(name, machine, None, settings, shape)
        yield cascade_rows(case.cascade, evaluated(case)[1])
    else:
        one = load_case(name, machine, None, settings, shape)
        refuse_illegal(one)
        yield cascade_rows(one.cascade, evaluate(one.cascade, one.arch, one.mapping))


def _of_calls(file: Path, machine: str, settings: Sequence[str]) -> Iterator[list[Row]]:
    """Those that have FLOP."""
    if not is_gpu(machine):
        remedy = "Name workloads: accelsim roofline fusemax_cloud attention/one_pass"
        raise InputError(
            f"{file} holds calls of GPU libraries, and {machine} is no GPU", remedy=remedy
        )
    gpu = load_gpu(machine, settings_by_input(settings, {"arch": keys_of(Gpu)})["arch"])
    for case, ms in zip(read_cases(file), _measured_ms(file), strict=True):
        if useful_flop(case.call):
            try:
                yield call_rows(case.kernel, case.call, gpu, None if ms is None else ms * 1e-3)
            except AccelsimError:
                yield []


def _measured_ms(cases: Path) -> list[float | None]:
    with cases.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        return [number_in(row, "ms", Place(str(cases), reader.line_num)) for row in reader]
