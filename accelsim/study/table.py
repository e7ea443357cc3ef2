"""Tables: named columns of equal length, one row a fact. The suffix of a column declares its unit.

    latency_s  traffic_bytes  energy_pj  area_um2  average_power_w      in s, B, pJ, um^2, W

`Table.frame` is the same for pandas, which is imported only there: a study that is run, judged and
written needs neither it nor its half second.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.base.errors import Place, StudyError, did_you_mean
from accelsim.base.files import atomic_path, atomic_write, output_folder
from accelsim.base.units import UNIT_OF_SUFFIX, suffix_of

if TYPE_CHECKING:
    import pandas as pd

Column = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns by name, in order."""

    columns: Mapping[str, Column]

    @classmethod
    def of(cls, columns: Mapping[str, Iterable[Any]]) -> "Table":
        """Of lists: `Table.of({"model": ["BERT"], "latency_s": [0.5]})`."""
        return cls({name: array_of(values) for name, values in columns.items()})

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> Column:
        if name not in self.columns:
            remedy = did_you_mean(name, self.columns) or f"It has {', '.join(self.columns)}"
            raise StudyError(f"the table has no column {name!r}", remedy=remedy)
        return self.columns[name]

    def rows(self) -> list[dict[str, Any]]:
        """One mapping a row, of plain Python values."""
        lists = [column.tolist() for column in self.columns.values()]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*lists, strict=True)]

    def at(self, chosen: Column) -> "Table":
        """The rows that a mask, or row numbers, choose."""
        return Table({name: column[chosen] for name, column in self.columns.items()})

    def select(self, names: Sequence[str]) -> "Table":
        return Table({name: self[name] for name in names})

    def frame(self) -> "pd.DataFrame":
        """The table for pandas."""
        import pandas as pd

        return pd.DataFrame({name: _typed(column) for name, column in self.columns.items()})


def as_table(table: Any) -> Table:
    """A Table of what may be a pandas frame."""
    if isinstance(table, Table):
        return table
    return Table({str(name): np.asarray(table[name]) for name in table.columns})


def stacked(tables: Sequence[Table]) -> Table:
    """All rows one below the other; a table without some column has None there."""
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    return Table({name: np.concatenate([_or_none(t, name) for t in tables]) for name in names})


def unit_of(column: str) -> str:
    """The unit that a column's name declares; empty if it declares none."""
    return UNIT_OF_SUFFIX.get(suffix_of(column), "")


def frames(tables: Mapping[str, Table]) -> "dict[str, pd.DataFrame]":
    return {name: table.frame() for name, table in tables.items()}


# --- files ----------------------------------------------------------------------------------------


def write_tables(tables: Mapping[str, Any], folder: str | Path) -> list[Path]:
    """NAME.csv of every table, and NAME.parquet of the first, which is a study's main one."""
    there = output_folder(folder)
    written: list[Path] = []
    for name, table in tables.items():
        written.append(write_csv(as_table(table), there / f"{name}.csv"))
        if len(written) == 1:
            written.append(write_parquet(as_table(table), there / f"{name}.parquet"))
    return written


def write_csv(table: Table, path: str | Path) -> Path:
    """Numbers in full, so that reading them gives the same numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*(column.tolist() for column in table.columns.values()), strict=True))
    return atomic_write(path, text.getvalue())


def write_parquet(table: Table, path: str | Path) -> Path:
    """With the unit of each column in its field's metadata."""
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow.parquet import write_table  # type: ignore[import-untyped]

    arrays = [_arrow(column) for column in table.columns.values()]
    fields = [
        pa.field(name, array.type, metadata={"unit": unit_of(name)})
        for name, array in zip(table.columns, arrays, strict=True)
    ]
    with atomic_path(path) as temporary:
        write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), temporary)
    return Path(path)


def _arrow(column: Column) -> Any:
    """The column for Arrow, from its bytes: `pyarrow.array` would import pandas."""
    import pyarrow as pa

    number = len(column)
    if column.dtype in ("float64", "int64", "uint64"):
        contents = pa.py_buffer(np.ascontiguousarray(column))
        return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), number, [None, contents])
    cells = column.tolist()
    if not all(isinstance(cell, str) for cell in cells):
        return pa.array(cells)
    encoded = [cell.encode("utf-8") for cell in cells]
    ends = np.cumsum([0, *map(len, encoded)], dtype="int32")
    return pa.StringArray.from_buffers(number, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def read_table(path: str | Path) -> Table:
    """What `write_csv` or `write_parquet` wrote."""
    read = _read_parquet if Path(path).suffix == ".parquet" else _read_csv
    try:
        return Table.of(read(Path(path)))
    except (OSError, ValueError) as error:
        fact = f"cannot be read as a table: {error}"
        raise StudyError(fact, at=Place(str(path))) from error


def read_chosen(path: str | Path, chosen: Mapping[str, Sequence[Any]]) -> Table:
    """The rows of a Parquet file whose columns have one of these values, chosen as it is read.

    A column that the file lacks chooses nothing.
    """
    from pyarrow.parquet import read_schema, read_table

    try:
        known = read_schema(path).names
        wanted = [(name, "in", list(values)) for name, values in chosen.items() if name in known]
        found = read_table(path, filters=wanted or None)
    except (OSError, ValueError) as error:
        fact = f"cannot be read as a table: {error}"
        raise StudyError(fact, at=Place(str(path))) from error
    return Table({name: found[name].to_numpy() for name in found.column_names})


def _read_parquet(path: Path) -> Mapping[str, Sequence[Any]]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        columns: Mapping[str, Sequence[Any]] = file.read().to_pydict()
    return columns


def _read_csv(path: Path) -> Mapping[str, Sequence[Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    return {name: [_value(row[place]) for row in rows] for place, name in enumerate(head)}


def _value(cell: str) -> Any:
    """A number if it looks like one; what was written as True, False or nothing is that again."""
    words = {"True": True, "False": False, "": None}
    if cell in words:
        return words[cell]
    try:
        return int(cell) if cell.lstrip("-").isdigit() else float(cell)
    except ValueError:
        return cell


# --- columns --------------------------------------------------------------------------------------


def array_of(values: Iterable[Any]) -> Column:
    """Numbers as numbers; a column with a text or a gap in it as objects."""
    listed = list(values)
    is_plain = all(isinstance(value, bool | int | float | np.number) for value in listed)
    column = np.array(listed, dtype=None if is_plain else object)
    if listed and column.dtype.kind == "f" and all(isinstance(value, int) for value in listed):
        # 64 bits without a sign, beside numbers that need none: numpy would round both.
        return np.array(listed, dtype=np.uint64 if min(listed) >= 0 else object)
    return column


def as_numbers(column: Column) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """As floats, NaN where there is no number; None if the column holds something else."""
    if column.dtype.kind == "O":
        column = np.array([np.nan if value is None else value for value in column.tolist()])
    return column.astype(float) if column.dtype.kind in "iuf" else None


def _or_none(table: Table, name: str) -> Column:
    return table[name] if name in table else np.full(len(table), None)


def _typed(column: Column) -> Any:
    """Without numpy's own kind of text, which pandas does not know."""
    return column.astype(object) if column.dtype.kind == "U" else column
