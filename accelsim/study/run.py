"""Runs a study: points → rows.

All points of a run are evaluated at once: axes become arrays of rank sizes and of the machine's
numbers, and the cost model broadcasts. Points for which a mapping has different alternatives go in
one group each; on a GPU, which makes other kernels at every point, each by itself (`gpu`). A part
that several runs share (attention alone, attention and the linear layers)
is evaluated once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.arch.load import is_gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import StudyError
from accelsim.base.expression import parse_expression
from accelsim.cost.default import default_of_each
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapping.load import select_each
from accelsim.mapping.mapping import Mapping as MappingRecord
from accelsim.study.axes import Value
from accelsim.study.best import best_table
from accelsim.study.cases import Case, below, cascade_at, case_at, refuse_unknown_ranks
from accelsim.study.crossings import crossing_table
from accelsim.study.inputs import Inputs
from accelsim.study.measures import (
    all_measures,
    joined,
    measure,
    parts_of,
    refuse_idle_accountings,
)
from accelsim.study.points import Points, crossed, plain, refuse_unless_path
from accelsim.study.progress import Progress, quiet
from accelsim.study.ratios import ratio_table
from accelsim.study.study import (
    KINDS,
    Accounting,
    Part,
    Run,
    Study,
    TableSpec,
    axes_of,
    kind_of,
    tables_of,
)
from accelsim.study.table import Column, Table, frames, stacked
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
    _refuse_useless(fixed, tables_of(study))
    runner = _Runner(study, fixed)
    evaluated = [part for table in tables_of(study) for part in runner.parts(table)]
    refuse_unknown_ranks(fixed, [part.cascade for part in evaluated])
    costs = [cost for part in evaluated for cost, _ in part.costs]
    refuse_idle_accountings(_every_accounting(study), costs)
    found: dict[str, Table] = {}
    for table in tables_of(study):
        found[table.name] = runner.table(table)
        progress(len(found), len(tables_of(study)))
    return found


@dataclass(frozen=True)
class _Evaluated:
    """A part at all points: each Cost with the numbers of its points."""

    cascade: Cascade
    costs: tuple[tuple[Cost, Column], ...]


@dataclass(frozen=True)
class _Runner:
    """One run of a study, with what it has read and evaluated so far."""

    study: Study
    fixed: Mapping[str, Value]
    inputs: Inputs = field(default_factory=Inputs)
    evaluated: dict[tuple[str | None, ...], _Evaluated] = field(default_factory=dict)

    def parts(self, table: TableSpec) -> list[_Evaluated]:
        """The parts of all its runs."""
        points = self.points(table)
        found = [self.part(part, table, points) for run in table.runs for part in run.parts]
        refuse_unknown_ranks(points.settings, [part.cascade for part in found])
        return found

    def points(self, table: TableSpec) -> Points:
        return crossed(self.study.models, axes_of(table))

    def table(self, table: TableSpec) -> Table:
        """The rows of all its runs."""
        points = self.points(table)
        runs = [[self.part(part, table, points) for part in run.parts] for run in table.runs]
        found = stacked(
            [
                rows
                for run, parts in zip(table.runs, runs, strict=True)
                for rows in self.rows(run, parts, table, points)
            ]
        )
        if table.first is not None:
            found = _first_rows(found, table, points)
        return found.select(table.columns) if table.columns else found

    def part(self, part: Part, table: TableSpec, points: Points) -> _Evaluated:
        """A part at the table's points; other runs, and tables of the same points, share it."""
        axes = table.model_dump_json(include={"vary", "derive"})
        key = (part.workload, part.arch, part.mapping, axes)
        if key not in self.evaluated:
            self.evaluated[key] = self._evaluated(part, table, points)
        return self.evaluated[key]

    def _evaluated(self, part: Part, table: TableSpec, points: Points) -> _Evaluated:
        if is_gpu(part.arch):
            return self._on_gpu(part, table, points)

        def case(chosen: Points) -> Case:
            return case_at(part, chosen, self.fixed, table.derive, self.inputs)

        whole = case(points)
        costs = []
        for mapping, chosen in self.mappings(part, whole.cascade, whole.arch, len(points)):
            some = whole if len(chosen) == len(points) else case(points.at(chosen))
            costs.append((evaluate(some.cascade, some.arch, mapping), chosen))
        return _Evaluated(whole.cascade, tuple(costs))

    def _on_gpu(self, part: Part, table: TableSpec, points: Points) -> _Evaluated:
        # Only GPUs need what it imports.
        on_gpu = import_module("accelsim.study.gpu").costs_on_gpu
        costs = on_gpu(part, points, self.fixed, table.derive, self.inputs)
        fixed = below("workload", self.fixed)
        cascade = cascade_at(part.workload, points, fixed, self.inputs)
        return _Evaluated(cascade, tuple(costs))

    def mappings(
        self, part: Part, cascade: Cascade, arch: Spatial, points: int
    ) -> list[tuple[MappingRecord, Column]]:
        """Mappings, each with the points that run under it."""
        if part.mapping is None:
            defaults = default_of_each(cascade, arch, part.arch, points)
            return [(default.mapping, chosen) for default, chosen in defaults]
        return select_each(self.inputs.mapping(part.mapping), cascade, arch, points)

    def rows(
        self, run: Run, parts: Sequence[_Evaluated], table: TableSpec, points: Points
    ) -> Iterator[Table]:
        """The rows of a run; with `per`, those of one part after the other."""
        for name, texts in _asked(table, parts):
            measured = self.measured(run, parts, texts, len(points))
            fixed = {**run.columns, **name}
            constant = {c: np.full(len(points), value) for c, value in fixed.items()}
            yield Table({**constant, **points.columns, **measured})

    def measured(
        self, run: Run, parts: Sequence[_Evaluated], texts: Mapping[str, str], number: int
    ) -> dict[str, Column]:
        """Columns of the run, joined from its parts."""
        counted = [_accountings(self.study.accounting, part) for part in run.parts]
        both = list(zip(parts, counted, strict=True))

        def column(text: str) -> list[Any]:
            return [_over_points(part, text, accountings, number) for part, accountings in both]

        seconds = column("latency_s")
        return {name: joined(text, column(text), seconds) for name, text in texts.items()}


def _refuse_useless(fixed: Mapping[str, Value], tables: Sequence[TableSpec]) -> None:
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


def _asked(
    table: TableSpec, parts: Sequence[_Evaluated]
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """What each group of rows is of, as a column, and its measures."""
    cost = parts[0].costs[0][0]
    texts = table.measures or all_measures(cost)
    if table.per is None:
        yield {}, texts
        return
    first = next(iter(texts.values()))
    names = [name for part in parts for name in parts_of(part.costs[0][0], first)]
    for name in dict.fromkeys(names):
        yield {table.per: name}, {column: f"{text}.{name}" for column, text in texts.items()}


def _over_points(
    part: _Evaluated, text: str, accountings: Mapping[str, Accounting], number: int
) -> Any:
    """A measure of one part at all points; None if the part does not have it."""
    column: Any = None
    for cost, chosen in part.costs:
        value = measure(cost, text, accountings)
        if value is None:
            return None
        values = np.broadcast_to(value, len(chosen))
        if column is None:
            column = np.empty(number, dtype=object if values.dtype.kind == "U" else values.dtype)
        column[chosen] = values
    return column


def _every_accounting(study: Study) -> Iterator[Accounting]:
    """The study's own, and each part's."""
    yield from study.accounting.values()
    for table in tables_of(study):
        for part in (part for run in table.runs for part in run.parts):
            yield from _accountings(study.accounting, part).values()


def _accountings(study: Mapping[str, Accounting], part: Part) -> dict[str, Accounting]:
    """The study's accountings, without what this part leaves out."""
    return {
        name: accounting.model_copy(
            update={"without": (*accounting.without, *part.without.get(name, ()))}
        )
        for name, accounting in study.items()
    }


def _first_rows(table: Table, spec: TableSpec, points: Points) -> Table:
    """Per group of rows that differ only in one axis, the first that meets the condition."""
    assert spec.first is not None
    condition = parse_expression(spec.first.where)
    known = {name: table[name] for name in condition.names}
    met = np.broadcast_to(condition.evaluate(known), len(table)).astype(bool)
    fixed = [name for run in spec.runs for name in run.columns]
    names = [name for name in dict.fromkeys([*fixed, *points.columns]) if name != spec.first.of]
    keys = list(zip(*(table[name].tolist() for name in names), strict=True))
    first: dict[Any, int] = {}
    for place in np.flatnonzero(met):
        first.setdefault(keys[place], int(place))
    if len(first) < len(set(keys)):
        raise StudyError(
            f"no {spec.first.of} meets {spec.first.where!r} at some points",
            remedy=f"Give the axis {spec.first.of} more values",
        )
    return table.at(np.array(sorted(first.values())))
