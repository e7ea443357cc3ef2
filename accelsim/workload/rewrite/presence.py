"""Where a point exists for some value of an index: conditions with that index taken out.

    m <= p and p - m < W    some m in the tile  m1*M0 <= m < m1*M0 + M0

has a point if m1*M0 <= p and p - W + 1 < m1*M0 + M0. Every comparison is made a bound of the index,
low <= m or m < beyond; whole numbers between all bounds exist if each low is less than each beyond.
`a // N <= b` bounds a by N*b + N - 1. What holds for all indices and all sizes is left out.

Anything else (m % 2 == 0, a mask) is left out: where it fails, there may be no point after all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from accelsim.workload.affine import (
    Index,
    Quotient,
    Size,
    multiply_sizes,
    rank_size,
    scaled,
    sum_of,
)
from accelsim.workload.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    PowerOfTwo,
    all_of,
    alternatives,
    any_of,
    leaves_of,
)
from accelsim.workload.rewrite.bounds import always, collected, is_positive_size
from accelsim.workload.substitute import own_index

ONE = Index(offset=1)


@dataclass(frozen=True)
class Bound:
    """`factor` times the index compared with a position that does not move with it."""

    position: Index
    factor: Size = 1


@dataclass(frozen=True)
class Span:
    """low <= index and index < beyond, for every one of them."""

    low: tuple[Bound, ...] = ()
    beyond: tuple[Bound, ...] = ()


def whole(rank: str) -> Span:
    return Span((Bound(Index()),), (Bound(Index(offset=rank_size(rank))),))


def tile(rank: str, outer: str, inner: str) -> Span:
    """The indices of one tile; the last one may be ragged."""
    start = scaled(own_index(outer), rank_size(inner))
    end = sum_of(start, Index(offset=rank_size(inner)))
    return Span((Bound(start),), (Bound(end), *whole(rank).beyond))


def part(rank: str, outer: str, inner: str) -> Span:
    """The indices within a tile, the last one of which may be ragged."""
    start = scaled(own_index(outer), rank_size(inner))
    left = sum_of(Index(offset=rank_size(rank)), scaled(start, -1))
    return Span((Bound(Index()),), (*whole(inner).beyond, Bound(left)))


@dataclass(frozen=True)
class Presence:
    """Conditions under which a point exists; if they are not `exact`, also where none does."""

    conditions: tuple[Condition, ...]
    exact: bool = True


def presence(
    conditions: Sequence[Condition], removed: Iterable[str], spans: Mapping[str, Span] | None = None
) -> Presence:
    """Where some point exists, as conditions on the other indices; none if one always does."""
    gone = tuple(removed)
    known = not any(each.accesses or _is_lost(each, gone) for each in leaves_of(conditions))
    bounded = alternatives([_bounded(each, gone) for each in conditions])
    found = [_narrowed(each, gone, spans or {}) for each in bounded]
    exact = known and all(each.exact for each in found)
    return Presence(tuple(map(_unmarked, _joined([each.comparisons for each in found]))), exact)


def _is_lost(condition: Condition, removed: Sequence[str]) -> bool:
    return isinstance(condition, PowerOfTwo) and bool(set(condition.ranks) & set(removed))


#: No position: it marks comparisons that stand for "is a power of two".
_POWER = Index(final="a power of two")


def _bounded(condition: Condition, removed: Sequence[str]) -> Condition:
    """The condition as comparisons. Distances that are powers of two are marked, or taken for
    positive ones where an index in them is taken out."""
    if isinstance(condition, AllOf | AnyOf):
        parts = tuple(_bounded(each, removed) for each in condition.parts)
        return replace(condition, parts=parts)
    if not isinstance(condition, PowerOfTwo):
        return condition
    if not _is_lost(condition, removed):
        return Comparison(condition.distance, "<=" if condition.present else ">", _POWER)
    return Comparison(condition.distance, ">", Index()) if condition.present else AllOf(())


def _unmarked(condition: Condition) -> Condition:
    if isinstance(condition, AllOf | AnyOf):
        return replace(condition, parts=tuple(map(_unmarked, condition.parts)))
    if isinstance(condition, Comparison) and condition.right == _POWER:
        return PowerOfTwo(condition.left, condition.comparison == "<=")
    return condition


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
    gaps = [_gap(*pair) for pair in pairs]
    left = [each for each in comparisons if each not in own]
    needed = [_less(*gap) for gap in gaps if gap and not always(*gap)]
    return _Alternative((*left, *needed), None not in bounds and None not in gaps)


def _gap(low: Bound, beyond: Bound) -> tuple[Index, Index] | None:
    """a < b where a whole number lies between the bounds; None if both have a factor."""
    if low.factor == 1:
        return scaled(low.position, beyond.factor), beyond.position
    if beyond.factor == 1:
        last = sum_of(beyond.position, Index(offset=-1))
        return low.position, sum_of(scaled(last, low.factor), ONE)
    return None


def implies(one: Comparison, other: Comparison) -> bool:
    """Whether the other comparison holds wherever the first does; False if that is not known."""
    given, needed = slack(one), slack(other)
    if given is None or needed is None:
        return False
    return always(given, sum_of(needed, ONE))


def slack(comparison: Comparison) -> Index | None:
    """What must be above 0 for the comparison to hold."""
    left, right = comparison.positions
    if comparison.comparison in (">", ">="):
        left, right = right, left
    if comparison.comparison not in ("<", "<=", ">", ">="):
        return None
    strict = comparison.comparison in ("<", ">")
    return collected(sum_of(sum_of(right, scaled(left, -1)), Index() if strict else ONE))


def _less(low: Index, beyond: Index) -> Comparison:
    """low < beyond, or low <= beyond - 1 where that is shorter; an index that is taken away from
    the right stands on the left if nothing else does."""
    if low == Index():
        taken = tuple(
            term for term in beyond.terms if is_positive_size(multiply_sizes(term[1], -1))
        )
        low, beyond = scaled(Index(taken), -1), sum_of(beyond, scaled(Index(taken), -1))
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
    spans = [each for each in found if each is not None]
    low = tuple(bound for each in spans for bound in each.low)
    beyond = tuple(bound for each in spans for bound in each.beyond)
    return Span(low, beyond) if len(spans) == len(found) else None


def _bound(less: Index, more: Index, rank: str) -> Span | None:
    """less < more, solved for the index of the rank, which occurs once, alone or in a quotient."""
    gap = collected(sum_of(more, scaled(less, -1)))
    terms = [size for name, size in gap.terms if name == rank]
    quotients = [each for each in gap.quotients if rank in each.numerator.ranks]
    if len(terms) + len(quotients) != 1:
        return None
    if terms:
        rest = sum_of(gap, scaled(own_index(rank), multiply_sizes(terms[0], -1)))
        return _solved(rest, terms[0])
    (quotient,) = quotients
    rest = sum_of(gap, scaled(Index(quotients=(quotient,)), -1))
    return _solved_quotient(collected(rest), quotient, rank)


def _solved(rest: Index, factor: Size) -> Span | None:
    """0 < factor * index + rest."""
    opposite = multiply_sizes(factor, -1)
    if is_positive_size(opposite):
        return Span(beyond=(Bound(collected(rest), opposite),))
    if is_positive_size(factor):
        return Span(low=(Bound(collected(sum_of(ONE, scaled(rest, -1))), factor),))
    return None


def _solved_quotient(rest: Index, quotient: Quotient, rank: str) -> Span | None:
    """0 < quotient + rest, as 0 < the numerator, or less than it, + N * rest."""
    inner = quotient.numerator
    factor = dict(inner.terms).get(rank)
    if factor is None or any(rank in each.numerator.ranks for each in inner.quotients):
        return None
    others = sum_of(inner, scaled(own_index(rank), multiply_sizes(factor, -1)))
    if quotient.coefficient == -1:  # a // N < rest   is   a < N * rest
        above = sum_of(scaled(rest, quotient.divisor), scaled(others, -1))
        return _solved(above, multiply_sizes(factor, -1))
    if quotient.coefficient == 1:  # -rest < a // N   is   N - N * rest <= a
        below = sum_of(scaled(sum_of(rest, Index(offset=-1)), quotient.divisor), others)
        return _solved(sum_of(below, ONE), factor)
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
