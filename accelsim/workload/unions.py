"""How many points several regions, or their shadows, have together. Regions may overlap.

    |A1 ∪ … ∪ An|  =  Σ_i ( |Ai| − |(Ai ∩ A1) ∪ … ∪ (Ai ∩ A(i-1))| )

Intersections that are evidently empty, or lie within others, end the recursion early.

The shadow of a region on some of its variables may have holes that no linear function can say
(3a + 5b). A variable x that stands in the way is then split by its remainder, x = d·x' + r, in all
regions at once; every remainder is counted on its own. What takes too many steps is refused.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from accelsim.workload.polynomials import Linear
from accelsim.workload.projections import HolesError, projected
from accelsim.workload.regions import (
    Effort,
    Region,
    content,
    count_points,
    replaced,
    tightened,
)


def union_size(regions: Sequence[Region], effort: Effort | None = None) -> int:
    """Points in at least one region."""
    if effort is None:
        return _union_size(tuple(map(_functions, regions)))
    return sum(sign * count_points(region, effort) for sign, region in _terms(regions, 1, effort))


def shadow_size(
    regions: Sequence[Region], keep: Sequence[str], effort: Effort | None = None
) -> int:
    """Settings of the kept variables for which at least one region has a point."""
    own = effort or Effort()
    shadows = []
    for number, region in enumerate(regions):
        own.step()
        try:
            shadows.append(_projected(_functions(region), tuple(keep)))
        except HolesError as holes:
            pieces = [_piece(regions, holes, r) for r in range(holes.divisor)]
            if holes.variable in keep:
                return sum(shadow_size(piece, keep, own) for piece in pieces)
            split = [piece[number] for piece in pieces]
            return shadow_size([*regions[:number], *split, *regions[number + 1 :]], keep, own)
    known = tuple(dict.fromkeys(shadow for shadow in shadows if shadow is not None))
    return union_size(_regions(known), effort)


Functions = tuple[tuple[tuple[str, int], ...], ...]
"""A region that can be looked up: who reads what in the same way leaves the same shadow, and a
workload that is loaded again has the same regions."""


def _functions(region: Region) -> Functions:
    return tuple(tuple(linear.items()) for linear in region)


def _regions(every: Sequence[Functions]) -> list[Region]:
    return [[dict(linear) for linear in each] for each in every]


@lru_cache(maxsize=4096)
def _projected(region: Functions, keep: tuple[str, ...]) -> Functions | None:
    shadow = projected([dict(linear) for linear in region], keep)
    return None if shadow is None else _functions(shadow)


@lru_cache(maxsize=4096)
def _union_size(regions: tuple[Functions, ...]) -> int:
    return union_size(_regions(regions), Effort())


def _piece(regions: Sequence[Region], holes: HolesError, remainder: int) -> list[list[Linear]]:
    """Where the variable has this remainder; it then stands for the quotient."""
    value = {holes.variable: holes.divisor, "": remainder}
    return [replaced(region, holes.variable, value) for region in regions]


def _terms(regions: Sequence[Region], sign: int, effort: Effort) -> Iterator[tuple[int, Region]]:
    """Regions whose points, each with its sign, add up to the union's."""
    before: list[Region] = []
    for region in _maximal(regions, effort):
        yield sign, region
        yield from _terms([[*region, *other] for other in before], -sign, effort)
        before.append(region)


def _maximal(regions: Sequence[Region], effort: Effort) -> list[Region]:
    """The regions without those that are empty or lie within another, as far as that is evident."""
    kept: list[Region] = []
    for region in (tight for each in regions if (tight := tightened(each)) is not None):
        effort.step()
        meetings = [(other, tightened([*region, *other])) for other in kept]
        if not any(_same(meeting, region) for _, meeting in meetings):
            kept = [other for other, meeting in meetings if not _same(meeting, other)]
            kept.append(region)
    return kept


def _same(one: Region | None, other: Region) -> bool:
    return one is not None and set(map(content, one)) == set(map(content, other))
