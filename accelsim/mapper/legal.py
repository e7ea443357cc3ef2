"""What of a mapping's legality depends on its numbers, as arithmetic: no branch on a number.

`mapping.check` says the same of one mapping in words; here every rule is a comparison that holds
(1) or not (0), for numbers, arrays over candidates, or recorded ones. Rules about names, paths and
the order of a schedule are the same for all candidates of a mapping and are left to `check`.
"""

from collections.abc import Iterator
from itertools import combinations
from math import prod

from accelsim.mapping.binding import BoundMapping, BoundStep
from accelsim.mapping.loops import LoopNest, Number, ceil_div, factor_product, larger, smallest
from accelsim.mapping.occupancy import occupancy_bytes
from accelsim.mapping.schedule import late_reads, tiles_held


def holds(mapping: BoundMapping) -> Number:
    """1 where all rules hold, else 0; the schedule runs every Einsum once, after what it reads."""
    return fits(mapping) * prod(_rules_of_schedules(mapping), start=1)


def fits(mapping: BoundMapping) -> Number:
    """1 where all rules but those of schedules hold, else 0."""
    return prod(_rules(mapping), start=1)


def _rules(mapping: BoundMapping) -> Iterator[Number]:
    for nest in mapping.nests.values():
        yield from _covers(nest, mapping)
        yield from _fits_axes(nest, mapping)
    for size in (size for step in mapping.steps for size in step.tile.values()):
        yield from _is_count(size)
    for spill in mapping.spills:
        yield spill.fraction >= 0
        yield spill.fraction <= 1
    yield from _fits_memories(mapping)


def _rules_of_schedules(mapping: BoundMapping) -> Iterator[Number]:
    for step in mapping.steps:
        yield from _lags(step, mapping)
        for name in dict.fromkeys(step.einsums):
            yield from _makes_tiles(step, mapping.nests[name], mapping)
    for late in late_reads(mapping):
        yield late.needed <= larger(tiles_held(late, mapping), 1)


def _covers(nest: LoopNest, mapping: BoundMapping) -> Iterator[Number]:
    for rank in mapping.cascade.einsum(nest.einsum).ranks:
        yield mapping.cascade.ranks[rank] <= factor_product(nest.loops, rank)
    for loop in nest.loops:
        yield from _is_count(loop.factor)


def _is_count(number: Number) -> Iterator[Number]:
    yield number >= 1
    yield number % 1 == 0


def _fits_axes(nest: LoopNest, mapping: BoundMapping) -> Iterator[Number]:
    array = mapping.arch.array(nest.array)
    for axis, width in (("rows", array.rows), ("columns", array.columns)):
        own = [loop.factor for loop in nest.loops if loop.axis == axis]
        if own:
            yield prod(own) <= width


def _fits_memories(mapping: BoundMapping) -> Iterator[Number]:
    held = occupancy_bytes(mapping)
    for memory in mapping.arch.memories:
        if memory.capacity_bytes is not None:
            yield held[memory.name] <= memory.capacity_bytes


# --- schedules ------------------------------------------------------------------------------------


def _lags(step: BoundStep, mapping: BoundMapping) -> Iterator[Number]:
    tiles = prod(ceil_div(mapping.sizes[rank], size) for rank, size in step.tile.items())
    for lag in step.lag.values():
        yield lag <= tiles


def _makes_tiles(step: BoundStep, nest: LoopNest, mapping: BoundMapping) -> Iterator[Number]:
    """Its loops make the step's tiles, and loops over tiles are not inside others."""
    own = mapping.cascade.einsum(nest.einsum).ranks
    for rank in (rank for rank in step.tile if rank in own):
        size = _cut(step.tile[rank], rank, mapping)
        is_made: Number = 0
        for depth in range(len(nest.loops), -1, -1):
            outside = nest.loops[:depth]
            if not any(loop.is_spatial and loop.rank == rank for loop in outside):
                made = _cut(nest.tile(rank, depth), rank, mapping)
                is_made = larger(is_made, (made == size) * 1)
        yield is_made
    inside = {
        depth: _is_inside(nest, depth, step, mapping)
        for depth, loop in enumerate(nest.loops)
        if not loop.is_spatial
    }
    for outer, inner in combinations(inside, 2):
        is_wrong = inside[outer] * (1 - inside[inner])
        turns = (nest.loops[outer].factor > 1) * (nest.loops[inner].factor > 1)
        yield 1 - is_wrong * turns


def _is_inside(nest: LoopNest, depth: int, step: BoundStep, mapping: BoundMapping) -> Number:
    """Whether the loop at `depth` stays within a tile."""
    rank = nest.loops[depth].rank
    size = step.tile.get(rank, mapping.sizes[rank])
    return (_cut(nest.tile(rank, depth), rank, mapping) <= size) * 1


def _cut(reach: Number, rank: str, mapping: BoundMapping) -> Number:
    return smallest([reach, mapping.sizes[rank]])
