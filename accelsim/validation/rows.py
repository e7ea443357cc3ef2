"""Cases → rows of a CSV file; what stands in the file already is not done again.

Every row is on disk before the next case begins. A row with an error is tried again when the file
is resumed only if it is taken out of it.
"""

import csv
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from accelsim.base.errors import Place, YamlError
from accelsim.base.files import output_folder
from accelsim.workload.calls import Case

LONGEST_ERROR = 200


class Appended(NamedTuple):
    """Cases by what became of them: rows with times, rows with errors, rows that were there
    already, and those that the limit left."""

    measured: int
    failed: int
    there: int
    left: int


def append_rows(
    cases: Sequence[Case],
    out: str | Path,
    columns: Sequence[str],
    row_of: Callable[[Case], Mapping[str, Any]],
    advance: Callable[[Case], None] = lambda case: None,
    limit_s: float | None = None,
) -> Appended:
    """Appends to `out` the rows of the cases that it does not hold yet.

    No case is begun later than `limit_s` seconds after the start; the one under way is finished.
    """
    until = None if limit_s is None else time.perf_counter() + limit_s
    known = set(_rows_there(out, columns))
    output_folder(Path(out).parent)
    measured = failed = there = 0
    with Path(out).open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if file.tell() == 0:
            writer.writeheader()
        for case in cases:
            if (case.kernel, case.params) in known:
                there += 1
            elif until is not None and time.perf_counter() > until:
                break
            else:
                row = row_of(case)
                writer.writerow(row)
                file.flush()
                known.add((case.kernel, case.params))
                failed += "error" in row
                measured += "error" not in row
            advance(case)
    return Appended(measured, failed, there, len(cases) - measured - failed - there)


def row_error(error: Exception) -> dict[str, str]:
    """Out of memory, no kernel for these shapes, ...: a row, so that the other cases still run."""
    return {"error": " ".join(str(error).split())[:LONGEST_ERROR] or repr(error)}


def _rows_there(out: str | Path, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    path = Path(out)
    if path.exists():
        try:
            with path.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                _refuse_other_table(reader.fieldnames, columns, path)
                yield from ((row["kernel"], row["params"]) for row in reader)
        except (UnicodeDecodeError, csv.Error) as error:
            raise YamlError(f"is no CSV table: {error}", at=Place(str(path))) from error
        except OSError as error:
            raise YamlError(f"cannot be read: {error.strerror}", at=Place(str(path))) from error


def _refuse_other_table(found: Iterable[Any] | None, columns: Sequence[str], path: Path) -> None:
    if found is not None and tuple(found) != tuple(columns):
        fact = "is a table, but none of measurements"
        raise YamlError(fact, at=Place(str(path)), remedy="Name another file with --out")
