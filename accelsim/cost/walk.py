"""The slow truth: walks loop nests step by step and counts, element by element, what memories do.

It shares no formula with `traffic.py` and `flows.py`, which give the same numbers at once; a test
compares the two on random nests. The rules:

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

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product, takewhile
from math import prod
from typing import NamedTuple

from accelsim.mapping.footprint import Family, families
from accelsim.mapping.loops import LoopNest
from accelsim.workload.einsum import Access, Cascade, Einsum

Element = tuple[int, ...]
Tile = tuple[range, ...]
Instance = tuple[int, ...]
Asked = tuple[Instance, Element]


class Action(NamedTuple):
    """What `memory` does with one element of `tensor` for `einsum`: "read" or "write"."""

    einsum: str
    memory: str
    action: str
    tensor: str


class Level(NamedTuple):
    """A storage on the way of one tensor; `spatial` loops lie outside it."""

    memory: str
    depth: int
    spatial: int


class Site(NamedTuple):
    """An instance at work, with the positions that the loops inside it cover."""

    instance: Instance
    covered: Mapping[str, range]

    def tile(self, ranks: Iterable[str]) -> Tile:
        return tuple(self.covered[rank] for rank in ranks)


class Shift(NamedTuple):
    """How far an access lies from the loops' own position, by rank, and where its tensor ends."""

    offset: Element
    end: Element

    def elements(self, tile: Tile) -> Iterator[Element]:
        """What the access touches while the loops cover the tile."""
        moved = (
            range(max(at.start + by, 0), min(at.stop + by, end))
            for at, by, end in zip(tile, self.offset, self.end, strict=True)
        )
        return product(*moved)


NOWHERE = ""
"""The memory of a maker that keeps its output in none; its reads are not counted."""

Sites = Mapping[int, Sequence[Site]]
"""The instances at work by depth."""


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


def working_elements(einsum: Einsum, nest: LoopNest, sizes: Mapping[str, int]) -> list[int]:
    """Processing elements at work, step by step."""
    own = {rank: sizes[rank] for rank in einsum.ranks}
    inside = len(nest.loops)
    return [len(sites(nest, inside, step, own)) for step in settings(nest, 0, inside)]


def settings(nest: LoopNest, start: int, end: int) -> Iterator[tuple[int, ...]]:
    """Every setting of the temporal loops from `start` to `end`; spatial loops stand at 0."""
    loops = nest.loops[start:end]
    return product(*(range(1 if loop.is_spatial else loop.factor) for loop in loops))


def sites(nest: LoopNest, depth: int, step: Sequence[int], sizes: Mapping[str, int]) -> list[Site]:
    """The instances of a storage at `depth` that work in `step`."""
    outer = nest.loops[:depth]
    spatial = [i for i, loop in enumerate(outer) if loop.is_spatial]
    choices = (
        range(loop.factor) if loop.is_spatial else (at,)
        for loop, at in zip(outer, step, strict=False)
    )
    found = []
    for indices in product(*choices):
        covered = {r: covered_positions(nest, depth, indices, r, sizes[r]) for r in sizes}
        if all(covered.values()):
            found.append(Site(tuple(indices[i] for i in spatial), covered))
    return found


def covered_positions(
    nest: LoopNest, depth: int, indices: Sequence[int], rank: str, size: int
) -> range:
    """Positions of `rank` below `depth` where the loops outside stand at `indices`."""
    place = 0
    for loop, index in zip(nest.loops, indices, strict=False):
        if loop.rank == rank:
            place = place * loop.factor + index
    tile = nest.tile(rank, depth)
    return range(min(place * tile, size), min((place + 1) * tile, size))


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
class TensorWalk(ABC):
    """One tensor of an Einsum and its `levels`, outermost first; elements are at depth `inside`."""

    einsum: str
    access: Access
    levels: tuple[Level, ...]
    inside: int
    of_this_turn: set[Element] = field(default_factory=set, kw_only=True)

    @abstractmethod
    def step(self, at_work: Sites) -> Iterator[tuple[Action, int]]:
        """What happens while these instances work."""

    def elements_at_work(self, at_work: Sites) -> set[Asked]:
        """What the processing elements below each innermost instance read or update."""
        asked = (
            (site.instance[: self.levels[-1].spatial], element)
            for site in at_work[self.inside]
            for element in self.elements(site.tile(self.access.ranks))
        )
        return set(asked)

    def elements(self, tile: Tile) -> Iterable[Element]:
        """What is touched while the loops cover the tile."""
        return product(*tile)

    def action(self, action: str, level: Level, elements: int) -> tuple[Action, int]:
        return Action(self.einsum, level.memory, action, self.access.tensor), elements


@dataclass
class InputWalk(TensorWalk):
    """An input goes down; `held` is the tile of every instance that has had one."""

    shifts: tuple[Shift, ...]
    held: dict[tuple[Level, Instance], Tile] = field(default_factory=dict)

    def step(self, at_work: Sites) -> Iterator[tuple[Action, int]]:
        for outer, inner in zip(self.levels, self.levels[1:], strict=False):
            asked: set[Asked] = set()
            for instance, tile in self._new_tiles(inner, at_work):
                self.held[inner, instance] = tile
                elements = list(self.elements(tile))
                yield self.action("write", inner, len(elements))
                asked |= {(instance[: outer.spatial], element) for element in elements}
            yield self._serve(outer, asked)
        yield self._serve(self.levels[-1], self.elements_at_work(at_work))

    def elements(self, tile: Tile) -> Iterable[Element]:
        if not self.shifts:
            return product(*tile)
        return {element for shift in self.shifts for element in shift.elements(tile)}

    def _new_tiles(self, level: Level, at_work: Sites) -> Iterator[tuple[Instance, Tile]]:
        for site in at_work[level.depth]:
            tile = site.tile(self.access.ranks)
            if self.held.get((level, site.instance)) != tile:
                yield site.instance, tile

    def _serve(self, level: Level, asked: set[Asked]) -> tuple[Action, int]:
        if level == self.levels[0]:
            self.of_this_turn |= {element for _, element in asked}
        return self.action("read", level, len(asked))


@dataclass
class Residency:
    """A tile in one instance, from when it comes until it leaves, and how many products each
    updated element has got since."""

    tile: Tile
    products: Counter[Element] = field(default_factory=Counter)


@dataclass
class OutputWalk(TensorWalk):
    """An output comes up, from the processing elements to the outermost level.

    `arrived` are the products of elements there that moved on, `read` those that others have read.
    """

    resident: dict[tuple[Level, Instance], Residency] = field(default_factory=dict)
    arrived: Counter[Element] = field(default_factory=Counter)
    read: set[Element] = field(default_factory=set)

    def step(self, at_work: Sites) -> Iterator[tuple[Action, int]]:
        new = {level: self._new_tiles(level, at_work) for level in self.levels}
        for level in reversed(self.levels):
            yield from self._send_up(level, [*new[level], *self._left_below(level, new)])
        for level, tiles in new.items():
            for instance, tile in tiles.items():
                self.resident[level, instance] = Residency(tile)
        updates = self._products(at_work)
        self.of_this_turn |= {element for _, element in updates}
        assert not self.read & self.of_this_turn, f"{self.access} was read before it was complete"
        yield from self._update(self.levels[-1], updates)

    def _products(self, at_work: Sites) -> Counter[Asked]:
        """How many each element gets; those on their way to one instance are added up."""
        return Counter(
            (site.instance[: self.levels[-1].spatial], element)
            for site in at_work[self.inside]
            for element in self.elements(site.tile(self.access.ranks))
        )

    def _left_below(
        self, level: Level, new: Mapping[Level, Mapping[Instance, Tile]]
    ) -> Iterator[Instance]:
        """Instances at rest whose tile is part of one that now leaves above them."""
        for outer in self.levels[: self.levels.index(level)]:
            for at, instance in self.resident:
                if at == level and instance[: outer.spatial] in new[outer]:
                    yield instance

    def send_everything_up(self) -> Iterator[tuple[Action, int]]:
        for level in reversed(self.levels[1:]):
            here = [instance for at, instance in self.resident if at == level]
            yield from self._send_up(level, here)

    def _new_tiles(self, level: Level, at_work: Sites) -> dict[Instance, Tile]:
        new = {}
        for site in at_work[level.depth]:
            tile = site.tile(self.access.ranks)
            residency = self.resident.get((level, site.instance))
            if residency is None or residency.tile != tile:
                new[site.instance] = tile
        return new

    def _send_up(self, level: Level, instances: Iterable[Instance]) -> Iterator[tuple[Action, int]]:
        """The tiles of these instances leave; in the outermost level, the result has stayed."""
        left = [
            (i, self.resident.pop((level, i))) for i in instances if (level, i) in self.resident
        ]
        if level == self.levels[0]:
            for _, residency in left:
                self.arrived.update(residency.products)
            return
        outer = self.levels[self.levels.index(level) - 1]
        sent: Counter[Asked] = Counter()
        for instance, residency in left:
            elements = list(product(*residency.tile))
            yield self.action("read", level, len(elements))
            for element in elements:
                sent[instance[: outer.spatial], element] += residency.products[element]
        yield from self._update(outer, sent)

    def _update(self, level: Level, updates: Counter[Asked]) -> Iterator[tuple[Action, int]]:
        again = 0
        for (instance, element), products in updates.items():
            residency = self.resident[level, instance]
            assert all(at in span for at, span in zip(element, residency.tile, strict=True))
            again += element in residency.products
            residency.products[element] += products
        yield self.action("write", level, len(updates))
        yield self.action("read", level, again)

    @property
    def there(self) -> Counter[Element]:
        """Products of the elements that lie in the outermost level."""
        found: Counter[Element] = Counter()
        for (level, _), residency in self.resident.items():
            if level == self.levels[0]:
                found.update(residency.products)
        return found


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
