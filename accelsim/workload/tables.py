"""Tables: inputs whose values the workload's file gives, such as a window for each head.

    values: {W: [128, 128, 1024, 1024]}          repeated along the rank as often as it takes
    ... where p - m < W[h]

Conditions that look up tables are as good as written out, and counted exactly:

    h < 2 and p - m < 128  or  2 <= h and p - m < 1024

Where nothing else in an Einsum's conditions depends on the table's rank, its indices may be counted
in any order, and those with equal values are next to each other.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from accelsim.workload.affine import Access, Index, add_sizes, multiply_sizes
from accelsim.workload.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Member,
    all_of,
    any_of,
    leaves_of,
)
from accelsim.workload.einsum import Cascade, Einsum


def table_array(cascade: Cascade, name: str) -> NDArray[np.float64]:
    """The values over the tensor's ranks."""
    shape = tuple(int(cascade.ranks[rank]) for rank in cascade.tensors[name].ranks)
    return np.resize(np.asarray(cascade.values[name], dtype=float), shape)


def written_out(cascade: Cascade) -> Cascade:
    """The cascade with no condition that looks up a table over one rank; itself if none does."""
    einsums = tuple(_einsum(cascade, each) for each in cascade.einsums)
    return cascade if einsums == cascade.einsums else replace(cascade, einsums=einsums)


def _einsum(cascade: Cascade, einsum: Einsum) -> Einsum:
    fixed = _fixed(einsum)
    conditions = (_condition(cascade, each, fixed) for each in einsum.conditions)
    return replace(einsum, conditions=tuple(conditions))


def _fixed(einsum: Einsum) -> frozenset[str]:
    """The ranks on whose indices conditions depend in more than one table's way."""
    leaves = set(leaves_of(einsum.conditions))
    positions = [index for leaf in leaves for index in leaf.positions]
    found = [rank for index in positions for rank in _without_lookups(index).ranks]
    found += [rank for leaf in leaves if isinstance(leaf, Member) for rank in leaf.ranks]
    tables = [rank for leaf in leaves for rank in {r for a in leaf.accesses for r in a.ranks}]
    return frozenset([*found, *(rank for rank in tables if tables.count(rank) > 1)])


def _without_lookups(index: Index) -> Index:
    quotients = tuple(
        replace(each, numerator=_without_lookups(each.numerator)) for each in index.quotients
    )
    return replace(index, lookups=(), quotients=quotients)


def _condition(cascade: Cascade, condition: Condition, fixed: frozenset[str]) -> Condition:
    if isinstance(condition, AllOf):
        return all_of([_condition(cascade, part, fixed) for part in condition.parts])
    if isinstance(condition, AnyOf):
        return any_of([_condition(cascade, part, fixed) for part in condition.parts])
    if not isinstance(condition, Comparison) or not condition.accesses:
        return condition
    tables = [_table_rank(cascade, access) for access in condition.accesses]
    rank = tables[0]
    if rank is None or set(tables) != {rank}:
        return condition
    return any_of(list(_by_value(cascade, condition, rank, rank in fixed)))


def _table_rank(cascade: Cascade, access: Access) -> str | None:
    """The rank of a table that is looked up at its plain index."""
    known = access.tensor in cascade.values and len(access.indices) == 1
    rank = access.indices[0].plain_rank if known else None
    return rank if isinstance(cascade.ranks.get(str(rank)), int) else None


def _by_value(
    cascade: Cascade, condition: Comparison, rank: str, in_order: bool
) -> Iterator[Condition]:
    """An alternative for each run of indices with the same values."""
    arrays = [table_array(cascade, access.tensor) for access in condition.accesses]
    settings = list(zip(*(array.tolist() for array in arrays), strict=True))
    settings = settings if in_order else sorted(settings)
    place = 0
    for values, run in groupby(settings):
        first, place = place, place + len(list(run))
        known = dict(zip(condition.accesses, map(int, values), strict=True))
        own = Index(((rank, 1),))
        within = [
            Comparison(own, ">=", Index(offset=first)),
            Comparison(own, "<", Index(offset=place)),
        ]
        left, right = (_filled(each, known) for each in condition.positions)
        yield all_of([*within, replace(condition, left=left, right=right)])


def _filled(index: Index, known: dict[Access, int]) -> Index:
    """The position with numbers in the place of lookups."""
    offset = index.offset
    for lookup in index.lookups:
        offset = add_sizes(offset, multiply_sizes(lookup.coefficient, known[lookup.access]))
    quotients = tuple(
        replace(each, numerator=_filled(each.numerator, known)) for each in index.quotients
    )
    return replace(index, offset=offset, lookups=(), quotients=quotients)
