"""Other indices in the place of indices: in positions, accesses, expressions, conditions, Einsums.

    put({"M": m1*M0 + m0}, `K[b,m - w]`)  =  `K[b,m1*M0 + m0 - w]`

One function for each node of the IR, all of them built on `in_index`; what else a node may hold is
added here and nowhere else in this folder.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from accelsim.workload.affine import Index, Quotient, scaled, sum_of
from accelsim.workload.conditions import AllOf, AnyOf, Comparison, Condition
from accelsim.workload.einsum import Access, Expression, Operation

Indices = Mapping[str, Index]
"""The index that takes the place of each rank's own one; other ranks keep theirs."""


def own_index(rank: str) -> Index:
    """`m` for rank M."""
    return Index(((rank, 1),))


def in_index(index: Index, indices: Indices) -> Index:
    """The position with other indices put in."""
    if not set(index.ranks) & set(indices):
        return index
    total = Index()
    for rank, coefficient in index.terms:
        total = sum_of(total, scaled(indices.get(rank) or own_index(rank), coefficient))
    quotients = tuple(
        Quotient(each.coefficient, in_index(each.numerator, indices), each.divisor)
        for each in index.quotients
    )
    rest = Index(offset=index.offset, quotients=quotients)
    return replace(sum_of(total, rest), final=index.final)


def in_access(access: Access, indices: Indices) -> Access:
    return replace(access, indices=tuple(in_index(each, indices) for each in access.indices))


def in_expression(expression: Expression, change: Callable[[Access], Expression]) -> Expression:
    """The expression with something else in the place of each access."""
    if isinstance(expression, Access):
        return change(expression)
    if isinstance(expression, Operation):
        args = tuple(in_expression(each, change) for each in expression.args)
        return replace(expression, args=args)
    return expression


def in_condition(condition: Condition, indices: Indices) -> Condition:
    if isinstance(condition, Comparison):
        left, right = in_index(condition.left, indices), in_index(condition.right, indices)
        return replace(condition, left=left, right=right)
    assert isinstance(condition, AllOf | AnyOf)
    parts = tuple(in_condition(each, indices) for each in condition.parts)
    return replace(condition, parts=parts)
