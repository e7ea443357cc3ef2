"""Conditions: which points of an Einsum exist.

    where m <= p and (m < S or p - m < W)      a window of W keys, and S sinks that all may see

A condition is a comparison of two positions, or conditions of which all (`and`) or any (`or`) hold.
`not` is read as what it means: it turns comparisons around and swaps `and` with `or`, so that
`not (a <= b or c == d)` is `a > b and c != d`.

Counting needs *alternatives*: lists of comparisons without `!=` (which is `<` or `>`), such that a
point exists if all comparisons of at least one alternative hold. Alternatives may overlap.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from math import prod
from operator import and_, eq, ge, gt, le, lt, ne, or_
from typing import Any

from accelsim.workload.affine import Index

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
}

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
    def opposite(self) -> "Condition":
        return replace(self, comparison=_OPPOSITE[self.comparison])

    def holds(self, indices: Mapping[str, Any], ranks: Mapping[str, Any]) -> Any:
        """Whether it holds for these index values (by rank name; numbers or arrays)."""
        left, right = self.left.value(indices, ranks), self.right.value(indices, ranks)
        return COMPARISONS[self.comparison](left, right)

    def __str__(self) -> str:
        return f"{self.left} {self.comparison} {self.right}"


@dataclass(frozen=True)
class AllOf:
    """Every part holds; the parts are comparisons and AnyOf."""

    parts: tuple["Condition", ...]

    @property
    def ranks(self) -> tuple[str, ...]:
        return ranks_of(self.parts)

    @property
    def opposite(self) -> "Condition":
        return any_of([part.opposite for part in self.parts])

    def holds(self, indices: Mapping[str, Any], ranks: Mapping[str, Any]) -> Any:
        return reduce(and_, (part.holds(indices, ranks) for part in self.parts))

    def __str__(self) -> str:
        return text_of(self.parts)


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds; the parts are comparisons and AllOf."""

    parts: tuple["Condition", ...]

    @property
    def ranks(self) -> tuple[str, ...]:
        return ranks_of(self.parts)

    @property
    def opposite(self) -> "Condition":
        return all_of([part.opposite for part in self.parts])

    def holds(self, indices: Mapping[str, Any], ranks: Mapping[str, Any]) -> Any:
        return reduce(or_, (part.holds(indices, ranks) for part in self.parts))

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


Condition = Comparison | AllOf | AnyOf


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


def comparisons_of(conditions: Iterable[Condition]) -> Iterator[Comparison]:
    for condition in conditions:
        if isinstance(condition, Comparison):
            yield condition
        else:
            yield from comparisons_of(condition.parts)


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
    if condition.comparison == "!=":
        return [(replace(condition, comparison="<"),), (replace(condition, comparison=">"),)]
    return [(condition,)]


def _number(condition: Condition) -> int:
    if isinstance(condition, AllOf):
        return number_of_alternatives(condition.parts)
    if isinstance(condition, AnyOf):
        return sum(_number(part) for part in condition.parts)
    return 2 if condition.comparison == "!=" else 1
