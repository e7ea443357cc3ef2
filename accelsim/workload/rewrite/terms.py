"""Sums of products, as far as pass reduction needs algebra.

    term = coefficient · Π factor^power · exp(Σ coefficient · addend)

Factors and addends are expressions that nothing here looks into. Equal factors add up their powers
and equal addends their coefficients, so that `exp(X - L) * exp(L - G)` is `exp(X - G)` and
`SN * V / SN` is `V`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeVar

from accelsim.workload.einsum import Constant, Expression, IndexValue, Operation
from accelsim.workload.substitute import ranks_in

_Count = TypeVar("_Count", int, float)
Powers = tuple[tuple[Expression, int], ...]
Addends = tuple[tuple[Expression, float], ...]


@dataclass(frozen=True)
class Term:
    coefficient: float = 1.0
    factors: Powers = ()
    exponent: Addends = ()

    @property
    def ranks(self) -> frozenset[str]:
        """The ranks whose index it depends on."""
        parts = [each for each, _ in (*self.factors, *self.exponent)]
        return frozenset(rank for part in parts for rank in ranks_in(part))

    @property
    def is_one(self) -> bool:
        return self == Term()

    def times(self, other: "Term") -> "Term":
        return Term(
            self.coefficient * other.coefficient,
            _merged((*self.factors, *other.factors)),
            _merged((*self.exponent, *other.exponent)),
        )

    def to_power(self, power: int) -> "Term":
        return Term(
            self.coefficient**power,
            tuple((each, count * power) for each, count in self.factors),
            tuple((each, count * power) for each, count in self.exponent),
        )

    @property
    def key(self) -> tuple[frozenset[tuple[Expression, int]], frozenset[tuple[Expression, float]]]:
        """What it is apart from its coefficient, whatever the order."""
        return frozenset(self.factors), frozenset(self.exponent)


def factor(expression: Expression, power: int = 1) -> Term:
    return Term(factors=((expression, power),))


def one_for_each(rank: str) -> Term:
    """`equal(m, m)`: 1, and it has the rank M."""
    return factor(Operation("equal", (IndexValue(rank), IndexValue(rank))))


def merged(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The terms with equal ones added up, and those that cancel left out."""
    found: dict[object, Term] = {}
    for term in terms:
        known = found.get(term.key)
        total = term.coefficient + (known.coefficient if known else 0.0)
        found[term.key] = replace(known or term, coefficient=total)
    return tuple(term for term in found.values() if term.coefficient)


def products(left: Iterable[Term], right: Iterable[Term]) -> tuple[Term, ...]:
    others = tuple(right)
    return merged(one.times(other) for one in left for other in others)


# --- back to expressions -------------------------------------------------------------------------


def sum_text(terms: Sequence[Term]) -> Expression:
    """The terms as one expression, those that are added before those that are taken away."""
    added = [term for term in terms if term.coefficient >= 0]
    taken = [term for term in terms if term.coefficient < 0]
    if not added:
        return (
            Operation("neg", (sum_text([_negative(term) for term in taken]),)) if taken else _ZERO
        )
    total = reduce(_add, (product_text(term) for term in added))
    return reduce(_subtract, (product_text(_negative(term)) for term in taken), total)


def product_text(term: Term) -> Expression:
    above = [each for each, count in term.factors for _ in range(count)]
    below = [each for each, count in term.factors for _ in range(-count)]
    if term.exponent:
        above.insert(0, Operation("exp", (addends_text(term.exponent),)))
    if term.coefficient != 1 or not above:
        above.insert(0, Constant(term.coefficient))
    top = reduce(_multiply, above)
    return Operation("div", (top, reduce(_multiply, below))) if below else top


def addends_text(addends: Addends) -> Expression:
    return sum_text([Term(count, ((each, 1),)) for each, count in addends])


_ZERO = Constant(0.0)


def _merged(pairs: Iterable[tuple[Expression, _Count]]) -> tuple[tuple[Expression, _Count], ...]:
    total: dict[Expression, _Count] = {}
    for each, count in pairs:
        total[each] = total.get(each, 0) + count
    return tuple((each, count) for each, count in total.items() if count)


def _negative(term: Term) -> Term:
    return replace(term, coefficient=-term.coefficient)


def _add(left: Expression, right: Expression) -> Expression:
    return Operation("add", (left, right))


def _subtract(left: Expression, right: Expression) -> Expression:
    return Operation("sub", (left, right))


def _multiply(left: Expression, right: Expression) -> Expression:
    return Operation("mul", (left, right))
