"""The rows of a chunk as a Parquet file in memory, and what a sweep needs to know of them at once.

Whoever evaluates a chunk makes the file, and whoever asked only writes its bytes down: on a cluster
the workers compress, and rows travel compressed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from accelsim.study.columns import ERROR, POINT

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Part:
    """`key` is the sum of the points' addresses mod 2^64, `failed` counts points, and `error` is
    that of one of them."""

    parquet: bytes
    key: int
    points: int
    failed: int
    error: str

    @property
    def rows(self) -> "pa.Table":
        from pyarrow import BufferReader
        from pyarrow.parquet import read_table  # type: ignore[import-untyped]

        return read_table(BufferReader(self.parquet))


def part_of(rows: "pa.Table") -> Part:
    """The rows compressed: texts stored once each, numbers as they are."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    texts = [field.name for field in rows.schema if pa.types.is_dictionary(field.type)]
    file = pa.BufferOutputStream()
    write_table(rows, file, compression="zstd", compression_level=1, use_dictionary=texts)
    points = rows[POINT].to_numpy()
    bad = rows.filter(rows[ERROR].is_valid())
    return Part(
        parquet=file.getvalue().to_pybytes(),
        key=int(points.sum(dtype=np.uint64)),
        points=len(np.unique(points)),
        failed=len(np.unique(bad[POINT].to_numpy())),
        error=str(bad[ERROR][0]) if len(bad) else "",
    )
