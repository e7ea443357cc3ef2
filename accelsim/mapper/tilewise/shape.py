"""What is chosen of a fused step before any number: its shape. Numbers are tile sizes and factors.

The Einsums of a group run one after the other inside a tile; arrays work side by side in it. What
one makes for another lies in a buffer, the `home`, as a whole tile.

    outermost memory   tensors from outside and results; loops over tiles, in `order`
    home               what the Einsums hand to one another
    home               from outside: as much as loops inside the tile leave (`TILE`), all that the
                       first loops over tiles leave (`Resident`), or nothing: it passes by (`PAST`)
    inner buffers      all that an Einsum reads and makes, if it `pauses` there
    array              one rank on its rows, one on its columns
    register file      the operands that are `filed`

An Einsum may follow another one, of the same ranks: it runs in its loops and finds what that makes
in the register file, so that nobody else's need keeps this out of the home.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from accelsim.arch.spatial import Spatial, parents
from accelsim.mapper.fused.group import Group
from accelsim.workload.einsum import Einsum

TILE, PAST = "tile", "past"


class Resident(NamedTuple):
    """Kept in a memory inside the first `loops` over tiles, so that the others find it there."""

    memory: str
    loops: int


Stay = str | Resident
"""`TILE`, `PAST`, or what is resident."""


class Way(NamedTuple):
    """How one Einsum runs: `axes` gives a rank by axis; `outer` and `inner` are the orders of its
    loops in a tile around and below what the home keeps of the tensors from outside. Of one that
    `follows` another only what is `filed` counts."""

    array: str
    axes: tuple[tuple[str, str], ...]
    outer: tuple[str, ...]
    inner: tuple[str, ...]
    filed: tuple[str, ...]
    pauses: bool
    follows: str | None = None


@dataclass(frozen=True)
class Shape:
    """`sized` are ranks whose tiles have a size; of the other ranks of `order` they are single."""

    order: tuple[str, ...]
    sized: frozenset[str]
    home: str
    stays: tuple[tuple[str, Stay], ...]
    ways: tuple[tuple[str, Way], ...]

    @cached_property
    def stay(self) -> Mapping[str, Stay]:
        return dict(self.stays)

    @cached_property
    def way(self) -> Mapping[str, Way]:
        return dict(self.ways)

    def leader(self, einsum: str) -> str:
        """Whose loops an Einsum runs in: its own, or those of the one that it follows."""
        followed = self.way[einsum].follows
        return einsum if followed is None else self.leader(followed)

    def led(self, einsum: str) -> Way:
        return self.way[self.leader(einsum)]

    def streams(self, einsum: Einsum) -> frozenset[str]:
        """What it reads that lies in the register file as the one before has left it there."""
        leader = self.leader(einsum.name)
        return frozenset(
            access.tensor
            for access in einsum.reads
            if access.tensor != einsum.name
            and access.tensor in self.way
            and leader == self.leader(access.tensor)
            and access.tensor in self.way[access.tensor].filed
            and access.tensor in self.way[einsum.name].filed
        )

    def with_stay(self, tensor: str, stay: Stay) -> "Shape":
        return replace(self, stays=tuple({**self.stay, tensor: stay}.items()))

    def with_way(self, einsum: str, way: Way) -> "Shape":
        return replace(self, ways=tuple({**self.way, einsum: way}.items()))


def tensors_of(einsum: Einsum) -> tuple[str, ...]:
    return tuple(dict.fromkeys(access.tensor for access in (*einsum.reads, einsum.output)))


def outside(group: Group) -> tuple[str, ...]:
    """What comes from the outermost memory, or goes there."""
    return (*group.inputs, *group.outputs)


def handed_over(group: Group) -> frozenset[str]:
    """What one Einsum makes for another of the group, or for its own next step."""
    return frozenset(n for n in group.names if group.readers[n] or n in group.running)


def at_home(einsum: Einsum, shape: Shape, group: Group) -> frozenset[str]:
    """What the home keeps of what is handed over, in an Einsum's nest."""
    read = {access.tensor for access in einsum.reads} - shape.streams(einsum)
    own = einsum.name
    wanted = own in group.running or any(
        own not in shape.streams(group.cascade.einsum(reader)) for reader in group.readers[own]
    )
    return handed_over(group) & (read | ({own} if wanted else set()))


def buffers_above(arch: Spatial, array: str) -> tuple[str, ...]:
    """Shared buffers between the outermost memory and an array, outermost first."""
    path = tuple(reversed(parents(arch, array)))
    return tuple(name for name in path[1:] if arch.memory(name).per is None)


def files_of(arch: Spatial, array: str) -> tuple[str, ...]:
    path = tuple(reversed(parents(arch, array)))
    return tuple(name for name in path[1:] if arch.memory(name).per is not None)
