"""`accelsim zoo`: every attention mechanism of the catalogue in one table."""

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.errors import OutputError, Place
from accelsim.base.units import format_bytes, format_count, format_quantity, read_count
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cli.variants import Family, PhaseName, Presets, chosen_variants
from accelsim.study.parallel import each_of
from accelsim.study.table import Table, write_csv, write_parquet
from accelsim.study.zoo import zoo_curve, zoo_row, zoo_table
from accelsim.workload.variants import Variant

WRITERS = {".csv": write_csv, ".parquet": write_parquet}
DRAWN = tuple(4**step * 1024 for step in range(6))
HEADS = (
    "variant", "phase", "passes", "least", "live", "flop a token", "bytes a token",
    "kept", "growth", "law", "sub-quadratic",
)  # fmt: skip


def command(
    called: typer.Context,
    context: Annotated[
        str, typer.Option(metavar="LENGTH", help="Tokens of the sequence: 32K is 32768.")
    ] = "32K",
    family: Family = None,
    phase: PhaseName = None,
    presets: Presets = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write it: .csv or .parquet.")
    ] = None,
    gallery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write pages and plots of all of it.")
    ] = None,
    json: Json = False,
) -> None:
    """The mechanisms of the catalogue, a row a form.

    How often the context is traversed (as written, and least after pass reduction), how much of it
    is live, operations and bytes a token at this context, and how they grow: `growth` is the power
    of the context at this length, `law` that far out.

    Example: accelsim zoo --family linear --phase decode --context 128K
    """
    if called.invoked_subcommand is not None:
        return
    if out is not None and out.suffix not in WRITERS:
        remedy = "name it like zoo.csv or zoo.parquet"
        raise OutputError("a table is a .csv or .parquet", at=Place(str(out)), remedy=remedy)
    length = read_count(context)
    chosen = chosen_variants((), family, phase, presets)
    table = zoo_table(_rows(chosen, length))
    if out is not None:
        WRITERS[out.suffix](table, out)
    if gallery is not None:
        _write_gallery(table, chosen, gallery)
    elif json:
        print_json(table.rows())
    else:
        _print(table, length)


def _rows(chosen: Sequence[Variant], length: int) -> list[dict[str, Any]]:
    rows = []
    with progress("counting", len(chosen)) as advance:
        for row in each_of(partial(zoo_row, context=length), chosen):
            rows.append(row)
            advance(row["variant"])
    return rows


def _write_gallery(table: Table, chosen: Sequence[Variant], folder: Path) -> None:
    rows: dict[str, list[Variant]] = {}
    for each in chosen:
        rows.setdefault(each.row, []).append(each)
    curves = []
    with progress("drawing", len(rows)) as advance:
        for points in each_of(partial(zoo_curve, contexts=DRAWN), list(rows.values())):
            curves += points
            advance("")
    # It draws, and so needs matplotlib.
    files = import_module("accelsim.report.gallery").write_gallery(table, curves, folder)
    print(f"{len(table)} mechanisms in {files[0]}, {len(files) - 1} plots beside it")


def _print(table: Table, length: int) -> None:
    counted = [row for row in table.rows() if not row["reason"]]
    print_table(HEADS, [_cells(row) for row in counted])
    for row in table.rows():
        if row["reason"]:
            print(f"not counted: {row['variant']}: {row['reason']}")
    fewer = sum(row["least_passes"] < row["passes"] for row in counted)
    below = sum(row["subquadratic"] for row in counted)
    print(
        f"\n{len(table)} mechanisms at a context of {format_count(length)}: {below} sub-quadratic, "
        f"{fewer} with an equal cascade of fewer passes"
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    kept = row["kept_bytes"]
    return (
        row["variant"],
        row["phase"],
        str(row["passes"]),
        str(row["least_passes"]),
        row["live"],
        format_quantity(row["flop_a_token"], "FLOP"),
        format_bytes(row["bytes_a_token"]),
        "" if kept is None else format_bytes(kept),
        f"{row['growth']:.2f}",
        f"{row['law']:.2f}",
        "yes" if row["subquadratic"] else "no",
    )
