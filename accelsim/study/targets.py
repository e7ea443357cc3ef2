"""Solving the other way: at which value of a number a measure reaches a target.

    latency=2x      twice as fast as today            latency=1ms
    energy=0.5x     half of today's energy            energy=3 mJ
    throughput=2x   twice as many tokens a second     (of models on systems, whose energy is that
                                                       of a token)

The model is asked on a grid around today's value, far beyond any sensible one, and between its
neighbours by halving; so it need not be monotone. Of several places the nearest to today counts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from accelsim.base.errors import InputError, StudyError, did_you_mean
from accelsim.base.units import format_quantity, quantity
from accelsim.study.subject import BOUND, ENERGY, LATENCY, TOKEN_ENERGY, TOKENS, Subject, grid_of
from accelsim.study.table import Column, Table
from accelsim.study.varied import Varied

NAMES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "latency": ((LATENCY,), "s"),
    "energy": ((ENERGY, TOKEN_ENERGY), "pJ"),
    "throughput": ((TOKENS,), "1"),
}
"""Measures, of which a subject has one."""
FARTHEST = 2.0**20
"""Both ways from today: what a number without end would give."""
EXAMPLE = "Write it like latency=2x, latency=1ms or energy=0.5x"


class Target(NamedTuple):
    name: str
    measure: str
    unit: str
    goal: float
    today: float
    text: str

    @property
    def is_less(self) -> bool:
        return self.goal < self.today


@dataclass(frozen=True)
class Solved:
    """`value` of the number, `factor` of today's, reaches the target; None if none does, and then
    `reached` is the best that it reaches, at `best_at`, bound by `bound`."""

    target: Target
    name: str
    value: float | None
    reached: float
    best_at: float
    bound: str
    text: str
    factor: float | None = None

    @property
    def times(self) -> float:
        """What is reached, of today's: times as fast, or times as much."""
        return _times(self.target, self.reached)

    @property
    def short(self) -> str:
        """`memories.DRAM.bandwidth = 54 GB/s gives latency=2x`."""
        if self.value is None:
            return f"no {self.name} gives {self.target.text}"
        return f"{self.text.partition(' gives ')[0]} gives {self.target.text}"


def read_target(subject: Subject, text: str, today: Mapping[str, float]) -> Target:
    """NAME=FACTORx or NAME=QUANTITY; a StudyError says what is wrong with it."""
    name, equals, goal = (part.strip() for part in text.partition("="))
    if not (equals and goal):
        raise StudyError(f"{text!r} is no target", remedy=EXAMPLE)
    known = {
        each: (measure, unit)
        for each, (several, unit) in NAMES.items()
        for measure in several
        if measure in subject.measures
    }
    if name not in known:
        remedy = did_you_mean(name, known) or f"There is {' or '.join(known)}"
        raise StudyError(f"there is no target {name!r} here", remedy=remedy)
    measure, unit = known[name]
    value = _goal(name, goal, unit, today[measure])
    if not (math.isfinite(value) and value > 0):
        raise StudyError(f"{text!r} is no target", remedy=EXAMPLE)
    return Target(name, measure, unit, value, today[measure], text)


def _goal(name: str, goal: str, unit: str, today: float) -> float:
    """Twice the latency is wanted by nobody: latency=2x is twice as fast."""
    try:
        if goal.endswith("x"):
            factor = float(quantity(goal.removesuffix("x").strip(), "1"))
            return (today / factor if factor else math.inf) if name == "latency" else today * factor
        return float(quantity(goal, unit))
    except InputError as error:
        raise StudyError(f"--target {name}: {error.fact}", remedy=EXAMPLE) from error


def solve(subject: Subject, varied: Varied, target: Target) -> Solved:
    """Of one number, all others as they are."""
    values = _grid(subject, varied)
    found = subject.answers(varied.columns(values))
    meets = _meets(found, target)
    if not meets.any():
        return _none(varied, target, values, found)
    start = varied.today if varied.today else float(values[len(values) // 2])
    far = np.abs(np.log(values / start))
    place = int(np.argmin(np.where(meets, far, np.inf)))
    value = _nearest(subject, varied, target, float(values[place]), _towards(values, place, start))
    answer = subject.answers(varied.columns([value]))
    reached, bound = float(answer[target.measure][0]), str(answer[BOUND][0])
    times = f" ({value / varied.today:.3g}x)" if varied.today else ""
    shown = varied.text(value)
    text = f"{varied.name} = {shown}{times} gives {_told(target, reached)}, bound by {bound}"
    factor = value / varied.today if varied.today else None
    return Solved(target, varied.name, value, reached, value, bound, text, factor)


def _grid(subject: Subject, varied: Varied) -> Column:
    today = varied.today or float(np.sqrt(min(varied.values) * max(varied.values)))
    if not today > 0:
        raise StudyError(f"{varied.name} is 0", remedy="Vary it from a number above 0 on")
    grid = grid_of(subject, varied.paths)
    number = grid * 2 + 1 if grid > 100 else 41
    values = today * np.geomspace(1 / FARTHEST, FARTHEST, number)
    if varied.is_whole:
        values = np.unique(np.maximum(1, np.round(values)))
    return np.unique(np.concatenate([values, [today], np.asarray(varied.values, dtype=float)]))


def _meets(found: Table, target: Target) -> Column:
    values = np.asarray(found[target.measure], dtype=float)
    slack = 1e-12 * target.goal
    with np.errstate(invalid="ignore"):
        if target.is_less:
            return np.asarray(values <= target.goal + slack)
        return np.asarray(values >= target.goal - slack)


def _towards(values: Column, place: int, start: float) -> float:
    """The neighbour on the way to today, which does not meet the target; itself at the start."""
    if values[place] == start:
        return start
    step = -1 if values[place] > start else 1
    return float(values[min(max(place + step, 0), len(values) - 1)])


def _nearest(subject: Subject, varied: Varied, target: Target, good: float, bad: float) -> float:
    """Halved until the two are as near as the subject's precision."""
    while abs(good - bad) > (1 if varied.is_whole else subject.precision * abs(good)):
        middle = float(np.sqrt(good * bad)) if good > 0 and bad > 0 else (good + bad) / 2
        middle = float(round(middle)) if varied.is_whole else middle
        if middle in (good, bad):
            middle = (good + bad) // 2 if varied.is_whole else (good + bad) / 2
        if middle in (good, bad):
            break
        met = bool(_meets(subject.answers(varied.columns([middle])), target)[0])
        good, bad = (middle, bad) if met else (good, middle)
    return good


def _none(varied: Varied, target: Target, values: Column, found: Table) -> Solved:
    measured = np.asarray(found[target.measure], dtype=float)
    place = int(np.nanargmin(measured) if target.is_less else np.nanargmax(measured))
    best, bound = float(measured[place]), str(found[BOUND][place])
    known = np.isfinite(measured)
    ends = [varied.text(float(each)) for each in values[known][[0, -1]]]
    most = "at best" if target.is_less or target.measure == TOKENS else "at most"
    text = (
        f"no {varied.name} does: from {ends[0]} to {ends[1]} {target.name} is {most} "
        f"{_told(target, best)}, bound by {bound}"
    )
    return Solved(target, varied.name, None, best, float(values[place]), bound, text)


def _told(target: Target, value: float) -> str:
    return f"{format_quantity(value, target.unit)} ({_times(target, value):.3g}x)"


def _times(target: Target, value: float) -> float:
    """A latency in times as fast, like the goal and the column `speedup`; else in times as much."""
    return target.today / value if target.name == "latency" else value / target.today


def as_plain(solved: Solved) -> dict[str, Any]:
    """For JSON."""
    return {
        "target": solved.target.text,
        "path": solved.name,
        "value": solved.value,
        "reached": solved.reached,
        "best_at": solved.best_at,
        "bound": solved.bound,
        "text": solved.text,
    }
