"""Fibres: what is traversed when a loop over a rank runs. The ground that `passes.py` stands on.

A fibre of rank M is named after its *root*: a tensor read along M that is an input, is made under
another rank's name, or is a running value that grows from nothing. Tensors made from the root
element by element, along M, are its *family*: to visit them is to visit the root.

Ranks are compared by their leaves: with `m -> m1, m0`, an access by m and one by m1, m0 both move
along {M1, M0}.
"""

from collections.abc import Iterator
from typing import NamedTuple

from accelsim.workload.dependencies import step
from accelsim.workload.einsum import Access, Cascade, Einsum, accesses
from accelsim.workload.remembered import remembered


class Fibre(NamedTuple):
    """The elements of `root` along `parts` (leaf ranks), all its other indices held."""

    root: str
    parts: frozenset[str]


def leaves(cascade: Cascade, *ranks: str) -> tuple[str, ...]:
    """The ranks with each partitioned one replaced by its parts: M → M1, M0."""
    if cascade.partitions.keys().isdisjoint(ranks):
        return tuple(dict.fromkeys(ranks))
    found: list[str] = []
    for rank in ranks:
        parts = cascade.partitions.get(rank)
        found += leaves(cascade, *parts) if parts else (rank,)
    return tuple(dict.fromkeys(found))


def moves(cascade: Cascade, access: Access) -> frozenset[str]:
    """The leaf ranks whose loops move the access."""
    if cascade.partitions.keys().isdisjoint(access.rank_set):
        return access.rank_set
    return frozenset(leaves(cascade, *access.ranks))


def reads(cascade: Cascade, einsum: Einsum) -> tuple[Access, ...]:
    """What an Einsum reads, the initial values of its running value included."""
    initial = [each.expression for each in cascade.initial if each.tensor == einsum.name]
    return (*einsum.reads, *(access for text in initial for access in accesses(text)))


class Seen(NamedTuple):
    """An access: the leaf ranks whose loops move it, the ranks of which it reads an earlier step of
    a running value, and those over which it reads one after the last step."""

    access: Access
    moves: frozenset[str]
    earlier: tuple[str, ...]
    ends: frozenset[str]


class Sight(NamedTuple):
    """An Einsum's loops as leaf ranks, those of its output, and all that it reads: `reads` first,
    then what its running value starts from; and the tensors of all these."""

    name: str
    over: frozenset[str]
    output: frozenset[str]
    every: tuple[Seen, ...]
    reads: tuple[Seen, ...]
    tensors: frozenset[str]


@remembered
def sights(cascade: Cascade) -> tuple[Sight, ...]:
    """Every Einsum, in order."""
    return tuple(_sight(cascade, einsum) for einsum in cascade.einsums)


def _sight(cascade: Cascade, einsum: Einsum) -> Sight:
    every = tuple(
        Seen(a, moves(cascade, a), earlier_steps(cascade, a), ends(cascade, a))
        for a in reads(cascade, einsum)
    )
    over = frozenset(leaves(cascade, *einsum.ranks))
    own = every[: len(einsum.reads)]
    tensors = frozenset(seen.access.tensor for seen in every)
    return Sight(einsum.name, over, moves(cascade, einsum.output), every, own, tensors)


def fibres(cascade: Cascade, *ranks: str) -> list[Fibre]:
    """The fibres along all of these ranks that no other one's family contains."""
    parts = frozenset(leaves(cascade, *ranks))
    found: list[Fibre] = []
    covered: set[str] = set()
    for tensor in _roots(cascade, parts, _whole_around(cascade, ranks)):
        if tensor not in covered:
            found.append(Fibre(tensor, parts))
            covered |= family(cascade, found[-1])
    return found


def family(cascade: Cascade, fibre: Fibre) -> frozenset[str]:
    """The root and every tensor made from it element by element along the fibre."""
    made = _made_along(cascade, fibre.parts)
    found = {fibre.root}
    grown = 0
    while grown < len(found):
        grown = len(found)
        found |= {name for name, read in made if not read.isdisjoint(found)}
    return frozenset(found)


def dependents(cascade: Cascade, tensor: str) -> frozenset[str]:
    """Every Einsum that reads the tensor, or what such an Einsum makes."""
    found: set[str] = set()
    known = {tensor}
    grown = 0
    while grown < len(known):
        grown = len(known)
        for each in sights(cascade):
            if each.name not in found and not each.tensors.isdisjoint(known):
                found.add(each.name)
                known.add(each.name)
    return frozenset(found)


@remembered
def _made_along(cascade: Cascade, parts: frozenset[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Tensors made along the parts, and what is read along them to make each."""
    return tuple(
        (each.name, frozenset(seen.access.tensor for seen in each.every if parts <= seen.moves))
        for each in sights(cascade)
        if parts <= each.output
    )


def earlier_steps(cascade: Cascade, access: Access) -> tuple[str, ...]:
    """The ranks of which the access reads an earlier step of a running value: M1 for `RM[m1]`."""
    steps = {rank: step(cascade, access, rank) for rank in cascade.iterative_ranks(access.tensor)}
    return tuple(rank for rank, found in steps.items() if found is not None and found < 0)


def ends(cascade: Cascade, access: Access) -> frozenset[str]:
    """The leaf ranks over which an access reads a running value after the last step: `RM[M1,p]`."""
    running = cascade.iterative_ranks(access.tensor)
    if not running:
        return frozenset()
    found = [index.final for index in access.indices if index.final in running]
    return frozenset(leaves(cascade, *found))


def _roots(cascade: Cascade, parts: frozenset[str], whole: frozenset[str] | None) -> Iterator[str]:
    """Tensors read along the parts, inputs first; within a whole, without its other parts."""
    along = {
        seen.access.tensor
        for each in sights(cascade)
        for seen in each.reads
        if parts <= seen.moves and not (whole and whole <= seen.moves)
    }
    for tensor in (*cascade.inputs, *(einsum.name for einsum in cascade.einsums)):
        if tensor in along and not _generated(cascade, parts, tensor, frozenset()):
            yield tensor


def _generated(cascade: Cascade, parts: frozenset[str], tensor: str, asked: frozenset[str]) -> bool:
    """Whether a tensor is made along the parts from nothing along them (a broadcast).

    It can be made again whenever it is needed, so that visiting it visits nothing.
    """
    if tensor in asked:
        return True
    if tensor in cascade.inputs or parts & set(leaves(cascade, *cascade.iterative_ranks(tensor))):
        return False
    einsum = cascade.einsum(tensor)
    return parts <= moves(cascade, einsum.output) and all(
        _generated(cascade, parts, access.tensor, asked | {tensor})
        for access in reads(cascade, einsum)
        if parts <= moves(cascade, access)
    )


def _whole_around(cascade: Cascade, ranks: tuple[str, ...]) -> frozenset[str] | None:
    """All leaves of M for the outer part M1 alone; None for anything else."""
    for whole, parts in cascade.partitions.items():
        if len(ranks) == 1 and ranks[0] in parts[:-1]:
            return frozenset(leaves(cascade, whole))
    return None
