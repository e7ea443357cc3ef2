"""Rows of a study's tables at some points.

All points are evaluated at once: axes become arrays of rank sizes and of the machine's numbers, and
the cost model broadcasts. Points for which a mapping has different alternatives go in one group
each; on a GPU, which makes other kernels at every point, each by itself (`gpu`). A part that
several runs or tables share (attention alone, attention and the linear layers) is evaluated once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import StudyError
from accelsim.cost.default import default_of_each
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapping.load import select_each
from accelsim.mapping.mapping import Mapping as MappingRecord
from accelsim.study.axes import Value
from accelsim.study.cases import Case, below, case_at, checked_number, texts
from accelsim.study.faults import FAULTS, settled, text_of
from accelsim.study.inputs import Inputs
from accelsim.study.legality import Legality
from accelsim.study.measures import (
    all_measures,
    joined,
    measure,
    parts_of,
    refuse_idle_accountings,
)
from accelsim.study.points import Points, inert_decide
from accelsim.study.study import (
    Accounting,
    Part,
    Run,
    Study,
    TableSpec,
    axes_of,
    is_searched,
    tables_of,
)
from accelsim.study.table import Column, Table
from accelsim.workload.einsum import Cascade

if TYPE_CHECKING:
    from accelsim.mapper.found import Found
    from accelsim.study.search import Known

MOST_REMEMBERED = 65_536
"""Points, over all parts, whose costs are kept for another run or table that has the same."""


@dataclass(frozen=True)
class _Evaluated:
    """A part at some points: each Cost with the numbers of its points, and what was found there if
    its mapping was sought."""

    costs: tuple[tuple[Cost, Column], ...]
    points: int
    found: tuple["Found", ...] = ()


@dataclass(frozen=True)
class Runner:
    """A study with the settings of all its runs, and what has been read and evaluated so far."""

    study: Study
    fixed: Mapping[str, Value]
    inputs: Inputs = field(default_factory=Inputs)
    evaluated: dict[tuple[object, ...], _Evaluated] = field(default_factory=dict)
    searches: "Known" = field(default_factory=dict)

    def forget(self) -> None:
        """What was evaluated at points that do not come again."""
        self.evaluated.clear()
        self.searches.clear()

    def settled(
        self, run: Run, table: TableSpec, points: Points
    ) -> Iterator[tuple[Column, list[Table], Column]]:
        """The points by numbers, with the rows of each group of them, or with what is wrong.

        What is wrong with the study itself (a measure that no machine has) is raised.
        """
        if inert_decide(axes_of(table), table.derive):
            points = points.where_all_decide()

        def parts(some: Points) -> list[_Evaluated]:
            return [self._part(part, table, some) for part in run.parts]

        for group in settled(parts, partial(self.refusal, run), points):
            numbers, some = group.numbers, points.at(group.numbers)
            if group.found is None:
                yield numbers, [], np.full(len(numbers), group.error, dtype=object)
                continue
            rows = list(self._rows(run, group.found, table, some))
            errors = self.legality.errors(run, table, some)
            legal = errors == ""
            yield numbers[legal], [each.at(legal) for each in rows], errors[legal]
            yield numbers[~legal], [], errors[~legal]

    @cached_property
    def legality(self) -> Legality:
        return Legality(self.fixed, self.inputs)

    def refusal(self, run: Run, path: str, value: Any) -> str:
        """Why a machine of the run cannot take a value at a path; nothing if all can."""
        if not path.startswith("arch."):
            return ""
        machines = [part.arch for part in run.parts if not self.inputs.is_gpu(part.arch)]
        return next(filter(None, (self._refusal(name, path, value) for name in machines)), "")

    def _refusal(self, machine: str, path: str, value: Any) -> str:
        try:
            arch = self.inputs.arch(machine, texts(below("arch", self.fixed)))
            checked_number(arch, path.removeprefix("arch."), str(value))
        except FAULTS as error:
            return text_of(error)
        return ""

    def pieces(self, table: TableSpec, points: Points) -> list[Table]:
        """Rows at these points: a table for each run and, with `per`, each Einsum."""
        return [piece for run in table.runs for piece in self.of_run(run, table, points)]

    def of_run(self, run: Run, table: TableSpec, points: Points) -> list[Table]:
        """The rows of one of its runs; a StudyError if a mapping is illegal at some point."""
        parts = [self._part(part, table, points) for part in run.parts]
        errors = self.legality.errors(run, table, points)
        for place in np.flatnonzero(errors != "")[:1]:
            at = ", ".join(f"{name} = {column[place]}" for name, column in points.columns.items())
            remedy = "Leave such points out with 'where', or `accelsim sweep` them"
            raise StudyError(f"{errors[place]} (at {at})", remedy=remedy)
        return list(self._rows(run, parts, table, points))

    def refuse_idle_accountings(self, tables: Iterable[tuple[TableSpec, Points]]) -> None:
        """A StudyError if an accounting names what no run has, at these points of the tables."""
        accountings = list(_every_accounting(self.study))
        if not any(each.once or each.without for each in accountings):
            return
        parts = [
            self._part(part, table, points)
            for table, points in tables
            for run in table.runs
            for part in run.parts
        ]
        refuse_idle_accountings(accountings, [cost for each in parts for cost, _ in each.costs])

    def refuse_strange_searches(self, tables: Iterable[TableSpec]) -> None:
        """An error for what no search can be asked."""
        for part in (part for table in tables for run in table.runs for part in run.parts):
            if part.find is not None:
                _search().refuse_strange_search(part, self.fixed, self.inputs)

    def cascade(self, workload: str) -> Cascade:
        """The workload as it is in its file: what its ranks are called."""
        return self.inputs.workload(workload, {})

    def _part(self, part: Part, table: TableSpec, points: Points) -> _Evaluated:
        """A part at these points; other runs, and tables of the same points, share it."""
        derived = tuple(table.derive.items())
        sought = part.find or part.mapping
        key = (part.workload, part.arch, sought, derived, points.addresses.tobytes())
        if key not in self.evaluated:
            if sum(each.points for each in self.evaluated.values()) > MOST_REMEMBERED:
                self.evaluated.clear()
            self.evaluated[key] = self._evaluated(part, table, points)
        return self.evaluated[key]

    def _evaluated(self, part: Part, table: TableSpec, points: Points) -> _Evaluated:
        if part.find is not None:
            return self._searched(part, table, points)
        if self.inputs.is_gpu(part.arch):
            return self._on_gpu(part, table, points)

        def case(chosen: Points) -> Case:
            return case_at(part, chosen, self.fixed, table.derive, self.inputs)

        whole = case(points)
        costs = []
        for mapping, chosen in self._mappings(part, whole.cascade, whole.arch, len(points)):
            some = whole if len(chosen) == len(points) else case(points.at(chosen))
            costs.append((evaluate(some.cascade, some.arch, mapping), chosen))
        return _Evaluated(tuple(costs), len(points))

    def _on_gpu(self, part: Part, table: TableSpec, points: Points) -> _Evaluated:
        # Only GPUs need what it imports.
        on_gpu = import_module("accelsim.study.gpu").costs_on_gpu
        costs = on_gpu(part, points, self.fixed, table.derive, self.inputs)
        return _Evaluated(tuple(costs), len(points))

    def _searched(self, part: Part, table: TableSpec, points: Points) -> _Evaluated:
        asked = (part, points, self.fixed, table.derive, self.inputs, self.searches)
        found = _search().searched(*asked)
        costs = [(each.cost, np.array([number])) for number, each in enumerate(found)]
        return _Evaluated(tuple(costs), len(points), found)

    def _mappings(
        self, part: Part, cascade: Cascade, arch: Spatial, points: int
    ) -> list[tuple[MappingRecord, Column]]:
        """Mappings, each with the points that run under it."""
        if part.mapping is None:
            defaults = default_of_each(cascade, arch, part.arch, points)
            return [(default.mapping, chosen) for default, chosen in defaults]
        return select_each(self.inputs.mapping(part.mapping), cascade, arch, points)

    def _rows(
        self, run: Run, parts: Sequence[_Evaluated], table: TableSpec, points: Points
    ) -> Iterator[Table]:
        """The rows of a run; with `per`, those of one part after the other."""
        for name, asked in _asked(table, parts):
            measured = self._measured(run, parts, asked, len(points))
            if is_searched(table):
                found = [part.found for part in parts]
                measured |= _search().search_columns(found, len(points))
            fixed = {**run.columns, **name}
            constant = {c: np.full(len(points), value) for c, value in fixed.items()}
            yield Table({**constant, **points.columns, **measured})

    def _measured(
        self, run: Run, parts: Sequence[_Evaluated], texts: Mapping[str, str], number: int
    ) -> dict[str, Column]:
        """Columns of the run, joined from its parts."""
        counted = [_accountings(self.study.accounting, part) for part in run.parts]
        both = list(zip(parts, counted, strict=True))

        def column(text: str) -> list[Any]:
            return [_over_points(part, text, accountings, number) for part, accountings in both]

        seconds = column("latency_s")
        return {name: joined(text, column(text), seconds) for name, text in texts.items()}


def _search() -> Any:
    # Only studies that look for mappings need what it imports.
    return import_module("accelsim.study.search")


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
        kind = np.dtype(object) if values.dtype.kind == "U" else values.dtype
        if column is None:
            column = np.empty(number, dtype=kind)
        elif kind != column.dtype:
            column = column.astype(np.promote_types(kind, column.dtype))
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
