"""How many points several regions, or their shadows, have together. Regions may overlap.

    |A1 ∪ … ∪ An|  =  Σ_i ( |Ai| − |(Ai ∩ A1) ∪ … ∪ (Ai ∩ A(i-1))| )

Intersections that are evidently empty, or lie within others, end the recursion early; more than
`MOST_TERMS` that do not are refused.

The shadow of a region on some of its variables may have holes that no linear function can say
(3a + 5b). A variable x that stands in the way is then split by its remainder, x = d·x' + r, in all
regions at once: every remainder's piece is counted on its own, up to `MOST_PIECES` of them.
"""

from collections.abc import Iterator, Sequence

from accelsim.workload.projections import HolesError, projected
from accelsim.workload.regions import (
    Region,
    UncountableError,
    content,
    count_points,
    replaced,
    tightened,
)

MOST_TERMS = 4096
MOST_PIECES = 1024


def union_size(regions: Sequence[Region]) -> int:
    """Points in at least one region."""
    total = 0
    for number, (sign, region) in enumerate(_terms(regions, 1)):
        if number == MOST_TERMS:
            raise UncountableError
        total += sign * count_points(region)
    return total


def shadow_size(regions: Sequence[Region], keep: Sequence[str], pieces: int = 1) -> int:
    """Settings of the kept variables for which at least one region has a point.

    This is one of `pieces` that are counted apart.
    """
    shadows = []
    for number, region in enumerate(regions):
        try:
            shadows.append(projected(region, keep))
        except HolesError as holes:
            pieces *= holes.divisor
            if pieces > MOST_PIECES:
                raise UncountableError from holes
            if holes.variable in keep:
                return sum(
                    shadow_size([_piece(each, holes, r) for each in regions], keep, pieces)
                    for r in range(holes.divisor)
                )
            own = [_piece(region, holes, r) for r in range(holes.divisor)]
            return shadow_size([*regions[:number], *own, *regions[number + 1 :]], keep, pieces)
    return union_size([shadow for shadow in shadows if shadow is not None])


def _piece(region: Region, holes: HolesError, remainder: int) -> Region:
    """The part of the region where the variable has this remainder; its name is the quotient's."""
    return replaced(region, holes.variable, {holes.variable: holes.divisor, "": remainder})


def _terms(regions: Sequence[Region], sign: int) -> Iterator[tuple[int, Region]]:
    """Regions whose points, each with its sign, add up to the union's."""
    before: list[Region] = []
    for region in _maximal(regions):
        yield sign, region
        yield from _terms([[*region, *other] for other in before], -sign)
        before.append(region)


def _maximal(regions: Sequence[Region]) -> list[Region]:
    """The regions without those that are empty or lie within another, as far as that is evident."""
    kept: list[Region] = []
    for region in (tight for each in regions if (tight := tightened(each)) is not None):
        meetings = [(other, tightened([*region, *other])) for other in kept]
        if not any(_same(meeting, region) for _, meeting in meetings):
            kept = [other for other, meeting in meetings if not _same(meeting, other)]
            kept.append(region)
    return kept


def _same(one: Region | None, other: Region) -> bool:
    return one is not None and set(map(content, one)) == set(map(content, other))
