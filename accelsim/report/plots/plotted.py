"""The door: tables and a figure's name → FIGURE.png, FIGURE.svg, and FIGURE.csv, what was drawn.

plot_results("energy", ["out/cost"], "out/figures")
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from accelsim.base.errors import StudyError
from accelsim.base.files import staged_folder
from accelsim.report.plots.catalogue import Plot, plot_named
from accelsim.report.plots.columns import MOST_SOURCES, SOURCE, missing, refuse_missing
from accelsim.report.save import save_figure
from accelsim.study.budgets import where as rows_where
from accelsim.study.columns import ERROR, POINT
from accelsim.study.provenance import FILE, provenance_of
from accelsim.study.results import read_results
from accelsim.study.table import Table, as_numbers, stacked, write_csv

KINDS = ("png", "svg")
STUDY = "study"
"""Among the inputs of a study, the study itself."""


def plot_results(
    name: str,
    results: Sequence[str | Path],
    folder: str | Path,
    *,
    where: str = "",
    only: Mapping[str, Sequence[str]] | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Path]:
    """The files. Of the rows, those that meet the condition `where` (numbers), and that have one of
    the values of `only` in its columns (texts).

    Raises StudyError for what is no figure, no table, or lacks a column.
    """
    plot = plot_named(name)
    table = table_for(plot, results)
    table = _chosen(rows_where(table, where) if where else table, only or {})
    if not len(table):
        raise StudyError(f"no row of {_listed(results)} is left to draw")
    asked = dict(options or {})
    rests_on = "" if SOURCE in table else _inputs(results)
    asked["caption"] = " ".join(filter(None, (asked.get("caption", ""), rests_on)))
    figure = drawn(plot, table, asked)
    with staged_folder(folder) as staging:
        files = [save_figure(figure, staging / f"{name}.{kind}") for kind in KINDS]
        files.append(write_csv(table, staging / f"{name}.csv"))
    return [Path(folder) / file.name for file in files]


def _chosen(table: Table, only: Mapping[str, Sequence[str]]) -> Table:
    for column, values in only.items():
        table = table.at(np.array([str(cell) in values for cell in table[column].tolist()], bool))
    return table


def drawn(plot: Plot, table: Table, options: Mapping[str, Any]) -> Figure:
    """The figure of a table that has what it needs."""
    frame = _numbers_as_numbers(table.frame())
    refuse_missing(frame, plot, "the table")
    figure: Figure = getattr(import_module(plot.module), plot.draw)(frame, **options)
    return figure


def _numbers_as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """A column of numbers and gaps, or of gaps alone, as floats with NaN."""
    gaps = [name for name in frame if frame[name].dtype == object]
    found = {name: as_numbers(frame[name].to_numpy()) for name in gaps}
    return frame.assign(**{str(n): values for n, values in found.items() if values is not None})


def table_for(plot: Plot, results: Sequence[str | Path]) -> Table:
    """The tables that have what the figure needs, one below the other; a table of a folder that
    does not is left out, unless none has.

    Raises StudyError with the first column that is missing, of the table that comes nearest.
    """
    found: list[Table] = []
    for path in results:
        tables = {name: _without_keys(table) for name, table in read_results(path).items()}
        own = [table for table in tables.values() if not missing(table.columns, plot)]
        if not own:
            name, nearest = min(tables.items(), key=lambda one: len(missing(one[1].columns, plot)))
            what = f"table {name} of {path}" if Path(path).is_dir() else str(path)
            refuse_missing(nearest.frame(), plot, what)
        found += own
    return stacked(found)


def _without_keys(table: Table) -> Table:
    """A sweep's rows have an address each, and an error where they have no numbers."""
    return table.select([name for name in table.columns if name not in (POINT, ERROR)])


def _inputs(results: Sequence[str | Path]) -> str:
    """What results without a column of sources rest on, if it lies beside them."""
    found = [provenance_of(path) for path in results]
    every = dict.fromkeys(name for each in found if each for name in each["inputs"])
    names = [name for name in every if name != STUDY]
    more = f" and {len(names) - MOST_SOURCES} more" if len(names) > MOST_SOURCES else ""
    listed = ", ".join(names[:MOST_SOURCES]) + more
    return f"Inputs: {listed}; their sources are in {FILE}." if listed else ""


def _listed(results: Sequence[str | Path]) -> str:
    return ", ".join(str(path) for path in results)
