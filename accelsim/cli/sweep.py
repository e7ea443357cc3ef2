"""`accelsim sweep`: all points of a study, however many, as a Parquet dataset that only grows.

The points and what they cost are those of `accelsim study`, which keeps them in memory to draw them
and to hold them against what is published, and stops at the first that fails. A sweep gives that
one a row with its error. Exit status 1 if no point could be evaluated.
"""

import shlex
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from accelsim.base.catalogue import find
from accelsim.base.files import refuse_unwritable
from accelsim.cli.options import Json, Settings, parsed_settings
from accelsim.cli.output import print_json
from accelsim.cli.progress import pace
from accelsim.study.frame import Swept
from accelsim.study.load import load_study
from accelsim.study.provenance import study_provenance, write_provenance
from accelsim.study.sweep import chunks_of, evaluators, rows_in, swept, tables_to_sweep

FAILED = 1
INTERRUPTED = 130


def command(
    name: Annotated[str, typer.Argument(metavar="STUDY", help="A shipped study or a file.")],
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where rows go; else out/STUDY.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="WHERE", help="A dask scheduler (tcp://...), or a YAML file of one."),
    ] = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Evaluate all points of a study; rows are in DIR/TABLE/*.parquet as soon as they are there.

    Example: accelsim sweep buffer_size --out rows
    """
    path = find(name, "studies")
    study = load_study(path, parsed_settings(settings))
    folder = out or Path("out") / (path.parent.name if path.name == "study.yaml" else path.stem)
    refuse_unwritable(folder)
    all_chunks = [chunks_of(study, table) for table in tables_to_sweep(study)]
    start = perf_counter()
    found = []
    try:
        with pace("sweeping") as progress, evaluators(cluster) as each:
            for chunks in all_chunks:
                with rows_in(folder, chunks) as rows:
                    found.append(swept(chunks, rows, each, progress))
    except KeyboardInterrupt:
        again = shlex.join(["accelsim", *sys.argv[1:]])
        print(f"interrupted; what is done is in {folder}/, `{again}` goes on", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    write_provenance(study_provenance(study, file=path), folder)
    _report(study.question, found, folder, perf_counter() - start, json=json)
    if all(each.failed == each.points for each in found):
        raise typer.Exit(FAILED)


def _report(question: str, found: list[Swept], folder: Path, seconds: float, *, json: bool) -> None:
    if json:
        tables = {each.table: _as_plain(each, folder) for each in found}
        print_json({"folder": str(folder), "seconds": seconds, "tables": tables})
        return
    print(f"{question}\n")
    for each in found:
        there = each.points - each.evaluated
        known = f", {there:,} of them there already" if there else ""
        print(f"{each.table}: {_counted(each.points)}{known}")
        if each.failed:
            print(f"  {each.failed:,} failed, like: {each.example}")
        print(f"  {folder}/{each.table}/*.parquet")
        if each.others:
            print(f"  with the rows of {_counted(each.others)} that the study no longer has")
    new = sum(each.evaluated for each in found)
    pace = f", {new / seconds:,.0f} a second" if new else ""
    print(f"\n{_counted(new)} in {seconds:.1f} s{pace}")


def _counted(points: int) -> str:
    return f"{points:,} point" + "s" * (points != 1)


def _as_plain(found: Swept, folder: Path) -> dict[str, Any]:
    return {
        "folder": str(folder / found.table),
        "points": found.points,
        "evaluated": found.evaluated,
        "others": found.others,
        "failed": found.failed,
        "error": found.example,
    }
