"""The rows of a chunk of points: what each run costs at each of them, or why it cannot run there.

Columns: `point` (the address), those of the run, the axes, what is measured, `error`; rows in the
order of the points. What a chunk costs depends on nothing but the study and the points, so it may
be evaluated in any process.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

from accelsim.base.errors import Place, StudyError
from accelsim.study.axes import Value
from accelsim.study.batches import first_points
from accelsim.study.columns import (
    ERROR,
    POINT,
    SEARCH,
    arrow_table,
    as_measured,
    gap,
    unit_of_measure,
)
from accelsim.study.content import content
from accelsim.study.part import Part, part_of
from accelsim.study.points import MODEL, Points, hashed
from accelsim.study.run import refuse_shared_names, refuse_strange_ranks, refuse_useless
from accelsim.study.runner import Runner
from accelsim.study.spread import range_of
from accelsim.study.study import Run, Study, TableSpec, axes_of, is_searched, tables_of
from accelsim.study.table import Column, Table, stacked, unit_of

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]


class Chunks:
    """A table of a study, whose points become rows chunk by chunk."""

    def __init__(self, study: Study, table: TableSpec, fixed: Mapping[str, Value]) -> None:
        self.study = study
        self.table = table
        self.runner = Runner(study, fixed)

    def refuse_what_is_wrong_everywhere(self) -> None:
        """A StudyError for what would be wrong at all points: a rank, a path, an accounting."""
        _refuse_unsuited(self.table)
        refuse_useless(self.runner.fixed, tables_of(self.study))
        refuse_shared_names((self.table,))
        refuse_strange_ranks(self.runner, (self.table,))
        self.runner.refuse_strange_searches((self.table,))
        self._refuse_unreadable_axes()
        self.runner.refuse_idle_accountings([(self.table, self._first)])

    @cached_property
    def _first(self) -> Points:
        return first_points(self.study, self.table)

    @cached_property
    def content(self) -> str:
        return content(self.runner, self.table)

    @cached_property
    def _content_hash(self) -> Column:
        return np.array(hashed(self.content), dtype=np.uint64)

    @property
    def are_quick(self) -> bool:
        """Whether all points of a chunk are one call: no search, no GPU, no sample that waits."""
        machines = (part.arch for run in self.table.runs for part in run.parts)
        return not (
            is_searched(self.table)
            or self.table.sample.method == "adaptive"
            or any(map(self.runner.inputs.is_gpu, machines))
        )

    def addresses(self, points: Points) -> Column:
        """(hash of the content + sum of the axes' hashes) mod 2^64."""
        return np.asarray(points.addresses + self._content_hash)

    def rows(self, points: Points) -> "pa.Table":
        pieces = list(self._pieces(points))
        self.runner.forget()
        order = np.argsort(np.concatenate([numbers for numbers, _ in pieces]), kind="stable")
        table = stacked([piece for _, piece in pieces]).at(order)
        names = [POINT, *(self.table.columns or self._names(table)), ERROR]
        return arrow_table(table.select(names), self.units(table))

    def part(self, points: Points) -> Part:
        """The rows as a Parquet file."""
        return part_of(self.rows(points))

    def units(self, table: Table) -> dict[str, str]:
        """What each column is in; nothing where it has no unit, or has texts."""
        found = {}
        for name in table.columns:
            if name in self.table.vary:
                found[name] = self._unit_of_axis(name)
            else:
                found[name] = unit_of_measure(self.table.measures.get(name, name))
        return found

    def _unit_of_axis(self, name: str) -> str:
        axis = axes_of(self.table)[name]
        if axis.is_range and not unit_of(name):
            return range_of(name, axis).unit
        return "" if "." in name else unit_of(name)

    def _pieces(self, points: Points) -> Iterator[tuple[Column, Table]]:
        """Rows of some of the points, and the points' numbers."""
        for run in self.table.runs:
            known = list(self.table.measures)
            if known and is_searched(self.table):
                known += SEARCH
            failed = []
            for numbers, tables, errors in self.runner.settled(run, self.table, points):
                for table in tables:
                    known = known or self._measured(table, run)
                    yield numbers, self._whole(points.at(numbers), table, run)
                if not tables:
                    failed.append((numbers, errors))
            for numbers, errors in failed:
                yield numbers, self._failed(points.at(numbers), run, known, errors)

    def _whole(self, points: Points, table: Table, run: Run) -> Table:
        measured = self._measured(table, run)
        columns = {
            name: as_measured(self._text(name), column) if name in measured else column
            for name, column in table.columns.items()
        }
        error = np.full(len(points), None)
        return Table({POINT: self.addresses(points), **columns, ERROR: error})

    def _failed(self, points: Points, run: Run, measured: list[str], errors: Column) -> Table:
        number = len(points)
        constant = {name: np.full(number, value) for name, value in run.columns.items()}
        gaps = {name: gap(self._text(name), number) for name in measured}
        named = {POINT: self.addresses(points), **constant, **points.columns}
        return Table({**named, **gaps, ERROR: errors})

    def _measured(self, table: Table, run: Run) -> list[str]:
        others = {*run.columns, *self.table.vary, MODEL, self.table.per}
        return [name for name in table.columns if name not in others]

    def _text(self, column: str) -> str:
        return self.table.measures.get(column, column)

    def _names(self, table: Table) -> list[str]:
        return [name for name in table.columns if name not in (POINT, ERROR)]

    def _refuse_unreadable_axes(self) -> None:
        """An axis of which no value can be read names something that is not there."""
        for run in self.table.runs:
            for path, setting in self._first.settings.items():
                values = setting.distinct
                errors = (self.runner.refusal(run, path, value) for value in values)
                # Most can be read at once: no need to ask about thousands.
                refused = list(takewhile(bool, errors))
                if len(refused) == len(values):
                    raise StudyError(refused[0], at=self._place_of(path))

    def _place_of(self, path: str) -> Place | None:
        """Where the axis is written that sets it."""
        return next(axis.place for axis in axes_of(self.table).values() if path in axis.set)


def _refuse_unsuited(table: TableSpec) -> None:
    if table.first is not None:
        fact = f"table {table.name}: 'first' chooses among all points, a sweep never has them all"
        raise StudyError(fact, remedy="Run it with `accelsim study`, or choose from the rows")
    if table.sample.method == "adaptive" and (len(table.runs) > 1 or table.per):
        fact = "an adaptive sample is of one run, with one row for each point"
        raise StudyError(fact, remedy="Give each run a table of its own")
