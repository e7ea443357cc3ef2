"""Whole files or none: what is written goes to a temporary name beside the target and is renamed.

An interrupted run leaves the old file, or no file, never half of one.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from accelsim.base.errors import OutputError, Place


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to; it becomes `path` if the block ends well and vanishes if not.

    The ending stays, for libraries that choose a format by it.
    """
    target = Path(path)
    output_folder(target.parent)
    if target.is_dir():
        raise OutputError("is a folder, not a file", at=Place(str(path)))
    temporary = target.with_name(f".{secrets.token_hex(4)}.{target.name}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write(path: str | Path, content: str | bytes) -> Path:
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return Path(path)


@contextmanager
def staged_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder beside `path`, whose files move into it together if the block ends well.

    If it does not, nothing of them is left, and `path` is as it was before.
    """
    missing = _missing(path)
    folder = output_folder(path)
    staging = folder.with_name(f".{secrets.token_hex(4)}.{folder.name}")
    try:
        staging.mkdir()
        yield staging
        for file in staging.iterdir():
            os.replace(file, folder / file.name)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not any(folder.iterdir()):
            _remove(missing)


def refuse_unwritable(path: str | Path) -> None:
    """An `OutputError` if no folder can be made there, or written in; no folder is left."""
    missing = _missing(path)
    output_folder(path)
    _remove(missing)


def output_folder(path: str | Path) -> Path:
    """The folder, made if it is not there; an `OutputError` if nothing can be written in it."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder


def _missing(path: str | Path) -> list[Path]:
    """The folder and those above it that are not there, the innermost first."""
    return [each for each in (Path(path), *Path(path).parents) if not os.path.exists(each)]


def _remove(folders: list[Path]) -> None:
    """Empty ones; one that somebody has filled meanwhile stays."""
    with suppress(OSError):
        for each in folders:
            each.rmdir()


def _unwritable(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    remedy = "Choose another place or make room for it"
    return OutputError(f"cannot be written: {reason}", at=Place(str(path)), remedy=remedy)
