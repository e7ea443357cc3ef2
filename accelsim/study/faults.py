"""Points at which a part of a run cannot be evaluated: found among the others, with what is wrong.

All points of a chunk are evaluated in one call, and one that has no mapping, or no such size, fails
it. Then

1. values of the machine's numbers that cannot be read there (a bandwidth of 0) are set apart,
2. what is left is halved until the failing ones stand alone. Points that differ only in clock,
   bandwidths, energies and areas stay together: these decide nothing about what can be mapped, so
   that it is enough to ask the first and the last of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from accelsim.base.errors import AccelsimError
from accelsim.study.points import Points
from accelsim.study.setting import Setting
from accelsim.study.table import Column

T = TypeVar("T")

FAULTS = (AccelsimError, ArithmeticError, ValueError)
"""What a point can do wrong; anything else is ours, and ends the run."""


@dataclass(frozen=True)
class Settled(Generic[T]):
    """Some of the points, by their numbers: what was found, or why nothing was."""

    numbers: Column
    found: T | None
    error: str = ""


def settled(
    evaluate: Callable[[Points], T], refusal: Callable[[str, Any], str], points: Points
) -> Iterator[Settled[T]]:
    """All points, in groups that were evaluated together or have the same error.

    `refusal` says why a value cannot be read at a path, and nothing if it can.
    """
    every = np.arange(len(points))
    try:
        yield Settled(every, evaluate(points))
        return
    except FAULTS as error:
        if len(points) == 1:
            yield Settled(every, None, text_of(error))
            return
    readable = np.ones(len(points), dtype=bool)
    for path, setting in points.settings.items():
        written = setting.as_written
        for value, error_text in _unreadable(path, setting, refusal).items():
            chosen = readable & (written == value)
            readable &= ~chosen
            if chosen.any():
                yield Settled(np.flatnonzero(chosen), None, error_text)
    groups = points.deciding
    left = np.flatnonzero(readable)
    left = left[np.argsort(groups[left], kind="stable")]
    if len(left):
        yield from _halved(evaluate, points, left, groups)


def text_of(error: BaseException) -> str:
    """One line for people."""
    text = str(error) or type(error).__name__
    return " ".join(text.split())


def _unreadable(path: str, setting: Setting, refusal: Callable[[str, Any], str]) -> dict[Any, str]:
    if setting.are_numbers and not any(refusal(path, value) for value in setting.telling.distinct):
        return {}
    found = {value: refusal(path, value) for value in setting.distinct}
    return {value: error for value, error in found.items() if error}


def _halved(
    evaluate: Callable[[Points], T], points: Points, numbers: Column, groups: Column
) -> Iterator[Settled[T]]:
    """`numbers` are ordered by their groups."""
    try:
        yield Settled(numbers, evaluate(points.at(numbers)))
        return
    except FAULTS as error:
        if _is_settled(evaluate, points, numbers, groups):
            yield Settled(numbers, None, text_of(error))
            return
    cut = _middle(groups[numbers])
    yield from _halved(evaluate, points, numbers[:cut], groups)
    yield from _halved(evaluate, points, numbers[cut:], groups)


def _is_settled(
    evaluate: Callable[[Points], T], points: Points, numbers: Column, groups: Column
) -> bool:
    """Whether all of them fail: one point, or a group whose first and last do."""
    if len(numbers) == 1:
        return True
    if groups[numbers[0]] != groups[numbers[-1]]:
        return False
    ends = (numbers[:1], numbers[-1:])
    return all(_fails(evaluate, points.at(end)) for end in ends)


def _fails(evaluate: Callable[[Points], T], point: Points) -> bool:
    try:
        evaluate(point)
    except FAULTS:
        return True
    return False


def _middle(groups: Column) -> int:
    """Where to cut: between two groups if there are two, and near the middle."""
    half = len(groups) // 2
    changes = np.flatnonzero(groups[1:] != groups[:-1]) + 1
    return int(changes[np.argmin(abs(changes - half))]) if len(changes) else half
