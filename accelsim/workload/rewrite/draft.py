"""A cascade in the making: Einsums with the traversal in which each tensor is known."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from accelsim.workload.dependencies import dependencies
from accelsim.workload.einsum import Access, Cascade, Einsum, InitialValue, Tensor
from accelsim.workload.fibres import leaves, moves, reads


@dataclass(frozen=True)
class Draft:
    """`levels`: the traversal of the fibres over `parts` in which a tensor is known (along them) or
    after which it is complete (else); 0 for what does not depend on them."""

    cascade: Cascade
    rank: str
    parts: frozenset[str]
    levels: dict[str, int]

    def level(self, tensor: str) -> int:
        return self.levels.get(tensor, 0)

    def is_along(self, access: Access) -> bool:
        return bool(self.parts & moves(self.cascade, access))

    def reduces(self, einsum: Einsum) -> bool:
        """Whether it removes the fibre."""
        return bool(self.parts & frozenset(leaves(self.cascade, *einsum.reduced_ranks)))

    def level_of(self, einsum: Einsum) -> int:
        """The traversal in which the Einsum runs as it stands; for one that visits nothing along
        the fibre, the one after which it is known."""
        over = bool(self.parts & frozenset(leaves(self.cascade, *einsum.ranks)))
        found = [int(over)]
        for access in reads(self.cascade, einsum):
            if access.tensor != einsum.name:
                known = self.level(access.tensor)
                found.append(known + (over and known > 0 and not self.is_along(access)))
        return max(found)

    def with_einsum(self, einsum: Einsum, level: int, like: str) -> "Draft":
        """The Einsum added, or put in the place of the one of its name; a word as `like` has it."""
        tensor = tensor_of(self.cascade, einsum, like)
        return replace(
            self,
            cascade=with_einsums(self.cascade, [einsum], [tensor]),
            levels={**self.levels, einsum.name: level},
        )


def tensor_of(cascade: Cascade, einsum: Einsum, like: str) -> Tensor:
    if einsum.name in cascade.tensors:
        return cascade.tensors[einsum.name]
    ranks = tuple(rank for index in einsum.output.indices for rank in index.ranks)
    return Tensor(einsum.name, ranks, cascade.tensors[like].word_bytes)


def with_einsums(
    cascade: Cascade,
    einsums: Iterable[Einsum],
    tensors: Iterable[Tensor] = (),
    initial: Iterable[InitialValue] = (),
) -> Cascade:
    """The cascade with these Einsums added, or in the places of those of their names."""
    new = {einsum.name: einsum for einsum in einsums}
    kept = [new.pop(einsum.name, einsum) for einsum in cascade.einsums]
    return replace(
        cascade,
        einsums=(*kept, *new.values()),
        tensors={**cascade.tensors, **{tensor.name: tensor for tensor in tensors}},
        initial=(*cascade.initial, *initial),
    )


def new_name(cascade: Cascade, wanted: str) -> str:
    """The name, with a number behind it if it is taken by a tensor or a rank."""
    taken = {*cascade.tensors, *cascade.ranks}
    names = [wanted, *(f"{wanted}{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def in_order(cascade: Cascade) -> Cascade:
    """The Einsums so that each tensor stands above its readers, else as they were."""
    places = {einsum.name: place for place, einsum in enumerate(cascade.einsums)}
    sorter = TopologicalSorter(
        {einsum.name: dependencies(cascade, einsum) for einsum in cascade.einsums}
    )
    sorter.prepare()
    found: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=places.__getitem__)
        found.append(ready.pop(0))
        sorter.done(found[-1])
    return replace(cascade, einsums=tuple(cascade.einsum(name) for name in found))


def without_unread(cascade: Cascade, outputs: Iterable[str]) -> Cascade:
    """Only what the outputs are made from; they stay outputs even if something reads them."""
    wanted = list(outputs)
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in needed:
            needed.add(name)
            if name not in cascade.inputs:
                wanted += [access.tensor for access in reads(cascade, cascade.einsum(name))]
    kept = {*needed, *cascade.inputs}
    smaller = replace(
        cascade,
        einsums=tuple(einsum for einsum in cascade.einsums if einsum.name in needed),
        initial=tuple(each for each in cascade.initial if each.tensor in needed),
        tensors={name: each for name, each in cascade.tensors.items() if name in kept},
    )
    lost = tuple(name for name in outputs if name not in smaller.outputs)
    return replace(smaller, kept=(*smaller.kept, *lost))
