"""Ours beside theirs: a row for each published number.

    error    = ours / published − 1      or ours − published, if the tolerance is a number
    verdict  = "agrees"     |error| is within the tolerance (of a bound: error is)
               "differs"    it is not; `explanation` says why, where that is understood
               "not run"    the tables lack some of the points

Means of ratios are arithmetic unless a claim says otherwise: mean(flat / binding) is not
mean(flat) / mean(binding).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.study.formula import aligned, values_of
from accelsim.study.table import Table, as_table
from accelsim.validation.published import Claim, Published

AGREES, DIFFERS, NOT_RUN = "agrees", "differs", "not run"

_TAKE: Mapping[str, Callable[[Any], Any]] = {
    "mean": np.mean,
    "geomean": lambda values: np.exp(np.mean(np.log(values))),
    "least": np.min,
    "most": np.max,
}


def compare(tables: Mapping[str, Any], published: Published | Iterable[Published]) -> Table:
    """Every claim against the tables (of ours, or pandas frames), in the order of the files.

    Columns: name, ours, published, printed, error, tolerance, verdict, explanation, source, and
    for claims that have something beside: beside (what it is) and ours_beside.
    """
    papers = [published] if isinstance(published, Published) else list(published)
    rows = [_row(claim, tables) for paper in papers for claim in paper.claims]
    names = rows[0] if rows else {}
    return Table.of({name: [row[name] for row in rows] for name in names})


def failures(comparison: Table) -> list[str]:
    """The claims that differ without an explanation."""
    return [
        row["name"]
        for row in comparison.rows()
        if row["verdict"] == DIFFERS and not row["explanation"]
    ]


def number_of(claim: Claim, formula: str, tables: Mapping[str, Any]) -> float:
    """Our number for a claim by one of its formulas; NaN if the tables lack a point of it."""
    if claim.over.table not in tables:
        return float("nan")
    rows = aligned(as_table(tables[claim.over.table]), claim.layout)
    values = values_of(formula, rows, claim.points)
    return float("nan") if np.isnan(values).any() else float(_TAKE[claim.take](values))


def _row(claim: Claim, tables: Mapping[str, Any]) -> dict[str, Any]:
    ours = _ours(claim, claim.of, tables)
    error = claim.tolerance.error(ours, claim.value)
    return {
        "name": claim.name,
        "ours": ours,
        "published": claim.value,
        "printed": claim.printed,
        "error": error,
        "tolerance": str(claim.tolerance),
        "verdict": _verdict(error if claim.at_most else abs(error), claim.tolerance.amount),
        "explanation": claim.differs_because,
        "source": claim.source,
        "beside": claim.beside.label if claim.beside else "",
        "ours_beside": _ours(claim, claim.beside.of, tables) if claim.beside else float("nan"),
    }


def _ours(claim: Claim, formula: str, tables: Mapping[str, Any]) -> float:
    try:
        return number_of(claim, formula, tables)
    except StudyError as error:
        raise StudyError(f"claim {claim.name}: {error.fact}", remedy=error.remedy) from error


def _verdict(error: float, tolerance: float) -> str:
    if np.isnan(error):
        return NOT_RUN
    return AGREES if error <= tolerance else DIFFERS
