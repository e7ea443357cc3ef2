"""How far the models that a result rests on have been held against the world: data, read here.

`studies/validation_status.csv` has a row for each machine and family of what was compared, with
the command that wrote it (`accelsim validate ... --out`) and the day.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accelsim.base.catalogue import names, shipped
from accelsim.report.html.contents import StatusShown
from accelsim.report.html.inputs import machines_of_devices
from accelsim.study.table import Table

FILE = "studies/validation_status.csv"
KINDS = ("Gpu", "Spatial", "System")
COLUMNS = ("machine", "gpu", "device", "system")
ALL = "all"
NOTHING = "This model has not been held against measurements, nor against published numbers."

Row = Mapping[str, str]


def status_of(
    provenance: Mapping[str, Any], tables: Mapping[str, Table], file: Path | None = None
) -> list[StatusShown]:
    """Of every machine that is an input, or is named in a table; those with the same together."""
    found = rows_of(file or shipped() / FILE)
    named: dict[tuple[str, ...], list[str]] = {}
    for name in machines_of(provenance, tables, _shipped_machines()):
        said = _said([row for row in found if row["machine"] == name])
        named.setdefault(tuple(said or [NOTHING]), []).append(name)
    return [StatusShown(", ".join(machines), said) for said, machines in named.items()]


def _shipped_machines() -> set[str]:
    """By their plain names, as tables have them."""
    return {name.rpartition("/")[2] for name in (*names("machines"), *names("systems"))}


def rows_of(file: Path) -> list[Row]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def machines_of(
    provenance: Mapping[str, Any], tables: Mapping[str, Table], known: set[str]
) -> list[str]:
    inputs = provenance.get("inputs", {})
    devices = machines_of_devices(inputs)
    found = [devices.get(name, name) for name, each in inputs.items() if each.get("kind") in KINDS]
    for table in tables.values():
        for column in (name for name in COLUMNS if name in table):
            cells = dict.fromkeys(str(cell) for cell in table[column].tolist())
            found += [cell for cell in cells if cell in known]
    return list(dict.fromkeys(name.removesuffix(".yaml") for name in found))


def _said(rows: Sequence[Row]) -> list[str]:
    """A sentence for each comparison: the whole, its families, who says so."""
    return [_sentence([row for row in rows if row["of"] == of]) for of in _distinct(rows)]


def _sentence(rows: Sequence[Row]) -> str:
    whole = next((row for row in rows if row["family"] == ALL), None)
    listed = ", ".join(
        f"{row['family']} {_percent(row)} ({row['rows']})" for row in rows if row is not whole
    )
    if whole is None:
        head = f"Mean error on {rows[0]['of']}"
    else:
        head = f"{_percent(whole)} mean error on {whole['rows']} {whole['of']}"
        head += f", 95 % within {float(whole['p95_percent']):.2g} %"
    note = f" {rows[0]['note']}" if rows[0]["note"] else ""
    by = f"By `{rows[0]['command']}`, {rows[0]['date']}."
    return f"{head}{f': {listed}' if listed else ''}.{note} {by}"


def _percent(row: Row) -> str:
    return f"{float(row['mean_percent']):.2g} %"


def _distinct(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["of"] for row in rows))
