"""`accelsim convert`: a result in another format."""

import json as json_text
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.errors import InputError, OutputError, Place, did_you_mean
from accelsim.base.files import atomic_write
from accelsim.cli.options import Json
from accelsim.cli.output import print_json
from accelsim.study.results import read_results
from accelsim.study.table import Table, write_csv, write_parquet


def command(
    results: Annotated[
        Path,
        typer.Argument(metavar="RESULTS", help="A .csv, .parquet or .json, or a folder of them."),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A .parquet, .csv or .json (a row a row)."
        ),
    ],
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which table, if there are several.")
    ] = None,
    json: Json = False,
) -> None:
    """A table of results in another format: what a study, a sweep or --json gave.

    Examples: accelsim convert out/fusemax --table results -o results.parquet, accelsim convert
    cost.json -o cost.csv
    """
    if out.suffix not in _WRITERS:
        endings = ", ".join(_WRITERS)
        raise OutputError(f"a table is one of {endings}", at=Place(str(out)), remedy="Name it so")
    name, found = _chosen(read_results(results), table, results)
    _WRITERS[out.suffix](found, out)
    rows = len(next(iter(found.columns.values()), ()))
    if json:
        said = {"table": name, "rows": rows, "columns": list(found.columns)}
        print_json({"file": str(out), **said})
    else:
        print(f"{out}: {rows:,} rows of {name}, {len(found.columns)} columns")


def _chosen(tables: Mapping[str, Table], wanted: str | None, place: Path) -> tuple[str, Table]:
    names = list(tables)
    if wanted is None and len(names) == 1:
        return names[0], tables[names[0]]
    if wanted is not None and wanted in tables:
        return wanted, tables[wanted]
    near = did_you_mean(wanted, names) if wanted else "Choose one by --table"
    fact = f"there is no table {wanted!r}" if wanted else f"there are {', '.join(names)}"
    raise InputError(fact, at=Place(str(place)), remedy=near or f"There are {', '.join(names)}")


def _write_json(table: Table, path: Path) -> None:
    """A list of rows; what is no number is null."""
    text = json_text.dumps(list(_rows(table)), indent=1, ensure_ascii=False, allow_nan=False)
    atomic_write(path, f"{text}\n")


def _rows(table: Table) -> Iterator[dict[str, Any]]:
    columns = [column.tolist() for column in table.columns.values()]
    for cells in zip(*columns, strict=True):
        yield dict(zip(table.columns, map(_strict, cells), strict=True))


def _strict(cell: Any) -> Any:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


_WRITERS: Mapping[str, Any] = {".parquet": write_parquet, ".csv": write_csv, ".json": _write_json}
