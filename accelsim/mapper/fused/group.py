"""Einsums that one step of a schedule can run fused, tile by tile.

cut     ranks that the step's tiles cut: those that all the Einsums share (`mapping.fusion`), and
        the steps of a running value, or the rank along which data streams if no tensor must be
        there whole. All other ranks are whole in every tile.

An Einsum without a rank that is cut runs at the last tile of it. So nobody who has the rank may
read what it makes.
"""

from dataclasses import dataclass
from functools import cached_property

from accelsim.mapping.fusion import fusion
from accelsim.mapping.recurring import Group as Unit
from accelsim.workload.einsum import Access, Cascade, Einsum


@dataclass(frozen=True)
class Group:
    """`names` of Einsums of the `cascade`; `streamed` is the rank that is cut after the `grid`.

    `steps` tells whether that is the rank of a running value, whose tiles are single steps.
    """

    cascade: Cascade
    names: tuple[str, ...]
    grid: tuple[str, ...]
    streamed: str | None
    steps: bool

    @cached_property
    def einsums(self) -> tuple[Einsum, ...]:
        return tuple(self.cascade.einsum(name) for name in self.names)

    @cached_property
    def cut(self) -> tuple[str, ...]:
        return (*self.grid, *([self.streamed] if self.streamed else []))

    @cached_property
    def whole(self) -> tuple[str, ...]:
        """Ranks that no tile cuts."""
        ranks = dict.fromkeys(rank for einsum in self.einsums for rank in einsum.ranks)
        return tuple(rank for rank in ranks if rank not in self.cut)

    @cached_property
    def inputs(self) -> dict[str, Access]:
        """What comes from outside, with an access to it."""
        reads = {access.tensor: access for einsum in self.einsums for access in einsum.reads}
        return {name: access for name, access in reads.items() if name not in self.names}

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """What others read, or is a result of the cascade."""
        others = (einsum for einsum in self.cascade.einsums if einsum.name not in self.names)
        read = {access.tensor for einsum in others for access in einsum.reads}
        return tuple(n for n in self.names if n in read or n in self.cascade.outputs)

    @cached_property
    def running(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if self.cascade.iterative_ranks(name))

    @cached_property
    def readers(self) -> dict[str, tuple[str, ...]]:
        """Of what each Einsum makes, those in the group, but the Einsum itself."""
        found: dict[str, list[str]] = {name: [] for name in self.names}
        for einsum in self.einsums:
            for tensor in dict.fromkeys(access.tensor for access in einsum.reads):
                if tensor in found and tensor != einsum.name:
                    found[tensor].append(einsum.name)
        return {name: tuple(readers) for name, readers in found.items()}

    def at(self, cascade: Cascade) -> "Group":
        """The same of the cascade at other sizes."""
        return Group(cascade, self.names, self.grid, self.streamed, self.steps)


def fused_groups(cascade: Cascade, units: tuple[Unit, ...]) -> tuple[Group, ...]:
    """The ways to fuse these; () if they cannot be in one step."""
    names = tuple(name for unit in units for name in unit.einsums)
    found = fusion(cascade, units)
    stepped = {rank for unit in units for rank in unit.stepped}
    if found is None or len(stepped) > 1:
        return ()
    grid = tuple(rank for rank in found.grid if _may_be_cut(cascade, names, rank))
    whole = Group(cascade, names, grid, None, steps=False)
    if stepped:
        streamed = found.main[0]
        fits = {streamed} == stepped and not found.held and _may_be_cut(cascade, names, streamed)
        return (Group(cascade, names, grid, streamed, steps=True),) if fits else ()
    streams = [] if found.held else [r for r in found.main if _may_be_cut(cascade, names, r)]
    return (*(Group(cascade, names, grid, rank, steps=False) for rank in streams[:1]), whole)


def _may_be_cut(cascade: Cascade, names: tuple[str, ...], rank: str) -> bool:
    """Whether nothing made at the last tile only is wanted at others, or at another place."""
    einsums = [cascade.einsum(name) for name in names]
    late = {einsum.name for einsum in einsums if rank not in einsum.ranks}
    late |= {einsum.name for einsum in einsums if rank in einsum.reduced_ranks}
    early = (einsum for einsum in einsums if rank in einsum.ranks)
    return not any(access.tensor in late for einsum in early for access in einsum.reads)
