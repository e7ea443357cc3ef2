"""A tape as arrays: codes, rows, and as few rows as its numbers need at one time.

`-(-a // b)` and `-max(-a, -b)`, which are three and four steps on the tape, become one each. A row
is given to the next step as soon as nothing reads it any more, so that a block of candidates stays
in the cache.
"""

import operator
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.cost.tape import Program, absolute, minus
from accelsim.mapping.loops import Number, larger

CEILING, SMALLEST = "ceil_div", "smallest"

ALL: tuple[Any, ...] = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    larger,
    SMALLEST,
    CEILING,
    minus,
    absolute,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
)
"""The place of an operation is its code."""

CODES = {operation: code for code, operation in enumerate(ALL)}

Step = tuple[Any, int, int]


class Code(NamedTuple):
    """`steps` are (code, left row, right row, own row); the leaves are the first rows.

    `constants` fill the rows after the leaves; `wanted` are the rows of the results.
    """

    leaves: int
    constants: tuple[Number, ...]
    rows: int
    steps: NDArray[np.int64]
    wanted: NDArray[np.int64]


def assembled(program: Program) -> Code:
    fixed = program.leaves + len(program.constants)
    steps = dict(enumerate(program.steps, fixed))
    short = {place: _shortened(step, steps) for place, step in steps.items()}
    needed = _needed(program.wanted, short)
    kept = [(place, short[place]) for place in sorted(needed) if place >= fixed]
    rows, table = _rows(kept, fixed, program.wanted)
    return Code(
        leaves=program.leaves,
        constants=tuple(program.constants),
        rows=max(rows.values(), default=-1) + 1,
        steps=np.array(table, dtype=np.int64).reshape(-1, 4),
        wanted=np.array([rows[place] for place in program.wanted], dtype=np.int64),
    )


def _shortened(step: Step, steps: dict[int, Step]) -> Step:
    function, inner, _ = step
    if function is not minus or inner not in steps:
        return step
    under, left, right = steps[inner]
    positive_left, positive_right = _negated(left, steps), _negated(right, steps)
    if under is operator.floordiv and positive_left is not None:
        return CEILING, positive_left, right
    if under is larger and positive_left is not None and positive_right is not None:
        return SMALLEST, positive_left, positive_right
    return step


def _negated(place: int, steps: dict[int, Step]) -> int | None:
    """The place whose number is negated at `place`, if one is."""
    function, inner, _ = steps.get(place, (None, place, place))
    return inner if function is minus else None


def _needed(wanted: Iterable[int], steps: dict[int, Step]) -> set[int]:
    needed: set[int] = set()
    todo = list(wanted)
    while todo:
        place = todo.pop()
        if place not in needed:
            needed.add(place)
            todo += steps[place][1:] if place in steps else ()
    return needed


def _rows(
    kept: list[tuple[int, Step]], fixed: int, wanted: Iterable[int]
) -> tuple[dict[int, int], list[tuple[int, int, int, int]]]:
    """The row of every place, and the steps as numbers."""
    last = {arg: at for at, (_, step) in enumerate(kept) for arg in step[1:]}
    last |= dict.fromkeys(wanted, len(kept))
    rows = {place: place for place in range(fixed)}
    free: list[int] = []
    top, table = fixed, []
    for at, (place, (function, left, right)) in enumerate(kept):
        for done in {left, right}:
            if done >= fixed and last[done] == at:
                free.append(rows[done])
        if not free:
            free.append(top)
            top += 1
        rows[place] = free.pop()
        table.append((CODES[function], rows[left], rows[right], rows[place]))
    return rows, table
