"""Where a point exists for some value of an index: conditions with that index taken out.

    m <= p and p - m < W    some m in the tile  m1*M0 <= m < m1*M0 + M0

has a point if m1*M0 <= p and p - W + 1 < m1*M0 + M0. Every comparison is made a bound of the index,
low <= m or m < beyond; whole numbers between all bounds exist if each low is less than each beyond.
`a // N <= b` bounds a by N*b + N - 1. What holds for all indices and all sizes is left out.

Anything else (m % 2 == 0, a mask) is left out: where it fails, there may be no point after all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accelsim.workload.affine import Index, rank_size, scaled, sum_of
from accelsim.workload.conditions import (
    AnyOf,
    Comparison,
    Condition,
    all_of,
    alternatives,
    any_of,
)
from accelsim.workload.rewrite.bounds import always, collected
from accelsim.workload.rewrite.substitute import own_index

ONE = Index(offset=1)


@dataclass(frozen=True)
class Span:
    """low <= index < beyond, for every one of them."""

    low: tuple[Index, ...]
    beyond: tuple[Index, ...]


def whole(rank: str) -> Span:
    return Span((Index(),), (Index(offset=rank_size(rank)),))


def tile(rank: str, outer: str, inner: str) -> Span:
    """The indices of one tile; the last one may be ragged."""
    start = scaled(own_index(outer), rank_size(inner))
    return Span((start,), (sum_of(start, Index(offset=rank_size(inner))), *whole(rank).beyond))


@dataclass(frozen=True)
class Presence:
    """Conditions under which a point exists; if they are not `exact`, also where none does."""

    conditions: tuple[Condition, ...]
    exact: bool = True


def presence(
    conditions: Sequence[Condition], removed: Iterable[str], spans: Mapping[str, Span] | None = None
) -> Presence:
    """Where some point exists, as conditions on the other indices; none if one always does."""
    found = [_narrowed(each, tuple(removed), spans or {}) for each in alternatives(conditions)]
    exact = all(each.exact for each in found) and not any(each.accesses for each in conditions)
    return Presence(_joined([each.comparisons for each in found]), exact)


@dataclass(frozen=True)
class _Alternative:
    comparisons: tuple[Comparison, ...]
    exact: bool = True


def _narrowed(
    comparisons: Sequence[Comparison], removed: Sequence[str], spans: Mapping[str, Span]
) -> _Alternative:
    found = _Alternative(tuple(comparisons))
    for rank in removed:
        step = _without(found.comparisons, rank, spans.get(rank) or whole(rank))
        found = _Alternative(step.comparisons, found.exact and step.exact)
    return found


def _without(comparisons: Sequence[Comparison], rank: str, span: Span) -> _Alternative:
    """The comparisons of the other indices; those that are no bounds are left out."""
    own = [each for each in comparisons if rank in each.ranks]
    bounds = [_bounds(each, rank) for each in own]
    low = [each for found in bounds if found for each in found.low]
    beyond = [each for found in bounds if found for each in found.beyond]
    pairs = [(one, other) for one in low for other in (*beyond, *span.beyond)]
    pairs += [(one, other) for one in span.low for other in beyond]
    left = [each for each in comparisons if each not in own]
    needed = [_less(*pair) for pair in pairs if not always(*pair)]
    return _Alternative((*left, *needed), None not in bounds)


def _less(low: Index, beyond: Index) -> Comparison:
    """low < beyond, or low <= beyond - 1 where that is shorter."""
    offset = beyond.offset
    if isinstance(offset, int) and offset == 1:
        return Comparison(low, "<=", sum_of(beyond, Index(offset=-1)))
    return Comparison(low, "<", beyond)


def _bounds(comparison: Comparison, rank: str) -> Span | None:
    """The comparison as bounds of the rank's index."""
    sides = {
        "<": [(comparison.left, comparison.right)],
        ">": [(comparison.right, comparison.left)],
        "<=": [(comparison.left, sum_of(comparison.right, ONE))],
        ">=": [(comparison.right, sum_of(comparison.left, ONE))],
        "==": [
            (comparison.left, sum_of(comparison.right, ONE)),
            (comparison.right, sum_of(comparison.left, ONE)),
        ],
    }
    found = [_bound(*pair, rank) for pair in sides[comparison.comparison]]
    if None in found:
        return None
    spans = [each for each in found if each is not None]
    return Span(
        tuple(low for each in spans for low in each.low),
        tuple(beyond for each in spans for beyond in each.beyond),
    )


def _bound(less: Index, more: Index, rank: str) -> Span | None:
    """less < more, solved for the index of the rank, which occurs once, alone or in a quotient."""
    gap = collected(sum_of(more, scaled(less, -1)))
    terms = [size for name, size in gap.terms if name == rank]
    quotients = [each for each in gap.quotients if rank in each.numerator.ranks]
    if len(terms) + len(quotients) != 1:
        return None
    if terms:
        return _solved(gap, own_index(rank), terms[0], rank)
    (quotient,) = quotients
    inner = quotient.numerator
    own = dict(inner.terms).get(rank)
    if own != 1 or any(rank in each.numerator.ranks for each in inner.quotients):
        return None
    rest = sum_of(gap, scaled(Index(quotients=(quotient,)), -1))
    others = sum_of(inner, scaled(own_index(rank), -1))
    if quotient.coefficient == -1:  # inner // N < rest   is   inner < N * rest
        beyond = scaled(collected(rest), quotient.divisor)
        return Span((), (collected(sum_of(beyond, scaled(others, -1))),))
    if quotient.coefficient == 1:  # 0 < inner // N + rest   is   N - N * rest <= inner
        low = scaled(sum_of(ONE, scaled(collected(rest), -1)), quotient.divisor)
        return Span((collected(sum_of(low, scaled(others, -1))),), ())
    return None


def _solved(gap: Index, own: Index, coefficient: object, rank: str) -> Span | None:
    """0 < gap, solved for an index whose coefficient is 1 or -1."""
    if coefficient == -1:
        return Span((), (collected(sum_of(gap, own)),))
    if coefficient == 1:
        rest = sum_of(gap, scaled(own, -1))
        return Span((collected(sum_of(ONE, scaled(rest, -1))),), ())
    return None


def _joined(found: Sequence[tuple[Comparison, ...]]) -> tuple[Condition, ...]:
    """The alternatives as conditions, with what all of them share written once."""
    distinct = [tuple(dict.fromkeys(each)) for each in dict.fromkeys(found)]
    shared = [each for each in distinct[0] if all(each in other for other in distinct)]
    rests = [tuple(each for each in one if each not in shared) for one in distinct]
    if not all(rests):
        return tuple(shared)
    either = any_of([all_of(rest) for rest in rests])
    return (*shared, either) if isinstance(either, AnyOf) else (*shared, *rests[0])
