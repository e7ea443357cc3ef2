"""Tiles for buffers, grown while that saves traffic, and loops in the order that moves least.

A tile is counted in steps of the array: so many along each rank. A buffer's tile begins at one
step, or as many along the reduced ranks as make sums that move in and out of the array no more
traffic than its operands:

    terms of a sum in the array >= 2 · outputs of a step / operands of a step

and then grows, by what saves most bytes from the memory above for each byte of room it takes: twice
as far along a rank (a quarter further where that does not fit), to the end of a sum, or until an
operand is there as a whole. What room is left in the end lets sums grow longer.

    traffic = Σ tensors  bytes · Π factors of the loops that lack the tensor's ranks,
                         but for those inside the innermost loop that moves it;
                         an output's partial sums come back: 2 · that - bytes

A tile inside another need not divide it. The outer one then spans a whole number of inner ones,

    steps along a rank = inner tile · ceil(outer tile / inner tile)

and the inner tile only grows where the buffers outside have room for that.

Loops over reduced ranks are innermost: sums stay. Of the others, the next one further out is the
one for which most bytes stay where they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple

from accelsim.mapping.loops import ceil_div
from accelsim.mapping.spread import even_part, largest_divisor

Counts = Mapping[str, int]
"""Steps of the array along each rank."""

Trips = tuple[tuple[str, int], ...]
"""Loops, outermost first: rank and factor, each more than 1."""


@dataclass(frozen=True)
class Operand:
    """A tensor of an Einsum: the ranks that move it, its bytes as a whole and of an element.

    `accesses` are the ranks of each place that it is read or written at: X[m,k] and X[n,k] are two.
    """

    tensor: str
    accesses: frozenset[frozenset[str]]
    bytes: float
    word_bytes: float
    is_output: bool

    @cached_property
    def ranks(self) -> frozenset[str]:
        return frozenset[str]().union(*self.accesses)

    @property
    def element_bytes(self) -> float:
        """Of what one point touches."""
        return self.word_bytes * len(self.accesses)


@dataclass(frozen=True)
class Work:
    """What is to be tiled: the `sizes` of an Einsum's ranks, output's first, with spatial factors.

    `around` are loops outside all of this; along `shared` ranks only tiles that divide are cut, so
    that these loops come out alike for all Einsums inside them.
    """

    operands: tuple[Operand, ...]
    reduced: frozenset[str]
    sizes: Mapping[str, int]
    factors: Mapping[str, int]
    around: Trips = ()
    shared: frozenset[str] = frozenset()

    @cached_property
    def steps(self) -> Counts:
        return {rank: ceil_div(size, self.factors[rank]) for rank, size in self.sizes.items()}

    def tile_bytes(self, operand: Operand, counts: Counts) -> float:
        reach = {r: min(n * self.factors[r], self.sizes[r]) for r, n in counts.items()}
        return operand.word_bytes * sum(
            prod(reach[rank] for rank in ranks) for ranks in operand.accesses
        )


class Room(NamedTuple):
    """Bytes that a buffer has, and what it holds already, by tensor."""

    capacity_bytes: float
    held: Mapping[str, float]

    def holds(self, tiles: Mapping[str, float]) -> bool:
        return sum(self.with_tiles(tiles).values()) <= self.capacity_bytes

    def with_tiles(self, tiles: Mapping[str, float]) -> dict[str, float]:
        """What it holds then: of each tensor the larger tile."""
        return {**self.held, **{t: max(size, self.held.get(t, 0)) for t, size in tiles.items()}}


class Buffer(NamedTuple):
    """A buffer with a tile of `counts` steps of the operands that it keeps, inside `outside`."""

    work: Work
    kept: tuple[Operand, ...]
    room: Room
    counts: Counts
    outside: "Buffer | None"

    def reach(self, inside: Counts, inner_reach: Counts) -> Counts:
        """Steps that its tile spans once it is cut into whole tiles of `inside` steps."""
        return {r: inner_reach[r] * ceil_div(n, inside[r]) for r, n in self.counts.items()}

    def holds(self, inside: Counts, inner_reach: Counts) -> bool:
        """Whether it and all buffers outside have room for their tiles then."""
        reach = self.reach(inside, inner_reach)
        return self.room.holds(tiles(self.work, self.kept, reach)) and (
            self.outside is None or self.outside.holds(self.counts, reach)
        )


class Task(NamedTuple):
    """A buffer to find a tile for, of at most `limit` steps, inside the loops `outer`.

    It has `room` to keep tiles of some operands; others are passing by.
    """

    work: Work
    kept: tuple[Operand, ...]
    passing: tuple[Operand, ...]
    limit: Counts
    outer: Trips
    room: Room
    outside: Buffer | None = None

    def fits(self, counts: Counts) -> bool:
        """Whether there is room for the tile here, and outside for a whole number of such tiles."""
        return self.room.holds(tiles(self.work, self.kept, counts)) and (
            self.outside is None or self.outside.holds(counts, counts)
        )


def first_counts(work: Work, limit: Counts) -> dict[str, int]:
    """One step; along the reduced ranks, the innermost first, as many as sums need."""
    counts = dict.fromkeys(work.sizes, 1)
    needed = _terms_needed(work)
    for rank in reversed(tuple(work.sizes)):
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
    work: Work, operands: Sequence[Operand], sizes: Mapping[str, float], room: Room
) -> tuple[Operand, ...]:
    """The operands for whose tiles there is room; those that save most by it come first."""
    kept: dict[str, float] = {}
    for operand in sorted(operands, key=lambda operand: _saved(work, operand), reverse=True):
        more = {**kept, operand.tensor: sizes[operand.tensor]}
        if room.holds(more):
            kept = more
    return tuple(operand for operand in operands if operand.tensor in kept)


def tiles(work: Work, operands: Sequence[Operand], counts: Counts) -> dict[str, float]:
    return {operand.tensor: work.tile_bytes(operand, counts) for operand in operands}


def _saved(work: Work, operand: Operand) -> tuple[float, bool]:
    """Bytes that every step would move if nothing kept the tensor, less those that then move."""
    loops = (*work.around, *ordered(work, work.steps))
    every = prod(factor for rank, factor in loops if rank not in operand.ranks)
    return operand.bytes * every - _moved(operand, loops), operand.is_output


def grown(task: Task, start: Counts) -> Counts:
    """The tile of a buffer, from the one it begins with."""
    counts = start
    while True:
        now, here = _traffic(task, counts), _bytes(task, counts)
        gains = [
            ((now - _traffic(task, larger)) / max(_bytes(task, larger) - here, 1), larger)
            for larger in _larger(task, counts)
        ]
        gain, best = max(gains, key=lambda pair: pair[0], default=(0, counts))
        if gain <= 0:
            return _with_longer_sums(task, counts)
        counts = best


def _larger(task: Task, counts: Counts) -> Iterator[Counts]:
    """Tiles with room: further along one rank, to the end of a sum, or with an operand whole."""
    for rank in (rank for rank, count in counts.items() if count < task.limit[rank]):
        fitting = _reaching_further(task, counts, rank)
        yield from fitting[:1]
        if rank in task.work.reduced:
            yield from fitting[-1:]
    for operand in task.kept:
        whole = {**counts, **{rank: task.limit[rank] for rank in operand.ranks}}
        if whole != counts and task.fits(whole):
            yield whole


def _with_longer_sums(task: Task, counts: Counts) -> Counts:
    """What room is left lets sums grow longer in the array: they come out less often."""
    for rank in reversed(tuple(task.work.sizes)):
        while rank in task.work.reduced and counts[rank] < task.limit[rank]:
            fitting = _reaching_further(task, counts, rank)
            if not fitting or _traffic(task, fitting[-1]) > _traffic(task, counts):
                break
            counts = fitting[-1]
    return counts


def _reaching_further(task: Task, counts: Counts, rank: str) -> list[Counts]:
    """Twice as far along the rank, a quarter further, to its end: those for which there is room."""
    limit, count = task.limit[rank], counts[rank]
    cut = largest_divisor if rank in task.work.shared else even_part
    further = (cut(limit, 2 * count), cut(limit, count + ceil_div(count, 4)), limit)
    options = [{**counts, rank: one} for one in further if one > count]
    return [one for one in options if task.fits(one)]


def _bytes(task: Task, counts: Counts) -> float:
    return sum(tiles(task.work, task.kept, counts).values())


def _traffic(task: Task, counts: Counts) -> float:
    """Bytes that come from above: into the buffer's tiles, or past it into the array."""
    loops = (*task.outer, *trips(task.work, counts, task.limit))
    inside = (*loops, *ordered(task.work, counts))
    return sum(_moved(each, loops) for each in task.kept) + sum(
        _moved(each, inside) for each in task.passing
    )


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


def _moved(operand: Operand, loops: Trips) -> float:
    """Bytes that come into tiles inside the loops, or leave them and come back."""
    moving = [depth for depth, (rank, _) in enumerate(loops) if rank in operand.ranks]
    around = loops[: moving[-1] + 1] if moving else ()
    visits = prod(factor for rank, factor in around if rank not in operand.ranks)
    return operand.bytes * (2 * visits - 1 if operand.is_output else visits)
