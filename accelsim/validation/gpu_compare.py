"""Measured GPU rows beside predicted ones: errors by row and by family.

    error = predicted / measured - 1          of calls of 20 us and more
    launch floor: predicted - measured in us  of shorter ones

Rows with an error, and unsteady ones (`gpu_families.STEADY`), are left out and listed.
"""

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import AccelsimError, Place, YamlError
from accelsim.cost.gpu.call import CallCost, call_cost
from accelsim.validation.gpu_families import FAMILIES, STEADY, family_of
from accelsim.workload.calls import Call, case_of

SHORT_MS = 0.020

APART = ("math", "efficient", "windows", "lengths", "flash backward")


@dataclass(frozen=True)
class Measured:
    """A measured row; None where the file has nothing."""

    kernel: str
    params: str
    call: Call
    ms: float | None
    min_ms: float | None
    sustained_ms: float | None
    sustained_mj: float | None
    clock_mhz: float | None
    error: str

    @property
    def is_steady(self) -> bool:
        return self.ms is not None and self.min_ms is not None and self.ms <= STEADY * self.min_ms


@dataclass(frozen=True)
class Compared:
    """A row with what was predicted; None where no kernel is known for the call."""

    measured: Measured
    family: str
    cost: CallCost | None

    @property
    def ms(self) -> float | None:
        return None if self.cost is None else self.cost.seconds * 1e3

    def errors(self) -> dict[str, float]:
        """Relative errors of time, sustained time, energy and clock, as far as there are any."""
        if self.cost is None:
            return {}
        pairs = {
            "ms": (self.cost.seconds * 1e3, self.measured.ms),
            "sustained_ms": (self.cost.sustained_s * 1e3, self.measured.sustained_ms),
            "mj": (self.cost.energy_j * 1e3, self.measured.sustained_mj),
            "clock_mhz": (self.cost.sustained_clock_hz / 1e6, self.measured.clock_mhz),
        }
        return {name: ours / theirs - 1 for name, (ours, theirs) in pairs.items() if theirs}


@dataclass(frozen=True)
class Statistics:
    """Of a family: rows, mean absolute error, median, 95th percentile of |error|, and bias."""

    family: str
    rows: int
    mean: float
    median: float
    p95: float
    bias: float


def read_measured(path: str | Path) -> tuple[Measured, ...]:
    """The rows of a file that `accelsim measure` wrote."""
    place = Place(str(path))
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            for column in _COLUMNS:
                if column not in (reader.fieldnames or ()):
                    raise YamlError(
                        f"the table has no column {column!r}", at=place, remedy=_MEASURE
                    )
            return tuple(_measured(row, Place(str(path), reader.line_num)) for row in reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise YamlError(f"is no CSV table: {error}", at=place) from error
    except OSError as error:
        raise YamlError(f"cannot be read: {error.strerror}", at=place) from error


_MEASURE = "`accelsim measure` writes such tables"

_NUMBERS = ("ms", "min_ms", "sustained_ms", "sustained_mj", "sustained_clock_mhz")

_COLUMNS = ("kernel", "params", *_NUMBERS, "error")


def number_in(row: Mapping[str, Any], column: str, at: Place) -> float | None:
    """A measured number; None where the cell is empty or nan, an error unless it is above 0."""
    text = row.get(column) or ""
    try:
        number = float(text) if text else math.nan
    except ValueError:
        number = -1.0
    if number <= 0 or math.isinf(number):
        raise YamlError(f"{column} {text!r} is no number above 0", at=at, remedy=_MEASURE)
    return None if math.isnan(number) else number


def compared(rows: Iterable[Measured], gpu: Gpu) -> list[Compared]:
    """Each row with its prediction."""
    return [Compared(row, family_of(row.call), _cost(row.call, gpu)) for row in rows]


def long_rows(rows: Iterable[Compared]) -> list[Compared]:
    """Steady ones of 20 us and more that were predicted."""
    return [
        row
        for row in rows
        if row.measured.is_steady and row.cost and (row.measured.ms or 0) >= SHORT_MS
    ]


def short_rows(rows: Iterable[Compared]) -> list[Compared]:
    return [
        row
        for row in rows
        if row.measured.is_steady and row.cost and (row.measured.ms or 0) < SHORT_MS
    ]


def by_family(rows: Sequence[Compared], quantity: str = "ms") -> list[Statistics]:
    """Every family by itself, all that count together, and those that are reported apart."""
    chosen: Mapping[str, Callable[[str], bool]] = {
        **{name: name.__eq__ for name in FAMILIES},
        "all": lambda family: family in FAMILIES,
        **{name: name.__eq__ for name in APART},
    }
    found = {
        name: [
            row.errors()[quantity] for row in rows if is_in(row.family) and quantity in row.errors()
        ]
        for name, is_in in chosen.items()
    }
    return [statistics_of(name, errors) for name, errors in found.items() if errors]


def statistics_of(family: str, errors: Sequence[float]) -> Statistics:
    """Of relative errors, of which there is at least one."""
    array = np.array(errors)
    sizes = np.abs(array)
    return Statistics(
        family=family,
        rows=len(array),
        mean=float(sizes.mean()),
        median=float(np.median(sizes)),
        p95=float(np.quantile(sizes, 0.95)),
        bias=float(array.mean()),
    )


def worst(rows: Sequence[Compared], most: int = 10) -> list[Compared]:
    """Those furthest off in time."""
    return sorted(rows, key=lambda row: -abs(row.errors()["ms"]))[:most]


def _cost(call: Call, gpu: Gpu) -> CallCost | None:
    try:
        return call_cost(call, gpu)
    except AccelsimError:
        # No kernel is known for it; the row is listed without a prediction.
        return None


def _measured(row: Mapping[str, Any], at: Place) -> Measured:
    case = case_of(row["kernel"], row["params"], at)
    ms, min_ms, sustained_ms, sustained_mj, clock_mhz = (
        number_in(row, column, at) for column in _NUMBERS
    )
    return Measured(
        kernel=case.kernel,
        params=case.params,
        call=case.call,
        ms=ms,
        min_ms=min_ms,
        sustained_ms=sustained_ms,
        sustained_mj=sustained_mj,
        clock_mhz=clock_mhz,
        error=row["error"] or "",
    )
