"""What holds for all indices and all sizes.

An index m lies in 0 … M - 1, a quotient a // n of an a >= 0 in 0 … a / n, and a size is at least 1.
So a difference of positions has a lower bound that is a polynomial in sizes. With 1 + m' in the
place of each size M, a polynomial of which no coefficient is negative is never negative.
"""

from collections.abc import Iterable
from dataclasses import replace

from accelsim.workload.affine import (
    Index,
    Quotient,
    Size,
    add_sizes,
    factors_of,
    multiply_sizes,
    rank_size,
    scaled,
    size_from,
    sum_of,
)


def always(low: Index, beyond: Index) -> bool:
    """Whether low < beyond for all index values and all sizes; False if that is not known."""
    least = _least(collected(sum_of(beyond, scaled(low, -1))))
    return least is not None and _never_negative(add_sizes(least, -1))


def is_positive_size(size: Size) -> bool:
    """Whether it is at least 1 for all sizes of ranks."""
    return _never_negative(add_sizes(size, -1))


def collected(index: Index) -> Index:
    """The position with equal quotients added up, those of coefficient 0 left out."""
    total: dict[tuple[Index, Size], Size] = {}
    for each in index.quotients:
        key = (each.numerator, each.divisor)
        total[key] = add_sizes(total.get(key, 0), each.coefficient)
    quotients = tuple(Quotient(size, *key) for key, size in total.items() if size != 0)
    terms = tuple((rank, size) for rank, size in index.terms if size != 0)
    return replace(index, terms=terms, quotients=quotients)


def _least(index: Index) -> Size | None:
    """A lower bound over all index values."""
    total: Size | None = index.offset
    if index.final:
        return None
    for rank, size in index.terms:
        total = _plus(total, _least_of_term(rank, size))
    for quotient in index.quotients:
        total = _plus(total, _least_of_quotient(quotient))
    return total


def _least_of_term(rank: str, size: Size) -> Size | None:
    if _never_negative(size):
        return 0
    if _never_negative(multiply_sizes(size, -1)):
        return multiply_sizes(size, add_sizes(rank_size(rank), -1))
    return None


def _least_of_quotient(quotient: Quotient) -> Size | None:
    lowest = _least(quotient.numerator)
    if lowest is None or not _never_negative(lowest):
        return None
    if _never_negative(quotient.coefficient):
        return 0
    for times in (1, 2, 3):  # -times * n * (a // n) >= -times * a
        if add_sizes(quotient.coefficient, multiply_sizes(quotient.divisor, times)) == 0:
            return _least(scaled(quotient.numerator, -times))
    return None


def _plus(left: Size | None, right: Size | None) -> Size | None:
    return None if left is None or right is None else add_sizes(left, right)


def _never_negative(size: Size) -> bool:
    shifted: Size = 0
    for product in factors_of(size).items():
        shifted = add_sizes(shifted, _shifted(product))
    return all(factor >= 0 for factor in factors_of(shifted).values())


def _shifted(product: tuple[Iterable[str], int]) -> Size:
    """factor · Π (1 + rank), multiplied out."""
    ranks, factor = product
    total: Size = size_from({(): factor})
    for rank in ranks:
        total = multiply_sizes(total, add_sizes(rank_size(rank), 1))
    return total
