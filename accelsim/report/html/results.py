"""Tables and provenance as they lie on disk, whichever command wrote them.

results.csv, results.parquet              one table
DIR with .csv files                       a table each (study, whatif, pareto)
DIR with folders of .parquet files        a table each (sweep)
DIR with .parquet files                   one table in pieces
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.base.errors import Place, StudyError
from accelsim.study.columns import ERROR, POINT
from accelsim.study.provenance import provenance_of
from accelsim.study.results import JSON, read_result, read_results
from accelsim.study.table import Table

HIDDEN = "._"
PICTURES = (".svg", ".png")


@dataclass(frozen=True)
class Results:
    """Tables by name; what they rest on ({} if nobody says); pictures beside them; and of each
    table, how many rows failed and so have no numbers."""

    place: Path
    tables: Mapping[str, Table]
    provenance: Mapping[str, Any]
    pictures: Sequence[Path]
    failed: Mapping[str, int]


def read(path: str | Path) -> Results:
    """Raises StudyError where there is no table, none with a row, or provenance that is none."""
    place = Path(path)
    found = {name: table for name, table in _tables(place).items() if len(table)}
    if not found:
        raise StudyError("has no table with a row in it", at=Place(str(path)))
    whole = {name: _without_failed(table) for name, table in found.items()}
    failed = {name: len(found[name]) - len(table) for name, table in whole.items()}
    return Results(place, whole, provenance_of(place) or {}, _pictures(place), failed)


def _tables(place: Path) -> Mapping[str, Table]:
    if not place.is_dir():
        if place.suffix == JSON:
            return read_results(place)
        if not place.exists():
            remedy = "Name a folder that --out wrote, a .csv or a .parquet"
            raise StudyError("there are no such results", at=Place(str(place)), remedy=remedy)
        return {place.stem: read_result(place)}
    if any(place.glob("*.csv")):
        return read_results(place)
    folders = [each for each in _visible(place) if each.is_dir() and any(each.glob("*.parquet"))]
    if folders:
        return {folder.name: read_result(folder) for folder in folders}
    return {place.resolve().name: read_result(place)}


def _visible(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.name[0] not in HIDDEN)


def _pictures(place: Path) -> list[Path]:
    """One file a picture, as vectors if there is such a one."""
    if not place.is_dir():
        return []
    by_name: dict[str, Path] = {}
    for ending in PICTURES:
        for file in sorted(place.glob(f"*{ending}")):
            by_name.setdefault(file.stem, file)
    return [by_name[name] for name in sorted(by_name)]


def _without_failed(table: Table) -> Table:
    """Rows of a sweep have an address each; where there are no numbers there is an error."""
    errors = table[ERROR].tolist() if ERROR in table else []
    if not all(_is_empty(error) or isinstance(error, str) for error in errors):
        # Errors of a model: numbers like others.
        errors = []
    hidden = {POINT, ERROR} if errors else {POINT}
    kept = table.select([name for name in table.columns if name not in hidden])
    if not errors:
        return kept
    return kept.at(np.array([_is_empty(error) for error in errors], dtype=bool))


def _is_empty(error: object) -> bool:
    """None in Parquet, nothing in CSV, which is read as no number."""
    return error is None or error == "" or error != error
