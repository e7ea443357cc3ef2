"""The points of a table in chunks: of a grid or a drawn sample by their numbers, of an adaptive
sample as its batches come.

A chunk of a grid keeps what the cost model has in memory at once near 100 MB, and is large enough
that its fixed costs (some 10 ms) do not matter. Its arrays stay below the 128 KiB at which the
allocator would fetch each of them from the system anew.
"""

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.base.expression import Expression
from accelsim.study.adaptive import Batches, adaptive
from accelsim.study.axes import condition
from accelsim.study.points import MODEL, Points, Space, crossed, inert_decide
from accelsim.study.sampling import Choices, drawn
from accelsim.study.study import Study, TableSpec, axes_of, is_searched

CHUNK = 12_000
SEARCHES = 8
"""Points in a chunk where each is searched for its mapping: what a killed sweep does again."""

KINDS = 128
"""The same where mappings are made by rules, in 10 to 17 ms for points that are mapped alike."""


def batches_of(study: Study, table: TableSpec) -> Batches:
    """Points, chunk by chunk. Whoever takes them sends back a function to what they cost."""
    if table.sample.method == "adaptive":
        return adaptive(table.sample, _choices(study, table), _where(table))
    return in_chunks(space_of(study, table), _chunk(table))


def sweep_batches_of(study: Study, table: TableSpec) -> Batches:
    """The same points; where mappings are to be found, those that can be mapped alike together."""
    named = all(part.mapping is not None for run in table.runs for part in run.parts)
    if named or table.sample.method == "adaptive":
        return batches_of(study, table)
    chunks = in_chunks(space_of(study, table).alike_together, _chunk(table))
    return _of_few_kinds(chunks, inert_decide(axes_of(table), table.derive))


def space_of(study: Study, table: TableSpec) -> Space:
    """Of a grid or a drawn sample."""
    if table.sample.method == "grid":
        return crossed(study.models, axes_of(table), table.zip, _where(table))
    return Space((drawn(table.sample, _choices(study, table)),), _where(table))


def first_points(study: Study, table: TableSpec) -> Points:
    """Those of the first chunk; of an adaptive sample, the middle of all axes."""
    if table.sample.method == "adaptive":
        choices = _choices(study, table)
        return Space((choices.dimension(np.full((1, len(choices)), 0.5)),)).points(0, 1)
    found = next(in_chunks(space_of(study, table), _chunk(table)), None)
    if found is None:
        raise no_points(table)
    return found


def number_of_points(study: Study, table: TableSpec) -> int:
    """The most there can be: `where`, and points that come again, make them fewer."""
    if table.sample.number is not None:
        return table.sample.number
    return len(space_of(study, table))


def no_points(table: TableSpec) -> StudyError:
    """`where` drops all of them."""
    return StudyError(
        f"no point of table {table.name} meets {table.where!r}",
        remedy="Vary more, or ask for less",
    )


def names_of_axes(study: Study, table: TableSpec) -> list[str]:
    """The columns that name a point."""
    return [*((MODEL,) if study.models else ()), *table.vary]


def in_chunks(space: Space, chunk: int) -> Batches:
    for start in range(0, len(space), chunk):
        points = space.points(start, start + chunk)
        if len(points):
            yield points


def _of_few_kinds(chunks: Batches, all_decide: bool) -> Batches:
    """Chunks with at most `KINDS` kinds each; points of a kind come one after the other."""
    for points in chunks:
        kinds = (points.where_all_decide() if all_decide else points).deciding
        firsts = 1 + np.flatnonzero(kinds[1:] != kinds[:-1])
        for part in np.split(np.arange(len(points)), firsts[KINDS - 1 :: KINDS]):
            yield points.at(part)


def _chunk(table: TableSpec) -> int:
    return SEARCHES if is_searched(table) else CHUNK


def _choices(study: Study, table: TableSpec) -> Choices:
    return Choices(study.models, axes_of(table), table.zip)


def _where(table: TableSpec) -> Expression | None:
    return condition(table.where) if table.where else None
