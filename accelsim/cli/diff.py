"""`accelsim diff`: what changed between two results, and why."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.errors import InputError
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.study.axes import as_tuple
from accelsim.study.diff import TableDiff, diff_tables
from accelsim.study.diff_inputs import Change, diff_inputs
from accelsim.study.provenance import provenance_of
from accelsim.study.results import read_results
from accelsim.study.table import Table

DIFFERENT = 1
SHOWN = 20
LONGEST = 40


def command(
    before: Annotated[
        Path, typer.Argument(metavar="A", help="A table, a folder of them, or printed JSON.")
    ],
    after: Annotated[Path, typer.Argument(metavar="B", help="What to compare with it.")],
    *,
    by: Annotated[
        str, typer.Option(metavar="COLUMNS", help="What rows are known by; else found out.")
    ] = "",
    tolerance: Annotated[
        float, typer.Option(metavar="SHARE", help="By which numbers may differ.")
    ] = 0.0,
    most: Annotated[int, typer.Option(metavar="N", help="Changes that are shown.")] = SHOWN,
    json: Json = False,
) -> None:
    """Measures that differ between rows of the same point, the most changed first; rows that only
    one has; and what differs in inputs, constants and program, where the results say (provenance).

    Exit status 0 if the tables are equal, 1 if not, whatever differs in the inputs.

    Example: accelsim diff out/before out/after --tolerance 1e-9
    """
    if not 0 <= tolerance < 1 or most < 0:
        raise InputError("--tolerance is a share from 0 to 1, --most a number of rows")
    tables = read_results(before), read_results(after)
    names = as_tuple(by) if by else ()
    shared = [name for name in tables[0] if name in tables[1]]
    found = {n: diff_tables(tables[0][n], tables[1][n], names, tolerance) for n in shared}
    only = [[name for name in mine if name not in shared] for mine in tables]
    said = provenance_of(before), provenance_of(after)
    why = None if said[0] is None or said[1] is None else diff_inputs(said[0], said[1])
    is_equal = not any(only) and all(each.is_empty for each in found.values())
    if json:
        print_json(_as_plain(is_equal, found, only, why, most))
    else:
        for name, each in found.items():
            _print_table(name, each, most)
        for path, left in zip((before, after), only, strict=True):
            print(*(f"table {name}: only in {path}\n" for name in left), sep="", end="")
        silent = [str(p) for p, s in zip((before, after), said, strict=True) if s is None]
        _print_why(why, silent, most)
        print("equal" if is_equal else "different")
    if not is_equal:
        raise typer.Exit(DIFFERENT)


def _as_plain(
    is_equal: bool,
    found: Mapping[str, TableDiff],
    only: Sequence[Sequence[str]],
    why: Sequence[Change] | None,
    most: int,
) -> dict[str, Any]:
    return {
        "equal": is_equal,
        "tables": {name: _diff_as_plain(each, most) for name, each in found.items()},
        "tables_only_before": only[0],
        "tables_only_after": only[1],
        "inputs": None if why is None else [change._asdict() for change in why],
    }


def _diff_as_plain(diff: TableDiff, most: int) -> dict[str, Any]:
    return {
        "key": diff.key,
        "rows_matched": diff.rows,
        "differences": len(diff.changed),
        "changed": _first(diff.changed, most),
        "rows_only_before": len(diff.only_before),
        "only_before": _first(diff.only_before, most),
        "rows_only_after": len(diff.only_after),
        "only_after": _first(diff.only_after, most),
        "columns_only_before": diff.columns_before,
        "columns_only_after": diff.columns_after,
    }


def _first(table: Table, most: int) -> list[dict[str, Any]]:
    return Table({name: column[:most] for name, column in table.columns.items()}).rows()


# --- what is printed ------------------------------------------------------------------------------


def _print_table(name: str, diff: TableDiff, most: int) -> None:
    if diff.is_empty:
        print(f"{name}: {diff.rows:,} rows, equal\n")
        return
    known = f", known by {', '.join(diff.key)}" if diff.key else ""
    print(f"{name}: {diff.rows:,} rows in both{known}; {len(diff.changed):,} numbers differ")
    for which, rows, columns in (
        ("the first", diff.only_before, diff.columns_before),
        ("the second", diff.only_after, diff.columns_after),
    ):
        if len(rows):
            points = [", ".join(str(row[k]) for k in diff.key) for row in _first(rows, 3)]
            more = ", ..." if len(rows) > len(points) else ""
            print(f"  only in {which}: {len(rows):,} rows ({'; '.join(points)}{more})")
        if columns:
            print(f"  only in {which}: columns {', '.join(columns)}")
    shown = _first(diff.changed, most)
    if shown:
        print()
        lines = [[*(_text(v) for v in list(r.values())[:-1]), _share(r["relative"])] for r in shown]
        print_table((*diff.key, "measure", "before", "after", "change", "relative"), lines)
    if len(diff.changed) > len(shown):
        print(f"... and {len(diff.changed) - len(shown):,} more")
    print()


def _print_why(why: Sequence[Change] | None, silent: Sequence[str], most: int) -> None:
    if why is None:
        print(f"why: no provenance with {' and '.join(silent)}")
        print(
            "  (`accelsim evaluate --json --provenance` prints it, sweeps and studies write it)\n"
        )
        return
    if not why:
        print("why: the same inputs and the same program\n")
        return
    print("why:")
    lines = []
    for of in dict.fromkeys(change.of for change in why):
        own = [change for change in why if change.of == of]
        lines += [_line(change) for change in own[:most]]
        if len(own) > most:
            lines.append((of, f"... and {len(own) - most:,} more", "", "", "", ""))
    print_table(("of", "what", "before", "after", "unit", "source"), lines)
    print()


def _line(change: Change) -> tuple[str, ...]:
    """With the new one's source, or that of both."""
    source = _cut(change.source_after or change.source_before)
    values = _text(change.before), _text(change.after)
    return change.of, change.path, *values, change.unit, source


def _share(relative: float | None) -> str:
    return "" if relative is None else f"{relative:+.3%}"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.6g}" if isinstance(value, float) else _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
