"""Cycles of a schedule: what the arrays need, what the memories need, and how they overlap.

Steps run one after the other. In a step the phases repeat for every tile; the arrays of a phase
work side by side, and a memory loads the next tile while the arrays work on this one:

    step  = max(arrays, each memory)          memory = bytes read and written / bandwidth
    arrays = Σ over tiles Σ over phases (max over arrays of Σ cycles of its Einsums, + drains)

An Einsum without some rank of the tile runs only at the last tile of that rank (the division of
one-pass attention: once a query tile). Tiles at which it runs and tiles at which it does not are
counted apart, so that a phase is never shorter than what runs in it.

Under conditions these are the tiles that some Einsum of the phase visits: one query against 4096
keys of which a causal mask leaves one visits one tile of 16, which is the last one as well, and the
division runs beside it. Work is spread evenly over the tiles that are visited. Filling and draining
the pipeline of lagging Einsums, one tile in the whole step, is left out; `sim` plays it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from accelsim.mapping.binding import BoundStep
from accelsim.mapping.loops import LoopNest, Number, ceil_div, largest, smallest
from accelsim.mapping.mapping import Phase
from accelsim.workload.einsum import Cascade


class EinsumCycles(NamedTuple):
    """`steps` of its array in the whole run, each of `cycles_per_step`.

    `visited` is the share of its schedule step's tiles that has a point.
    """

    einsum: str
    array: str
    steps: Number
    cycles_per_step: Number
    drain_cycles: Number
    visited: Number = 1

    @property
    def cycles(self) -> Number:
        return self.steps * self.cycles_per_step


class StepCycles(NamedTuple):
    """Cycles of a step by what could bound it: "compute", or a memory by its name.

    It takes as long as the longest, unless `overlapped` says what they take together.
    """

    name: str
    by_resource: Mapping[str, Number]
    overlapped: Number | None = None

    @property
    def longest(self) -> Number:
        return largest(list(self.by_resource.values()))

    @property
    def cycles(self) -> Number:
        return self.longest if self.overlapped is None else self.overlapped


def drain_cycles(nest: LoopNest, cascade: Cascade, cycles_per_step: Number) -> Number:
    """Until the last sum has passed the processing elements it is added up over."""
    kept = cascade.einsum(nest.einsum).output.ranks
    chain = prod(
        smallest([loop.factor, cascade.ranks[loop.rank]])
        for loop in nest.loops
        if loop.is_spatial and loop.rank not in kept
    )
    return chain * cycles_per_step


def compute_cycles(
    step: BoundStep, einsums: Mapping[str, EinsumCycles], cascade: Cascade
) -> Number:
    """Cycles of the arrays in a step, memories aside."""
    return sum(phase_cycles(step, einsums, cascade), start=0)


def phase_cycles(
    step: BoundStep, einsums: Mapping[str, EinsumCycles], cascade: Cascade
) -> tuple[Number, ...]:
    """The same for each of its phases, over all tiles."""
    return tuple(
        _phase_cycles(phase, tile_counts(step, cascade), einsums, cascade) for phase in step.phases
    )


def _phase_cycles(
    phase: Phase,
    every: Mapping[str, Number],
    einsums: Mapping[str, EinsumCycles],
    cascade: Cascade,
) -> Number:
    tiles = _visited_tiles(phase, every, einsums, cascade)
    everywhere, total = prod(tiles.values()), 0
    for at_last, share in _kinds_of_tile(phase, tiles, cascade):
        busy = [
            sum(_tile_cycles(einsums[e], tiles, at_last, cascade) for e in names)
            for names in phase.run.values()
        ]
        total = total + everywhere * share * largest([0, *busy])
    return total + sum(
        tiles_with_work(name, every, cascade) * einsums[name].visited * einsums[name].drain_cycles
        for name in phase.drain
    )


def _visited_tiles(
    phase: Phase,
    tiles: Mapping[str, Number],
    einsums: Mapping[str, EinsumCycles],
    cascade: Cascade,
) -> Mapping[str, Number]:
    """The tiles by rank, but along a rank that some Einsum lacks the average that is visited."""
    names = [name for group in phase.run.values() for name in group]
    missing = _missing_ranks(names, tiles, cascade)
    shares = [
        einsums[name].visited
        for name in names
        if all(rank in cascade.einsum(name).ranks for rank in missing)
    ]
    if not (missing and shares):
        return tiles
    rank = missing[-1]
    return {**tiles, rank: largest([1, tiles[rank] * largest(shares)])}


def _missing_ranks(
    names: Sequence[str], tiles: Mapping[str, Number], cascade: Cascade
) -> list[str]:
    """The ranks of the tiles that some of these Einsums do not have."""
    return [r for r in tiles if any(r not in cascade.einsum(name).ranks for name in names)]


def tile_counts(step: BoundStep, cascade: Cascade) -> dict[str, Number]:
    """Tiles of a step by rank; the product is how often its phases repeat."""
    return {rank: ceil_div(cascade.ranks[rank], size) for rank, size in step.tile.items()}


def _kinds_of_tile(
    phase: Phase, tiles: Mapping[str, Number], cascade: Cascade
) -> Iterator[tuple[frozenset[str], Number]]:
    """Ranks at whose last tile we are, with the share of all tiles that are of this kind."""
    names = [name for group in phase.run.values() for name in group]
    ordered = sorted(_missing_ranks(names, tiles, cascade))
    for last in product((False, True), repeat=len(ordered)):
        share: Number = 1
        for rank, is_last in zip(ordered, last, strict=True):
            share = share * (1 / tiles[rank] if is_last else 1 - 1 / tiles[rank])
        yield frozenset(r for r, is_last in zip(ordered, last, strict=True) if is_last), share


def _tile_cycles(
    einsum: EinsumCycles, tiles: Mapping[str, Number], at_last: frozenset[str], cascade: Cascade
) -> Number:
    """Cycles of an Einsum at one tile; none where it waits for the last tile of a missing rank."""
    own = cascade.einsum(einsum.einsum).ranks
    if any(rank not in own and rank not in at_last for rank in tiles):
        return 0
    return einsum.cycles / tiles_with_work(einsum.einsum, tiles, cascade)


def tiles_with_work(einsum: str, tiles: Mapping[str, Number], cascade: Cascade) -> Number:
    """At how many tiles an Einsum runs: all of its own ranks', the last of every other rank's."""
    own = cascade.einsum(einsum).ranks
    return prod(count for rank, count in tiles.items() if rank in own)
