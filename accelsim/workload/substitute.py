"""Other indices in the place of indices: in positions, accesses, expressions, conditions.

    {"M": m1*M0 + m0}  in  K[b,m - w]     K[b,m1*M0 + m0 - w]
                       in  m - w < S      m1*M0 + m0 - w < S
                       in  exp(L[h] * m)  exp(L[h] * (m1 * M0 + m0))

Each function knows one kind of node of the IR and everything that may hang on it; what the language
learns is added here, and nowhere else. `change` says what becomes of the accesses
within, those that positions and masks look up included.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import reduce

from accelsim.workload.affine import (
    Index,
    Lookup,
    Quotient,
    Size,
    add_sizes,
    factors_of,
    scaled,
    size_from,
    sum_of,
)
from accelsim.workload.conditions import Comparison, Condition, Member, PowerOfTwo
from accelsim.workload.einsum import (
    Access,
    Constant,
    Einsum,
    Expression,
    IndexValue,
    Operation,
    RankSize,
)

Indices = Mapping[str, Index]
"""The index that takes the place of each rank's own one; other ranks keep theirs."""
Change = Callable[[Access], Access]


def own_index(rank: str) -> Index:
    """`m` for rank M."""
    return Index(((rank, 1),))


def in_index(index: Index, indices: Indices, change: Change | None = None) -> Index:
    change = change or (lambda access: in_access(access, indices))
    total = Index()
    for rank, coefficient in index.terms:
        total = sum_of(total, scaled(indices.get(rank) or own_index(rank), coefficient))
    quotients = tuple(
        Quotient(each.coefficient, in_index(each.numerator, indices, change), each.divisor)
        for each in index.quotients
    )
    lookups = tuple(Lookup(each.coefficient, change(each.access)) for each in index.lookups)
    rest = Index(offset=index.offset, quotients=quotients, lookups=lookups)
    return replace(sum_of(total, rest), final=index.final)


def with_sizes(index: Index, name: Callable[[str], str]) -> Index:
    """The position with other ranks' sizes in it."""

    def size(old: Size) -> Size:
        found: Size = 0
        for ranks, count in factors_of(old).items():
            found = add_sizes(found, size_from({tuple(sorted(map(name, ranks))): count}))
        return found

    quotients = tuple(
        Quotient(size(each.coefficient), with_sizes(each.numerator, name), size(each.divisor))
        for each in index.quotients
    )
    terms = tuple((rank, size(count)) for rank, count in index.terms)
    return replace(index, terms=terms, offset=size(index.offset), quotients=quotients)


def in_access(access: Access, indices: Indices) -> Access:
    return replace(access, indices=tuple(in_index(each, indices) for each in access.indices))


def in_condition(condition: Condition, indices: Indices, change: Change | None = None) -> Condition:
    change = change or (lambda access: in_access(access, indices))
    return at_positions(condition, lambda index: in_index(index, indices, change), change)


def at_positions(
    condition: Condition, position: Callable[[Index], Index], change: Change
) -> Condition:
    """The condition with each position, and each mask's access, changed."""
    if isinstance(condition, Comparison):
        left, right = (position(each) for each in condition.positions)
        return replace(condition, left=left, right=right)
    if isinstance(condition, PowerOfTwo):
        return replace(condition, distance=position(condition.distance))
    if isinstance(condition, Member):
        return replace(condition, access=change(condition.access))
    parts = tuple(at_positions(each, position, change) for each in condition.parts)
    return replace(condition, parts=parts)


def in_expression(
    expression: Expression,
    change: Callable[[Access], Expression],
    indices: Indices | None = None,
) -> Expression:
    """The expression with something else in the place of each access and of index numbers."""
    if isinstance(expression, Access):
        return change(expression)
    if isinstance(expression, IndexValue) and indices and expression.rank in indices:
        return index_value(indices[expression.rank])
    if isinstance(expression, Operation):
        args = tuple(in_expression(each, change, indices) for each in expression.args)
        return replace(expression, args=args)
    return expression


def in_einsum(einsum: Einsum, change: Change) -> Einsum:
    """The Einsum with every access changed: its own, those that positions look up, masks."""

    def deep(access: Access) -> Access:
        indices = tuple(in_index(index, {}, deep) for index in access.indices)
        return change(replace(access, indices=indices))

    return replace(
        einsum,
        output=deep(einsum.output),
        expression=in_expression(einsum.expression, deep),
        conditions=tuple(in_condition(each, {}, deep) for each in einsum.conditions),
    )


def index_value(index: Index) -> Expression:
    """The number of a position, as an expression."""
    addends = [_times(IndexValue(rank), size) for rank, size in index.terms]
    addends += [_times(each.access, each.coefficient) for each in index.lookups]
    addends += [_times(_floor(each), each.coefficient) for each in index.quotients]
    addends += [RankSize(index.final)] if index.final else []
    if index.offset != 0 or not addends:
        addends.append(_size_value(index.offset))
    return reduce(lambda left, right: Operation("add", (left, right)), addends)


def _floor(quotient: Quotient) -> Expression:
    above, below = index_value(quotient.numerator), _size_value(quotient.divisor)
    return Operation("floor", (Operation("div", (above, below)),))


def _times(value: Expression, size: Size) -> Expression:
    return value if size == 1 else Operation("mul", (value, _size_value(size)))


def _size_value(size: Size) -> Expression:
    """A sum of products of rank sizes."""
    products = []
    for ranks, count in factors_of(size).items():
        parts: list[Expression] = [RankSize(rank) for rank in ranks]
        parts += [Constant(float(count))] if count != 1 or not parts else []
        products.append(reduce(lambda left, right: Operation("mul", (left, right)), parts))
    return reduce(lambda left, right: Operation("add", (left, right)), products)


def ranks_in(expression: Expression) -> tuple[str, ...]:
    """The ranks whose index an expression depends on, in order of appearance."""
    return tuple(dict.fromkeys(_ranks(expression)))


def _ranks(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Access):
        yield from expression.ranks
    elif isinstance(expression, IndexValue):
        yield expression.rank
    elif isinstance(expression, Operation):
        for each in expression.args:
            yield from _ranks(each)
