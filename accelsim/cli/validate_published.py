"""`accelsim validate published`: every published number of a study beside ours."""

from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.catalogue import find, names
from accelsim.base.errors import InputError
from accelsim.base.files import output_folder, refuse_unwritable
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import share_done
from accelsim.study.load import load_study
from accelsim.study.provenance import study_provenance
from accelsim.study.run import run_tables
from accelsim.study.table import Table, write_csv
from accelsim.validation.compare import NOT_RUN, compare, failures
from accelsim.validation.published import published_for
from accelsim.validation.status import of_published, write_status

FAILED = 1
MACHINES = ("Gpu", "Spatial", "System")
COLUMNS = ("machine", "gpu", "system")


def command(
    name: Annotated[str, typer.Option("--study", metavar="STUDY", help="A shipped study.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write published.csv and status.csv.")
    ] = None,
    json: Json = False,
) -> None:
    """What others published beside what we compute, and by how much it differs.

    Exit status 1 if a number differs and nothing explains why. With --out DIR, DIR/status.csv says
    how far the machines of the study were held against it.

    Example: accelsim validate published --study fusemax
    """
    path = find(name, "studies")
    title = path.parent.name
    published = published_for(title)
    if not published:
        remedy = "`ls studies/published` shows for which there are"
        raise InputError(f"nothing published is shipped for the study {name!r}", remedy=remedy)
    if out is not None:
        refuse_unwritable(out)
    study = load_study(path)
    with share_done("running") as progress:
        tables = run_tables(study, progress=progress)
    comparison = compare(tables, published)
    machines = _machines(study_provenance(study), tables)
    status = of_published(
        machines, comparison, published, f"accelsim validate published --study {title}"
    )
    if out is not None:
        write_csv(comparison, output_folder(out) / "published.csv")
        write_status(status, out)
    if json:
        print_json({"claims": comparison.rows(), "status": [row._asdict() for row in status]})
    else:
        rows = [row for row in comparison.rows() if row["verdict"] != NOT_RUN]
        print_table(("published", "theirs", "ours", "error", "verdict"), list(map(_cells, rows)))
        for row in status[:1]:
            print(f"\n{row.mean_percent} % mean error on {row.rows} {row.of}. {row.note}")
    if failures(comparison):
        raise typer.Exit(FAILED)


def _machines(provenance: dict[str, Any], tables: dict[str, Table]) -> list[str]:
    """Those that are inputs, and those that a column of a table names."""
    inputs = provenance["inputs"].items()
    found = [name for name, each in inputs if each["kind"] in MACHINES]
    known = {name.rpartition("/")[2] for name in (*names("machines"), *names("systems"))}
    for table in tables.values():
        cells = (str(cell) for column in COLUMNS if column in table for cell in table[column])
        found += [cell for cell in dict.fromkeys(cells) if cell in known]
    return list(dict.fromkeys(found))


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    error = f"{100 * row['error']:+.2f} %" if "%" in row["tolerance"] else f"{row['error']:+.3g}"
    numbers = f"{row['published']:.4g}", f"{row['ours']:.4g}"
    return row["name"].replace("_", " "), *numbers, error, row["verdict"]
