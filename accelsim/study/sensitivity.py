"""Elasticities: by how many percent a measure changes where a parameter changes by one.

    elasticity = d log y / d log p

Rates, energies, powers and areas are differentiated exactly (`cost.derivative`), from both sides:
where a bound changes just there, or two phases take equally long, the two differ (a kink). Sizes
(ranks, capacities, rows, columns) are halved and doubled instead, one after the other, for next to
a whole number there is no derivative:

    left = log2(y(p) / y(p / 2))        right = log2(y(2 p) / y(p))

Of a mapping that chooses among alternatives, derivatives are of the one that it takes; what is
moved takes the one that it chooses there. A side is None where the mapping does not fit what it
would run on, where a size cannot be halved, or y is 0.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from accelsim.base.errors import AccelsimError, StudyError, did_you_mean
from accelsim.cost.derivative import differentiable, differentiated
from accelsim.cost.dual import Dual
from accelsim.cost.result import Cost
from accelsim.study.design import Design, is_whole
from accelsim.study.measures import measure
from accelsim.study.table import Table

DERIVATIVE, DIFFERENCE, DOUBLING = "derivative", "difference", "doubling"
DEFAULT_MEASURES = ("latency_s", "energy_pj")
NEGLIGIBLE = 1e-9
"""Elasticities that differ by less are equal: floats differ that much by rounding."""

COLUMNS = ("parameter", "value", "unit", "measure", "left", "right", "method")


class Sides(NamedTuple):
    left: float | None
    right: float | None


def elasticities(
    design: Design,
    of: Sequence[str] = DEFAULT_MEASURES,
    parameters: Sequence[str] = ("*",),
    step: float | None = None,
) -> Table:
    """A row for each parameter and measure: its value, both sides, and the method.

    `of` are measures of `study.measures` that are numbers (`latency_s`, `traffic_bytes.DRAM`),
    `parameters` paths or patterns of them (`memories.DRAM.*`). With a `step`, what would be
    differentiated is divided and multiplied by 1 + step instead.

    Raises StudyError for a measure that is no number, a pattern that matches nothing or a step that
    is not above 0, and what `evaluate` raises.
    """
    refuse_no_step(step)
    smooth, sizes = differentiable(design.arch), _sizes(design)
    values = {**smooth, **sizes}
    chosen = matched(parameters, list(values))
    rates = [path for path in chosen if path in smooth]
    if step is None:
        found = _derivatives(design, rates, of)
    else:
        steps = {path: (smooth[path] / (1 + step), smooth[path] * (1 + step)) for path in rates}
        found = _moved(design, smooth, steps, of)
    doubled = {p: (_half(p, sizes[p]), 2 * sizes[p]) for p in chosen if p in sizes}
    legal = {p: tuple(v if _fits(design, p, v) else None for v in v2) for p, v2 in doubled.items()}
    found |= _moved(design, sizes, legal, of)
    smoothly = DERIVATIVE if step is None else DIFFERENCE
    units = {path: quantity.unit for path, quantity in design.numbers().items()}
    rows = [
        (path, values[path], units.get(path, ""), text, *sides, method)
        for path in chosen
        for method in [smoothly if path in smooth else DOUBLING]
        for text, sides in found[path].items()
    ]
    return Table.of(dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)))


def is_kink(row: dict[str, Any]) -> bool:
    """Whether a derivative differs between the sides."""
    left, right = row["left"], row["right"]
    is_known = row["method"] == DERIVATIVE and None not in (left, right)
    return is_known and abs(left - right) > NEGLIGIBLE


def _sizes(design: Design) -> dict[str, float]:
    """Ranks, capacities, rows and columns."""
    found = {path: quantity.value for path, quantity in design.numbers().items()}
    wanted = ("capacity", "rows", "columns")
    return {
        path: value
        for path, value in found.items()
        if path.startswith("ranks.") or path.rpartition(".")[2] in wanted
    }


def refuse_no_step(step: float | None) -> None:
    if step is not None and not 0 < step < np.inf:
        raise StudyError(f"a step of {step:g} is no step", remedy="Give a share, like 0.01")


def matched(patterns: Sequence[str], known: Sequence[str]) -> list[str]:
    """The paths that patterns mean, each once; a StudyError for one that means none."""
    chosen: list[str] = []
    for pattern in patterns:
        found = [path for path in known if fnmatchcase(path, pattern)]
        if not found:
            remedy = did_you_mean(pattern, known) or "Write paths like memories.DRAM.bandwidth"
            raise StudyError(f"there is no parameter {pattern!r}", remedy=remedy)
        chosen += found
    return list(dict.fromkeys(chosen))


def _numbers(cost: Cost, of: Sequence[str]) -> dict[str, Any]:
    found = {text: measure(cost, text, {}) for text in of}
    for text, value in found.items():
        if value is None:
            raise StudyError(f"no part of the run has {text!r}")
        if not isinstance(value, Dual) and np.asarray(value).dtype.kind not in "iuf":
            raise StudyError(f"{text!r} is no number", remedy="Name one like latency_s")
    return found


# --- by differentiation ---------------------------------------------------------------------------


def _derivatives(
    design: Design, paths: Sequence[str], of: Sequence[str]
) -> dict[str, dict[str, Sides]]:
    cost = differentiated(design.cascade, design.arch, design.alternative(), paths)
    found = _numbers(cost, of)
    return {
        path: {text: _of_dual(value, place) for text, value in found.items()}
        for place, path in enumerate(paths)
    }


def _of_dual(value: Any, place: int) -> Sides:
    if not isinstance(value, Dual):
        return Sides(0.0, 0.0) if value else Sides(None, None)
    if not value.value:
        return Sides(None, None)
    return Sides(float(value.left[place] / value.value), float(value.right[place] / value.value))


# --- by moving ------------------------------------------------------------------------------------


def _moved(
    design: Design,
    own: Mapping[str, float],
    moves: Mapping[str, tuple[float | None, ...]],
    of: Sequence[str],
) -> dict[str, dict[str, Sides]]:
    """Each parameter moved down and up, and no other one named: a rank that is given is no longer
    chosen by a mapping, whatever becomes of the array that it was chosen for."""
    units = {path: quantity.unit for path, quantity in design.numbers().items()}
    found: dict[str, dict[str, Sides]] = {}
    for path, sides in moves.items():
        values = [own[path], *(own[path] if value is None else value for value in sides)]
        there = design.at({path: np.array(values)}, units)
        measured = there.columns(lambda cost: _numbers(cost, of), len(values))
        found[path] = {
            text: Sides(
                *(
                    None if moved is None else _slope(y[0], other, own[path], moved)
                    for moved, other in zip(sides, y[1:], strict=True)
                )
            )
            for text, y in measured.items()
        }
    return found


def _half(path: str, value: float) -> float:
    return value // 2 if is_whole(path) else value / 2


def _fits(design: Design, path: str, value: float) -> bool:
    try:
        return value > 0 and not design.at({path: value}).violations()
    except AccelsimError:
        return False


def _slope(y: float, other: float, p: float, moved: float) -> float | None:
    if y <= 0 or other <= 0:
        return None
    return float(np.log(other / y) / np.log(moved / p)) + 0.0
