"""Cycles of a schedule: what the arrays need, what the memories need, and how they overlap.

Steps run one after the other. In a step the phases repeat for every tile; the arrays of a phase
work side by side, and a memory loads the next tile while the arrays work on this one:

    step  = max(arrays, each memory)          memory = bytes read and written / bandwidth
    arrays = Σ over tiles Σ over phases (max over arrays of Σ cycles of its Einsums, + drains)

An Einsum without some rank of the tile runs only at the last tile of that rank (the division of
one-pass attention: once a query tile). Tiles at which it runs and tiles at which it does not are
counted apart, so that a phase is never shorter than what runs in it. Filling and draining the
pipeline of lagging Einsums, one tile in the whole step, is left out; `sim` plays it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from accelsim.mapping.binding import BoundStep
from accelsim.mapping.loops import LoopNest, Number, ceil_div, largest, smallest
from accelsim.mapping.mapping import Phase
from accelsim.workload.einsum import Cascade


@dataclass(frozen=True)
class EinsumCycles:
    """`steps` of its array in the whole run, each of `cycles_per_step`."""

    einsum: str
    array: str
    steps: Number
    cycles_per_step: Number
    drain_cycles: Number

    @property
    def cycles(self) -> Number:
        return self.steps * self.cycles_per_step


@dataclass(frozen=True)
class StepCycles:
    """Cycles of a step by what could bound it: "compute", or a memory by its name."""

    name: str
    by_resource: Mapping[str, Number]

    @property
    def cycles(self) -> Number:
        return largest(list(self.by_resource.values()))


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
    tiles = tile_counts(step, cascade)
    everywhere = prod(tiles.values())
    total: Number = 0
    for phase in step.phases:
        for at_last, share in _kinds_of_tile(phase, tiles, cascade):
            busy = [
                sum(_tile_cycles(einsums[e], tiles, at_last, cascade) for e in names)
                for names in phase.run.values()
            ]
            total = total + everywhere * share * largest([0, *busy])
        total = total + sum(
            tiles_with_work(name, tiles, cascade) * einsums[name].drain_cycles
            for name in phase.drain
        )
    return total


def tile_counts(step: BoundStep, cascade: Cascade) -> dict[str, Number]:
    """Tiles of a step by rank; the product is how often its phases repeat."""
    return {rank: ceil_div(cascade.ranks[rank], size) for rank, size in step.tile.items()}


def _kinds_of_tile(
    phase: Phase, tiles: Mapping[str, Number], cascade: Cascade
) -> Iterator[tuple[frozenset[str], Number]]:
    """Ranks at whose last tile we are, with the share of all tiles that are of this kind."""
    names = [name for group in phase.run.values() for name in group]
    missing = {rank for name in names for rank in tiles if rank not in cascade.einsum(name).ranks}
    ordered = sorted(missing)
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
