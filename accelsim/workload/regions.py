"""Whole-number points under linear conditions: counting them and projecting them, exactly.

A region is a list of linear functions that must all be >= 0. Points are counted by summing one
variable after the other. For y between lower bounds l_i and upper bounds u_j that are linear in the
other variables,

    Σ_y f(y)  =  Σ_{i,j}  Σ_{y = l_i … u_j} f(y)

each over the sub-region where l_i is the largest lower bound, u_j the smallest upper one, and
l_i <= u_j: again polynomials over regions, with one variable less. The work depends on the number
of variables and bounds, never on how many points there are (P = M = 2^30 is as quick as 4).
Where y has a factor c > 1 (c·y <= x), x is first split by its remainder, x = c·x' + r; a region
that would take more than `MOST_REMAINDERS` such pieces is refused.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import lcm

from accelsim.workload.polynomials import (
    ONE,
    Linear,
    Monomial,
    Polynomial,
    substitute,
    sum_over,
)
from accelsim.workload.tightening import Region, tightened, variables_of

MOST_REMAINDERS = 4096

#: Regions that one question may look at, a few seconds' worth.
MOST_STEPS = 15_000


Functions = tuple[tuple[tuple[str, int], ...], ...]
"""A region that can be looked up: who reads what in the same way leaves the same shadow, and a
workload that is loaded again has the same regions."""


class UncountableError(Exception):
    """No closed form is known here for this region."""


class Effort:
    """The steps that a question may still take; everything that answers it draws on the same."""

    def __init__(self) -> None:
        self._left = MOST_STEPS

    @property
    def taken(self) -> int:
        return MOST_STEPS - self._left

    def step(self) -> None:
        self.take(1)

    def take(self, steps: int) -> None:
        self._left -= steps
        self.refuse(0)

    def refuse(self, steps: int) -> None:
        """Raises what so many steps more would end in."""
        if self._left < steps:
            raise UncountableError


def count_points(region: Region, effort: Effort | None = None) -> int:
    """How many whole-number points the region has. Every variable must be bounded on both sides."""
    total = _sum(ONE, region, effort or Effort())
    assert total.denominator == 1, "a count is a whole number"
    return int(total)


def negated(linear: Linear) -> Linear:
    """The function that is >= 0 exactly where `linear` is < 0 (on whole numbers)."""
    return {**{name: -factor for name, factor in linear.items()}, "": -linear.get("", 0) - 1}


def combine(left: Linear, right: Linear, left_by: int = 1, right_by: int = 1) -> Linear:
    """left_by · left + right_by · right."""
    total = {name: left_by * factor for name, factor in left.items()}
    for name, factor in right.items():
        total[name] = total.get(name, 0) + right_by * factor
    return {name: factor for name, factor in total.items() if factor or name == ""}


def functions_of(region: Region) -> Functions:
    return tuple([tuple(linear.items()) for linear in region])


def region_of(functions: Functions) -> list[Linear]:
    return [dict(linear) for linear in functions]


def tight_functions(region: Region) -> Functions | None:
    """Those of `tightened`."""
    tight = tightened(region)
    return None if tight is None else functions_of(tight)


# --- simplifying ---------------------------------------------------------------------------------


def unit_equality(region: Region, variables: Sequence[str]) -> tuple[str, Linear] | None:
    """One of the variables that equals a linear function of the others, and that function.

    The region is tightened: opposite functions then have their variables in the same order.
    """
    known = set(functions_of(region))
    for linear in region:
        unit = [name for name in variables if linear.get(name) in (1, -1)]
        if unit and tuple([(name, -factor) for name, factor in linear.items()]) in known:
            factor = linear[unit[0]]
            rest = {each: -factor * value for each, value in linear.items() if each != unit[0]}
            return unit[0], rest
    return None


def content(linear: Linear) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(linear.items()))


def replaced(region: Region, variable: str, value: Linear) -> list[Linear]:
    """The region with a linear function in place of the variable."""
    result = []
    for linear in region:
        rest = linear
        if variable in linear:
            by = linear[variable]
            total = {name: factor for name, factor in linear.items() if name != variable}
            for name, factor in value.items():
                total[name] = total.get(name, 0) + by * factor
            rest = {name: factor for name, factor in total.items() if factor or name == ""}
        result.append(rest)
    return result


# --- counting ------------------------------------------------------------------------------------


def _sum(weight: Polynomial, region: Region, effort: Effort) -> Fraction:
    """Σ weight over the points of the region."""
    simple = tightened(region)
    if simple is not None:
        return _sum_tight(weight, simple, effort)
    effort.step()
    return Fraction(0)


def _sum_tight(weight: Polynomial, simple: list[Linear], effort: Effort) -> Fraction:
    """The same over a region that is tightened already."""
    effort.step()
    if not weight:
        return Fraction(0)
    if not simple:
        return weight.get((), Fraction(0))
    equality = unit_equality(simple, variables_of(simple))
    if equality:
        variable, value = equality
        return _sum(substitute(weight, variable, value), replaced(simple, variable, value), effort)
    parts = list(_components(simple))
    if len(parts) > 1:
        return _sum_of_products(weight, parts, effort)
    return _sum_connected(weight, simple, effort)


def _components(region: Region) -> Iterator[list[Linear]]:
    """Groups of functions that share no variable with one another."""
    groups: list[tuple[set[str], list[Linear]]] = []
    for linear in region:
        names = {name for name in linear if name}
        touching = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        merged = [each for group in touching for each in group[1]]
        groups.append((names.union(*(group[0] for group in touching)), [*merged, linear]))
    return (group[1] for group in groups)


def _sum_of_products(weight: Polynomial, parts: list[list[Linear]], effort: Effort) -> Fraction:
    """Independent parts: each monomial's sum is the product of its sums over the parts."""
    known: dict[tuple[Monomial, int], Fraction] = {}
    total = Fraction(0)
    for monomial, value in weight.items():
        for number, part in enumerate(parts):
            own = tuple(each for each in monomial if each[0] in variables_of(part))
            if (own, number) not in known:
                known[own, number] = _sum_tight({own: Fraction(1)}, part, effort)
            value *= known[own, number]
        total += value
    return total


def _sum_connected(weight: Polynomial, region: list[Linear], effort: Effort) -> Fraction:
    variable = min(variables_of(region), key=lambda name: work(region, name))
    others, remainders = _remainders(region, variable)
    if others:
        return _sum_by_remainder(weight, region, others, remainders, effort)
    return _sum_variable(weight, region, variable, effort)


def work(region: list[Linear], variable: str) -> tuple[int, int]:
    """Pieces that summing this variable first would make: by remainders, then by bounds."""
    others, remainders = _remainders(region, variable)
    lower = sum(linear.get(variable, 0) > 0 for linear in region)
    upper = sum(linear.get(variable, 0) < 0 for linear in region)
    return remainders ** len(others), lower * upper


def _remainders(region: list[Linear], variable: str) -> tuple[list[str], int]:
    """The variables to split by remainder before `variable` has whole bounds, and the divisor."""
    factors = [abs(linear[variable]) for linear in region if linear.get(variable)]
    divisor = lcm(*factors)
    others = {
        name: None
        for linear in region
        for name, factor in linear.items()
        if name not in ("", variable) and factor % max(1, abs(linear.get(variable, 0)))
    }
    return list(others), divisor


def _sum_by_remainder(
    weight: Polynomial, region: list[Linear], others: list[str], divisor: int, effort: Effort
) -> Fraction:
    if divisor ** len(others) > MOST_REMAINDERS:
        raise UncountableError
    total = Fraction(0)
    for remainders in product(range(divisor), repeat=len(others)):
        piece, piece_weight = region, weight
        for name, remainder in zip(others, remainders, strict=True):
            value = {name: divisor, "": remainder}
            piece, piece_weight = (
                replaced(piece, name, value),
                substitute(piece_weight, name, value),
            )
        total += _sum(piece_weight, piece, effort)
    return total


def _sum_variable(
    weight: Polynomial, region: list[Linear], variable: str, effort: Effort
) -> Fraction:
    """Σ over one variable with whole bounds, piece by piece (see the module's formula)."""
    free = [linear for linear in region if not linear.get(variable)]
    lowers = [_bound(linear, variable) for linear in region if linear.get(variable, 0) > 0]
    uppers = [_bound(linear, variable) for linear in region if linear.get(variable, 0) < 0]
    total = Fraction(0)
    for lower, largest in _chosen(lowers, sign=1):
        for upper, smallest in _chosen(uppers, sign=-1):
            piece = [*free, *largest, *smallest, combine(upper, lower, 1, -1)]
            tight = tightened(piece)
            if tight is not None:
                total += _sum_tight(sum_over(weight, variable, lower, upper), tight, effort)
    return total


def _bound(linear: Linear, variable: str) -> Linear:
    """The bound of y that c·y + rest >= 0 is; c divides every factor of the rest."""
    factor = linear[variable]
    exact = {n: -value // factor for n, value in linear.items() if n not in ("", variable)}
    constant = linear.get("", 0)
    return {**exact, "": -(constant // factor) if factor > 0 else constant // -factor}


def _chosen(bounds: list[Linear], sign: int) -> Iterator[tuple[Linear, list[Linear]]]:
    """Each bound, and the conditions under which it is the one that counts (ties: the first)."""
    for number, bound in enumerate(bounds):
        conditions: list[Linear] = []
        for other_number, other in enumerate(bounds):
            if other_number != number:
                ahead = combine(bound, other, sign, -sign)
                strict = int(other_number < number)
                conditions.append({**ahead, "": ahead.get("", 0) - strict})
        yield bound, conditions
