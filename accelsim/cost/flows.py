"""Reads and writes of every memory while one Einsum's nest runs.

An input goes down its storages, from the outermost to the processing elements; each storage is
written when it is filled and read when it serves what is inside it. An output comes up: the
innermost storage takes an update for every operation, adds it to what it holds (a read, but for
the first update of a residency), and is read once more when its tile moves up. Inputs wait in the
outermost storage and outputs stay there.

A running value that its Einsum reads as the step before left it is not fetched from the outermost
storage if the next one still holds it: if it is the loop over the steps that brings its next tile.

An intermediate that a consumer keeps first in a memory where neither its producer nor an earlier
consumer has had it crosses over on wires as it is made: one read at the producer's innermost
storage, one write where it goes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import NamedTuple

from accelsim.cost.coverage import Coverage, Inside, Places, share_of
from accelsim.cost.traffic import Walks, moved_elements, operand_elements
from accelsim.mapping.footprint import Family, families, overlap, spread
from accelsim.mapping.loops import (
    LoopNest,
    Number,
    Storage,
    factor_product,
    innermost,
    larger,
    smallest,
)
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.tiles import conditional_ranks


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


class Moves(NamedTuple):
    """How the accesses of a family, one in most cases, move together through their nest."""

    family: Family
    einsum: Einsum
    nest: LoopNest
    cascade: Cascade
    walks: Walks
    coverage: Coverage

    @property
    def access(self) -> Access:
        """The first of the family, in the place of all."""
        return self.family[0]

    @property
    def storages(self) -> tuple[Storage, ...]:
        return self.nest.storages_of(self.access.tensor)

    @property
    def stays(self) -> Number:
        """Whether a running value lies in its second storage since the step before: 1, or 0."""
        if self.access.tensor != self.einsum.name:
            return 0
        running = self.cascade.iterative_ranks(self.access.tensor)
        loops = self.nest.loops
        around = [
            place
            for storage in self.storages[1:2]
            for place in range(storage.depth)
            if loops[place].rank in self._ranks and not loops[place].is_spatial
        ]
        turns = innermost(loops, around)
        return sum(where for where, place in turns if place >= 0 and loops[place].rank in running)

    def fetched(self, depth: int, shared_from: int) -> Number:
        """Elements of an input that come into the tiles at `depth`."""
        places = self._places(shared_from)
        exists = self._exists_where_it_is_read
        inside = places.of_kept_results(depth) if exists else places.of_fetched_tiles(depth)
        tile = len(self.nest.loops) if exists else depth
        return self._no_less(self._into(depth, shared_from, ()) * self._share(inside), tile)

    def kept(self, depth: int, shared_from: int, around: tuple[int, ...]) -> Number:
        """Elements of an output that are updated in the tiles at `depth`, once a residency."""
        inside = self._places(shared_from).of_kept_results(depth)
        moved = self._into(depth, shared_from, around) * self._share(inside)
        return self._no_less(moved, len(self.nest.loops))

    def operands(self, shared_from: int) -> Number:
        """Elements that the processing elements take or make, one a step."""
        depth = len(self.nest.loops)
        taken = operand_elements(self.walks, self._ranks, shared_from)
        taken = taken * self._overlap(depth, shared_from)
        return self._no_less(taken * self._share(self._places(shared_from).of_steps()), depth)

    def held_of(self, updates: Number, kept: Number) -> Number:
        """Of updates that come, the first ones of their residencies."""
        return smallest([updates, kept]) if self.einsum.conditions else kept

    def _no_less(self, moved: Number, depth: int) -> Number:
        """Than each tile at `depth` that has a point comes once: where a part of a tensor rests and
        another does not, one share for both is too small for what rests."""
        if not self.einsum.conditions:
            return moved
        whole = prod(self.walks.sizes[rank] for rank in self._ranks) * self._overlap(0, 0)
        return larger(moved, whole * self._share(self._places(0).of_all(depth)))

    @property
    def _exists_where_it_is_read(self) -> bool:
        """Whether an Einsum made it under the same conditions, which its own ranks decide."""
        tensor, conditions = self.access.tensor, self.einsum.conditions
        if not conditions or tensor in self.cascade.inputs or len(self.family) > 1:
            return False
        maker = self.cascade.einsum(tensor)
        own = set(conditional_ranks(self.einsum)) <= self._ranks
        return own and maker.conditions == conditions and maker.output == self.access

    @property
    def _ranks(self) -> frozenset[str]:
        return frozenset(self.access.ranks)

    def _into(self, depth: int, shared_from: int, around: tuple[int, ...]) -> Number:
        moved = moved_elements(self.walks, depth, self._ranks, shared_from, around)
        return moved * self._overlap(depth, shared_from)

    def _overlap(self, depth: int, shared_from: int) -> Number:
        def tile(rank: str) -> Number:
            return smallest([self.nest.tile(rank, depth), self.walks.sizes[rank]])

        def shared_tile(rank: str) -> Number:
            return smallest([self._side_by_side(rank, depth, shared_from), self.walks.sizes[rank]])

        # Of a ragged partition conditions may leave just the full tiles: these are then padded.
        whole = replace(self.cascade, partitions={}) if self.einsum.conditions else self.cascade
        return overlap(self.access, whole, tile) * spread(self.family, self.cascade, shared_tile)

    def _side_by_side(self, rank: str, depth: int, shared_from: int) -> Number:
        """How far the tiles reach that neighbours at `depth` hold at once, of what they share."""
        loops = self.nest.loops
        own = [i for i in range(shared_from, depth) if loops[i].rank == rank]
        turns = innermost(loops, (i for i in own if not loops[i].is_spatial))
        beside = sum(where * self._spread(rank, own, last) for where, last in turns)
        return self.nest.tile(rank, depth) * beside

    def _spread(self, rank: str, places: Sequence[int], last: int) -> Number:
        """How many columns or rows stand side by side inside the place `last`."""
        inside = (self.nest.loops[i] for i in places if i > last)
        return factor_product((loop for loop in inside if loop.is_spatial), rank)

    def _places(self, shared_from: int) -> Places:
        return Places(self.nest, self._ranks, shared_from)

    def _share(self, inside: Inside) -> Number:
        if not self.einsum.conditions:
            return 1
        weighed = sorted(self._ranks)
        return sum(w * share_of(self.einsum, i, weighed, self.coverage) for w, i in inside)


def all_flows(
    cascade: Cascade,
    nests: Mapping[str, LoopNest],
    sizes: Mapping[str, Number],
    coverage: Coverage,
) -> Iterator[Flow]:
    """The flows of every Einsum, and the handovers between them."""
    walks = walks_of(cascade, nests, sizes)
    for einsum in cascade.einsums:
        nest, own = nests[einsum.name], walks[einsum.name]
        for family in families(einsum.reads, cascade):
            yield from _input_flows(Moves(family, einsum, nest, cascade, own, coverage))
        yield from _output_flows(Moves((einsum.output,), einsum, nest, cascade, own, coverage))
    yield from handover_flows(cascade, nests, walks, coverage)


def walks_of(
    cascade: Cascade, nests: Mapping[str, LoopNest], sizes: Mapping[str, Number]
) -> dict[str, Walks]:
    """For every Einsum."""
    return {
        einsum.name: Walks(nests[einsum.name].loops, {rank: sizes[rank] for rank in einsum.ranks})
        for einsum in cascade.einsums
    }


def _input_flows(moves: Moves) -> Iterator[Flow]:
    name, tensor, storages = moves.einsum.name, moves.access.tensor, moves.storages
    for outer, inner in pairwise(storages):
        stays = moves.stays if outer is storages[0] else 0
        if isinstance(stays, int) and stays:
            continue
        read = moves.fetched(inner.depth, outer.depth)
        filled = moves.fetched(inner.depth, inner.depth)
        if not isinstance(stays, int):
            read, filled = read * (1 - stays), filled * (1 - stays)
        yield Flow(name, outer.memory, "read", tensor, read)
        yield Flow(name, inner.memory, "write", tensor, filled, inner=False)
    if storages:
        read = moves.operands(storages[-1].depth)
        yield Flow(name, storages[-1].memory, "read", tensor, read)


def _output_flows(moves: Moves) -> Iterator[Flow]:
    name, tensor, storages = moves.einsum.name, moves.access.tensor, moves.storages
    if not storages:
        return
    updates = moves.operands(storages[-1].depth)
    for i in range(len(storages) - 1, -1, -1):
        here = storages[i]
        around = tuple(storage.depth for storage in storages[:i])
        held = moves.held_of(updates, moves.kept(here.depth, here.depth, around))
        yield Flow(name, here.memory, "write", tensor, updates)
        yield Flow(name, here.memory, "read", tensor, updates - held)
        if i > 0:
            yield Flow(name, here.memory, "read", tensor, held, inner=False)
            updates = moves.kept(here.depth, storages[i - 1].depth, around)


def handover_flows(
    cascade: Cascade,
    nests: Mapping[str, LoopNest],
    walks: Mapping[str, Walks],
    coverage: Coverage,
) -> Iterator[Flow]:
    """Intermediates on their way from their producer to a memory that has not had them before."""
    known: dict[str, set[str]] = {}
    for einsum in cascade.einsums:
        nest, own = nests[einsum.name], walks[einsum.name]
        for family in families(einsum.reads, cascade):
            moves, tensor = Moves(family, einsum, nest, cascade, own, coverage), family[0].tensor
            if tensor in known and moves.storages:
                if moves.storages[0].memory not in known[tensor]:
                    yield from _handover(moves, nests[tensor])
                known[tensor] |= {storage.memory for storage in moves.storages}
        known[einsum.name] = {storage.memory for storage in nest.storages_of(einsum.name)}


def _handover(moves: Moves, producer: LoopNest) -> Iterator[Flow]:
    name, tensor, target = moves.einsum.name, moves.access.tensor, moves.storages[0]
    for source in producer.storages_of(tensor)[-1:]:
        yield Flow(name, source.memory, "read", tensor, moves.fetched(target.depth, 0))
    yield Flow(name, target.memory, "write", tensor, moves.fetched(target.depth, target.depth))
