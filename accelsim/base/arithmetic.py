"""What the operators and functions of an expression do, to numbers and to numpy arrays alike.

Ints and fractions stay exact; one float makes the result a float. Arrays of integers stay integers
as long as the result fits 62 bits and turn into floats beyond, so nothing wraps around. numpy is
imported only once there is an array.
"""

import ast
import math
import operator
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

HIGHEST_POWER = 64
_INT64_SAFE = 2**62


def plain(value: Any) -> Any:
    """numpy scalars and arrays of no rank as Python numbers; small integer arrays widened."""
    if not hasattr(value, "shape"):
        return int(value) if isinstance(value, bool) else value
    if value.shape == ():
        return value.item()
    return value.astype("int64") if value.dtype.kind in "bui" else value


def tidy(value: Any) -> Any:
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    return value


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape")


def truth(value: Any) -> Any:
    return (value != 0).astype("int64") if _is_array(value) else int(value != 0)


def _guarded(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`op` on numbers; on arrays of integers with floats wherever int64 would wrap around."""

    def apply(left: Any, right: Any) -> Any:
        if not (_is_array(left) or _is_array(right)):
            return op(left, right)
        left, right = _wide(left), _wide(right)
        as_float = op(left * 1.0, right * 1.0)
        if _integral(left) and _integral(right) and (abs(as_float) < _INT64_SAFE).all():
            return op(left, right)
        return as_float

    return apply


def _wide(value: Any) -> Any:
    """A scalar that numpy can take beside an array."""
    exact = isinstance(value, Fraction) or (isinstance(value, int) and abs(value) >= _INT64_SAFE)
    return float(value) if exact else value


def _integral(value: Any) -> bool:
    return bool(value.dtype.kind in "bui") if _is_array(value) else isinstance(value, int)


def _divide(left: Any, right: Any) -> Any:
    if _is_array(left) or _is_array(right):
        return _divide_arrays(_wide(left), _wide(right))
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    return Fraction(left) / Fraction(right)


def _divide_arrays(left: Any, right: Any) -> Any:
    import numpy as np

    if np.any(np.asarray(right) == 0):
        raise ZeroDivisionError
    if _integral(left) and _integral(right) and not np.any(left % right):
        return left // right
    return left / right


def _floored(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if not (_is_array(left) or _is_array(right)):
            return op(left, right)
        import numpy as np

        if np.any(np.asarray(right) == 0):
            raise ZeroDivisionError
        return op(_wide(left), _wide(right))

    return apply


def _power(base: Any, exponent: Any) -> Any:
    if _is_array(base) or _is_array(exponent):
        return _power_of_arrays(_wide(base), _wide(exponent))
    if abs(exponent) > HIGHEST_POWER:
        raise ValueError(f"a power beyond {HIGHEST_POWER}")
    if (
        not isinstance(base, float)
        and max(base.numerator.bit_length(), base.denominator.bit_length()) > 4096
    ):
        raise ValueError("a power of a number with more than 1,000 digits")
    if exponent != int(exponent):
        base, exponent = float(base), float(exponent)
    elif not isinstance(base, float):
        base, exponent = Fraction(base), int(exponent)
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("a root of a negative number")
    return result


def _power_of_arrays(base: Any, exponent: Any) -> Any:
    import numpy as np

    if np.any(np.abs(exponent) > HIGHEST_POWER):
        raise ValueError(f"a power beyond {HIGHEST_POWER}")
    as_float = np.power(np.asarray(base) * 1.0, exponent)
    whole = _integral(base) and _integral(exponent) and np.all(np.asarray(exponent) >= 0)
    return np.power(base, exponent) if whole and np.all(abs(as_float) < _INT64_SAFE) else as_float


def extreme(scalar: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*terms: Any) -> Any:
        if not any(_is_array(term) for term in terms):
            return scalar(terms)
        import numpy as np

        pair = np.minimum if scalar is min else np.maximum
        result = _wide(terms[0])
        for term in terms[1:]:
            result = pair(result, _wide(term))
        return result

    return apply


def _rounded(scalar: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if not _is_array(value):
            return scalar(value)
        import numpy as np

        if _integral(value):
            return value
        result = getattr(np, name)(value)
        return result.astype("int64") if np.all(abs(result) < _INT64_SAFE) else result

    return apply


def _real(scalar: Callable[[Any], float], name: str) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if not _is_array(value):
            if value < 0 or (value == 0 and name == "log2"):
                raise ValueError(f"{name} of {tidy(value)}")
            return scalar(value)
        import numpy as np

        return getattr(np, name)(value)

    return apply


def _square_root(value: Any) -> Any:
    root = math.isqrt(value) if isinstance(value, int) else 0
    return root if isinstance(value, int) and root * root == value else math.sqrt(value)


def _where(condition: Any, yes: Any, no: Any) -> Any:
    if not any(_is_array(term) for term in (condition, yes, no)):
        return yes if condition else no
    import numpy as np

    return np.where(truth(condition), _wide(yes), _wide(no))


def _largest_divisor(number: Any, at_most: Any) -> Any:
    """The largest divisor of `number` that is no larger than `at_most`."""
    if not (_is_array(number) or _is_array(at_most)):
        return _scalar_divisor(*_divisor_arguments(number, at_most))
    import numpy as np

    numbers, limits = np.broadcast_arrays(number, at_most)
    fine = (numbers % 1 == 0) & (numbers >= 1) & (numbers <= 10**13) & (limits >= 1)
    for place in np.flatnonzero(~fine)[:1]:
        _divisor_arguments(numbers.flat[place].item(), limits.flat[place].item())
    # Of the many pairs of a sweep, most come again: the scalar function remembers them.
    whole = numbers.astype(np.int64).ravel().tolist()
    highest = np.minimum(limits, numbers).astype(np.int64).ravel().tolist()
    found = list(map(_scalar_divisor, whole, highest))
    return np.array(found, dtype=np.int64).reshape(numbers.shape)


def _divisor_arguments(number: Any, at_most: Any) -> tuple[int, int]:
    if number != int(number) or number < 1:
        raise ValueError(f"largest_divisor of {tidy(number)}, which is not a whole number above 0")
    if number > 10**13:
        raise ValueError("largest_divisor of a number above 1e13")
    if not at_most >= 1:
        raise ValueError(f"no divisor of {int(number)} is at most {tidy(at_most)}")
    return int(number), int(min(at_most, number))


@lru_cache(maxsize=65536)
def _scalar_divisor(number: int, at_most: int) -> int:
    """Tries the co-divisors number/at_most, ... upward as long as they are the shorter way."""
    root = math.isqrt(number)
    least = -(-number // at_most)
    for codivisor in range(least, root + 1):
        if number % codivisor == 0:
            return number // codivisor
    return next(d for d in range(min(at_most, root), 0, -1) if number % d == 0)


BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: _guarded(operator.add),
    ast.Sub: _guarded(operator.sub),
    ast.Mult: _guarded(operator.mul),
    ast.Div: _divide,
    ast.FloorDiv: _floored(operator.floordiv),
    ast.Mod: _floored(operator.mod),
    ast.Pow: _power,
}
UNARY: dict[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: lambda value: 1 - truth(value),
}
COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ceil": _rounded(math.ceil, "ceil"),
    "floor": _rounded(math.floor, "floor"),
    "min": extreme(min),
    "max": extreme(max),
    "log2": _real(math.log2, "log2"),
    "sqrt": _real(_square_root, "sqrt"),
    "largest_divisor": _largest_divisor,
    "where": _where,
}
ARITY = {
    "ceil": (1, 1),
    "floor": (1, 1),
    "min": (1, 20),
    "max": (1, 20),
    "log2": (1, 1),
    "sqrt": (1, 1),
    "largest_divisor": (2, 2),
    "where": (3, 3),
}
