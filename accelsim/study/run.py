"""Runs a study: points → rows (`runner`), all of them in memory.

A sweep (`sweep`) evaluates the same points in the same way, and keeps them on disk.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from accelsim.base.errors import StudyError
from accelsim.study.adaptive import measured, sent
from accelsim.study.axes import Value, plain
from accelsim.study.batches import (
    batches_of,
    first_points,
    names_of_axes,
    no_points,
    number_of_points,
)
from accelsim.study.best import best_table
from accelsim.study.cases import refuse_unknown_ranks
from accelsim.study.columns import ERROR, POINT
from accelsim.study.crossings import crossing_table
from accelsim.study.first import first_rows
from accelsim.study.measures import is_listed
from accelsim.study.points import refuse_unless_path
from accelsim.study.progress import Progress, quiet
from accelsim.study.ratios import ratio_table
from accelsim.study.runner import Runner
from accelsim.study.study import KINDS, Study, TableSpec, axes_of, kind_of, tables_of
from accelsim.study.table import Table, frames, stacked
from accelsim.workload.einsum import Cascade

if TYPE_CHECKING:
    import pandas as pd


def run_study(
    study: Study, overrides: Mapping[str, Value] | None = None
) -> "dict[str, pd.DataFrame]":
    """The study's tables as pandas frames, by name.

    `overrides` are settings of all runs (`arch.clock`, `workload.word`), beside the study's own.

    Raises StudyError, and what loading workloads, machines and mappings raises.
    """
    return frames(run_tables(study, overrides))


def run_tables(
    study: Study, overrides: Mapping[str, Value] | None = None, progress: Progress = quiet
) -> dict[str, Table]:
    """The same without pandas; kinds of study that take long tell `progress` how far they are."""
    fixed = {path: plain(value) for path, value in {**study.set, **(overrides or {})}.items()}
    kind = kind_of(study)
    # Only studies of that kind need what it imports.
    run = _on_machines if kind is None else import_module(KINDS[kind]).tables
    found: dict[str, Table] = run(study, fixed, progress)
    found |= {best.name: best_table(best, found) for best in study.best}
    found |= {ratio.name: ratio_table(ratio, found) for ratio in study.ratios}
    return found | {each.name: crossing_table(each, found) for each in study.crossings}


def _on_machines(study: Study, fixed: Mapping[str, Value], progress: Progress) -> dict[str, Table]:
    """Of workloads on machines, all points at once."""
    tables = tables_of(study)
    refuse_useless(fixed, tables)
    refuse_shared_names(tables)
    runner = Runner(study, fixed)
    refuse_strange_ranks(runner, tables)
    runner.refuse_idle_accountings((table, first_points(study, table)) for table in tables)
    runner.refuse_strange_searches(tables)
    found: dict[str, Table] = {}
    total, done = sum(number_of_points(study, table) for table in tables), 0

    def told(points: int) -> None:
        nonlocal done
        done += points
        progress(done, total)

    for table in tables:
        found[table.name] = rows_of(runner, table, told)
    return found


def rows_of(
    runner: Runner, table: TableSpec, told: Callable[[int], None] = lambda points: None
) -> Table:
    """The table's rows at all its points: those of a run together, in the order of the points.

    `told` hears of how many points more are done.
    """
    chunks: list[list[Table]] = []
    batches = batches_of(runner.study, table)
    points = next(batches, None)
    while points is not None:
        chunks.append(runner.pieces(table, points))
        told(len(points))
        points = sent(batches, partial(measured, chunks[-1]))
    if not chunks:
        raise no_points(table)
    found = stacked([piece for pieces in zip(*chunks, strict=True) for piece in pieces])
    if table.first is not None:
        found = first_rows(found, table, names_of_axes(runner.study, table))
    return found.select(table.columns) if table.columns else found


def refuse_strange_ranks(runner: Runner, tables: Sequence[TableSpec]) -> None:
    """A StudyError if a path is of a rank that no workload has which it could be of."""
    every: list[Cascade] = []
    for table in tables:
        own = [runner.cascade(part.workload) for run in table.runs for part in run.parts]
        paths = [path for axis in axes_of(table).values() for path in axis.set]
        refuse_unknown_ranks(paths, own)
        every += own
    refuse_unknown_ranks(runner.fixed, every)


def refuse_shared_names(tables: Sequence[TableSpec]) -> None:
    """A StudyError if an axis has the name of another column, which one of them would hide."""
    for table in tables:
        of_runs = {column for run in table.runs for column in run.columns}
        others = {POINT, ERROR, *of_runs, *table.measures}
        for name in table.vary:
            if name in others or (is_listed(name) and not table.measures):
                raise StudyError(
                    f"table {table.name}: the axis {name} has the name of another column",
                    remedy="Call it otherwise, and say with 'set' what it varies",
                )


def refuse_useless(fixed: Mapping[str, Value], tables: Sequence[TableSpec]) -> None:
    """A setting that every table overrides itself would be ignored in silence."""
    for path in fixed:
        refuse_unless_path(path)
        setters = [
            [name for name, axis in axes_of(table).items() if path in axis.set]
            or [f"derive of table {table.name}" for derived in table.derive if derived == path]
            for table in tables
        ]
        if all(setters):
            named = dict.fromkeys(name for names in setters for name in names)
            raise StudyError(
                f"{path} would be ignored: the study varies it",
                remedy=f"Set {' and '.join(named)} instead",
            )
