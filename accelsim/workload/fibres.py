"""Fibres: what is traversed when a loop over a rank runs. The ground that `passes.py` stands on.

A fibre of rank M is named after its *root*: a tensor read along M that is an input, is made under
another rank's name, or is a running value that grows from nothing. Tensors made from the root
element by element, along M, are its *family*: to visit them is to visit the root.

Ranks are compared by their leaves: with `m -> m1, m0`, an access by m and one by m1, m0 both move
along {M1, M0}.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.workload.dependencies import step
from accelsim.workload.einsum import Access, Cascade, Einsum, accesses


@dataclass(frozen=True)
class Fibre:
    """The elements of `root` along `parts` (leaf ranks), all its other indices held."""

    root: str
    parts: frozenset[str]


def leaves(cascade: Cascade, *ranks: str) -> tuple[str, ...]:
    """The ranks with each partitioned one replaced by its parts: M → M1, M0."""
    found: list[str] = []
    for rank in ranks:
        parts = cascade.partitions.get(rank)
        found += leaves(cascade, *parts) if parts else (rank,)
    return tuple(dict.fromkeys(found))


def moves(cascade: Cascade, access: Access) -> frozenset[str]:
    """The leaf ranks whose loops move the access."""
    return frozenset(leaves(cascade, *access.ranks))


def reads(cascade: Cascade, einsum: Einsum) -> tuple[Access, ...]:
    """What an Einsum reads, the initial values of its running value included."""
    initial = [each.expression for each in cascade.initial if each.tensor == einsum.name]
    return (*einsum.reads, *(access for text in initial for access in accesses(text)))


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
    found = {fibre.root}
    grown = 0
    while grown < len(found):
        grown = len(found)
        for einsum in cascade.einsums:
            along = fibre.parts <= moves(cascade, einsum.output)
            if along and any(
                access.tensor in found and fibre.parts <= moves(cascade, access)
                for access in reads(cascade, einsum)
            ):
                found.add(einsum.name)
    return frozenset(found)


def earlier_steps(cascade: Cascade, access: Access) -> tuple[str, ...]:
    """The ranks of which the access reads an earlier step of a running value: M1 for `RM[m1]`."""
    steps = {rank: step(cascade, access, rank) for rank in cascade.iterative_ranks(access.tensor)}
    return tuple(rank for rank, found in steps.items() if found is not None and found < 0)


def ends(cascade: Cascade, access: Access) -> frozenset[str]:
    """The leaf ranks over which an access reads a running value after the last step: `RM[M1,p]`."""
    running = cascade.iterative_ranks(access.tensor)
    found = [index.final for index in access.indices if index.final in running]
    return frozenset(leaves(cascade, *found))


def _roots(cascade: Cascade, parts: frozenset[str], whole: frozenset[str] | None) -> Iterator[str]:
    """Tensors read along the parts, inputs first; within a whole, without its other parts."""
    read = [moves_of for e in cascade.einsums for moves_of in _reads_by_tensor(cascade, e)]
    for tensor in (*cascade.inputs, *(einsum.name for einsum in cascade.einsums)):
        along = any(
            parts <= moved and not (whole and whole <= moved)
            for name, moved in read
            if name == tensor
        )
        if along and not _generated(cascade, parts, tensor, frozenset()):
            yield tensor


def _reads_by_tensor(cascade: Cascade, einsum: Einsum) -> list[tuple[str, frozenset[str]]]:
    return [(access.tensor, moves(cascade, access)) for access in einsum.reads]


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
