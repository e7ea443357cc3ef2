"""Bytes held in each memory.

    occupancy = max over steps of Σ over tensors of tile · word · (2 in a double-buffered memory)

A tile is what the loops inside a storage cover, no larger than the rank; a tensor that several
Einsums of a step keep in one memory is held once, at the largest of their tiles. Register files are
counted per instance: the bytes in one processing element.
"""

from math import prod

from accelsim.arch.spatial import Spatial
from accelsim.mapping.binding import BoundMapping, BoundStep
from accelsim.mapping.loops import LoopNest, Number, Storage, largest, smallest


def occupancy_bytes(mapping: BoundMapping) -> dict[str, Number]:
    """Bytes in one instance of every memory, at the step that holds most."""
    by_step = [_step_occupancy(step, mapping) for step in mapping.steps]
    return {
        memory.name: largest([step.get(memory.name, 0) for step in by_step])
        for memory in mapping.arch.memories
    }


def _step_occupancy(step: BoundStep, mapping: BoundMapping) -> dict[str, Number]:
    held: dict[tuple[str, str], Number] = {}
    for name in step.einsums:
        nest = mapping.nests[name]
        for storage in nest.storages:
            for tensor in storage.tensors:
                tile = tile_elements(tensor, nest, storage, mapping)
                key = (storage.memory, _room(tensor, mapping))
                word = mapping.cascade.tensors[tensor].word_bytes
                held[key] = largest([tile * word, held.get(key, 0)])
    total: dict[str, Number] = {}
    for (memory, _), size in held.items():
        total[memory] = total.get(memory, 0) + size * buffers(mapping.arch, memory)
    return total


def _room(tensor: str, mapping: BoundMapping) -> str:
    """Tensors that share room are held as one; it goes by the name of the first."""
    return next((group[0] for group in mapping.share if tensor in group), tensor)


def tile_elements(tensor: str, nest: LoopNest, storage: Storage, mapping: BoundMapping) -> Number:
    """Elements of `tensor` that one instance holds; a running value is held once, not per step."""
    cascade = mapping.cascade
    einsum = cascade.einsum(nest.einsum)
    accesses = [access for access in (*einsum.reads, einsum.output) if access.tensor == tensor]
    ranks = {rank for access in accesses for rank in access.ranks}
    carried = ranks.difference(cascade.iterative_ranks(tensor))
    return prod(smallest([nest.tile(rank, storage.depth), mapping.sizes[rank]]) for rank in carried)


def buffers(arch: Spatial, memory: str) -> int:
    return 2 if arch.memory(memory).double_buffered else 1
