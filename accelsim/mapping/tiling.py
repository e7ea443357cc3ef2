"""Tiles for buffers, grown while that saves traffic, and loops in the order that moves least.

A tile is counted in steps of the array: so many along each rank. A buffer's tile begins at one step,
or as many along the reduced ranks as make sums that move in and out of the array no more traffic
than its operands:

    terms of a sum in the array >= 2 · outputs of a step / operands of a step

and then grows: of all ranks twice as far (a quarter further where that does not fit, or as far as
they go), the one that saves most bytes from the memory above for each byte of room it takes.

    traffic = Σ tensors  bytes · Π factors of the loops that lack the tensor's ranks,
                         but for those inside the innermost loop that moves it;
                         an output's partial sums come back: 2 · that - bytes

Loops over reduced ranks are innermost: sums stay. Of the others, the next one further out is the one
for which most bytes stay where they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from accelsim.mapping.loops import ceil_div

Counts = Mapping[str, int]
"""Steps of the array along each rank."""

Trips = tuple[tuple[str, int], ...]
"""Loops, outermost first: rank and factor, each more than 1."""


@dataclass(frozen=True)
class Operand:
    """A tensor of an Einsum: the ranks that move it, its bytes as a whole and of an element."""

    tensor: str
    ranks: frozenset[str]
    bytes: float
    word_bytes: float
    is_output: bool


@dataclass(frozen=True)
class Work:
    """What is to be tiled: the `sizes` of an Einsum's ranks, output's first, with spatial factors.

    `around` are loops outside all of this.
    """

    operands: tuple[Operand, ...]
    reduced: frozenset[str]
    sizes: Mapping[str, int]
    factors: Mapping[str, int]
    around: Trips = ()

    @cached_property
    def steps(self) -> Counts:
        return {rank: ceil_div(size, self.factors[rank]) for rank, size in self.sizes.items()}

    def tile_bytes(self, operand: Operand, counts: Counts) -> float:
        reach = (min(counts[r] * self.factors[r], self.sizes[r]) for r in operand.ranks)
        return operand.word_bytes * prod(reach)


@dataclass(frozen=True)
class Room:
    """Bytes that a buffer has, and what it holds already, by tensor."""

    capacity_bytes: float
    held: Mapping[str, float]

    def holds(self, tiles: Mapping[str, float]) -> bool:
        return sum(self.with_tiles(tiles).values()) <= self.capacity_bytes

    def with_tiles(self, tiles: Mapping[str, float]) -> dict[str, float]:
        """What it holds then: of each tensor the larger tile."""
        return {**self.held, **{t: max(size, self.held.get(t, 0)) for t, size in tiles.items()}}


def first_counts(work: Work, limit: Counts) -> dict[str, int]:
    """One step; along the reduced ranks, the innermost first, as many as sums need."""
    counts = dict.fromkeys(work.sizes, 1)
    needed = _terms_needed(work)
    for rank in reversed(work.sizes):
        if rank in work.reduced:
            counts[rank] = min(limit[rank], needed)
            needed = ceil_div(needed, counts[rank])
    return counts


def _terms_needed(work: Work) -> int:
    one = dict.fromkeys(work.sizes, 1)
    moved = [(work.tile_bytes(operand, one), operand.is_output) for operand in work.operands]
    outputs = sum(size for size, is_output in moved if is_output)
    inputs = sum(size for size, is_output in moved if not is_output)
    return int(-(-2 * outputs // inputs)) if inputs else 1


def kept_in(
    work: Work, operands: Sequence[Operand], counts: Counts, room: Room
) -> tuple[Operand, ...]:
    """The operands whose tiles there is room for; those that save most by it come first."""
    kept: tuple[Operand, ...] = ()
    for operand in sorted(operands, key=lambda operand: _saved(work, operand), reverse=True):
        if room.holds(tiles(work, (*kept, operand), counts)):
            kept = (*kept, operand)
    return kept


def tiles(work: Work, operands: Sequence[Operand], counts: Counts) -> dict[str, float]:
    return {operand.tensor: work.tile_bytes(operand, counts) for operand in operands}


def _saved(work: Work, operand: Operand) -> tuple[float, bool]:
    """Bytes that every step would move if nothing kept the tensor, less those that then move."""
    loops = (*work.around, *ordered(work, work.steps))
    every = prod(factor for rank, factor in loops if rank not in operand.ranks)
    return operand.bytes * every - _moved(operand, loops), operand.is_output


def grown(
    work: Work, operands: Sequence[Operand], start: Counts, limit: Counts, outer: Trips, room: Room
) -> dict[str, int]:
    """The tile of a buffer below the loops `outer`, no larger than `limit`."""
    counts = dict(start)
    while True:
        now = _traffic(work, operands, counts, limit, outer)
        here = sum(tiles(work, operands, counts).values())
        best, best_gain = None, 0.0
        for larger in _larger(work, operands, counts, limit, room):
            saved = now - _traffic(work, operands, larger, limit, outer)
            taken = sum(tiles(work, operands, larger).values()) - here
            gain = saved / max(taken, 1)
            if gain > best_gain:
                best, best_gain = larger, gain
        if best is None:
            return counts
        counts = best


def _larger(
    work: Work, operands: Sequence[Operand], counts: Counts, limit: Counts, room: Room
) -> Iterator[dict[str, int]]:
    """Tiles with room that reach further along one rank."""
    for rank, count in counts.items():
        if count == limit[rank]:
            continue
        options = [_even(limit[rank], further) for further in (2 * count, count + ceil_div(count, 4))]
        fitting = [
            {**counts, rank: further}
            for further in (*options, limit[rank])
            if room.holds(tiles(work, operands, {**counts, rank: further}))
        ]
        yield from fitting[:1]
        if rank in work.reduced:
            yield from fitting[-1:]


def _even(limit: int, count: int) -> int:
    """At most `count`, so that all tiles of `limit` are alike where they can be."""
    return ceil_div(limit, ceil_div(limit, min(count, limit)))


def trips(work: Work, counts: Counts, limit: Counts) -> Trips:
    """The loops over tiles of `counts` that make up `limit`, in order."""
    return ordered(work, {rank: ceil_div(limit[rank], count) for rank, count in counts.items()})


def ordered(work: Work, factors: Counts) -> Trips:
    """Loops with these factors, in the order that moves least."""
    order: list[str] = []
    outputs = [r for r in work.sizes if r not in work.reduced and factors[r] > 1]
    reduced = [r for r in work.sizes if r in work.reduced and factors[r] > 1]
    for waiting in (reduced, outputs):
        while waiting:
            # Of ranks that are alike, the last is innermost.
            rank = max(reversed(waiting), key=lambda rank: _resting(work, rank, order, factors))
            waiting.remove(rank)
            order.insert(0, rank)
    return tuple((rank, factors[rank]) for rank in order)


def _resting(work: Work, rank: str, inside: Sequence[str], factors: Counts) -> float:
    """Bytes that need not come again if the next loop outside `inside` is over `rank`."""
    return sum(
        operand.bytes * prod(f for r, f in factors.items() if r not in operand.ranks)
        for operand in work.operands
        if rank not in operand.ranks and operand.ranks.isdisjoint(inside)
    ) * (1 - 1 / factors[rank])


def _traffic(
    work: Work, operands: Sequence[Operand], counts: Counts, limit: Counts, outer: Trips
) -> float:
    loops = (*outer, *trips(work, counts, limit))
    return sum(_moved(operand, loops) for operand in operands)


def _moved(operand: Operand, loops: Trips) -> float:
    """Bytes that come into tiles inside the loops, or leave them and come back."""
    moving = [depth for depth, (rank, _) in enumerate(loops) if rank in operand.ranks]
    around = loops[: moving[-1] + 1] if moving else ()
    visits = prod(factor for rank, factor in around if rank not in operand.ranks)
    return operand.bytes * (2 * visits - 1 if operand.is_output else visits)
