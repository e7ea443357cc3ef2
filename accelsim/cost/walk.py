"""The slow truth: walks loop nests step by step and counts, element by element, what memories do.

It shares no formula with `traffic.py` and `flows.py`, which give the same numbers at once; a test
compares the two on random nests. Which instances work is in `walk_sites.py`, what happens to one
tensor in `walk_tensors.py`. The rules:

step       one setting of all temporal loops, in nest order; spatial loops happen at once
instance   of a storage at depth d: one setting of the spatial loops outside d. It works in a step
           if the loops inside d cover a point of the Einsum there: no rank is past its size.
           Processing elements are the instances inside all loops.
input      An instance that works needs the tile that its loops cover. If it holds another one, its
           elements are written to it; the instances below one parent that ask for an element in
           the same step share one read (multicast). Processing elements ask anew in every step.
           Accesses that are shifts of one another (X[m] and X[m+1]) are one input: its tile is the
           union of theirs.
output     Processing elements update an element in every step; updates of one element on their
           way to one instance arrive as one write (spatial reduction), and the old value is read
           unless this is its first update since the tile came. When an instance that works needs
           another tile, and at the end, its tile is read and sent up as updates of the parent's.
           What lies in an instance goes up before the tile of its parent does.
at rest    An instance that does not work keeps what it has, but for that. Nothing fills the
           outermost storage of an input, nothing goes up from the outermost one of an output.
turns      Einsums that share their outermost loops take turns in every step of these. A tensor
           that one makes and another reads goes up at the end of its maker's turn. If its reader
           keeps it first in a memory that has had it, it is there already; if not, it is read
           from the maker's innermost storage, once for all instances that ask for it. It must be
           made in the same turn, and complete: a sum that still grows after somebody has read it
           was read too early, and the walk stops there.
returning  Sums that left an instance before they were complete stay where they went. The tile
sums       comes back empty: its first update reads nothing, and when it leaves again it is added
           to the older sum where that lies, a read and a write there. Every product so reaches the
           outermost storage once, which the walk sees to, with no access more than that takes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from math import prod

from accelsim.cost.walk_sites import Sites, settings, sites
from accelsim.cost.walk_tensors import Action, InputWalk, Level, OutputWalk, Shift, TensorWalk
from accelsim.mapping.footprint import Family, families
from accelsim.mapping.loops import LoopNest
from accelsim.workload.einsum import Access, Cascade, Einsum

NOWHERE = ""
"""The memory of a maker that keeps its output in none; its reads are not counted."""


def walk(cascade: Cascade, nests: Mapping[str, LoopNest], shared_loops: int = 0) -> Counter[Action]:
    """Elements by action while the Einsums take turns inside their outermost `shared_loops`."""
    walkers = [_walker(einsum, cascade, nests) for einsum in cascade.einsums]
    tally: Counter[Action] = Counter()
    for outer in settings(walkers[0].nest, 0, shared_loops):
        for walker in walkers:
            for action, elements in walker.turn(outer):
                tally[action] += elements
            _assert_made(walker, walkers)
    for walker in walkers:
        for action, elements in walker.finish():
            tally[action] += elements
        _assert_complete(walker)
    return Counter({a: n for a, n in tally.items() if n and a.memory != NOWHERE})


def _walker(einsum: Einsum, cascade: Cascade, nests: Mapping[str, LoopNest]) -> "EinsumWalk":
    nest = nests[einsum.name]
    inside = len(nest.loops)
    inputs = [
        InputWalk(einsum.name, family[0], way, inside, _shifts(family, cascade))
        for family in families(einsum.reads, cascade)
        if (way := (*_wires(family[0], einsum, cascade, nests), *_levels(family[0], nest)))
    ]
    way = _levels(einsum.output, nest)
    output = OutputWalk(einsum.name, einsum.output, way, inside) if way else None
    return EinsumWalk(
        nest=nest,
        sizes={rank: cascade.ranks[rank] for rank in einsum.ranks},
        tensors=(*inputs, output) if output else tuple(inputs),
        output=output,
        is_read=_is_read(einsum, cascade),
    )


def _shifts(family: Family, cascade: Cascade) -> tuple[Shift, ...]:
    """The accesses of a family of several, each beside the position that the loops give."""
    return tuple(_shift(access, cascade) for access in family) if len(family) > 1 else ()


def _shift(access: Access, cascade: Cascade) -> Shift:
    ranks = cascade.tensors[access.tensor].ranks
    offset, end = dict.fromkeys(access.ranks, 0), dict(cascade.ranks)
    for rank, index in zip(ranks, cascade.positions(access), strict=True):
        if len(index.ranks) == 1:
            offset[index.ranks[0]] = index.value({index.ranks[0]: 0}, cascade.ranks)
            end[index.ranks[0]] = cascade.ranks[rank]
    return Shift(tuple(offset.values()), tuple(end[rank] for rank in access.ranks))


def _levels(access: Access, nest: LoopNest) -> tuple[Level, ...]:
    return tuple(
        Level(here.memory, here.depth, sum(loop.is_spatial for loop in nest.loops[: here.depth]))
        for here in nest.storages_of(access.tensor)
    )


def _wires(
    access: Access, einsum: Einsum, cascade: Cascade, nests: Mapping[str, LoopNest]
) -> tuple[Level, ...]:
    """Where an intermediate comes from if its reader keeps it first where it has not been."""
    tensor = access.tensor
    kept = nests[einsum.name].storages_of(tensor)
    makers = [e for e in takewhile(lambda e: e != einsum, cascade.einsums) if e.name == tensor]
    if not makers or not kept or kept[0].memory in _memories_until(access, einsum, cascade, nests):
        return ()
    made = nests[tensor].storages_of(tensor)
    return (Level(made[-1].memory if made else NOWHERE, 0, 0),)


def _memories_until(
    access: Access, einsum: Einsum, cascade: Cascade, nests: Mapping[str, LoopNest]
) -> set[str]:
    """The memories that have had a tensor before an Einsum takes this access to it."""
    had: set[str] = set()
    for other in cascade.einsums:
        for earlier in (*other.reads, other.output):
            if (other, earlier) == (einsum, access):
                return had
            if earlier.tensor == access.tensor:
                had |= {storage.memory for storage in nests[other.name].storages_of(access.tensor)}
    return had


def _is_read(einsum: Einsum, cascade: Cascade) -> bool:
    others = (other for other in cascade.einsums if other.name != einsum.name)
    return any(access.tensor == einsum.name for other in others for access in other.reads)


@dataclass
class EinsumWalk:
    """One Einsum between its turns; `is_read`: another one waits for its output."""

    nest: LoopNest
    sizes: Mapping[str, int]
    tensors: tuple[TensorWalk, ...]
    output: OutputWalk | None
    is_read: bool

    def turn(self, outer: tuple[int, ...]) -> Iterator[tuple[Action, int]]:
        """All steps in which the outermost loops stand at `outer`."""
        for tensor in self.tensors:
            tensor.of_this_turn.clear()
        for inner in settings(self.nest, len(outer), len(self.nest.loops)):
            at_work = self._sites((*outer, *inner))
            for tensor in self.tensors:
                yield from tensor.step(at_work)
        if self.is_read:
            yield from self.finish()

    def finish(self) -> Iterator[tuple[Action, int]]:
        if self.output is not None:
            yield from self.output.send_everything_up()

    def _sites(self, step: tuple[int, ...]) -> Sites:
        depths = {level.depth for tensor in self.tensors for level in tensor.levels}
        depths.add(len(self.nest.loops))
        return {depth: sites(self.nest, depth, step, self.sizes) for depth in depths}


def _assert_made(reader: EinsumWalk, walkers: Iterable[EinsumWalk]) -> None:
    """What an Einsum takes of another one's output has been made in the same turn."""
    made = [walker.output for walker in walkers if walker is not reader and walker.output]
    for tensor in reader.tensors:
        for output in made:
            if isinstance(tensor, InputWalk) and output.access == tensor.access:
                assert tensor.of_this_turn <= output.of_this_turn, f"{tensor.access} is not there"
                output.read |= tensor.of_this_turn


def _assert_complete(walker: EinsumWalk) -> None:
    """Every product of a sum has come to the outermost storage, once."""
    if walker.output is not None:
        ranks = walker.output.access.ranks
        expected = prod(size for rank, size in walker.sizes.items() if rank not in ranks)
        arrived = walker.output.arrived + walker.output.there
        assert set(arrived.values()) == {expected}, f"{walker.output.access} lacks products"
