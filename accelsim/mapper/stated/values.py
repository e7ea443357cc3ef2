"""What a number of a space may be: the text of several values → the values, in rising order.

"divisors of P up to 64", {"P": 96} → 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import ceil, floor, isqrt, log

import numpy as np
from numpy.typing import NDArray

from accelsim.base.errors import MapperError
from accelsim.base.expression import parse_expression
from accelsim.mapper.stated.space import Several
from accelsim.mapping.binding import value_of
from accelsim.mapping.loops import Number

Values = NDArray[np.float64]

MOST_VALUES = 10_000_000
"""Of one number: more would not fit into memory with all else that is counted of each."""


def _divisors(number: float, limit: float) -> Values:
    if number < 1 or number != int(number):
        return np.empty(0)
    small = np.arange(1, isqrt(int(number)) + 1)
    small = small[int(number) % small == 0]
    return _up_to(limit, small, int(number) // small)


def _parts(number: float, limit: float) -> Values:
    if number < 1 or number != int(number):
        return np.empty(0)
    few = np.arange(1, isqrt(int(number)) + 2)
    sizes = np.concatenate([few, -(-int(number) // few)])
    return _up_to(limit, -(-int(number) // -(-int(number) // sizes)))


def _multiples(step: float, limit: float) -> Values:
    if step <= 0:
        return np.empty(0)
    return step * np.arange(1.0, _number(limit / step) + 1)


def _powers(base: float, limit: float) -> Values:
    if base <= 1 or limit < 1:
        return np.empty(0)
    most = np.power(float(base), np.arange(floor(log(limit, base) + 1e-9) + 2))
    return _up_to(limit, most)


def _between(first: float, last: float) -> Values:
    start = ceil(first)
    return start + np.arange(_number(last - start + 1), dtype=float)


def _up_to(limit: float, *found: NDArray[np.int_] | Values) -> Values:
    every = np.unique(np.concatenate(found)).astype(float)
    return every[every <= limit]


def _number(count: float) -> int:
    if count > MOST_VALUES:
        fact = f"a number of the space has {count:,.0f} values"
        raise MapperError(fact, remedy=f"Leave at most {MOST_VALUES:,}, by a limit or larger steps")
    return max(0, floor(count))


_FORMS: Sequence[tuple[re.Pattern[str], Callable[[float, float], Values]]] = [
    (re.compile(rf"{words} (.+?){limit}"), values)
    for words, limit, values in (
        ("divisors of", r"(?: up to (.+))?", _divisors),
        ("parts of", r"(?: up to (.+))?", _parts),
        ("multiples of", r" up to (.+)", _multiples),
        ("powers of", r" up to (.+)", _powers),
    )
]
_RANGE = re.compile(r"(.+?) to (.+)")


def is_several(said: Several) -> bool:
    """Whether it may have more than one value."""
    return not isinstance(said, int | str) or _form(str(said)) is not None


def names_in(said: Several) -> frozenset[str]:
    """The names that its expressions need."""
    found: frozenset[str] = frozenset()
    for text in said if isinstance(said, tuple) else (said,):
        form = _form(str(text))
        for part in (str(text),) if form is None else form[1]:
            found |= parse_expression(part).names if part else frozenset()
    return found


def values_of(said: Several, known: Mapping[str, Number]) -> Values:
    """All values, given plain numbers for all that it names.

    Raises
    ------
    ExpressionError
        if an expression cannot be read, or has no value.
    MapperError
        if there are too many values.
    """
    texts = said if isinstance(said, tuple) else (said,)
    return np.unique(np.concatenate([_values_of_one(text, known) for text in texts]))


def _values_of_one(text: str | int, known: Mapping[str, Number]) -> Values:
    form = _form(str(text))
    if form is None:
        return np.array([value_of(text, known)], dtype=float)
    values, (first, last) = form
    limit = float(value_of(last, known)) if last else np.inf
    return values(float(value_of(first, known)), limit)


@lru_cache(maxsize=1024)
def _form(text: str) -> tuple[Callable[[float, float], Values], tuple[str, str | None]] | None:
    words = " ".join(text.split())
    for pattern, values in (*_FORMS, (_RANGE, _between)):
        found = pattern.fullmatch(words)
        if found:
            return values, (found[1], found[2])
    return None
