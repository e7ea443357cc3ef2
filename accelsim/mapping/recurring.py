"""Einsums that must take turns, because each step of a running value needs the step before.

    SPD[m1,p]  = RD[m1,p] * PRM[m1,p]          in turn for every m1: SPD, then RD
    RD[m1+1,p] = SLD[m1,p] + SPD[m1,p]

`stepped` are the ranks they step over (m1), `shared` the other ranks whose loops may stand around
those steps: all Einsums have them, and none reads another's tensor at another place along them.
Every other Einsum is a group of its own, without steps.
"""

from collections.abc import Iterator
from typing import NamedTuple

from accelsim.workload.einsum import Access, Cascade
from accelsim.workload.recurrence import Loop, Part, einsums_of, ordered

Place = tuple[int, int, str]
"""Which index of which rank of a tensor runs over which rank."""


class Group(NamedTuple):
    """`einsums` in the order of their turns."""

    einsums: tuple[str, ...]
    stepped: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


def groups(cascade: Cascade) -> tuple[Group, ...]:
    """All Einsums, each group after those that it reads."""
    return tuple(_group(part, cascade) for part in ordered(cascade))


def _group(part: Part, cascade: Cascade) -> Group:
    names = einsums_of(part)
    stepped = tuple(dict.fromkeys(_ranks(part)))
    if not stepped:
        return Group(names)
    shared = (rank for rank in shared_ranks(names, cascade) if rank not in stepped)
    return Group(names, stepped, tuple(shared))


def shared_ranks(names: tuple[str, ...], cascade: Cascade) -> tuple[str, ...]:
    """Ranks that all these Einsums have, along which none reads another's tensor elsewhere."""
    every = [set(cascade.einsum(name).ranks) for name in names]
    shared = set.intersection(*every, *_ranks_in_place(names, cascade))
    return tuple(rank for rank in cascade.einsum(names[0]).ranks if rank in shared)


def _ranks(part: Part) -> Iterator[str]:
    if isinstance(part, Loop):
        yield part.rank
        for inner in part.body:
            yield from _ranks(inner)


def _ranks_in_place(names: tuple[str, ...], cascade: Cascade) -> Iterator[set[str]]:
    """Of each of these tensors, the ranks along which all have it at the same place."""
    places: dict[str, list[set[Place]]] = {name: [] for name in names}
    for einsum in map(cascade.einsum, names):
        for access in (einsum.output, *einsum.reads):
            if access.tensor in places:
                places[access.tensor].append(_plain_places(access, cascade))
    return ({rank for _, _, rank in set.intersection(*each)} for each in places.values())


def _plain_places(access: Access, cascade: Cascade) -> set[Place]:
    return {
        (dimension, number, index.plain_rank)
        for dimension, indices in enumerate(cascade.indices_by_rank(access) or ())
        for number, index in enumerate(indices)
        if index.plain_rank is not None
    }
