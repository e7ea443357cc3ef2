"""Results as they lie on disk: a file of a table, or a folder of them.

results.csv, results.parquet      one table
a folder with .parquet files      one table, in however many pieces, those of subfolders too; of a
                                  sweep with several tables, the folder of one of them
a folder of .csv files            a table each, and each .parquet beside them of another name
what a command printed as JSON    a table `results` of one row, whose columns are the paths of
                                  its values (`traffic_bytes.DRAM`), and one of each list of rows
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError, Place, StudyError
from accelsim.study.provenance import KEY
from accelsim.study.store import CONTENT
from accelsim.study.table import Table, array_of, read_table, write_csv, write_parquet

JSON = ".json"
RESULTS = "results"
ENDINGS = (".csv", ".parquet")


def read_result(path: str | Path) -> Table:
    """One table: of a file, or of a folder's Parquet files, or else of its only .csv.

    Raises StudyError for what is no table, or for a folder without one.
    """
    there = Path(path)
    if not there.is_dir():
        return _of_file(there)
    tables = _tables_of_a_sweep(there)
    if len(tables) > 1:
        remedy = f"Name the folder of one: {', '.join(map(str, tables))}"
        raise StudyError(f"has {len(tables)} tables in it", at=Place(str(path)), remedy=remedy)
    pieces = _pieces(there)
    if pieces:
        return _of_pieces(there, pieces)
    files = _csv_files(there)
    if len(files) == 1:
        return read_table(files[0])
    fact = f"has {len(files)} .csv files and no .parquet" if files else "has no table in it"
    raise StudyError(fact, at=Place(str(path)), remedy="Name a .csv or .parquet file")


def read_results(path: str | Path) -> dict[str, Table]:
    """Every table by its name: the .csv files of a folder with the .parquet beside them, the tables
    of a sweep, those of a JSON, or else the one of `read_result`."""
    there = Path(path)
    if there.suffix == JSON:
        return _of_json(there)
    files = _csv_files(there) if there.is_dir() else []
    if files:
        others = {file.stem: file for file in sorted(there.glob("*.parquet"))}
        for file in files:
            others.pop(file.stem, None)
        found = {file.stem: read_table(file) for file in files}
        return found | {name: _of_pieces(file, [file]) for name, file in others.items()}
    swept = _tables_of_a_sweep(there) if there.is_dir() else []
    if len(swept) > 1:
        return {table.name: read_result(table) for table in swept}
    return {RESULTS: read_result(there)}


def refuse_unless_table(path: str | Path) -> None:
    """An InputError for a file that is named like no table, before anything is computed for it."""
    if Path(path).suffix not in ENDINGS:
        raise InputError(f"--out {path}: a table is a .csv or .parquet")


def write_result(table: Table, path: str | Path) -> Path:
    """One table as the kind of file that its name says."""
    refuse_unless_table(path)
    return (write_csv if Path(path).suffix == ".csv" else write_parquet)(table, path)


def _of_file(file: Path) -> Table:
    if file.suffix not in ENDINGS or not file.exists():
        remedy = "Name a .csv, a .parquet, or a folder of them"
        fact = "is no table" if file.exists() else "there is no such file"
        raise StudyError(fact, at=Place(str(file)), remedy=remedy)
    return _of_pieces(file, [file]) if file.suffix == ".parquet" else read_table(file)


def _tables_of_a_sweep(folder: Path) -> list[Path]:
    """Each is a folder of its own, with what its rows depend on."""
    return sorted(file.parent for file in folder.rglob(CONTENT))


def _pieces(folder: Path) -> list[Path]:
    """The Parquet files below a folder; what begins with `.` or `_` is not finished, or no data."""
    return [
        file
        for file in sorted(folder.rglob("*.parquet"))
        if not any(part[0] in "._" for part in file.relative_to(folder).parts)
    ]


def _of_pieces(there: Path, pieces: list[Path]) -> Table:
    from pyarrow import ArrowException, concat_tables  # type: ignore[import-untyped]
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]

    try:
        read = [ParquetFile(piece).read() for piece in pieces]
        whole = concat_tables(read, promote_options="permissive")
        columns = {name: _decoded(whole[name]).to_numpy() for name in whole.column_names}
    except (OSError, ArrowException) as error:
        fact = f"cannot be read as one table: {error}"
        some = ", ".join(map(str, pieces[:3])) + (", ..." if len(pieces) > 3 else "")
        remedy = f"Name one of its files: {some}" if len(pieces) > 1 else None
        raise StudyError(fact, at=Place(str(there)), remedy=remedy) from error
    return Table(columns)


def _decoded(column: Any) -> Any:
    """Texts that are stored once each, as texts."""
    from pyarrow.types import is_dictionary  # type: ignore[import-untyped]

    return column.cast(column.type.value_type) if is_dictionary(column.type) else column


def _csv_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.csv"))


# --- JSON -----------------------------------------------------------------------------------------


def _of_json(file: Path) -> dict[str, Table]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"cannot be read as JSON: {error}", at=Place(str(file))) from error
    whole = found if isinstance(found, dict) else {RESULTS: found}
    lists = {name: value for name, value in whole.items() if _is_rows(value)}
    rest = {k: value for k, value in whole.items() if k not in lists and k != KEY}
    row = dict(_leaves(rest, ""))
    tables = {RESULTS: [row]} if row else {}
    tables |= {name: [dict(_leaves(each, "")) for each in rows] for name, rows in lists.items()}
    return {name: _table(rows) for name, rows in tables.items()}


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _table(rows: list[dict[str, Any]]) -> Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return Table({name: array_of(row.get(name) for row in rows) for name in names})


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Values by their paths, entries of lists by their numbers."""
    if isinstance(value, list):
        value = {str(number): entry for number, entry in enumerate(value)}
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _leaves(entry, f"{path}.{key}" if path else str(key))
    else:
        yield path, value
