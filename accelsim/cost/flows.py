"""Reads and writes of every memory while one Einsum's nest runs.

An input goes down its storages, from the outermost to the processing elements; each storage is
written when it is filled and read when it serves what is inside it. An output comes up: the
innermost storage takes an update for every operation, adds it to what it holds (a read, but for
the first update of a residency), and is read once more when its tile moves up. Inputs wait in the
outermost storage and outputs stay there.

An intermediate that a consumer keeps first in a memory where neither its producer nor an earlier
consumer has had it crosses over on wires as it is made: one read at the producer's innermost
storage, one write where it goes.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from accelsim.cost.traffic import moved_elements, operand_elements
from accelsim.mapping.loops import LoopNest, Number
from accelsim.workload.einsum import Access, Cascade, Einsum


class Flow(NamedTuple):
    """`elements` of `tensor` that `memory` is asked to read or write for `einsum`.

    `inner`: for what is inside the memory, rather than to and from its parent.
    """

    einsum: str
    memory: str
    action: str
    tensor: str
    elements: Number
    inner: bool = True


def einsum_flows(einsum: Einsum, nest: LoopNest, sizes: Mapping[str, Number]) -> Iterator[Flow]:
    own = {rank: sizes[rank] for rank in einsum.ranks}
    for access in einsum.reads:
        yield from _input_flows(access, nest, own)
    yield from _output_flows(einsum.output, nest, own)


def _input_flows(access: Access, nest: LoopNest, sizes: dict[str, Number]) -> Iterator[Flow]:
    ranks, tensor = frozenset(access.ranks), access.tensor
    storages = nest.storages_of(tensor)
    for outer, inner in pairwise(storages):
        read = moved_elements(nest.loops, inner.depth, ranks, sizes, outer.depth)
        filled = moved_elements(nest.loops, inner.depth, ranks, sizes, inner.depth)
        yield Flow(nest.einsum, outer.memory, "read", tensor, read)
        yield Flow(nest.einsum, inner.memory, "write", tensor, filled, inner=False)
    if storages:
        read = operand_elements(nest.loops, ranks, sizes, storages[-1].depth)
        yield Flow(nest.einsum, storages[-1].memory, "read", tensor, read)


def _output_flows(access: Access, nest: LoopNest, sizes: dict[str, Number]) -> Iterator[Flow]:
    ranks, tensor = frozenset(access.ranks), access.tensor
    storages = nest.storages_of(tensor)
    if not storages:
        return
    updates = operand_elements(nest.loops, ranks, sizes, storages[-1].depth)
    for i in range(len(storages) - 1, -1, -1):
        here = storages[i]
        around = tuple(storage.depth for storage in storages[:i])
        held = moved_elements(nest.loops, here.depth, ranks, sizes, here.depth, around)
        yield Flow(nest.einsum, here.memory, "write", tensor, updates)
        yield Flow(nest.einsum, here.memory, "read", tensor, updates - held)
        if i > 0:
            yield Flow(nest.einsum, here.memory, "read", tensor, held, inner=False)
            outer = storages[i - 1]
            updates = moved_elements(nest.loops, here.depth, ranks, sizes, outer.depth, around)


def handover_flows(
    cascade: Cascade, nests: Mapping[str, LoopNest], sizes: Mapping[str, Number]
) -> Iterator[Flow]:
    """Intermediates on their way from their producer to a memory that has not had them before."""
    known: dict[str, set[str]] = {}
    for einsum in cascade.einsums:
        nest = nests[einsum.name]
        own = {rank: sizes[rank] for rank in einsum.ranks}
        for access in einsum.reads:
            targets = nest.storages_of(access.tensor)
            if access.tensor in known and targets:
                if targets[0].memory not in known[access.tensor]:
                    yield from _handover(access, nests[access.tensor], nest, own)
                known[access.tensor] |= {storage.memory for storage in targets}
        known[einsum.name] = {storage.memory for storage in nest.storages_of(einsum.name)}


def _handover(
    access: Access, producer: LoopNest, consumer: LoopNest, sizes: dict[str, Number]
) -> Iterator[Flow]:
    ranks, tensor = frozenset(access.ranks), access.tensor
    depth = consumer.storages_of(tensor)[0].depth
    read = moved_elements(consumer.loops, depth, ranks, sizes, 0)
    filled = moved_elements(consumer.loops, depth, ranks, sizes, depth)
    for source in producer.storages_of(tensor)[-1:]:
        yield Flow(consumer.einsum, source.memory, "read", tensor, read)
    yield Flow(consumer.einsum, consumer.storages_of(tensor)[0].memory, "write", tensor, filled)
