"""How many elements of a fibre must be live together, as an expression in the ranks.

A fibre that is visited twice is live as a whole. For a window of conditions (`where p - W < m` and
`m <= p`) the whole is what the conditions leave of it: W; with S sinks beside it (`m < S or …`),
S + W.

A rank traversed in one pass needs no whole fibre, but a point may look at several elements of it at
once, which must be live together:

    Y[p] += X[p - w] * K[w]        a window of W elements of X over P
    Y[m]  = X[m + 2] - X[m]        3 elements over M
    Y[m]  = X[m]                   1

Model. The element at r of a tensor needs elements r + low … r + high of each tensor it is made
from; along chains the ranges add up. The window is the widest range that one Einsum's point looks
at. A running value stands for all that it has seen. Positions that drift apart (`X[m]` beside
`X[2*m]`, or `X[m // 4]`) have no bounded window: the whole fibre is live.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any, NamedTuple

from accelsim.workload.affine import (
    Index,
    Size,
    add_sizes,
    factors_of,
    multiply_sizes,
    rank_size,
    scaled,
    size_value,
    sum_of,
)
from accelsim.workload.conditions import Comparison, alternatives
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.fibres import Fibre, earlier_steps, ends, family, fibres


class Span(NamedTuple):
    """The positions stride·r + low … stride·r + high of a fibre, for a point at r.

    For `r // 4` the stride is that index itself.
    """

    stride: Size | Index
    low: Size
    high: Size


_HERE = Span(1, 0, 0)


class _UnboundedError(Exception):
    """Two positions drift apart as the loop runs."""


def whole_fibre(cascade: Cascade, rank: str, einsums: Iterable[str]) -> str:
    """Elements of a fibre of which these Einsums visit all that exist: the rank, or less."""
    lengths = [_existing(cascade, cascade.einsum(name), rank) for name in einsums]
    return str(max(lengths, key=lambda each: _largest(each, cascade.ranks), default=rank))


def _existing(cascade: Cascade, einsum: Einsum, rank: str) -> Size:
    """Most points of an Einsum along a rank, its other indices held: the rank's size, or the widths
    that the alternatives of its conditions leave, if these add up to less."""
    widths = [_width(cascade, each, rank) for each in alternatives(einsum.conditions)]
    sizes = [rank_size(rank), reduce(add_sizes, widths)]
    return min(sizes, key=lambda each: _largest(each, cascade.ranks))


def _width(cascade: Cascade, comparisons: Iterable[Comparison], rank: str) -> Size:
    """The least of upper - lower + 1 over bounds whose distance does not vary."""
    bounds = [each for comparison in comparisons for each in _bounds(comparison, rank)]
    uppers = [bound for sign, bound in bounds if sign > 0]
    lowers = [bound for sign, bound in bounds if sign < 0]
    widths = [
        sum_of(sum_of(upper, scaled(lower, -1)), Index(offset=1))
        for upper in [*uppers, Index(offset=add_sizes(rank_size(rank), -1))]
        for lower in [*lowers, Index()]
    ]
    sizes = [w.offset for w in widths if not w.terms and w.is_linear]
    return min(sizes, key=lambda each: _largest(each, cascade.ranks))


def _bounds(condition: Comparison, rank: str) -> Iterator[tuple[int, Index]]:
    """(1, u) for rank <= u and (-1, l) for rank >= l, of a condition linear in the rank's index."""
    less = {"<": -1, "<=": 0}
    more = {">": -1, ">=": 0}
    left, right = condition.left, condition.right
    for below, above, slack in ((left, right, less), (right, left, more)):
        if condition.comparison in slack or condition.comparison == "==":
            # below <= above + slack, so that 0 <= room
            room = sum_of(above, scaled(below, -1))
            room = sum_of(room, Index(offset=slack.get(condition.comparison, 0)))
            factor = dict(room.terms).get(rank, 0)
            others = replace(room, terms=tuple(each for each in room.terms if each[0] != rank))
            if factor in (1, -1) and rank not in others.ranks:
                yield (-1, scaled(others, -1)) if factor == 1 else (1, others)


def window(cascade: Cascade, rank: str) -> str:
    """Elements of the rank that are live together while it streams, as an expression in ranks."""
    try:
        spans = [
            span
            for fibre in fibres(cascade, rank)
            for span in _spans(cascade, fibre, rank).values()
        ]
    except _UnboundedError:
        return rank
    widths = [add_sizes(add_sizes(each.high, _negative(each.low)), 1) for each in spans]
    return str(max(widths, key=lambda width: _largest(width, cascade.ranks), default=1))


def _spans(cascade: Cascade, fibre: Fibre, rank: str) -> dict[str, Span]:
    """By Einsum, the part of the root that a point at r looks at, through other tensors."""
    members = family(cascade, fibre)
    spans: dict[str, Span] = {}
    for einsum in cascade.einsums:
        looked_at = [
            _through(cascade, access, rank, spans.get(access.tensor))
            for access in einsum.reads
            if access.tensor in members and rank in access.ranks
            if not earlier_steps(cascade, access) and not ends(cascade, access)
            if access.tensor == fibre.root or access.tensor in spans
        ]
        if looked_at:
            spans[einsum.name] = _at_output(cascade, einsum, rank, _hull(looked_at, cascade.ranks))
    return spans


def _through(cascade: Cascade, access: Access, rank: str, inner: Span | None) -> Span:
    """The span of an access: its own offset, and what the accessed element was made from."""
    own = _span(cascade, next(i for i in cascade.positions(access) if rank in i.ranks), rank)
    if inner is None or inner == _HERE:
        return own
    if own == _HERE:
        return inner
    if isinstance(own.stride, Index) or isinstance(inner.stride, Index):
        raise _UnboundedError
    return Span(
        multiply_sizes(own.stride, inner.stride),
        add_sizes(multiply_sizes(inner.stride, own.low), inner.low),
        add_sizes(multiply_sizes(inner.stride, own.high), inner.high),
    )


def _at_output(cascade: Cascade, einsum: Einsum, rank: str, span: Span) -> Span:
    """The same, counted from the position that the Einsum writes (RM[m1+1] at step m1)."""
    written = [each for each in cascade.positions(einsum.output) if rank in each.ranks]
    if not written:
        return span
    own = _span(cascade, written[0], rank)
    if own == _HERE:
        return span
    if own.stride != 1 or own.low != own.high or isinstance(span.stride, Index):
        raise _UnboundedError
    shift = _negative(multiply_sizes(span.stride, own.low))
    return Span(span.stride, add_sizes(span.low, shift), add_sizes(span.high, shift))


def _span(cascade: Cascade, index: Index, rank: str) -> Span:
    """The positions that an index takes while only the other ranks' loops run, but for the tile.

    What is looked up is another element at every point, and stands for itself.
    """
    index = replace(index, lookups=())
    if rank not in index.ranks:
        return _HERE
    if index.quotients and index.ranks == (rank,):
        return Span(replace(index, offset=0), index.offset, index.offset)
    if not index.is_linear:
        raise _UnboundedError
    tile = {part for parts in cascade.partitions.values() if rank in parts for part in parts}
    strides = dict(index.terms)
    low = high = index.offset
    for other, stride in strides.items():
        if other not in {rank, *tile}:
            last = multiply_sizes(stride, add_sizes(rank_size(other), -1))
            low = add_sizes(low, last) if _falls(stride) else low
            high = high if _falls(stride) else add_sizes(high, last)
    return Span(strides[rank], low, high)


def _falls(stride: Size) -> bool:
    return all(factor < 0 for factor in factors_of(stride).values())


def _hull(spans: Iterable[Span], ranks: Mapping[str, Any]) -> Span:
    found = list(dict.fromkeys(spans))
    if len({each.stride for each in found}) > 1:
        raise _UnboundedError
    return Span(
        stride=found[0].stride,
        low=min((each.low for each in found), key=lambda size: _largest(size, ranks)),
        high=max((each.high for each in found), key=lambda size: _largest(size, ranks)),
    )


def _negative(size: Size) -> Size:
    return multiply_sizes(size, -1)


def _largest(size: Size, ranks: Mapping[str, Any]) -> Any:
    """The size as one number; of a sweep's sizes the largest."""
    value = size_value(size, ranks)
    return value.max() if hasattr(value, "max") else value
