"""A recorded trace, request by request, from CSV.

    arrived_at,num_prefill_tokens,num_decode_tokens
    0.0,374,44
    4.314579,396,109

Seconds from the start of the trace, in order; tokens at least 1. Other columns are not read. The
format is that of the Azure LLM inference traces as vidur (Agrawal et al., MLSys 2024) keeps them.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TextIO

from accelsim.base.errors import Place, TraceError, did_you_mean
from accelsim.sim.request import Request

COLUMNS = ("arrived_at", "num_prefill_tokens", "num_decode_tokens")
#: Far above the context of any model.
MOST_TOKENS = 10**9

Rows = Iterator[tuple[int, list[str]]]


class _Layout(NamedTuple):
    """Which cells of a row hold what, and how many cells a row has."""

    places: tuple[int, ...]
    cells: int


def trace_requests(path: str | Path) -> Iterator[Request]:
    """The requests of a file, read as they are asked for.

    A file without the columns or without a request is refused here; what is wrong with a later row
    is a `TraceError` when its turn comes.
    """
    rows = _rows(Path(path))
    layout = _layout(path, next(rows, (1, [])))
    first = next(rows, None)
    if first is None:
        raise TraceError(
            "the trace has no requests", at=Place(str(path)), remedy="Add a row for each"
        )
    return _requests(path, layout, chain((first,), rows))


def _requests(path: str | Path, layout: _Layout, rows: Rows) -> Iterator[Request]:
    before_s = 0.0
    for number, (line, row) in enumerate(rows):
        request = _request(Place(str(path), line), layout, number, row)
        if request.arrived_s < before_s:
            fact = f"arrived_at goes back from {before_s:g} s to {request.arrived_s:g} s"
            raise TraceError(fact, at=Place(str(path), line), remedy="Sort the rows by arrived_at")
        before_s = request.arrived_s
        yield request


def _request(at: Place, layout: _Layout, number: int, row: Sequence[str]) -> Request:
    if len(row) != layout.cells:
        fact = f"the row has {len(row)} cells, the header {layout.cells}"
        raise TraceError(fact, at=at, remedy="Give every column a value")
    arrived, prompt, output = (row[place].strip() for place in layout.places)
    return Request(
        number,
        _seconds(at, arrived),
        _tokens(at, COLUMNS[1], prompt),
        _tokens(at, COLUMNS[2], output),
    )


def _seconds(at: Place, cell: str) -> float:
    try:
        seconds = float(cell)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        fact = f"arrived_at: {cell[:40]!r} is no time"
        raise TraceError(fact, at=at, remedy="Write seconds from the start of the trace, like 4.31")
    return seconds


def _tokens(at: Place, column: str, cell: str) -> int:
    is_whole = cell.isascii() and cell.isdigit() and len(cell) <= 20
    if not is_whole or not 0 < int(cell) <= MOST_TOKENS:
        fact = f"{column}: {cell[:40]!r} is no number of tokens"
        raise TraceError(fact, at=at, remedy=f"Write a whole number from 1 to {MOST_TOKENS:,}")
    return int(cell)


# --- the file -------------------------------------------------------------------------------------


def _rows(path: Path) -> Rows:
    """The rows that are not blank, with the line each ends on."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from _cells(path, file)
    except OSError as error:
        reason = error.strerror or str(error)
        fact, remedy = f"cannot be read: {reason}", "`accelsim list traces` shows what is shipped"
        raise TraceError(fact, at=Place(str(path)), remedy=remedy) from error


def _cells(path: Path, file: TextIO) -> Rows:
    reader = csv.reader(file)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        at = Place(str(path), reader.line_num)
        raise TraceError(f"this is no CSV: {error}", at=at, remedy=_SAVE_AS_CSV) from error
    except UnicodeDecodeError as error:
        raise TraceError("this is no text", at=Place(str(path)), remedy=_SAVE_AS_CSV) from error


_SAVE_AS_CSV = f"Save it as CSV, in UTF-8, with the columns {','.join(COLUMNS)}"


def _layout(path: str | Path, header: tuple[int, list[str]]) -> _Layout:
    line, names = header[0], [name.strip() for name in header[1]]
    at = Place(str(path), line)
    for column in COLUMNS:
        if column not in names:
            written = f"; it has {', '.join(names)[:100]}" if names else ""
            remedy = did_you_mean(column, names) or _SAVE_AS_CSV
            raise TraceError(f"the trace has no column {column!r}{written}", at=at, remedy=remedy)
    return _Layout(tuple(map(names.index, COLUMNS)), len(names))
