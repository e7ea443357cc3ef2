"""A tape of arithmetic, replayed on whole arrays: an operation at a time, nothing to compile.

The same steps as `kernels.replay`, to the last bit, at a third of its speed: sooner done wherever
there are fewer candidates than it takes to load a compiler.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.cost.tape import absolute, minus
from accelsim.mapper.opcodes import ALL, CEILING, SMALLEST, Code
from accelsim.mapping.loops import larger

Array = NDArray[np.float64]

BLOCK = 2048
"""Candidates that pass through the tape together."""


def replay(code: Code, leaves: Array, results: Array) -> None:
    """Results x candidates from leaves x candidates."""
    with np.errstate(all="ignore"):
        for first in range(0, leaves.shape[1], BLOCK):
            part = slice(first, first + BLOCK)
            _replay(code, leaves[:, part], results[:, part])


def _replay(code: Code, leaves: Array, results: Array) -> None:
    rows = np.empty((code.rows, leaves.shape[1]))
    rows[: code.leaves] = leaves
    for place, constant in enumerate(code.constants, code.leaves):
        rows[place] = constant
    row = list(rows)
    for operation, left, right, out in code.steps.tolist():
        _OPERATIONS[operation](row[left], row[right], row[out])
    results[:] = rows[code.wanted]


def _ceil_div(left: Array, right: Array, out: Array) -> None:
    np.negative(np.floor(np.negative(left) / right), out=out)


def _mod(left: Array, right: Array, out: Array) -> None:
    np.subtract(left, np.floor(left / right) * right, out=out)


def _floor_div(left: Array, right: Array, out: Array) -> None:
    np.floor(left / right, out=out)


def _larger(left: Array, right: Array, out: Array) -> None:
    out[:] = np.where(left >= right, left, right)


def _smaller(left: Array, right: Array, out: Array) -> None:
    out[:] = np.where(left <= right, left, right)


def _minus(left: Array, _: Array, out: Array) -> None:
    np.negative(left, out=out)


def _absolute(left: Array, _: Array, out: Array) -> None:
    np.absolute(left, out=out)


_BY_NAME: dict[Any, Callable[[Array, Array, Array], Any]] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
    operator.floordiv: _floor_div,
    operator.mod: _mod,
    larger: _larger,
    SMALLEST: _smaller,
    CEILING: _ceil_div,
    minus: _minus,
    absolute: _absolute,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
    operator.eq: np.equal,
    operator.ne: np.not_equal,
}
_OPERATIONS = [_BY_NAME[operation] for operation in ALL]
