"""How many points several regions, or their shadows, have together. Regions may overlap.

    |A1 ∪ … ∪ An|  =  Σ_i ( |Ai| − |(Ai ∩ A1) ∪ … ∪ (Ai ∩ A(i-1))| )

Intersections that are evidently empty, or lie within others, end the recursion early.

The shadow of a region on some of its variables may have holes that no linear function can say
(3a + 5b). A variable x that stands in the way is then split by its remainder, x = d·x' + r, in all
regions at once; every remainder is counted on its own. Most of these pieces are alike once they are
tightened, and are counted once. What takes too many steps is refused, as soon as it is certain that
it will: every region of every piece that waits takes one step at least.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from accelsim.workload.polynomials import Linear
from accelsim.workload.projections import HolesError, projected_tight
from accelsim.workload.regions import (
    Effort,
    Functions,
    UncountableError,
    count_points,
    functions_of,
    region_of,
    replaced,
    tight_functions,
)
from accelsim.workload.tightening import Region, tightened

Piece = tuple[Functions | None, ...]
"""Regions, tightened; None is one that is evidently empty."""


class _Split(NamedTuple):
    """The first region of a piece whose shadow has holes, and the variable to split by what."""

    number: int
    variable: str
    divisor: int


def union_size(regions: Sequence[Region]) -> int:
    """Points in at least one region."""
    size, _ = _union(tuple(map(functions_of, regions)))
    return size


def shadow_size(regions: Sequence[Region], keep: Sequence[str]) -> int:
    """Settings of the kept variables for which at least one region has a point."""
    whole, kept = tuple(map(tight_functions, regions)), tuple(keep)
    found = _shadows(whole, kept)
    if isinstance(found, _Split):
        return _size_by_pieces(whole, kept, Effort())
    size, _ = _union(found)
    return size


def _size_by_pieces(whole: Piece, keep: tuple[str, ...], effort: Effort) -> int:
    """All pieces that were split so many times go before those that were split once more."""
    total = 0
    groups: list[tuple[int, Callable[[], Iterable[Piece]]]] = [(1, lambda: [whole])]
    waiting = len(whole)
    while groups:
        split: list[tuple[int, Callable[[], Iterable[Piece]]]] = []
        for times, pieces in groups:
            for piece, often in Counter(pieces()).items():
                each = often * times
                waiting -= len(piece) * each
                found = _shadows(piece, keep)
                if isinstance(found, _Split):
                    effort.take((found.number + 1) * each)
                    waiting += found.divisor * (len(piece) if found.variable in keep else 1) * each
                    split.append((each, partial(_pieces, piece, found, keep)))
                else:
                    size, steps = _union(found)
                    effort.take((len(piece) + steps) * each)
                    total += size * each
                effort.refuse(waiting)
        groups = split
    return total


def _shadows(piece: Piece, keep: tuple[str, ...]) -> tuple[Functions, ...] | _Split:
    """Those that are not empty, each once; or what to split."""
    shadows: dict[Functions, None] = {}
    for number, region in enumerate(piece):
        try:
            shadow = None if region is None else projected_tight(region, keep)
        except HolesError as holes:
            return _Split(number, holes.variable, holes.divisor)
        if shadow is not None:
            shadows[shadow] = None
    return tuple(shadows)


def _pieces(piece: Piece, split: _Split, keep: tuple[str, ...]) -> Iterator[Piece]:
    """One for each remainder; one in all, with so many regions more, if the variable is not kept:
    what its remainders leave may be the same."""
    if split.variable in keep:
        for remainder in range(split.divisor):
            yield tuple(_at_remainder(region, split, remainder) for region in piece)
    else:
        own = piece[split.number]
        parts = (_at_remainder(own, split, remainder) for remainder in range(split.divisor))
        yield (*piece[: split.number], *parts, *piece[split.number + 1 :])


def _at_remainder(region: Functions | None, split: _Split, remainder: int) -> Functions | None:
    """Where the variable has this remainder; it then stands for the quotient."""
    if region is None:
        return None
    value = {split.variable: split.divisor, "": remainder}
    return tight_functions(replaced(region_of(region), split.variable, value))


def _union(regions: tuple[Functions, ...]) -> tuple[int, int]:
    """Points, and the steps that it took to count them."""
    found = _counted(regions)
    if found is None:
        raise UncountableError
    return found


@lru_cache(maxsize=4096)
def _counted(regions: tuple[Functions, ...]) -> tuple[int, int] | None:
    """None if that takes too many steps, or has no closed form."""
    effort = Effort()
    try:
        tight = (tightened(region_of(each)) for each in regions)
        terms = _terms([each for each in tight if each is not None], 1, effort)
        size = sum(sign * count_points(region, effort) for sign, region in terms)
    except UncountableError:
        return None
    return size, effort.taken


def _terms(
    regions: Sequence[list[Linear]], sign: int, effort: Effort
) -> Iterator[tuple[int, Region]]:
    """Regions whose points, each with its sign, add up to the union's; these are tightened."""
    for region, meetings in _maximal(regions, effort):
        yield sign, region
        yield from _terms(meetings, -sign, effort)


def _maximal(
    regions: Sequence[list[Linear]], effort: Effort
) -> list[tuple[list[Linear], list[list[Linear]]]]:
    """The regions without those that lie within another, as far as that is evident; and of each
    where it meets those before it, as far as these are not evidently empty."""
    kept: dict[int, list[Linear]] = {}
    met: dict[int, dict[int, list[Linear] | None]] = {}
    for number, region in enumerate(regions):
        effort.step()
        met[number] = {place: tightened([*region, *other]) for place, other in kept.items()}
        if not any(_same(meeting, region) for meeting in met[number].values()):
            kept = {p: each for p, each in kept.items() if not _same(met[number][p], each)}
            kept[number] = region
    return [
        (region, [m for p in kept if p < number and (m := met[number][p]) is not None])
        for number, region in kept.items()
    ]


def _same(one: Region | None, other: Region) -> bool:
    """Of tightened regions, none of whose functions is there twice."""
    return (
        one is not None
        and len(one) == len(other)
        and set(functions_of(one)) == set(functions_of(other))
    )
