"""The rows of a sweep on disk: a Parquet dataset that only grows, one file a chunk.

    DIR/results/part-….parquet    the rows of some points, whole: written aside, then renamed
    DIR/results/_content.json     what all rows depend on (`content`); other rows are refused
    DIR/results/_lock             held by whoever writes

DuckDB, pandas and Polars read `DIR/results/*.parquet`. A file is there with all its rows or not at
all, at whatever moment the writer is killed; its name is that of its points, so writing the same
chunk again replaces it. What a killed writer left aside is cleared by the next one, and so is a
file that cannot be read (of a machine that lost power).
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from accelsim.base.errors import OutputError, Place, StudyError
from accelsim.base.files import atomic_write, output_folder
from accelsim.study.columns import POINT
from accelsim.study.part import Part
from accelsim.study.table import Column

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

CONTENT = "_content.json"
LOCK = "_lock"
ASIDE = "_writing"


class Rows(Protocol):
    """Rows that only become more, and which points they had at first."""

    addresses: Column

    def lacks(self, addresses: Column) -> Column: ...
    def add(self, part: Part, chunk: int) -> None: ...
    def rows(self) -> "pa.Table": ...


class Memory:
    """Rows that nobody keeps."""

    def __init__(self) -> None:
        self.addresses: Column = np.empty(0, np.uint64)
        self._parts: list[Part] = []

    def lacks(self, addresses: Column) -> Column:
        return np.ones(len(addresses), dtype=bool)

    def add(self, part: Part, chunk: int) -> None:
        self._parts.append(part)

    def rows(self) -> "pa.Table":
        return _joined([part.rows for part in self._parts])


class Store:
    """A folder of parts, and which points it had when it was opened; `opened` makes one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = [_addresses(part) for part in self._parts()]
        self.addresses: Column = np.sort(np.concatenate([np.empty(0, np.uint64), *found]))

    def lacks(self, addresses: Column) -> Column:
        """Which of the points were not there: a mask."""
        if not len(self.addresses):
            return np.ones(len(addresses), dtype=bool)
        place = np.searchsorted(self.addresses, addresses)
        there = self.addresses[np.minimum(place, len(self.addresses) - 1)]
        return np.asarray(there != addresses)

    def add(self, part: Part, chunk: int) -> None:
        """The rows of points that were not there; `chunk` is their place among others."""
        name = f"part-{chunk:07d}-{part.key:016x}.parquet"
        aside = self.folder / ASIDE / name
        try:
            aside.write_bytes(part.parquet)
            os.replace(aside, self.folder / name)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise _unwritable(self.folder, error) from error

    def rows(self) -> "pa.Table":
        """All rows, in the order of the files; a column that some lack is empty there."""
        from pyarrow.parquet import read_table  # type: ignore[import-untyped]

        return _joined([read_table(part) for part in self._parts()])

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.parquet"))


@contextmanager
def opened(folder: Path, content: str) -> Iterator[Store]:
    """The store in a folder, for one writer at a time.

    Raises
    ------
    StudyError
        if another one writes there, or the rows there are of another content.
    OutputError
        if nothing can be written there.
    """
    output_folder(folder)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        _lock(lock, folder)
        _refuse_another_content(folder, content)
        shutil.rmtree(folder / ASIDE, ignore_errors=True)
        (folder / ASIDE).mkdir()
        _drop_unreadable(folder)
        yield Store(folder)
        (folder / ASIDE).rmdir()
    finally:
        os.close(lock)


def _lock(lock: int, folder: Path) -> None:
    """The system lets go of it when the writer ends, however it ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        remedy = "Wait for it, or give another --out"
        raise StudyError("a sweep writes here", at=Place(str(folder)), remedy=remedy) from error


def _refuse_another_content(folder: Path, content: str) -> None:
    file = folder / CONTENT
    if not file.exists():
        atomic_write(file, content)
    elif file.read_text(encoding="utf-8") != content:
        raise StudyError(
            "holds rows of another study: its inputs, measures or version differ",
            at=Place(str(folder)),
            remedy="Give another --out, or remove the folder",
        )


def _drop_unreadable(folder: Path) -> None:
    from pyarrow.parquet import read_metadata

    for part in folder.glob("part-*.parquet"):
        try:
            read_metadata(part)
        except (OSError, ValueError):
            part.unlink()


def _addresses(part: Path) -> Column:
    from pyarrow.parquet import read_table

    column: Column = read_table(part, columns=[POINT])[POINT].to_numpy()
    return np.unique(column)


def _joined(tables: "Sequence[pa.Table]") -> "pa.Table":
    import pyarrow as pa

    plain = [_with_plain_texts(table) for table in tables]
    return pa.concat_tables(plain, promote_options="permissive")


def _with_plain_texts(table: "pa.Table") -> "pa.Table":
    """Texts of different files have different dictionaries."""
    import pyarrow as pa

    fields = [
        pa.field(f.name, pa.string(), metadata=f.metadata) if pa.types.is_dictionary(f.type) else f
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _unwritable(folder: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    remedy = "Make room and run it again: it goes on where it stopped"
    return OutputError(f"cannot be written: {reason}", at=Place(str(folder)), remedy=remedy)
