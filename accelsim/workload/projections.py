"""Projecting regions of whole-number points on some of their variables, exactly.

The elements that an Einsum touches are the projection of its points on the positions of an access.
The other variables are eliminated one by one (Fourier and Motzkin), each only when the result is
exact on whole numbers, not just on fractions (Pugh's Omega test):

    from a·y >= l and b·y <= u follows a·u >= b·l;
    a whole y is certain if a or b is 1, or if a·u - b·l >= (a-1)(b-1)

Where no elimination is exact, splitting a variable by its remainder would help; HolesError says
which. Without that demand (`outer_shadow`) the result is a region around the projection.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import gcd, lcm, prod

from accelsim.workload.polynomials import Linear
from accelsim.workload.regions import (
    Functions,
    UncountableError,
    combine,
    content,
    functions_of,
    region_of,
    replaced,
    tight_functions,
    unit_equality,
    work,
)
from accelsim.workload.tightening import (
    Box,
    Region,
    bounding_box,
    extremes,
    tightened,
    variables_of,
)


class HolesError(UncountableError):
    """The shadow may have holes; fewer if `variable` is split by its remainder of `divisor`."""

    def __init__(self, variable: str, divisor: int) -> None:
        super().__init__(f"{variable} stands in the way, unless split by {divisor}")
        self.variable, self.divisor = variable, divisor


def projected(region: Region, keep: Sequence[str]) -> list[Linear] | None:
    """The points of the kept variables for which some values of the others exist; None if none.

    Eliminates the other variables one by one, each when that is exact on whole numbers. What cannot
    be eliminated stays if the kept variables determine it (p in `y = 2·p`): it then adds no points.
    It is named after the functions that determine it, so that a name means the same in every
    projection and regions can be intersected. Raises HolesError otherwise.
    """
    shadow = projected_tight(tight_functions(region), tuple(keep))
    return None if shadow is None else region_of(shadow)


@lru_cache(maxsize=16384)
def projected_tight(region: Functions | None, keep: tuple[str, ...]) -> Functions | None:
    """As `projected`, of a region that is tightened already.

    What differs in constants alone is often the same after one variable less, and is looked up.
    """
    if region is None:
        return None
    current = region_of(region)
    determined = _named_by_value(current, keep)
    if determined is not None:
        return functions_of(determined)
    waiting = [name for name in variables_of(current) if name not in keep]
    left = _eliminated(current, waiting)
    return None if left is None else projected_tight(functions_of(left), keep)


def outer_shadow(region: Region, keep: Sequence[str]) -> list[Linear] | None:
    """The projection as if variables were fractions: it holds every point, perhaps others too."""
    current = tightened(region)
    while current is not None and not set(variables_of(current)) <= {*keep}:
        waiting = [name for name in variables_of(current) if name not in keep]
        fewest = min((work(current, name), name) for name in waiting)
        current = tightened(_shadow(current, fewest[1]))
    return current


def _named_by_value(region: list[Linear], keep: Sequence[str]) -> list[Linear] | None:
    """The region with variables that the kept ones determine, renamed; None if there are others."""
    known = set(keep)
    while not set(variables_of(region)) <= known:
        fixed = next(_fixed(region, known), None)
        if fixed is None:
            return None
        variable, name = fixed
        region = replaced(region, variable, {name: 1})
        known.add(name)
    return region


def _fixed(region: list[Linear], known: set[str]) -> Iterator[tuple[str, str]]:
    """Variables y between a·y >= l and a·y <= l + c, c < a, l in known ones; and what they are."""
    for variable in (name for name in variables_of(region) if name not in known):
        here = {*known, variable, ""}
        own = [each for each in region if variable in each and each.keys() <= here]
        for lower in (each for each in own if each[variable] > 0):
            for upper in (each for each in own if _is_opposite(each, lower)):
                gap = lower.get("", 0) + upper.get("", 0)
                if gap < lower[variable]:
                    rest = {name: factor for name, factor in lower.items() if name != variable}
                    yield variable, f"<{lower[variable]}, {content(rest)}, {gap}>"


def _is_opposite(one: Linear, other: Linear) -> bool:
    """Whether their sum has no variable; functions here have no factor of 0."""
    return len(one) == len(other) and all(
        one.get(name) == -factor for name, factor in other.items() if name
    )


def _eliminated(region: list[Linear], waiting: list[str]) -> list[Linear] | None:
    equality = unit_equality(region, waiting)
    if equality:
        return tightened(replaced(region, *equality))
    for variable in sorted(waiting, key=lambda name: work(region, name)):
        if _is_exact(region, variable):
            return tightened(_shadow(region, variable))
    raise HolesError(*_in_the_way(region, waiting))


def _is_exact(region: list[Linear], variable: str) -> bool:
    """Whether every point of the shadow without the variable has a whole value of it."""
    box = bounding_box(region)
    return all(
        min(lower[variable], -upper[variable]) == 1 or _is_certain(lower, upper, variable, box)
        for lower, upper in _pairs(region, variable)
    )


def _shadow(region: list[Linear], variable: str) -> list[Linear]:
    """The region without the variable: what remains of each pair of a lower and an upper bound."""
    box = bounding_box(region)
    return [
        *(linear for linear in region if not linear.get(variable)),
        *(
            combine(lower, upper, -upper[variable], lower[variable])
            for lower, upper in _pairs(region, variable)
            if not _is_certain(lower, upper, variable, box)
        ),
    ]


def _pairs(region: list[Linear], variable: str) -> list[tuple[Linear, Linear]]:
    lowers = [linear for linear in region if linear.get(variable, 0) > 0]
    uppers = [linear for linear in region if linear.get(variable, 0) < 0]
    return list(product(lowers, uppers))


def _is_certain(lower: Linear, upper: Linear, variable: str, box: Box) -> bool:
    """Whether a whole value lies between the bounds wherever the others are within the box."""
    a, b = lower[variable], -upper[variable]
    return extremes(combine(lower, upper, b, a), box)[0] >= (a - 1) * (b - 1)


def _in_the_way(region: list[Linear], waiting: list[str]) -> tuple[str, int]:
    """The variable to split, and by what, so that a waiting one comes to have whole bounds.

    c·y >= f·x has whole bounds if c divides f: if not, x is split by c / gcd(c, f).
    """
    splits = min((_splits(region, name) for name in waiting), key=lambda each: prod(each.values()))
    return next(iter(splits.items()))


def _splits(region: list[Linear], variable: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for linear in (each for each in region if each.get(variable)):
        for name, factor in linear.items():
            divisor = abs(linear[variable]) // gcd(linear[variable], factor)
            if name and divisor > 1:
                found[name] = lcm(found.get(name, 1), divisor)
    return found
