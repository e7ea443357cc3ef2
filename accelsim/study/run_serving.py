"""Runs a study of serving: rows (`serving_rows.py`) for each point (`serving_points.py`).

What several rows show is worked out once, on as many processes as there are cores.
"""

from collections.abc import Mapping

from accelsim.base.errors import StudyError
from accelsim.study.axes import Value
from accelsim.study.parallel import each_of
from accelsim.study.progress import Progress
from accelsim.study.serving import ServingTable
from accelsim.study.serving_points import Columns, Job, points_of
from accelsim.study.serving_rows import COLUMNS, Row, rows_of
from accelsim.study.study import Study
from accelsim.study.table import Table, array_of


def tables(study: Study, fixed: Mapping[str, Value], progress: Progress) -> dict[str, Table]:
    """Raises StudyError if there are settings of all runs: there is nothing that all have."""
    section = study.serving
    assert section is not None
    for path in fixed:
        remedy = "Set an axis, or serving.tables.TABLE.runs.NUMBER.set"
        raise StudyError(f"there is no {path} where a study is of serving", remedy=remedy)
    points = {table.name: list(points_of(table)) for table in section.tables}
    jobs = list(dict.fromkeys(job for each in points.values() for _, job in each))
    found: dict[Job, list[Row]] = {}
    for job, rows in zip(jobs, each_of(rows_of, jobs), strict=True):
        found[job] = rows
        progress(len(found), len(jobs))
    return {table.name: _table(table, points[table.name], found) for table in section.tables}


def _table(
    table: ServingTable, points: list[tuple[Columns, Job]], found: Mapping[Job, list[Row]]
) -> Table:
    rows = [{**columns, **row} for columns, job in points for row in found[job]]
    told = dict.fromkeys(name for columns, _ in points for name in columns)
    names = [*told, *COLUMNS[table.by], "reason"]
    return Table({name: array_of(row.get(name) for row in rows) for name in names})
