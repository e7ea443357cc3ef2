"""Bytes held in each memory.

    occupancy = max over steps of Σ over tensors of tile · word · (2 in a double-buffered memory)

A tile is what the loops inside a storage cover, no larger than the rank; a tensor that several
Einsums of a step keep in one memory is held once, at the largest of their tiles, and tensors that
share room are held as one. Of a tensor that the memory spills, only the share that stays counts.
What a step makes on chip for a later one is held in all steps between. The outermost memory holds
the cascade's inputs and results at all times, and what passes through it in between from the step
that makes it to the last one that reads it.

All Einsums of a step overlap in a shared buffer. An array's own register files hold, while one of
its Einsums runs, that Einsum's tensors and those that an earlier one left for a later one; their
occupancy is that of one processing element.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from accelsim.arch.parts import Memory
from accelsim.arch.spatial import Spatial
from accelsim.mapping.binding import BoundMapping, BoundStep
from accelsim.mapping.dataflow import first_memory, readers, step_of
from accelsim.mapping.footprint import families, touched_elements
from accelsim.mapping.loops import LoopNest, Number, Storage, largest, smallest


class Held(NamedTuple):
    """`size` bytes of a room in a memory, for the Einsum that is `turn`-th in its step."""

    memory: str
    room: str
    turn: int
    size: Number


def occupancy_bytes(mapping: BoundMapping) -> dict[str, Number]:
    """Bytes in one instance of every memory, at the step that holds most."""
    waiting, stored = list(_waiting(mapping)), list(_stored(mapping))
    by_step = [
        [*_held(step, mapping), *_there(place, waiting), *_there(place, stored)]
        for place, step in enumerate(mapping.steps)
    ]
    return {
        memory.name: buffers(mapping.arch, memory.name)
        * largest([_occupancy(memory, held) for held in by_step])
        for memory in mapping.arch.memories
    }


def _held(step: BoundStep, mapping: BoundMapping) -> list[Held]:
    return [
        _held_for(einsum, tensor, storage, turn, mapping)
        for turn, einsum in enumerate(step.einsums)
        for storage in mapping.nests[einsum].storages
        for tensor in storage.tensors
    ]


def _held_for(einsum: str, tensor: str, storage: Storage, turn: int, mapping: BoundMapping) -> Held:
    word_bytes = mapping.cascade.tensors[tensor].word_bytes
    elements = tile_elements(tensor, mapping.nests[einsum], storage, mapping)
    size = elements * word_bytes * _share_that_stays(tensor, storage, mapping)
    return Held(storage.memory, _room(tensor, mapping), turn, size)


class _Stay(NamedTuple):
    """Held from one step to another, both included; the step `without` it holds it for itself."""

    first: int
    last: int
    without: int
    held: Held


def _there(place: int, stays: Sequence[_Stay]) -> Iterator[Held]:
    for stay in stays:
        if stay.first <= place <= stay.last and place != stay.without:
            yield stay.held


def _waiting(mapping: BoundMapping) -> Iterator[_Stay]:
    """What a step has made on chip for later ones, in the steps after it."""
    outermost = mapping.arch.memories[0].name
    for einsum in mapping.cascade.einsums:
        read = [
            step_of(reader, mapping)
            for reader in readers(einsum, mapping)
            if first_memory(einsum.name, mapping.nests[reader]) != outermost
        ]
        made, last = step_of(einsum.name, mapping), max(read, default=-1)
        for home in mapping.nests[einsum.name].storages_of(einsum.name)[:1]:
            if made < last and home.memory != outermost:
                held = _held_for(einsum.name, einsum.name, home, 0, mapping)
                yield _Stay(made + 1, last, made, held)


def _stored(mapping: BoundMapping) -> Iterator[_Stay]:
    """What some step keeps in the outermost memory, in the other steps."""
    cascade, outermost = mapping.cascade, mapping.arch.memories[0].name
    always = {*cascade.inputs, *cascade.outputs}
    for tensor in cascade.tensors:
        homes = [
            (step_of(name, mapping), name, home)
            for name, nest in mapping.nests.items()
            for home in nest.storages_of(tensor)[:1]
            if home.memory == outermost
        ]
        last = max((step for step, _, _ in homes), default=-1)
        ends = (0, len(mapping.steps)) if tensor in always else (step_of(tensor, mapping), last)
        for step, name, home in homes:
            yield _Stay(*ends, step, _held_for(name, tensor, home, 0, mapping))


def _occupancy(memory: Memory, held: Sequence[Held]) -> Number:
    rooms: dict[str, list[Held]] = {}
    for each in held:
        if each.memory == memory.name:
            rooms.setdefault(each.room, []).append(each)
    sizes = {room: largest([each.size for each in uses]) for room, uses in rooms.items()}
    turns = {each.turn for uses in rooms.values() for each in uses}
    if memory.per is None:
        return sum(sizes.values())
    at_turns = [
        sum(size for room, size in sizes.items() if _is_live(rooms[room], turn)) for turn in turns
    ]
    return largest([0, *at_turns])


def _is_live(uses: Sequence[Held], turn: int) -> bool:
    return min(use.turn for use in uses) <= turn <= max(use.turn for use in uses)


def _room(tensor: str, mapping: BoundMapping) -> str:
    """Tensors that share room go by the name of the first."""
    return next((group[0] for group in mapping.share if tensor in group), tensor)


def _share_that_stays(tensor: str, storage: Storage, mapping: BoundMapping) -> Number:
    return prod(
        1 - spill.fraction
        for spill in mapping.spills
        if spill.memory == storage.memory and tensor in spill.tensors
    )


def tile_elements(tensor: str, nest: LoopNest, storage: Storage, mapping: BoundMapping) -> Number:
    """Elements of `tensor` that one instance holds for an Einsum."""
    einsum = mapping.cascade.einsum(nest.einsum)

    def tile(rank: str) -> Number:
        return smallest([nest.tile(rank, storage.depth), mapping.sizes[rank]])

    # X[m,k] and X[n,k] are two tiles of X; RM[m1] and RM[m1+1] are one, written in place.
    own = [each for each in (*einsum.reads, einsum.output) if each.tensor == tensor]
    tiles = {
        frozenset(family[0].ranks): touched_elements(family, mapping.cascade, tile)
        for family in families(own, mapping.cascade)
    }
    whole = prod(mapping.sizes[rank] for rank in mapping.cascade.tensors[tensor].ranks)
    return smallest([sum(tiles.values()), whole])


def buffers(arch: Spatial, memory: str) -> int:
    return 2 if arch.memory(memory).double_buffered else 1
