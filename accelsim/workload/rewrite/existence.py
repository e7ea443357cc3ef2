"""The points of an Einsum as conditions: those written, and those that its positions imply.

    Y[p] += X[p - w] * K[w]          0 <= p - w     (p - w < P always holds)

Two Einsums have the same points if these are the same, however they are written: `w <= p` or as a
position. Positions that look something up are taken to lie inside.
"""

from collections.abc import Iterator

from accelsim.workload.affine import Index, rank_size, sum_of
from accelsim.workload.conditions import Comparison, Condition
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.rewrite.bounds import always
from accelsim.workload.rewrite.presence import slack
from accelsim.workload.substitute import with_sizes


def points(cascade: Cascade, einsum: Einsum) -> tuple[Condition, ...]:
    """The conditions under which a point exists; each of the implied ones once."""
    found = dict.fromkeys(einsum.conditions)
    known = {_key(cascade, each) for each in found}
    for condition in _implied(cascade, einsum):
        key = _key(cascade, condition)
        if key not in known:
            known.add(key)
            found[condition] = None
    return tuple(found)


def same_points(cascade: Cascade, one: Einsum, other: Einsum) -> bool:
    keys = [{_key(cascade, each) for each in points(cascade, e)} for e in (one, other)]
    return keys[0] == keys[1]


def _key(cascade: Cascade, condition: Condition) -> object:
    """What a condition says, however it is written."""
    gap = slack(condition) if isinstance(condition, Comparison) else None
    if gap is None:
        return condition
    gap = with_sizes(gap, lambda rank: _first_of_equal(cascade, rank))
    return (frozenset(gap.terms), gap.offset, frozenset(gap.quotients), frozenset(gap.lookups))


def _first_of_equal(cascade: Cascade, rank: str) -> str:
    """The rank that this one is declared to be equal to: P for `M: P`."""
    for _ in cascade.declared:
        other = cascade.declared.get(rank)
        if not isinstance(other, str) or other.strip() not in cascade.ranks:
            break
        rank = other.strip()
    return rank


def _implied(cascade: Cascade, einsum: Einsum) -> Iterator[Condition]:
    for access in (einsum.output, *einsum.reads):
        groups = cascade.indices_by_rank(access) or ()
        iterative = cascade.iterative_ranks(access.tensor)
        for rank, group in zip(cascade.tensors[access.tensor].ranks, groups, strict=False):
            index = group[0]
            plain = index.plain_rank or not index.ranks or index.looked_up or len(group) > 1
            if not plain and rank not in iterative:
                yield from _inside(cascade, index, rank)


def _inside(cascade: Cascade, index: Index, rank: str) -> Iterator[Condition]:
    """0 <= index < rank, as far as it does not always hold."""
    beyond = Index(offset=rank_size(rank))
    equal = Index(offset=rank_size(_first_of_equal(cascade, rank)))
    if not always(Index(), sum_of(index, Index(offset=1))):
        yield Comparison(Index(), "<=", index)
    if not always(index, equal) and not _fits(cascade, index, rank):
        yield Comparison(index, "<", beyond)


def _fits(cascade: Cascade, index: Index, rank: str) -> bool:
    """Whether a quotient such as h // R, whose sizes belong together, lies inside as they are."""
    if not index.quotients or index.terms:
        return False
    last = {each: cascade.ranks[each] - 1 for each in index.ranks}
    return bool(index.value(last, cascade.ranks) < cascade.ranks[rank])
