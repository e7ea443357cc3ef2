"""Columns of a sweep for Arrow: one type a column in all parts of a dataset, its unit beside it.

What is measured is float64; whether something fits is a bool; what bounds it, and names, are texts.
An axis is what its values are: whole numbers int64, others float64, quantities as written texts.
Texts are stored once each (dictionaries). A point that failed has no value in what is measured.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.base.units import UNIT_OF_SUFFIX, suffix_of
from accelsim.study.table import Column, Table

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

POINT = "point"
ERROR = "error"


def arrow_table(table: Table, units: Mapping[str, str]) -> "pa.Table":
    """The columns in order; `units` go into the fields' metadata."""
    import pyarrow as pa

    arrays = [_array(column) for column in table.columns.values()]
    fields = [
        pa.field(name, array.type, metadata={"unit": units.get(name, "")})
        for name, array in zip(table.columns, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def unit_of_measure(text: str) -> str:
    """Of `traffic_bytes.DRAM` B, of `cycles` cycle, of `busy.Array2D` none; of a path with its unit
    at the end (`memories.DRAM.bandwidth_bytes_per_s`) that one."""
    name = text.partition(".")[0]
    special = {"cycles": "cycle", "energy": "pJ"}
    return special.get(name) or UNIT_OF_SUFFIX.get(suffix_of(name) or suffix_of(text), "")


def gap(text: str, number: int) -> Column:
    """The column of a measure where nothing could be measured."""
    if text.partition(".")[0] in _TEXTS_AND_TRUTHS:
        return np.full(number, None)
    return np.full(number, np.nan)


SEARCH = ("optimal", "gap", "strategy")
"""Of a mapping that was found (see `search`)."""

_TEXTS_AND_TRUTHS = ("bound", "array", "fits", "optimal", "strategy")


def as_measured(text: str, column: Column) -> Column:
    """Numbers as float64, as in every other part."""
    is_number = text.partition(".")[0] not in _TEXTS_AND_TRUTHS
    return np.asarray(column, dtype=np.float64) if is_number else column


def _array(column: Column) -> Any:
    """From the bytes of numbers, without a Python object for each."""
    import pyarrow as pa

    number = len(column)
    if column.dtype.kind in "iuf":
        contents = pa.py_buffer(np.ascontiguousarray(column))
        return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), number, [None, contents])
    if column.dtype.kind == "b":
        return pa.Array.from_buffers(pa.bool_(), number, [None, _bits(column)])
    cells = column.tolist()
    if cells.count(None) < number and all(cell is None or isinstance(cell, bool) for cell in cells):
        truths = _bits(cell is True for cell in cells)
        return pa.Array.from_buffers(pa.bool_(), number, [_validity(cells), truths])
    distinct = [cell for cell in dict.fromkeys(cells) if cell is not None]
    place = {cell: number for number, cell in enumerate(distinct)} | {None: 0}
    codes = np.fromiter(map(place.__getitem__, cells), dtype=np.int32, count=number)
    indices = pa.Array.from_buffers(pa.int32(), number, [_validity(cells), pa.py_buffer(codes)])
    return pa.DictionaryArray.from_arrays(indices, _strings([str(cell) for cell in distinct]))


def _strings(texts: list[str]) -> Any:
    """`pyarrow.array` of texts would import pandas."""
    import pyarrow as pa

    encoded = [text.encode("utf-8") for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype="int32")
    contents = [pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.StringArray.from_buffers(len(texts), *contents)


def _validity(cells: list[Any]) -> Any:
    gaps = cells.count(None)
    if gaps in (0, len(cells)):
        return _bits(np.zeros(gaps, dtype=bool)) if gaps else None
    return _bits(cell is not None for cell in cells)


def _bits(truths: Any) -> Any:
    import pyarrow as pa

    found = truths if isinstance(truths, np.ndarray) else np.fromiter(truths, dtype=bool)
    return pa.py_buffer(np.packbits(found, bitorder="little"))
