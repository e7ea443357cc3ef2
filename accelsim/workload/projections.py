"""Projecting regions of whole-number points on some of their variables, exactly.

The elements that an Einsum touches are the projection of its points on the positions of an access.
The other variables are eliminated one by one (Fourier and Motzkin), each only when the result is
exact on whole numbers, not just on fractions (Pugh's Omega test):

    from a·y >= l and b·y <= u follows a·u >= b·l;
    a whole y is certain if a or b is 1, or if a·u - b·l >= (a-1)(b-1)
"""

from collections.abc import Iterator, Sequence

from accelsim.workload.polynomials import Linear
from accelsim.workload.regions import (
    Region,
    UncountableError,
    bounding_box,
    combine,
    content,
    extremes,
    replaced,
    tightened,
    unit_equality,
    variables_of,
    work,
)


def projected(region: Region, keep: Sequence[str]) -> list[Linear] | None:
    """The points of the kept variables for which some values of the others exist; None if none.

    Eliminates the other variables one by one, each when that is exact on whole numbers. What cannot
    be eliminated stays if the kept variables determine it (p in `y = 2·p`): it then adds no points.
    It is named after the functions that determine it, so that a name means the same in every
    projection and regions can be intersected. Raises UncountableError otherwise.
    """
    current = tightened(region)
    while current is not None:
        determined = _named_by_value(current, keep)
        if determined is not None:
            return determined
        waiting = [name for name in variables_of(current) if name not in keep]
        current = _eliminated(current, waiting)
    return None


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
        own = [
            each for each in region if each.get(variable) and set(each) <= {*known, variable, ""}
        ]
        for lower in (each for each in own if each[variable] > 0):
            for upper in (each for each in own if each[variable] == -lower[variable]):
                gap = combine(lower, upper)
                if not variables_of([gap]) and gap.get("", 0) < lower[variable]:
                    rest = {name: factor for name, factor in lower.items() if name != variable}
                    yield variable, f"<{lower[variable]}, {content(rest)}, {gap.get('', 0)}>"


def _eliminated(region: list[Linear], waiting: list[str]) -> list[Linear] | None:
    equality = unit_equality(region, waiting)
    if equality:
        return tightened(replaced(region, *equality))
    for variable in sorted(waiting, key=lambda name: work(region, name)):
        shadow = _exact_shadow(region, variable)
        if shadow is not None:
            return tightened(shadow)
    raise UncountableError


def _exact_shadow(region: list[Linear], variable: str) -> list[Linear] | None:
    """The region without the variable; None where that may not be exact on whole numbers."""
    shadow = [linear for linear in region if not linear.get(variable)]
    box = bounding_box(region)
    for lower in (linear for linear in region if linear.get(variable, 0) > 0):
        for upper in (linear for linear in region if linear.get(variable, 0) < 0):
            a, b = lower[variable], -upper[variable]
            pair = combine(lower, upper, b, a)
            certain = extremes(pair, box)[0] >= (a - 1) * (b - 1)
            if not certain and min(a, b) > 1:
                return None
            if not certain:
                shadow.append(pair)
    return shadow
