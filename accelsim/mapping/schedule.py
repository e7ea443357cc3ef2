"""Every way a schedule breaks: its order, its tiles, its lags.

order   every Einsum runs once, on its nest's array, and not before what it reads
tiles   a step's tile is one that the loops of its Einsums make: all loops over tiles come first,
        then the loops inside a tile, and what lies side by side on an array is of one tile
lags    an Einsum lags no more tiles than there are, and no more than are held of what it reads:

    tiles to hold = ceil((rounds between · phases + phases between) / phases of the step)
"""

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from accelsim.mapping.binding import BoundMapping, BoundStep
from accelsim.mapping.loops import LoopNest, Number, Storage, ceil_div, smallest
from accelsim.mapping.violation import Violation
from accelsim.workload.einsum import Access, Cascade, Einsum


class Turn(NamedTuple):
    """When an Einsum works on a tile: in phase `phase` of `phases`, `lag` rounds after the tile."""

    step: int
    phases: int
    lag: int
    phase: int

    def order(self, rounds_back: int) -> tuple[int, int]:
        return self.step, (self.lag - rounds_back) * self.phases + self.phase


def bad_schedule(mapping: BoundMapping) -> Iterator[Violation]:
    for step in mapping.steps:
        yield from _bad_phases(step, mapping)
        yield from _bad_tiles(step, mapping)
        yield from _long_lags(step, mapping)
    turns = _turns(mapping)
    for einsum in mapping.cascade.einsums:
        if einsum.name not in turns:
            yield Violation(einsum.name, "is in no step of the schedule")
        else:
            yield from _bad_reads(einsum, turns, mapping)


def _turns(mapping: BoundMapping) -> dict[str, Turn]:
    return {
        name: Turn(i, len(step.phases), step.lag.get(name, 0), j)
        for i, step in enumerate(mapping.steps)
        for j, phase in enumerate(step.phases)
        for names in phase.run.values()
        for name in names
    }


# --- order ----------------------------------------------------------------------------------------


def _bad_phases(step: BoundStep, mapping: BoundMapping) -> Iterator[Violation]:
    before = [name for each in mapping.steps[: mapping.steps.index(step)] for name in each.einsums]
    for phase in step.phases:
        runs = [(array, name) for array, names in phase.run.items() for name in names]
        for name in (name for name in phase.drain if name not in [run for _, run in runs]):
            yield Violation(step.name, f"waits for {name} in a phase that does not run it")
        for array, name in runs:
            if name in before:
                yield Violation(step.name, f"runs {name} twice")
            if mapping.nests[name].array != array:
                fact = f"runs {name} on {array}, but its nest is on {mapping.nests[name].array}"
                yield Violation(step.name, fact)
            before.append(name)


def _bad_reads(
    einsum: Einsum, turns: dict[str, Turn], mapping: BoundMapping
) -> Iterator[Violation]:
    """What an Einsum reads must be made in the same phase or before, and still be held."""
    for access in einsum.reads:
        made = turns.get(access.tensor)
        if made is None:
            continue
        back = int(is_of_the_tile_before(access, mapping.cascade))
        if made.order(back) > turns[einsum.name].order(0):
            step = mapping.steps[turns[einsum.name].step]
            fact = f"runs {einsum.name} before {access.tensor}, which it reads"
            yield Violation(step.name, fact)
    for late in _late_reads(einsum, turns, mapping):
        held = tiles_held(late, mapping)
        if late.needed > max(held, 1):
            fact = f"runs {late.reader} {late.needed} tiles after {late.tensor}, but "
            fact += f"{late.home.memory} holds {held}"
            yield Violation(late.step.name, fact, needed=late.needed, available=held)


class LateRead(NamedTuple):
    """`tensor` is read so late after it is made that `needed` tiles of it must be held at home."""

    reader: str
    tensor: str
    home: Storage
    step: BoundStep
    needed: int


def late_reads(mapping: BoundMapping) -> Iterator[LateRead]:
    """All reads within a step; the step runs every Einsum once and after what it reads."""
    turns = _turns(mapping)
    for einsum in mapping.cascade.einsums:
        yield from _late_reads(einsum, turns, mapping)


def _late_reads(
    einsum: Einsum, turns: dict[str, Turn], mapping: BoundMapping
) -> Iterator[LateRead]:
    own = turns[einsum.name]
    for access in einsum.reads:
        made = turns.get(access.tensor)
        if made is None or made.step != own.step or made.order(0) > own.order(0):
            continue
        if is_of_the_tile_before(access, mapping.cascade):
            continue
        needed = ceil_div(own.order(0)[1] - made.order(0)[1], own.phases)
        for home in mapping.nests[access.tensor].storages_of(access.tensor)[:1]:
            yield LateRead(einsum.name, access.tensor, home, mapping.steps[own.step], needed)


def tiles_held(late: LateRead, mapping: BoundMapping) -> Number:
    """How many tiles of the step the tensor's home has room for."""
    nest = mapping.nests[late.tensor]
    ranks = mapping.cascade.einsum(late.tensor).output.ranks
    return prod(
        ceil_div(_cut(nest.tile(rank, late.home.depth), rank, mapping), _cut(size, rank, mapping))
        for rank, size in late.step.tile.items()
        if rank in ranks
    )


def is_of_the_tile_before(access: Access, cascade: Cascade) -> bool:
    """Whether a running value is read as the step before left it: RM[m1] where RM[m1+1] is made."""
    running = cascade.iterative_ranks(access.tensor)
    read, written = (
        cascade.positions(access),
        cascade.positions(cascade.einsum(access.tensor).output),
    )
    ranks = cascade.tensors[access.tensor].ranks
    return any(
        rank in running and here.final is None and here != there
        for rank, here, there in zip(ranks, read, written, strict=True)
    )


# --- tiles and lags -------------------------------------------------------------------------------


def _long_lags(step: BoundStep, mapping: BoundMapping) -> Iterator[Violation]:
    tiles = prod(ceil_div(mapping.sizes[rank], size) for rank, size in step.tile.items())
    for name, lag in step.lag.items():
        if lag < 0:
            yield Violation(step.name, f"{name} lags {lag} tiles, but cannot run ahead")
        elif lag > tiles:
            fact = f"{name} lags {lag} tiles, but there are {tiles}"
            yield Violation(step.name, fact, needed=lag, available=tiles)


def _bad_tiles(step: BoundStep, mapping: BoundMapping) -> Iterator[Violation]:
    for name in dict.fromkeys(step.einsums):
        nest = mapping.nests[name]
        own = mapping.cascade.einsum(name).ranks
        for rank, tile in ((r, tile) for r, tile in step.tile.items() if r in own):
            size = _cut(tile, rank, mapping)
            made = _tiles_made(nest, rank, mapping)
            if size not in made:
                listed = ", ".join(f"{each:,.0f}" for each in made)
                fact = f"its tiles are {size:,.0f} of {rank}, but the loops of {name} make {listed}"
                yield Violation(step.name, fact, needed=size)
        yield from _early_loops(step, nest, mapping)


def _tiles_made(nest: LoopNest, rank: str, mapping: BoundMapping) -> list[Number]:
    """Sizes of tiles that the loops over a rank make, from the innermost; the last is the whole."""
    sizes = []
    for depth in range(len(nest.loops), -1, -1):
        if not any(loop.is_spatial and loop.rank == rank for loop in nest.loops[:depth]):
            sizes.append(_cut(nest.tile(rank, depth), rank, mapping))
    return list(dict.fromkeys(sizes))


def _early_loops(step: BoundStep, nest: LoopNest, mapping: BoundMapping) -> Iterator[Violation]:
    """Loops inside a tile that run around loops over tiles: these would visit each tile again."""
    inside: list[str] = []
    for depth, loop in enumerate(nest.loops):
        if loop.is_spatial or not loop.factor > 1:
            continue
        size = step.tile.get(loop.rank, mapping.sizes[loop.rank])
        if _cut(nest.tile(loop.rank, depth), loop.rank, mapping) <= size:
            inside.append(loop.rank)
        elif inside:
            fact = (
                f"{nest.einsum}'s loop over {inside[0]}, inside a tile, "
                f"runs around its loop over tiles of {loop.rank}"
            )
            yield Violation(step.name, fact)
            return


def _cut(reach: Number, rank: str, mapping: BoundMapping) -> Number:
    """No further than the rank goes."""
    return smallest([reach, mapping.sizes[rank]])
