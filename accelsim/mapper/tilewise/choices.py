"""Shapes of a group: a first one by rules, random ones, and neighbours, one choice away."""

from collections.abc import Container, Sequence
from dataclasses import replace
from itertools import product
from typing import TypeVar

from numpy.random import Generator

from accelsim.arch.spatial import missing_operations
from accelsim.mapper.constraints import FixedLoops
from accelsim.mapper.fused.group import Group
from accelsim.mapper.question import Question
from accelsim.mapper.tilewise.nests import names_of
from accelsim.mapper.tilewise.shape import (
    PAST,
    TILE,
    Resident,
    Shape,
    Stay,
    Way,
    buffers_above,
    files_of,
    handed_over,
    outside,
    tensors_of,
)
from accelsim.mapping.occupancy import buffers
from accelsim.workload.einsum import Einsum

Thing = TypeVar("Thing")


class Choices:
    """What may be chosen for a group on a machine, by a random number generator; arrays and what
    lies on their axes as the constraints fix them."""

    def __init__(self, group: Group, question: Question, rng: Generator) -> None:
        arch = question.arch
        self.group, self.arch, self.rng = group, arch, rng
        self.fixed = question.constraints.loops
        arrays = {
            einsum.name: [
                array.name
                for array in arch.compute
                if not missing_operations(arch, array.name, einsum.operations)
                and self._fixed(einsum).array in (None, array.name)
            ]
            for einsum in group.einsums
        }
        reachable = {
            array: set(buffers_above(arch, array)) for all_ in arrays.values() for array in all_
        }
        every = [memory.name for memory in arch.memories]
        self.homes = [
            name
            for name in every
            if all(any(name in reachable[array] for array in each) for each in arrays.values())
        ]
        self.arrays = arrays

    # --- whole shapes ---

    def firsts(self) -> list[Shape]:
        """The innermost buffer as home; each Einsum where it is fastest, sums in the array.

        What comes from outside stays as long as the tile, or passes by. Those that have numbers.
        """
        both = [self._first(TILE), self._first(PAST)] if self.homes else []
        return [shape for shape in both if names_of(shape, self.group, self.arch)]

    def _first(self, stay: Stay) -> Shape:
        home = self.homes[-1]
        ways = tuple((e.name, self._usual_way(e, home)) for e in self.group.einsums)
        stays: tuple[tuple[str, Stay], ...] = tuple((t, stay) for t in outside(self.group))
        sized = frozenset(self._sizable()[-2:])
        return Shape(self.group.cut, sized, home, stays, ways)

    def _sizable(self) -> list[str]:
        """Ranks that tiles may cut; a running value takes single steps."""
        ranks = self.group.grid if self.group.steps else self.group.cut
        return [rank for rank in ranks if self.group.cascade.ranks[rank] > 1]

    def randoms(self, number: int) -> list[Shape]:
        """Fewer, or none, where hardly any has numbers to choose."""
        drawn = [self._random_with_numbers() for _ in range(number)] if self.homes else []
        return [shape for shape in drawn if shape is not None]

    def _random_with_numbers(self) -> Shape | None:
        drawn = (self._random() for _ in range(100))
        return next((each for each in drawn if names_of(each, self.group, self.arch)), None)

    def _random(self) -> Shape:
        home = self._one(self.homes)
        order = self._shuffled(self.group.grid)
        order = (*order, self.group.streamed) if self.group.streamed else order
        ways = tuple((e.name, self._random_way(e, home)) for e in self.group.einsums)
        sized = frozenset(r for r in self._sizable() if self.rng.random() < 0.7)
        shape = Shape(order, sized, home, (), ways)
        for tensor in outside(self.group):
            shape = shape.with_stay(tensor, self._one(self._stays(tensor, shape)))
        return shape

    def neighbour(self, shape: Shape, known: Container[Shape]) -> Shape | None:
        """Another shape, with one choice made anew; None if hardly any is not known."""
        for _ in range(100):
            found = self._changed(shape)
            if found != shape and found not in known and self._is_sound(found):
                return found
        return None

    # --- one choice ---

    def _changed(self, shape: Shape) -> Shape:
        kind = self.rng.random()
        if kind < 0.6:
            einsum = self._one(self.group.einsums)
            return shape.with_way(einsum.name, self._changed_way(einsum, shape))
        if kind < 0.85:
            tensor = self._one(outside(self.group))
            return shape.with_stay(tensor, self._one(self._stays(tensor, shape)))
        if kind < 0.9 and self._sizable():
            return replace(shape, sized=shape.sized ^ {self._one(self._sizable())})
        if kind < 0.97 or len(self.homes) == 1:
            return self._reordered(shape)
        return self._moved_home(shape)

    def _reordered(self, shape: Shape) -> Shape:
        """What must be innermost stays there."""
        last = tuple(rank for rank in shape.order if self._is_last(rank))
        order = self._inwards(tuple(rank for rank in shape.order if rank not in last))
        return self._with_usual_stays(replace(shape, order=(*order, *last)))

    def _is_last(self, rank: str) -> bool:
        """Whether running values take steps along a rank, or sums over it are read on chip, which
        would leave for other tiles before they are complete."""
        sums = (e.name for e in self.group.einsums if rank in e.reduced_ranks)
        return rank == self.group.streamed and (
            self.group.steps or any(self.group.readers[name] for name in sums)
        )

    def _moved_home(self, shape: Shape) -> Shape:
        home = self._one(self.homes)
        if any(home not in buffers_above(self.arch, way.array) for _, way in shape.ways):
            return shape
        return self._with_usual_stays(replace(shape, home=home))

    def _with_usual_stays(self, shape: Shape) -> Shape:
        """Without what cannot stay where it did."""
        for tensor, stay in shape.stays:
            if stay not in self._stays(tensor, shape):
                shape = shape.with_stay(tensor, TILE)
        return shape

    def _stays(self, tensor: str, shape: Shape) -> list[Stay]:
        """It makes a difference only inside loops over ranks that the tensor has not."""
        ranks = self.group.cascade.tensors[tensor].ranks
        found: list[Stay] = [TILE, PAST]
        if tensor in handed_over(self.group):
            return [TILE]
        for place, rank in enumerate(shape.order):
            before = shape.order[place - 1] if place else None
            if rank not in ranks and (before is None or before in ranks):
                found += [Resident(memory, place) for memory in self._above_home(shape)]
        return found

    def _above_home(self, shape: Shape) -> list[str]:
        """The home and the buffers around it."""
        array = shape.ways[0][1].array
        path = buffers_above(self.arch, array)
        return list(path[: path.index(shape.home) + 1])

    def _changed_way(self, einsum: Einsum, shape: Shape) -> Way:
        way = shape.way[einsum.name]
        kind = self.rng.integers(5) if way.follows is None else 4
        if kind == 0:
            array = self._one(self._arrays(einsum, shape.home))
            if array != way.array:
                return self._usual_way(einsum, shape.home, array)
        if kind <= 1:
            return way._replace(axes=self._random_axes(einsum, way.array))
        if kind == 2:
            return way._replace(inner=self._inwards(way.inner))
        if kind == 3 and any(shape.stay.get(tensor) == TILE for tensor in tensors_of(einsum)):
            return way._replace(outer=self._inwards(way.outer))
        if self.rng.random() < 0.5:
            return way._replace(filed=self._random_filed(einsum, way.array))
        if self.rng.random() < 0.5 and self._followed(einsum):
            follows = None if way.follows else self._one(self._followed(einsum))
            array = way.array if follows is None else shape.led(follows).array
            return way._replace(follows=follows, filed=self._random_filed(einsum, array))
        return way._replace(pauses=not way.pauses and self._may_pause(way.array, shape.home))

    def _followed(self, einsum: Einsum) -> list[str]:
        """Whom it may follow: one without a sum, of the same ranks, whose work it takes up."""
        made = [self.group.cascade.einsum(name) for name in self.group.names]
        read = {access.tensor for access in einsum.reads}
        return [
            each.name
            for each in made
            if each.name in read - {einsum.name}
            and not each.reduced_ranks
            and each.name not in self.group.running
            and set(each.ranks) == set(einsum.ranks)
        ]

    def _is_sound(self, shape: Shape) -> bool:
        """Whether followers can run where they follow, and find the rest of what they read; and
        whether there are numbers to choose."""
        has_numbers = bool(names_of(shape, self.group, self.arch))
        return has_numbers and all(self._may_follow(e, shape) for e in self.group.einsums)

    def _may_follow(self, einsum: Einsum, shape: Shape) -> bool:
        way, leader = shape.way[einsum.name], shape.leader(einsum.name)
        if way.follows is None:
            return True
        names, streams = self.group.names, shape.streams(einsum)
        made = {access.tensor for access in einsum.reads} & set(names) - streams
        is_made = all(names.index(name) < names.index(leader) for name in made)
        # A sum is complete only when the loops it runs in are.
        has_sums = any(self.group.cascade.einsum(name).reduced_ranks for name in streams)
        return (
            is_made
            and not has_sums
            and way.follows in shape.streams(einsum)
            and shape.way[leader].array in self.arrays[einsum.name]
        )

    def _arrays(self, einsum: Einsum, home: str) -> list[str]:
        return [a for a in self.arrays[einsum.name] if home in buffers_above(self.arch, a)]

    def _usual_way(self, einsum: Einsum, home: str, array: str | None = None) -> Way:
        array = array or max(self._arrays(einsum, home), key=lambda name: self.arch.array(name).pes)
        kept = [rank for rank in einsum.output.ranks if rank in einsum.ranks]
        order = (*kept, *(rank for rank in einsum.ranks if rank not in kept))
        sized = sorted(kept, key=lambda rank: (-self.group.cascade.ranks[rank], -kept.index(rank)))
        axes = self._axes(array)
        chosen = [*sized, *einsum.ranks, *einsum.ranks]
        chosen = [self._fixed_on(axis, einsum) or r for axis, r in zip(axes, chosen, strict=False)]
        filed = max(self._fileds(einsum, array), key=lambda names: einsum.name in names)
        pauses = self._may_pause(array, home)
        return Way(array, tuple(zip(axes, chosen, strict=True)), order, order, filed, pauses)

    def _random_way(self, einsum: Einsum, home: str) -> Way:
        array = self._one(self._arrays(einsum, home))
        return Way(
            array=array,
            axes=self._random_axes(einsum, array),
            outer=self._shuffled(einsum.ranks),
            inner=self._shuffled(einsum.ranks),
            filed=self._random_filed(einsum, array),
            pauses=self._may_pause(array, home) and bool(self.rng.random() < 0.5),
        )

    def _axes(self, array: str) -> list[str]:
        part = self.arch.array(array)
        return [
            axis for axis, width in (("rows", part.rows), ("columns", part.columns)) if width > 1
        ]

    def _random_axes(self, einsum: Einsum, array: str) -> tuple[tuple[str, str], ...]:
        ranks = [r for r in einsum.ranks if self.group.cascade.ranks[r] > 1] or list(einsum.ranks)
        return tuple(
            (axis, self._fixed_on(axis, einsum) or self._one(ranks)) for axis in self._axes(array)
        )

    def _fixed(self, einsum: Einsum) -> FixedLoops:
        return self.fixed.get(einsum.name, FixedLoops())

    def _fixed_on(self, axis: str, einsum: Einsum) -> str | None:
        """The rank that is fixed on an axis; of several none is taken, since an axis has one."""
        ranks = [*getattr(self._fixed(einsum), axis)]
        return ranks[0] if len(ranks) == 1 else None

    def _random_filed(self, einsum: Einsum, array: str) -> tuple[str, ...]:
        return self._one(self._fileds(einsum, array))

    def _fileds(self, einsum: Einsum, array: str) -> list[tuple[str, ...]]:
        """Largest sets of operands of which the register files hold one element each."""
        own, room = tensors_of(einsum), self._file_bytes(array)
        words = {tensor: self.group.cascade.tensors[tensor].word_bytes for tensor in own}
        sets = [
            tuple(tensor for tensor, is_in in zip(own, flags, strict=True) if is_in)
            for flags in product((False, True), repeat=len(own))
        ]
        fitting = [each for each in sets if sum(words[t] for t in each) <= room]
        return [
            each for each in fitting if not any(set(each) < set(other) for other in fitting)
        ] or [()]

    def _file_bytes(self, array: str) -> float:
        """Of the smallest; all of them keep the same."""
        rooms = [self.arch.memory(name).capacity_bytes for name in files_of(self.arch, array)]
        each = [
            room / buffers(self.arch, name)
            for name, room in zip(files_of(self.arch, array), rooms, strict=True)
            if room is not None
        ]
        return min(each, default=float("inf")) if rooms else 0.0

    def _may_pause(self, array: str, home: str) -> bool:
        return buffers_above(self.arch, array)[-1] != home

    # --- chance ---

    def _one(self, things: Sequence[Thing]) -> Thing:
        return things[int(self.rng.integers(len(things)))]

    def _shuffled(self, things: Sequence[Thing]) -> tuple[Thing, ...]:
        return tuple(things[int(place)] for place in self.rng.permutation(len(things)))

    def _inwards(self, things: tuple[Thing, ...]) -> tuple[Thing, ...]:
        """One of them last."""
        if not things:
            return things
        place = int(self.rng.integers(len(things)))
        return (*things[:place], *things[place + 1 :], things[place])
