"""Two cascades run on the same random numbers, at sizes small enough to run and uneven enough to
tell: ranks that are no multiples of each other, last tiles that are ragged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from accelsim.base.errors import WorkloadError
from accelsim.workload.affine import Index, size_value
from accelsim.workload.conditions import Member, leaves_of
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret

SEED = 1
#: Sizes up to this stay; others become at most LARGEST.
KEPT, LARGEST = 4, 48
#: How far from its best size a rank may go to differ from the others.
DISTINCT = 2
#: Rounds of making one rank after the other smaller: a rank may wait for one that divides it.
ROUNDS = 4

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]


@dataclass(frozen=True)
class Trial:
    """The sizes at which both ran, and the largest difference of any element of an output, relative
    to the largest element of that output."""

    sizes: Mapping[str, int]
    difference: float


def tried(before: Cascade, after: Cascade) -> Trial:
    """Both cascades on the same numbers; `after` may have ranks of its own."""
    small = smaller(before)
    shared = {rank: size for rank, size in small.declared.items() if rank in after.ranks}
    own = _ragged_tiles(small, after)
    rewritten = after.with_ranks(**{**shared, **own})
    inputs = random_inputs(small)
    known = {name: array for name, array in inputs.items() if name in rewritten.inputs}
    expected, found = interpret(small, inputs), interpret(rewritten, known)
    difference = largest_difference(expected, found)
    return Trial({**small.ranks, **rewritten.ranks}, difference)


def largest_difference(expected: Mapping[str, Array], found: Mapping[str, Array]) -> float:
    """Of any element of these tensors, relative to the largest expected of its tensor."""
    return max((_difference(expected[name], found[name]) for name in expected), default=0.0)


def smaller(cascade: Cascade) -> Cascade:
    """The cascade at small sizes, of which no two are the same where that is allowed."""
    declared = cascade.declared or cascade.ranks
    left = [rank for rank, size in declared.items() if not isinstance(size, str) and size > KEPT]
    for _ in range(ROUNDS):
        for rank in tuple(left):
            found = _with_smaller(cascade, rank)
            if found is not None:
                cascade = found
                left.remove(rank)
    return cascade


def random_inputs(cascade: Cascade) -> Arrays:
    """Normal numbers; whole ones in range for tensors of positions, zeros and ones for masks."""
    rng = np.random.default_rng(SEED)
    limits = dict(_limits(cascade))
    arrays: Arrays = {}
    for name in cascade.inputs:
        shape = tuple(cascade.ranks[rank] for rank in cascade.tensors[name].ranks)
        if name in limits:
            arrays[name] = rng.integers(0, max(1, limits[name]), shape).astype(float)
        else:
            arrays[name] = rng.normal(size=shape)
    return arrays


def _with_smaller(cascade: Cascade, rank: str) -> Cascade | None:
    """The rank near the cube root of its size, or what else goes with the other ranks."""
    size = cascade.ranks[rank]
    taken = {other for name, other in cascade.ranks.items() if name != rank}

    def unfit(choice: int) -> float:
        return float(abs(choice - size ** (1 / 3)) + DISTINCT * (choice in taken))

    for each in sorted(range(2, min(LARGEST, size) + 1), key=unfit):
        try:
            return cascade.with_ranks(**{rank: each})
        except WorkloadError:
            continue
    return None


def _ragged_tiles(small: Cascade, after: Cascade) -> dict[str, int]:
    """Sizes of the ranks that only the rewritten cascade declares: tiles that do not fit evenly."""
    found: dict[str, int] = {}
    for whole, parts in after.partitions.items():
        if whole not in small.partitions and whole in small.ranks:
            size = small.ranks[whole]
            uneven = [tile for tile in (4, 3, 2) if tile < size and size % tile]
            found |= {part: (uneven or [2])[0] for part in parts[1:]}
    return found


def _limits(cascade: Cascade) -> Iterator[tuple[str, int]]:
    """The inputs that are positions or masks, and the number that their elements stay below."""
    for einsum in cascade.einsums:
        for access in (einsum.output, *einsum.reads):
            ranks = cascade.tensors[access.tensor].ranks
            for rank, index in zip(ranks, access.indices, strict=False):
                yield from _looked_up(cascade, index, rank)
        for leaf in leaves_of(einsum.conditions):
            if isinstance(leaf, Member):
                yield leaf.access.tensor, 2
            for position in leaf.positions:
                for found in position.looked_up:
                    yield found.tensor, max(cascade.ranks[rank] for rank in einsum.ranks)


def _looked_up(cascade: Cascade, index: Index, rank: str) -> Iterator[tuple[str, int]]:
    for access in index.looked_up:
        yield access.tensor, cascade.ranks[rank]
    for lookup in index.lookups:
        stride = size_value(lookup.coefficient, cascade.ranks)
        yield lookup.access.tensor, cascade.ranks[rank] // max(1, abs(stride))


def _difference(expected: Array, found: Array) -> float:
    """0 where both are no number, infinite where one of them is."""
    both = np.isnan(expected) & np.isnan(found)
    same = both | (expected == found)
    gap = np.where(same, 0.0, np.abs(np.where(same, 0.0, expected - found)))
    scale = np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0) or 1.0
    largest = float(np.max(gap, initial=0.0)) / float(scale)
    return inf if np.isnan(largest) else largest
