"""Numbers that carry their derivatives: forward-mode differentiation of the cost model.

A Dual is a value and its one-sided derivatives by several parameters x at once:

    right = lim (f(x + h) - f(x)) / h      left = lim (f(x) - f(x - h)) / h      h → 0, h > 0

Arithmetic takes both through the product and quotient rules. They part at a maximum of equals,

    f = max(a, b), a = b      right = max(a_right, b_right)      left = min(a_left, b_left)

and meet no more after it: a kink. Rounding (`//`) and comparisons are constant almost everywhere,
so their derivative is 0; where a whole number is just reached they jump, which no derivative says.
Exact, but for the rounding of floats (Griewank and Walther, "Evaluating derivatives", chapter 14).
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.loops import Number

EQUAL = 1e-9
"""Two numbers that differ by less than this share are equal: a maximum of them is a kink."""

Slopes = NDArray[np.float64]


class Parts(NamedTuple):
    value: Any
    left: Any
    right: Any


def _compares(compare: Callable[[Any, Any], Any]) -> Callable[["Dual", Number], Any]:
    return lambda self, other: compare(self.value, _parts(other).value)


class Dual:
    """A plain value; `left` and `right` are arrays, a derivative for each parameter."""

    __slots__ = ("left", "right", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, left: Slopes, right: Slopes) -> None:
        self.value = value
        self.left = left
        self.right = right

    def _times(self, factor: Any) -> "Dual":
        return Dual(self.value * factor, self.left * factor, self.right * factor)

    def __add__(self, other: Number) -> "Dual":
        o = _parts(other)
        return Dual(self.value + o.value, self.left + o.left, self.right + o.right)

    def __mul__(self, other: Number) -> "Dual":
        o = _parts(other)
        left = self.left * o.value + self.value * o.left
        return Dual(self.value * o.value, left, self.right * o.value + self.value * o.right)

    def __truediv__(self, other: Number) -> "Dual":
        return _quotient(self, other)

    def __rtruediv__(self, other: Number) -> "Dual":
        return _quotient(other, self)

    def __sub__(self, other: Number) -> "Dual":
        return self.__add__(other * -1)

    def __rsub__(self, other: Number) -> "Dual":
        return self._times(-1).__add__(other)

    def __mod__(self, other: Number) -> "Dual":
        return self.__sub__(other * (self // other))

    def __rmod__(self, other: Number) -> "Dual":
        return self.__mul__(other // self).__rsub__(other)

    def __floordiv__(self, other: Number) -> Number:
        return self.value // _parts(other).value

    def __rfloordiv__(self, other: Number) -> Number:
        return other // self.value

    def __neg__(self) -> "Dual":
        return self._times(-1)

    def __abs__(self) -> "Dual":
        return larger(self, -self)

    def __bool__(self) -> bool:
        raise TypeError("the cost model must not branch on a number")

    __radd__ = __add__
    __rmul__ = __mul__
    __lt__ = _compares(operator.lt)
    __le__ = _compares(operator.le)
    __gt__ = _compares(operator.gt)
    __ge__ = _compares(operator.ge)
    __eq__ = _compares(operator.eq)
    __ne__ = _compares(operator.ne)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Number) -> "Dual":
        if ufunc is np.maximum and method == "__call__":
            return larger(*inputs)
        raise TypeError(f"{ufunc.__name__} has no derivative here")


def larger(left: Number, right: Number) -> Dual:
    """Of two equals the one that grows faster to the right, and falls slower to the left."""
    a, b = _parts(left), _parts(right)
    if abs(a.value - b.value) > EQUAL * max(abs(a.value), abs(b.value)):
        chosen = a if a.value > b.value else b
    else:
        slopes = np.minimum(a.left, b.left), np.maximum(a.right, b.right)
        chosen = Parts(max(a.value, b.value), *slopes)
    some = left if isinstance(left, Dual) else right
    return Dual(chosen.value, *(slope + 0 * some.left for slope in chosen[1:]))


def _quotient(dividend: Number, divisor: Number) -> Dual:
    a, b = _parts(dividend), _parts(divisor)
    value = a.value / b.value
    return Dual(value, (a.left - value * b.left) / b.value, (a.right - value * b.right) / b.value)


def _parts(number: Number) -> Parts:
    if isinstance(number, Dual):
        return Parts(number.value, number.left, number.right)
    return Parts(number, 0.0, 0.0)
