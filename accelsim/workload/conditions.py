"""Conditions: which points of an Einsum exist.

    where m <= p and (m < S or p - m < W)      a window of W keys, and S sinks that all may see

A condition is a comparison of two positions, or conditions of which all (`and`) or any (`or`) hold.
`not` is read as what it means: it turns comparisons around and swaps `and` with `or`, so that
`not (a <= b or c == d)` is `a > b and c != d`.

    where power_of_two(p - m)        at a distance of 1, 2, 4, …
    where X[p,m] and not Y[m]        masks: tensors that are not 0, or 0, at the point

Counting needs *alternatives*: lists of comparisons without `!=` (which is `<` or `>`), such that a
point exists if all comparisons of at least one alternative hold. Alternatives may overlap. What
depends on data (masks, lookups) is left out of them, as if it held.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from math import prod
from operator import and_, eq, ge, gt, le, lt, ne, or_
from typing import Any

import numpy as np

from accelsim.workload.affine import Access, Index, Reader

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
}

#: Distances beyond 2^31 are no tensor's.
LARGEST_EXPONENT = 31

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Comparison:
    """`m1*M0 + m0 <= p`; the comparison is one of < <= > >= == !=."""

    left: Index
    comparison: str
    right: Index

    @property
    def ranks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.left.ranks, *self.right.ranks]))

    @property
    def positions(self) -> tuple[Index, ...]:
        return (self.left, self.right)

    @property
    def opposite(self) -> "Condition":
        return replace(self, comparison=_OPPOSITE[self.comparison])

    @property
    def accesses(self) -> tuple[Access, ...]:
        return tuple(dict.fromkeys([*self.left.looked_up, *self.right.looked_up]))

    def holds(
        self, indices: Mapping[str, Any], ranks: Mapping[str, Any], read: Reader | None = None
    ) -> Any:
        """Whether it holds for these index values (by rank name; numbers or arrays)."""
        left, right = (each.value(indices, ranks, read) for each in (self.left, self.right))
        return COMPARISONS[self.comparison](left, right)

    def __str__(self) -> str:
        return f"{self.left} {self.comparison} {self.right}"


@dataclass(frozen=True)
class PowerOfTwo:
    """`power_of_two(p - m)`: the distance is 1, 2, 4, …; `not` that: it is none of these."""

    distance: Index
    present: bool = True

    @property
    def ranks(self) -> tuple[str, ...]:
        return self.distance.ranks

    @property
    def positions(self) -> tuple[Index, ...]:
        return (self.distance,)

    @property
    def accesses(self) -> tuple[Access, ...]:
        return self.distance.looked_up

    @property
    def opposite(self) -> "Condition":
        return replace(self, present=not self.present)

    def holds(
        self, indices: Mapping[str, Any], ranks: Mapping[str, Any], read: Reader | None = None
    ) -> Any:
        distance = np.asarray(self.distance.value(indices, ranks, read)).astype(np.int64)
        return ((distance > 0) & (distance & (distance - 1) == 0)) == self.present

    @property
    def comparisons(self) -> "list[tuple[Comparison, ...]]":
        """Alternatives: equal to a power, or between two of them."""

        def is_(comparison: str, number: int) -> Comparison:
            return Comparison(self.distance, comparison, Index(offset=number))

        powers = [1 << exponent for exponent in range(LARGEST_EXPONENT + 1)]
        if self.present:
            return [(is_("==", power),) for power in powers]
        between = [(is_(">", power), is_("<", 2 * power)) for power in powers[1:]]
        return [(is_("<", 1),), *between]

    def __str__(self) -> str:
        return f"{'' if self.present else 'not '}power_of_two({self.distance})"


@dataclass(frozen=True)
class Member:
    """`X[p,m]`: the mask X is not 0 there; `not X[p,m]`: it is."""

    access: Access
    present: bool = True

    @property
    def ranks(self) -> tuple[str, ...]:
        return self.access.ranks

    @property
    def positions(self) -> tuple[Index, ...]:
        return ()

    @property
    def accesses(self) -> tuple[Access, ...]:
        return (*self.access.looked_up, self.access)

    @property
    def opposite(self) -> "Condition":
        return replace(self, present=not self.present)

    def holds(
        self, indices: Mapping[str, Any], ranks: Mapping[str, Any], read: Reader | None = None
    ) -> Any:
        assert read is not None, "masks have a value as the cascade runs"
        return (read(self.access) != 0) == self.present

    def __str__(self) -> str:
        return f"{'' if self.present else 'not '}{self.access}"


@dataclass(frozen=True)
class _Joined:
    parts: tuple["Condition", ...]

    @property
    def ranks(self) -> tuple[str, ...]:
        return ranks_of(self.parts)

    @property
    def accesses(self) -> tuple[Access, ...]:
        return tuple(dict.fromkeys(each for part in self.parts for each in part.accesses))


@dataclass(frozen=True)
class AllOf(_Joined):
    """Every part holds; the parts are comparisons, members and AnyOf."""

    @property
    def opposite(self) -> "Condition":
        return any_of([part.opposite for part in self.parts])

    def holds(
        self, indices: Mapping[str, Any], ranks: Mapping[str, Any], read: Reader | None = None
    ) -> Any:
        return reduce(and_, (part.holds(indices, ranks, read) for part in self.parts))

    def __str__(self) -> str:
        return text_of(self.parts)


@dataclass(frozen=True)
class AnyOf(_Joined):
    """At least one part holds; the parts are comparisons, members and AllOf."""

    @property
    def opposite(self) -> "Condition":
        return all_of([part.opposite for part in self.parts])

    def holds(
        self, indices: Mapping[str, Any], ranks: Mapping[str, Any], read: Reader | None = None
    ) -> Any:
        return reduce(or_, (part.holds(indices, ranks, read) for part in self.parts))

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


Condition = Comparison | PowerOfTwo | Member | AllOf | AnyOf


def all_of(parts: Sequence[Condition]) -> Condition:
    flat = [each for part in parts for each in (part.parts if isinstance(part, AllOf) else [part])]
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def any_of(parts: Sequence[Condition]) -> Condition:
    flat = [each for part in parts for each in (part.parts if isinstance(part, AnyOf) else [part])]
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def ranks_of(conditions: Iterable[Condition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rank for condition in conditions for rank in condition.ranks))


def text_of(conditions: Sequence[Condition]) -> str:
    """All of them, as they stand after `where`."""
    alone = len(conditions) == 1
    texts = (
        f"({each})" if isinstance(each, AnyOf) and not alone else str(each) for each in conditions
    )
    return " and ".join(texts)


def leaves_of(conditions: Iterable[Condition]) -> Iterator[Comparison | PowerOfTwo | Member]:
    """The conditions that `and` and `or` join."""
    for condition in conditions:
        if isinstance(condition, AllOf | AnyOf):
            yield from leaves_of(condition.parts)
        else:
            yield condition


def alternatives(conditions: Iterable[Condition]) -> list[tuple[Comparison, ...]]:
    """Lists of comparisons without `!=`; a point exists if all of at least one list hold."""
    choices = product(*(_alternatives(condition) for condition in conditions))
    return [tuple(each for part in choice for each in part) for choice in choices]


def number_of_alternatives(conditions: Iterable[Condition]) -> int:
    """How many `alternatives` has, without making them."""
    return prod(_number(condition) for condition in conditions)


def _alternatives(condition: Condition) -> list[tuple[Comparison, ...]]:
    if isinstance(condition, AllOf):
        return alternatives(condition.parts)
    if isinstance(condition, AnyOf):
        return [each for part in condition.parts for each in _alternatives(part)]
    if isinstance(condition, Member) or condition.accesses:
        return [()]
    if isinstance(condition, PowerOfTwo):
        return condition.comparisons
    if condition.comparison == "!=":
        return [(replace(condition, comparison="<"),), (replace(condition, comparison=">"),)]
    return [(condition,)]


def _number(condition: Condition) -> int:
    if isinstance(condition, AllOf):
        return number_of_alternatives(condition.parts)
    if isinstance(condition, AnyOf):
        return sum(_number(part) for part in condition.parts)
    if isinstance(condition, Member) or condition.accesses:
        return 1
    if isinstance(condition, PowerOfTwo):
        return len(condition.comparisons)
    return 2 if condition.comparison == "!=" else 1
