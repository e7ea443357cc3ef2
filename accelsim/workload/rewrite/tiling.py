"""A rank in tiles: m → m1*M0 + m0, in every Einsum that may be read by tiles.

An Einsum over M stays whole if its tensor is an output of the cascade, runs over M step by step, or
is read at other positions than m: then it keeps the rank M, and is read at m1, m0 of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from accelsim.workload.affine import Index
from accelsim.workload.conditions import Condition
from accelsim.workload.einsum import Access, Cascade, Einsum, InitialValue, Tensor
from accelsim.workload.fibres import reads
from accelsim.workload.operations import SELECTIONS
from accelsim.workload.ranks import resolve_ranks
from accelsim.workload.substitute import (
    in_condition,
    in_expression,
    in_index,
    own_index,
)


@dataclass(frozen=True)
class Tiles:
    """Rank `whole` in `outer` tiles of `inner`; `tiled` tensors have a rank for each of both.
    `given`: the cascade was written in these tiles."""

    cascade: Cascade
    whole: str
    outer: str
    inner: str
    tiled: frozenset[str]
    given: bool = False

    @property
    def indices(self) -> Mapping[str, Index]:
        return {self.whole: self.cascade.partitioned_index(self.whole)}

    def access(self, access: Access) -> Access:
        """The access in terms of the tile and the place in it."""
        ranks = self.cascade.tensors[access.tensor].ranks
        found: list[Index] = []
        for rank, group in zip(ranks, self.cascade.indices_by_rank(access) or (), strict=True):
            if rank == self.whole and group[0].plain_rank == self.whole:
                found += [own_index(self.outer), own_index(self.inner)]
            else:
                found += [in_index(index, self.indices, self.access) for index in group]
        return Access(access.tensor, tuple(found))

    def condition(self, condition: Condition) -> Condition:
        return in_condition(condition, self.indices, self.access)

    def einsum(self, einsum: Einsum) -> Einsum:
        return replace(self.right_side(einsum), output=self.access(einsum.output))

    def right_side(self, einsum: Einsum) -> Einsum:
        """The Einsum with all but its output in tiles."""
        return replace(
            einsum,
            expression=in_expression(einsum.expression, self.access, self.indices),
            conditions=tuple(map(self.condition, einsum.conditions)),
        )

    def initial(self, initial: InitialValue) -> InitialValue:
        expression = in_expression(initial.expression, self.access, self.indices)
        return replace(initial, access=self.access(initial.access), expression=expression)

    def tensor(self, tensor: Tensor) -> Tensor:
        if tensor.name not in self.tiled:
            return tensor
        parts = {self.whole: (self.outer, self.inner)}
        ranks = tuple(part for rank in tensor.ranks for part in parts.get(rank, (rank,)))
        return tensor._replace(ranks=ranks)


def tiles_of(cascade: Cascade, rank: str, tile: int | str) -> Tiles:
    """The rank cut into tiles; the result's cascade knows the partition, but is not cut yet."""
    if rank in cascade.partitions:
        outer, inner = cascade.partitions[rank]
        return Tiles(cascade, rank, outer, inner, frozenset(), given=True)
    outer, inner = _part_names(cascade, rank)
    declared = {
        **(cascade.declared or cascade.ranks),
        inner: tile,
        outer: f"ceil({rank} / {inner})",
    }
    partitions = {**cascade.partitions, rank: (outer, inner)}
    places = dict.fromkeys(declared, cascade.place)
    ranks = resolve_ranks(declared, partitions, places)
    cut = replace(cascade, partitions=partitions, declared=declared, ranks=ranks)
    return Tiles(cut, rank, outer, inner, _tileable(cascade, rank))


def cut(tiles: Tiles) -> Cascade:
    """The cascade with every Einsum over the rank in tiles, except those that stay whole."""
    cascade = tiles.cascade
    if tiles.given:
        return cascade
    stay = _producers(cascade, tiles.whole) - tiles.tiled | _selecting(cascade, tiles.whole)
    einsums = tuple(
        tiles.einsum(einsum) if tiles.whole in einsum.ranks and einsum.name not in stay else einsum
        for einsum in cascade.einsums
    )
    initial = tuple(
        tiles.initial(each) if each.tensor in tiles.tiled else each for each in cascade.initial
    )
    tensors = {name: tiles.tensor(tensor) for name, tensor in cascade.tensors.items()}
    return replace(cascade, einsums=einsums, initial=initial, tensors=tensors)


def _part_names(cascade: Cascade, rank: str) -> tuple[str, str]:
    taken = {*cascade.ranks, *cascade.tensors}
    pairs = ((f"{rank}{2 * n + 1}", f"{rank}{2 * n}") for n in range(len(taken) + 1))
    return next(pair for pair in pairs if not taken & set(pair))


def _producers(cascade: Cascade, rank: str) -> frozenset[str]:
    """Einsums whose tensor has the rank."""
    names = (einsum.name for einsum in cascade.einsums)
    return frozenset(name for name in names if rank in cascade.tensors[name].ranks)


def _selecting(cascade: Cascade, rank: str) -> frozenset[str]:
    """Selections among the rank's positions, or into slots that the rank numbers."""
    found = [e for e in cascade.einsums if e.reduction in SELECTIONS and rank in e.ranks]
    return frozenset(einsum.name for einsum in found)


def _tileable(cascade: Cascade, rank: str) -> frozenset[str]:
    producers = _producers(cascade, rank) - _selecting(cascade, rank)
    found = {name for name in producers if _is_plain(cascade, name, rank)}
    while unread := {name for name in found if not _readers_follow(cascade, name, rank, found)}:
        found -= unread
    return frozenset(found)


def _is_plain(cascade: Cascade, name: str, rank: str) -> bool:
    outputs = {*cascade.outputs, *cascade.kept}
    accesses = [cascade.einsum(name).output]
    accesses += [a for e in cascade.einsums for a in reads(cascade, e) if a.tensor == name]
    place = cascade.tensors[name].ranks.index(rank)
    groups = [cascade.indices_by_rank(access) for access in accesses]
    plain = all(group and group[place][0].plain_rank == rank for group in groups)
    return plain and name not in outputs and rank not in cascade.iterative_ranks(name)


def _readers_follow(cascade: Cascade, name: str, rank: str, tiled: set[str]) -> bool:
    """Whether all that read it along the rank are in tiles themselves, or reduce the rank."""
    stay = _producers(cascade, rank) | _selecting(cascade, rank)
    readers = [e for e in cascade.einsums if any(a.tensor == name for a in reads(cascade, e))]
    return all(each.name in tiled or each.name not in stay for each in readers)
