"""Rows of `accelsim measure --offload`: layers on one device and over two, and the link between.

Times are in ms. `parts` of a row holds those of a layer's parts, or of a link's other ways to run.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.base.errors import Place, YamlError
from accelsim.validation.gpu_compare import number_in
from accelsim.validation.gpu_families import STEADY
from accelsim.validation.offload.cases import OFFLOAD_KERNELS, DecodeLayer
from accelsim.workload.calls import Call, case_of

COLUMNS = ("kernel", "params", "ms", "min_ms", "parts", "error")
_MEASURE = "`accelsim measure --offload` writes such tables"


@dataclass(frozen=True)
class MeasuredRow:
    """`ms` is None where the case failed; `parts` are the times of that name, in ms."""

    kernel: str
    params: str
    call: Call
    ms: float | None
    min_ms: float | None
    parts: Mapping[str, float]
    error: str

    @property
    def is_steady(self) -> bool:
        return self.ms is not None and self.min_ms is not None and self.ms <= STEADY * self.min_ms

    @property
    def is_layer(self) -> bool:
        return isinstance(self.call, DecodeLayer)


def read_offload(path: str | Path) -> tuple[MeasuredRow, ...]:
    """The rows of a file.

    Raises
    ------
    YamlError
        if it cannot be read, is no such table, or a time in it is no number above 0.
    WorkloadError
        if a row names no kernel of the harness, or not its parameters.
    """
    place = Place(str(path))
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            for column in COLUMNS:
                if column not in (reader.fieldnames or ()):
                    fact = f"the table has no column {column!r}"
                    raise YamlError(fact, at=place, remedy=_MEASURE)
            return tuple(_row(row, Place(str(path), reader.line_num)) for row in reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise YamlError(f"is no CSV table: {error}", at=place) from error
    except OSError as error:
        raise YamlError(f"cannot be read: {error.strerror}", at=place) from error


def _row(row: Mapping[str, Any], at: Place) -> MeasuredRow:
    case = case_of(row["kernel"], row["params"], at, OFFLOAD_KERNELS)
    return MeasuredRow(
        kernel=case.kernel,
        params=case.params,
        call=case.call,
        ms=number_in(row, "ms", at),
        min_ms=number_in(row, "min_ms", at),
        parts=_parts(row["parts"] or "{}", at),
        error=row["error"] or "",
    )


def _parts(text: str, at: Place) -> dict[str, float]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise YamlError(f"parts are not JSON: {error}", at=at, remedy=_MEASURE) from error
    if not isinstance(found, dict):
        raise YamlError("parts are no JSON object", at=at, remedy=_MEASURE)
    times = {name: value for name, value in found.items() if name.endswith("_ms")}
    for name, value in times.items():
        if not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise YamlError(f"{name} {value!r} is no number above 0", at=at, remedy=_MEASURE)
    return {name: float(value) for name, value in times.items()}
