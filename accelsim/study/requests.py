"""requests.parquet: a row for each request that a serving simulation answered.

    number  arrived_s  started_s  first_token_s  finished_s  prompt_tokens  output_tokens
    ttft_s  tbt_mean_s  tbt_max_s  preempted  recomputed_tokens

Rows go to the file in groups as they come, so that memory does not grow with their number. A time
that a request does not have is null.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.base.files import atomic_path
from accelsim.sim.request import Outcome
from accelsim.study.table import unit_of

GROUP = 65_536
COLUMNS: Mapping[str, str] = {
    "number": "int64",
    "arrived_s": "float64",
    "started_s": "float64",
    "first_token_s": "float64",
    "finished_s": "float64",
    "prompt_tokens": "int64",
    "output_tokens": "int64",
    "ttft_s": "float64",
    "tbt_mean_s": "float64",
    "tbt_max_s": "float64",
    "preempted": "int64",
    "recomputed_tokens": "int64",
}
Row = tuple[int | float | None, ...]


@dataclass
class RequestsFile:
    """An open file; `add` writes a group of rows whenever enough have come."""

    writer: Any
    group: int
    waiting: list[Row] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.waiting.append(_row(outcome))
        if len(self.waiting) >= self.group:
            self.flush()

    def flush(self) -> None:
        """Writes the rows that wait."""
        if self.waiting:
            self.writer.write_batch(_batch(self.waiting, self.writer.schema))
            self.waiting.clear()


@contextmanager
def requests_file(path: str | Path, group: int = GROUP) -> Iterator[RequestsFile]:
    """A Parquet file to add outcomes to; it is there, whole, once the block ends well."""
    from pyarrow.parquet import ParquetWriter  # type: ignore[import-untyped]

    with atomic_path(path) as temporary, ParquetWriter(temporary, _schema()) as writer:
        file = RequestsFile(writer, group)
        yield file
        file.flush()


def _row(outcome: Outcome) -> Row:
    request = outcome.request
    return (
        request.number,
        request.arrived_s,
        outcome.started_s,
        outcome.first_token_s,
        outcome.finished_s,
        request.prompt_tokens,
        request.output_tokens,
        outcome.ttft_s,
        outcome.tbt_mean_s,
        outcome.tbt_max_s,
        outcome.preempted,
        outcome.recomputed_tokens,
    )


def _schema() -> Any:
    """With the unit of each column in its field's metadata."""
    import pyarrow as pa  # type: ignore[import-untyped]

    return pa.schema(
        [
            pa.field(name, pa.from_numpy_dtype(np.dtype(kind)), metadata={"unit": unit_of(name)})
            for name, kind in COLUMNS.items()
        ]
    )


def _batch(rows: list[Row], schema: Any) -> Any:
    import pyarrow as pa

    columns = zip(*rows, strict=True)
    arrays = [_arrow(column, kind) for column, kind in zip(columns, COLUMNS.values(), strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _arrow(column: tuple[int | float | None, ...], kind: str) -> Any:
    """The column for Arrow, from its bytes: `pyarrow.array` would import pandas."""
    import pyarrow as pa

    cells = np.array([0 if cell is None else cell for cell in column], dtype=kind)
    there = np.array([cell is not None for cell in column])
    present = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    buffers = [present, pa.py_buffer(cells)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(cells.dtype), len(cells), buffers)
