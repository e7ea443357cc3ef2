"""`accelsim study`: a study's points, tables, figures and summary, held against what is published.

Exit status 1 if a published number differs from ours and nothing explains why. With other inputs
(`--set arch.clock=...`, another mapping or accounting) there is nothing to compare with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.catalogue import find
from accelsim.base.files import atomic_write, refuse_unwritable, staged_folder
from accelsim.cli.options import Json, Settings, parsed_settings
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import share_done
from accelsim.report.spec import FigureSet, load_figures
from accelsim.study.load import load_study
from accelsim.study.provenance import study_provenance, write_provenance
from accelsim.study.run import run_tables
from accelsim.study.study import KINDS, Study
from accelsim.study.table import Table, write_tables
from accelsim.validation.compare import AGREES, NOT_RUN, compare, failures
from accelsim.validation.published import published_for
from accelsim.validation.summary import summary_markdown, verdicts

FAILED = 1
ROWS_SHOWN = 20


@dataclass(frozen=True)
class Done:
    """A study that has run: its tables, what was published, and where everything was written."""

    tables: Mapping[str, Table]
    comparison: Table
    folder: Path
    files: tuple[Path, ...]
    left_out: Mapping[str, str]


def command(
    name: Annotated[str, typer.Argument(metavar="STUDY", help="A shipped study or a file.")],
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where results go; else out/STUDY.")
    ] = None,
    figures: Annotated[bool, typer.Option(help="Draw the figures too.")] = True,
    settings: Settings,
    json: Json = False,
) -> None:
    """Run a study; write its tables, figures and summary.

    Example: accelsim study fusemax --out results --set models=XLM,T5
    """
    path = find(name, "studies")
    chosen = parsed_settings(settings)
    study = load_study(path, chosen)
    wanted = load_figures(path) if figures and study.figures else None
    folder = out or Path("out") / _title(path)
    refuse_unwritable(folder)
    with share_done("running") as progress:
        tables = run_tables(study, progress=progress)
    published = published_for(_title(path)) if _has_own_inputs(study, load_study(path)) else ()
    comparison = compare(tables, published)
    with staged_folder(folder) as staging:
        files = write_tables(tables, staging)
        drawn, left_out = _draw(wanted, tables, staging) if wanted else ((), {})
        files += [*drawn]
        files.append(write_provenance(study_provenance(study, file=path), staging))
        text = summary_markdown(study, tables, comparison, files, published)
        files.append(atomic_write(staging / "summary.md", text))
    written = tuple(folder / file.name for file in files)
    _report(study, Done(tables, comparison, folder, written, left_out), json)
    if failures(comparison):
        raise typer.Exit(FAILED)


def _has_own_inputs(study: Study, shipped: Study) -> bool:
    """Whether settings have changed no more than the points at which the study is run; not even
    these where it has a section of its kind, whose ratios are over all of them."""

    def inputs(one: Study) -> tuple[Any, ...]:
        tables = [(t.runs, t.derive, t.measures, t.first) for t in one.tables]
        sections = [getattr(one, kind) for kind in KINDS]
        return (
            one.workload,
            one.arch,
            one.mapping,
            one.find,
            one.set,
            one.accounting,
            tables,
            sections,
        )

    return inputs(study) == inputs(shipped)


def _title(path: Path) -> str:
    """fusemax of studies/fusemax/study.yaml, mine of mine.yaml."""
    return path.parent.name if path.name == "study.yaml" else path.stem


def _draw(
    figures: FigureSet, tables: Mapping[str, Table], folder: Path
) -> tuple[Sequence[Path], Mapping[str, str]]:
    # matplotlib and pandas take longer to load than a study to run; --no-figures needs neither.
    save_figures = import_module("accelsim.report.save").save_figures
    saved = save_figures(figures, {name: table.frame() for name, table in tables.items()}, folder)
    return saved.paths, saved.left_out


# --- what is printed -----------------------------------------------------------------------------


def _report(study: Study, done: Done, json: bool) -> None:
    if json:
        print_json(_as_plain(done))
        return
    print(f"{study.question}\n")
    claims = done.comparison.rows()
    printed = [row for row in claims if row["printed"] and row["verdict"] != NOT_RUN]
    if printed:
        print_table(CLAIM_COLUMNS, [_claim(row) for row in printed])
    else:
        _print_first_table(done.tables)
    print(f"\n{verdicts(claims)}\n")
    for reason in done.left_out.values():
        print(f"not drawn: {reason}")
    print(f"{len(done.files)} files in {done.folder}/; {_figures(done)}summary: summary.md")


def _as_plain(done: Done) -> dict[str, Any]:
    return {
        "folder": str(done.folder),
        "files": [str(file) for file in done.files],
        "rows": {name: len(table) for name, table in done.tables.items()},
        "claims": done.comparison.rows(),
        "failures": failures(done.comparison),
        "left_out": done.left_out,
    }


CLAIM_COLUMNS = ("published claim", "printed", "published", "ours", "verdict")


def _claim(row: Mapping[str, Any]) -> tuple[str, ...]:
    explained = row["verdict"] != AGREES and row["explanation"]
    verdict = f"{row['verdict']}, for a known reason" if explained else row["verdict"]
    name = row["name"].replace("_", " ")
    return name, row["printed"], f"{row['published']:.4g}", f"{row['ours']:.4g}", verdict


def _print_first_table(tables: Mapping[str, Table]) -> None:
    table = next(iter(tables.values()))
    rows = [tuple(_text(value) for value in row.values()) for row in table.rows()[:ROWS_SHOWN]]
    print_table(tuple(table.columns), rows)
    if len(table) > len(rows):
        print(f"... and {len(table) - len(rows)} rows more")


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _figures(done: Done) -> str:
    drawn = [file.name for file in done.files if file.suffix == ".png"]
    return f"figures: {', '.join(drawn)} and the same as .svg; " if drawn else ""
