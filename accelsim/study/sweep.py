"""A sweep: a study's points evaluated chunk by chunk, and kept on disk as they come.

    accelsim.sweep("study.yaml", out="out/mine")     → DataFrame, and the dataset out/mine/results/

The points, and what they cost, are those that `study.run` finds: both ask the same `batches` and
the same `runner`. Beyond that a sweep never holds more than a chunk, goes on where it was stopped
(`store`), and gives a point that fails a row with its error instead of ending (`faults`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.yamlfile import parse_yaml
from accelsim.study.adaptive import Values, sent
from accelsim.study.axes import plain
from accelsim.study.batches import no_points, number_of_points, sweep_batches_of
from accelsim.study.chunk import Chunks
from accelsim.study.columns import POINT
from accelsim.study.frame import Swept, frame_of
from accelsim.study.load import load_study, study_with
from accelsim.study.part import Part
from accelsim.study.points import Points
from accelsim.study.progress import Progress, quiet
from accelsim.study.provenance import study_provenance, write_provenance
from accelsim.study.store import Memory, Rows, opened
from accelsim.study.study import Study, TableSpec, kind_of, tables_of
from accelsim.study.table import Column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa  # type: ignore[import-untyped]

Numbered = tuple[int, Points]
Each = Callable[[Chunks, Iterable[Numbered]], Iterator[tuple[int, Part]]]
"""Evaluates chunks, which have numbers, in whatever order they are done."""


def sweep(
    study: str | Path | Mapping[str, Any] | Study,
    *,
    settings: Mapping[str, str] | None = None,
    out: str | Path | None = None,
    table: str | None = None,
    cluster: str | None = None,
    progress: Progress = quiet,
) -> "pd.DataFrame":
    """The rows of a study's points as a frame; units are in `frame.attrs["units"]` by column.

    `study` is a shipped name, a file, or what such a file holds; `settings` are those of `--set`;
    `table` names one of several. With `out` the rows are kept in `out/TABLE/` as Parquet, and those
    that are there already are not evaluated again; what they rest on is in `out/provenance.json`. A
    point that fails has a row with its `error`. `cluster` is the address of a dask scheduler, or a
    YAML file (see `distribute`).

    Raises StudyError if the study cannot run at any point, and what loading its inputs raises.
    """
    read = as_study(study, settings)
    spec = _named_table(read, table)
    chunks = chunks_of(read, spec)
    with rows_in(out, chunks) as rows, evaluators(cluster) as each:
        found = frame_of(swept(chunks, rows, each, progress), chunks)
    if out is not None:
        write_provenance(study_provenance(read), out)
    return found


def as_study(
    study: str | Path | Mapping[str, Any] | Study, settings: Mapping[str, str] | None = None
) -> Study:
    """A study that is loaded, read from a mapping, or there already."""
    if isinstance(study, Study):
        return study
    if isinstance(study, Mapping):
        return study_with(parse_yaml(dumps(study, default=str), "the study"), Path(), settings)
    return load_study(study, settings)


def tables_to_sweep(study: Study) -> tuple[TableSpec, ...]:
    """The study's tables; one that runs no workload on a machine has none."""
    kind = kind_of(study)
    if kind is not None:
        fact = f"a study of {kind} has no points to sweep"
        raise StudyError(fact, remedy="Run it with `accelsim study`")
    return tables_of(study)


def chunks_of(study: Study, table: TableSpec) -> Chunks:
    """The table's chunks; a StudyError for what is wrong at all of its points."""
    fixed = {path: plain(value) for path, value in study.set.items()}
    chunks = Chunks(study, table, fixed)
    chunks.refuse_what_is_wrong_everywhere()
    return chunks


def one_after_the_other(chunks: Chunks, work: Iterable[Numbered]) -> Iterator[tuple[int, Part]]:
    return ((number, chunks.part(points)) for number, points in work)


@contextmanager
def evaluators(cluster: str | None) -> Iterator[Each]:
    """This process, or the workers of a cluster."""
    if cluster is None:
        yield one_after_the_other
        return
    # Only clusters need what it imports.
    with import_module("accelsim.study.distribute").workers_of(cluster) as workers:
        yield workers


def swept(
    chunks: Chunks, rows: Rows, each: Each = one_after_the_other, progress: Progress = quiet
) -> Swept:
    """Evaluates the points that `rows` lacks, and adds each chunk as it comes."""
    total = number_of_points(chunks.study, chunks.table)
    plan = _Plan(chunks, rows)
    evaluated = failed = 0
    example = ""
    for number, part in each(chunks, plan.work()):
        rows.add(part, number)
        plan.learn(part)
        evaluated += part.points
        failed += part.failed
        example = example or part.error
        done = plan.known() + evaluated
        progress(done, max(total, done))
    if not plan.addresses:
        raise no_points(chunks.table)
    return Swept(
        chunks.table.name, rows, np.concatenate(plan.addresses), evaluated, failed, example
    )


class _Plan:
    """Which points are left, and of an adaptive sample what its points cost so far."""

    def __init__(self, chunks: Chunks, rows: Rows) -> None:
        self.chunks = chunks
        self.rows = rows
        self.addresses: list[Column] = []
        self._there = 0
        sample = chunks.table.sample
        self._goals = (*sample.minimise, *sample.maximise)
        self._costs: dict[int, tuple[float, ...]] = {}
        if self._goals and len(rows.addresses):
            self._learn(rows.rows())

    def work(self) -> Iterator[Numbered]:
        """Chunks of points that are not there, numbered by their place among all."""
        batches = sweep_batches_of(self.chunks.study, self.chunks.table)
        points = next(batches, None)
        number = 0
        while points is not None:
            addresses = self.chunks.addresses(points)
            self.addresses.append(addresses)
            left = self.rows.lacks(addresses)
            self._there += len(points) - int(left.sum())
            if left.any():
                yield number, points if left.all() else points.at(np.flatnonzero(left))
            points = sent(batches, partial(self._answer, addresses))
            number += 1

    def known(self) -> int:
        """How many of the points so far were there."""
        return self._there

    def learn(self, part: Part) -> None:
        if self._goals:
            self._learn(part.rows)

    def _learn(self, rows: "pa.Table") -> None:
        for goal in self._goals:
            if goal not in rows.column_names:
                remedy = did_you_mean(goal, rows.column_names)
                raise StudyError(f"sample: there is no measure {goal!r}", remedy=remedy)
        columns = [rows[goal].to_pylist() for goal in self._goals]
        found = zip(*([_number(v) for v in column] for column in columns), strict=True)
        self._costs |= dict(zip(rows[POINT].to_pylist(), found, strict=True))

    def _answer(self, addresses: Column, goals: tuple[str, ...]) -> Values:
        return np.array([self._costs[address] for address in addresses.tolist()])


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


@contextmanager
def rows_in(out: str | Path | None, chunks: Chunks) -> Iterator[Rows]:
    """Where a table's rows are kept: in its folder below `out`, or in memory."""
    if out is None:
        yield Memory()
        return
    with opened(Path(out) / chunks.table.name, chunks.content) as store:
        yield store


def _named_table(study: Study, name: str | None) -> TableSpec:
    tables = {table.name: table for table in tables_to_sweep(study)}
    if name is None and len(tables) > 1:
        raise StudyError("the study has several tables", remedy=f"Name one of {', '.join(tables)}")
    chosen = name if name is not None else next(iter(tables))
    if chosen not in tables:
        remedy = did_you_mean(chosen, tables) or f"There are {', '.join(tables)}"
        raise StudyError(f"the study has no table {chosen!r}", remedy=remedy)
    return tables[chosen]
