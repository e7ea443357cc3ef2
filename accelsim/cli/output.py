"""What commands print and write: JSON, tables for people, and CSV."""

import csv
import io
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PIPED_COLUMNS = 120
LAST_COLUMN = 40


def print_json(value: Any) -> None:
    """Strict JSON: numpy numbers and arrays as plain ones, infinity and nan as null."""
    print(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns wide enough for their words, whatever the terminal's width; the last one wraps."""
    # Who prints JSON needs no tables.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=number < len(columns) - 1)
    cells = [tuple(row) for row in rows]
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    needed = sum(width + 2 for width in widths[:-1]) + min(widths[-1], LAST_COLUMN)
    wide = Console().width if sys.stdout.isatty() else PIPED_COLUMNS
    console = Console(highlight=False, width=max(wide, needed))
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
