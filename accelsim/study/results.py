"""Results as they lie on disk: a file of a table, or a folder of them.

results.csv, results.parquet      one table
a folder with .parquet files      one table, in however many pieces, those of subfolders too
a folder of .csv files            a table each
"""

from pathlib import Path

from accelsim.base.errors import Place, StudyError
from accelsim.study.table import Table, read_chosen, read_table

ENDINGS = (".csv", ".parquet")


def read_result(path: str | Path) -> Table:
    """One table: of a file, or of a folder's Parquet files, or else of its only .csv.

    Raises StudyError for what is no table, or for a folder without one.
    """
    there = Path(path)
    if not there.is_dir():
        return _of_file(there)
    pieces = _pieces(there)
    if pieces:
        return _of_pieces(there, pieces)
    files = _csv_files(there)
    if len(files) == 1:
        return read_table(files[0])
    fact = f"has {len(files)} .csv files and no .parquet" if files else "has no table in it"
    raise StudyError(fact, at=Place(str(path)), remedy="Name a .csv or .parquet file")


def read_results(path: str | Path) -> dict[str, Table]:
    """Every table by its name: the .csv files of a folder, or else the one of `read_result`."""
    there = Path(path)
    files = _csv_files(there) if there.is_dir() else []
    if files:
        return {file.stem: read_table(file) for file in files}
    return {"results" if there.is_dir() else there.stem: read_result(there)}


def _of_file(file: Path) -> Table:
    if file.suffix not in ENDINGS or not file.exists():
        remedy = "Name a .csv, a .parquet, or a folder of them"
        fact = "is no table" if file.exists() else "there is no such file"
        raise StudyError(fact, at=Place(str(file)), remedy=remedy)
    return read_chosen(file, {}) if file.suffix == ".parquet" else read_table(file)


def _pieces(folder: Path) -> list[Path]:
    """The Parquet files below a folder; what begins with `.` or `_` is not finished, or no data."""
    return [
        file
        for file in sorted(folder.rglob("*.parquet"))
        if not any(part[0] in "._" for part in file.relative_to(folder).parts)
    ]


def _of_pieces(folder: Path, pieces: list[Path]) -> Table:
    from pyarrow import ArrowException, concat_tables  # type: ignore[import-untyped]
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]

    try:
        read = [ParquetFile(piece).read() for piece in pieces]
        whole = concat_tables(read, promote_options="permissive")
    except (OSError, ArrowException) as error:
        fact = f"cannot be read as one table: {error}"
        raise StudyError(fact, at=Place(str(folder))) from error
    return Table({name: whole[name].to_numpy() for name in whole.column_names})


def _csv_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.csv"))
