"""Passes against those of single elements, on random cascades."""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import product

from hypothesis import given, settings

from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.fibres import Fibre, family, fibres, moves
from accelsim.workload.passes import passes
from tests.workload.positions import by_position, position_of
from tests.workload.random_cascades import cascades

CascadeOf = Callable[..., Cascade]
Needs = tuple[int, frozenset[tuple[int, ...]]]


@settings(max_examples=80, deadline=None)
@given(made=cascades(steps=("map", "reduce", "tile")))
def test_passes_are_those_of_single_elements(
    made: tuple[str, str, str],
    cascade_of: CascadeOf,
    points_by_enumeration: Callable[..., list[dict[str, int]]],
) -> None:
    """Without running values, each element's traversal follows from the elements it is made of."""
    text, _, inputs = made
    text = "\n".join(line.split(" where ")[0] for line in text.splitlines())
    cascade = cascade_of(text, "{P: 3, M: 9, M0: 3, N: 1, R: 1, W: 1}", inputs)
    found = passes(cascade)
    for rank in ("M", "M0", "P"):
        if rank in found:
            slow = [
                _by_elements(cascade, each, points_by_enumeration) for each in fibres(cascade, rank)
            ]
            assert found[rank].passes == max(slow, default=1)


def _by_elements(
    cascade: Cascade, fibre: Fibre, points_of: Callable[..., list[dict[str, int]]]
) -> int:
    """Traversals of the root's fibre at 0 of its other ranks.

    An element needs the latest traversal of those it is made of, the next one if it visits the
    fibre and one of them needs every position; in it, what they need and the position visited.
    """
    members = family(cascade, fibre)
    written = {
        einsum.name: by_position(cascade, einsum.output, points_of(cascade, einsum))
        for einsum in cascade.einsums
    }
    everything = _fibre_positions(cascade, fibre)
    deepest = 1

    @cache
    def needs(tensor: str, position: tuple[int, ...]) -> Needs | None:
        if tensor == fibre.root:
            return (1, frozenset()) if position in everything else None
        if tensor in cascade.inputs:
            return None
        einsum = cascade.einsum(tensor)
        points = [_at_point(einsum, point) for point in written[tensor][position]]
        return _union([each for each in points if each])

    def _at_point(einsum: Einsum, point: Mapping[str, int]) -> Needs | None:
        nonlocal deepest
        read = [(a, needs(a.tensor, position_of(cascade, a, point))) for a in einsum.reads]
        known = [(access, each) for access, each in read if each]
        if not known:
            return None
        visits = any(
            access.tensor in members and fibre.parts <= moves(cascade, access)
            for access, _ in known
        )
        total = _union([each for _, each in known])
        if not visits or total is None:
            return total
        full = max(t + (len(positions) == len(everything)) for _, (t, positions) in known)
        deepest = max(deepest, full)
        own = frozenset([tuple(_leaf(point, part) for part in sorted(fibre.parts))])
        return full, own | (total[1] if total[0] == full else frozenset())

    for einsum in cascade.einsums:
        for position in written[einsum.name]:
            needs(einsum.name, position)
    return deepest


def _union(found: list[Needs]) -> Needs | None:
    if not found:
        return None
    last = max(traversal for traversal, _ in found)
    return last, frozenset().union(*(each for traversal, each in found if traversal == last))


def _leaf(point: Mapping[str, int], part: str) -> int:
    """The index of a part, in an Einsum over m or over m1 and m0 (tiles of 3)."""
    if part in point:
        return point[part]
    return point["M"] // 3 if part == "M1" else point["M"] % 3


def _fibre_positions(cascade: Cascade, fibre: Fibre) -> set[tuple[int, ...]]:
    """The root's positions along the fibre, 0 in all other ranks."""
    lengths = {"M1": 3, "M0": 3, "P": 3}
    along = {"M": 9 if {"M1", "M0"} <= fibre.parts else 3}
    along |= {part: lengths[part] for part in fibre.parts}
    if fibre.parts == {"P"}:
        along.pop("M")
    ranks = cascade.tensors[fibre.root].ranks
    return set(product(*(range(along.get(rank, 1)) for rank in ranks)))
