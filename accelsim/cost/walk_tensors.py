"""One tensor of an Einsum in a walk: what its storages hold, and what they do in a step.

The rules are those of `walk.py`: inputs go down when an instance needs another tile, outputs come
up when it does.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from accelsim.cost.walk_sites import Instance, Sites, Tile
from accelsim.workload.einsum import Access

Element = tuple[int, ...]
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
