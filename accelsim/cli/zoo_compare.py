"""`accelsim zoo compare`: mechanisms beside one another as the context grows."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.files import output_folder, refuse_unwritable
from accelsim.base.units import format_bytes, format_count, format_quantity
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cli.variants import Family, PhaseName, Presets, chosen_variants, read_contexts
from accelsim.study.contexts import Point, context_row, contexts_table, machine_named, points
from accelsim.study.parallel import each_of
from accelsim.study.table import Table, write_csv, write_parquet

HEADS = ("variant", "machine", "context", "time", "energy", "kept", "bound", "mapping")


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAMES]...", help="Mechanisms or forms of them; else all."),
    ] = None,
    context: Annotated[
        str,
        typer.Option(metavar="LENGTHS", help="1K..1M in steps of 4, 1K..1M:2 of 2, or 4K,32K."),
    ] = "1K..1M",
    arch: Annotated[
        list[str] | None,
        typer.Option(metavar="MACHINE", help="A GPU or a spatial array; repeatable."),
    ] = None,
    family: Family = None,
    phase: PhaseName = None,
    presets: Presets = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tables and a figure a machine.")
    ] = None,
    json: Json = False,
) -> None:
    """Time, energy and kept bytes against the context, each with the default mapping. What cannot
    be evaluated is a row with the reason; Ctrl-C keeps what is done.

    Example: accelsim zoo compare mla lightning_2 --phase decode --context 4K..1M --out out/zoo
    """
    machines = arch or ["h100_sxm"]
    contexts = read_contexts(context)
    chosen = chosen_variants(names or (), family, phase, presets)
    for machine in machines:
        machine_named(machine)
    if out is not None:
        refuse_unwritable(out)
    rows, was_interrupted = _rows(points(chosen, machines, contexts))
    table = contexts_table(rows)
    files = _written(table, out) if out is not None and rows else []
    if json:
        print_json({"rows": table.rows(), "files": [str(file) for file in files]})
    else:
        _print(table)
        if files:
            print(f"\n{len(table)} rows; {', '.join(file.name for file in files)} in {out}/")
    if was_interrupted:
        raise KeyboardInterrupt


def _rows(wanted: Sequence[Point]) -> tuple[list[dict[str, Any]], bool]:
    """A row a point, and whether somebody ended it before the last."""
    rows: list[dict[str, Any]] = []
    try:
        with progress("evaluating", len(wanted)) as advance:
            for row in each_of(context_row, wanted):
                rows.append(row)
                advance(row["variant"])
    except KeyboardInterrupt:
        return rows, True
    return rows, False


def _written(table: Table, out: Path) -> list[Path]:
    folder = output_folder(out)
    files = [
        write_csv(table, folder / "contexts.csv"),
        write_parquet(table, folder / "contexts.parquet"),
    ]
    # matplotlib and pandas load only where something is drawn.
    save_contexts = import_module("accelsim.report.contexts").save_contexts
    return [*files, *save_contexts(table.frame(), folder)]


def _print(table: Table) -> None:
    rows = table.rows()
    done = [row for row in rows if not row["reason"]]
    if done:
        print_table(HEADS, [_cells(row) for row in done])
    for row in rows:
        if row["reason"]:
            at = f"{row['variant']} on {row['machine']} at {format_count(row['context'])}"
            print(f"not evaluated: {at}: {row['reason']}")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    kept = row["kept_bytes"]
    return (
        row["variant"],
        row["machine"],
        format_count(row["context"]),
        format_quantity(row["latency_s"], "s"),
        format_quantity(row["energy_pj"], "pJ"),
        "" if kept is None else format_bytes(kept),
        row["bound"],
        row["mapping"],
    )
