"""A sum must be complete when an Einsum of its own step reads it.

    G[p]   max= X[p,m]          both for every tile of M: at the first tile G is the maximum of
    Y[p,m] =    X[p,m] - G[p]   that tile only, and Y would take it for that of all

Einsums of a step take turns over the tiles of a rank if

- the step says so: its tile is a part of the rank; or
- one hands the other a tensor on chip of which neither keeps all along the rank, so that a part is
  read before the next one takes its place. Whoever is handed something by one of them joins in.

Where they do, one that has the rank finds the other's sums over it as far as they have come, and so
does one that reads what was made of these sums. One without the rank runs at its last tile, when
they are complete.

Sums that were spread over an axis lie one by one on the processing elements that they were added up
over, so that these keep as many of them in turn.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from accelsim.mapping.binding import BoundMapping, BoundStep
from accelsim.mapping.loops import LoopNest, Number, Storage, smallest
from accelsim.mapping.schedule import is_of_the_tile_before
from accelsim.mapping.violation import Violation
from accelsim.workload.einsum import Cascade


class _Handing(NamedTuple):
    """`tensor` passes from one of these Einsums to the other by parts of a rank."""

    einsums: frozenset[str]
    tensor: str
    memory: str


def partial_sums(mapping: BoundMapping) -> Iterator[Violation]:
    """Every Einsum that reads a sum of its step, or what was made of it, before it is complete."""
    for step in mapping.steps:
        names = tuple(dict.fromkeys(step.einsums))
        for reader in names:
            for rank in mapping.cascade.einsum(reader).ranks:
                for made in sums_before(reader, rank, names, mapping.cascade):
                    pace = _pace(reader, made, rank, step, mapping)
                    if pace is not None:
                        fact = f"needs {made} before its sums over {rank} are complete: {pace}"
                        yield Violation(reader, fact)


def sums_before(
    reader: str, rank: str, names: tuple[str, ...], cascade: Cascade
) -> tuple[str, ...]:
    """Sums over a rank that an Einsum of these reads, itself or through some without the rank."""
    found: dict[str, None] = {}
    todo, seen = [reader], {reader}
    while todo:
        einsum = cascade.einsum(todo.pop())
        for access in einsum.reads:
            made = access.tensor
            if made in seen or made not in names or is_of_the_tile_before(access, cascade):
                continue
            seen.add(made)
            if rank in cascade.einsum(made).reduced_ranks:
                found[made] = None
            elif rank not in cascade.einsum(made).ranks:
                todo.append(made)
    return tuple(found)


def _pace(reader: str, made: str, rank: str, step: BoundStep, mapping: BoundMapping) -> str | None:
    """Why two Einsums take turns over the tiles of a rank, and what would end that."""
    if rank in step.tile and bool(step.tile[rank] < mapping.sizes[rank]):
        return (
            f"both run for every tile of {step.tile[rank]:,.0f} of {rank}. "
            f"Run it in a later step, or let a tile have all of {rank}"
        )
    handings = list(_handings(rank, step, mapping))
    own = handing_in_pace(reader, made, [each.einsums for each in handings])
    if own is None:
        return None
    handed = handings[own]
    return (
        f"it is handed {handed.tensor} by parts of {rank}. "
        f"Run it in a later step, or keep all along {rank} of {handed.tensor} in {handed.memory}"
    )


def handing_in_pace(reader: str, made: str, handings: Sequence[frozenset[str]]) -> int | None:
    """The place of the reader's own handing, if a chain of them joins it to who makes the sum."""
    for place, own in enumerate(handings):
        if reader not in own:
            continue
        reached = own
        while any(_joins(each, reached) for each in handings):
            reached = reached.union(*(each for each in handings if _joins(each, reached)))
        if made in reached:
            return place
    return None


def _joins(einsums: frozenset[str], reached: frozenset[str]) -> bool:
    return bool(einsums & reached) and not einsums <= reached


def _handings(rank: str, step: BoundStep, mapping: BoundMapping) -> Iterator[_Handing]:
    """Within the step, on chip, by parts of a rank."""
    outermost = mapping.arch.memories[0].name
    for reader in dict.fromkeys(step.einsums):
        for access in dict.fromkeys(mapping.cascade.einsum(reader).reads):
            tensor = access.tensor
            if tensor not in step.einsums or tensor == reader:
                continue
            if is_of_the_tile_before(access, mapping.cascade):
                continue
            homes = [mapping.nests[end].storages_of(tensor)[:1] for end in (tensor, reader)]
            is_on_chip = all(home and home[0].memory != outermost for home in homes)
            if is_on_chip and _is_cut(tensor, rank, homes[0][0], step, mapping, reader):
                yield _Handing(frozenset((tensor, reader)), tensor, homes[0][0].memory)


def _is_cut(
    tensor: str, rank: str, home: Storage, step: BoundStep, mapping: BoundMapping, reader: str
) -> bool:
    """Whether nobody keeps all along a rank for a reader: loops around its storage bring part after
    part, and so do those around the maker's and whoever else's keeps it in the same memory."""
    if rank not in mapping.cascade.einsum(tensor).output.ranks:
        return False
    for einsum in dict.fromkeys(step.einsums):
        for first in mapping.nests[einsum].storages_of(tensor)[:1]:
            is_meant = einsum == reader or first.memory == home.memory
            if is_meant and bool(_parts(mapping.nests[einsum], first, rank) == 1):
                return False
    return not _lies_along_sums(tensor, home, step, mapping)


def _parts(nest: LoopNest, home: Storage, rank: str) -> Number:
    outside = nest.loops[: home.depth]
    return prod(loop.factor for loop in outside if loop.rank == rank and not loop.is_spatial)


def _lies_along_sums(tensor: str, home: Storage, step: BoundStep, mapping: BoundMapping) -> bool:
    """Whether what the processing elements make in turn, in a tile, is no more than places of a
    sum that is spread over them."""
    if mapping.arch.memory(home.memory).per is None:
        return False
    einsum, nest = mapping.cascade.einsum(tensor), mapping.nests[tensor]
    tiles = {rank: step.tile.get(rank, mapping.sizes[rank]) for rank in einsum.output.ranks}
    in_turn = prod(
        loop.factor
        for depth, loop in enumerate(nest.loops[: home.depth])
        if loop.rank in tiles and not loop.is_spatial
        if bool(
            smallest([nest.tile(loop.rank, depth), mapping.sizes[loop.rank]]) <= tiles[loop.rank]
        )
    )
    places = prod(o.factor for o in nest.loops if o.is_spatial and o.rank in einsum.reduced_ranks)
    return bool(in_turn <= places) and bool(places > 1)
