"""A chunk's rows as the bytes of a Parquet file."""

import numpy as np

from accelsim.study.columns import arrow_table
from accelsim.study.part import part_of
from accelsim.study.table import Table


def test_a_part_is_its_rows_and_what_is_counted_of_them() -> None:
    """Three points, one of which has two rows and failed in both; -1 + 2 + 2 + 3 = 6 mod 2^64."""
    columns = {
        "point": np.array([2, 2, 3, 2**64 - 1], dtype=np.uint64),
        "latency_s": [float("nan"), float("nan"), 0.5, 0.25],
        "bound": [None, None, "DRAM", "Array2D"],
        "error": ["no mapping", "no rows", None, None],
    }
    table = Table({name: np.asarray(column) for name, column in columns.items()})
    rows = arrow_table(table, {"latency_s": "s"})
    part = part_of(rows)
    assert (part.key, part.points, part.failed, part.error) == (6, 3, 1, "no mapping")
    assert part.rows.schema.equals(rows.schema, check_metadata=True)
    assert part.rows["bound"].to_pylist() == columns["bound"]
    assert part.rows["latency_s"].to_pylist()[2:] == [0.5, 0.25]
    assert part.parquet[:4] == part.parquet[-4:] == b"PAR1"


def test_without_errors_there_is_none() -> None:
    part = part_of(arrow_table(Table.of({"point": [1], "error": [None]}), {}))
    assert (part.failed, part.error) == (0, "")
