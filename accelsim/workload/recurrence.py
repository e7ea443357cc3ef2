"""In which order Einsums are evaluated, and which of them step by step.

Einsums that need each other through a running value form a loop over its rank:

    SPD[m1,p]  = RD[m1,p] * PRM[m1,p]          for each m1: SPD, then RD
    RD[m1+1,p] = SLD[m1,p] + SPD[m1,p]

They are the strongly connected sets of the graph of who reads whom. Within the loop a read of an
earlier step needs nothing more; what then still is a circle (a running value over another rank) is
a loop inside the loop. All other Einsums are evaluated whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accelsim.base.errors import WorkloadError
from accelsim.workload.dependencies import step
from accelsim.workload.einsum import Access, Cascade, accesses


@dataclass(frozen=True)
class Whole:
    """One Einsum, for all values of its ranks that no loop around it fixes."""

    einsum: str


@dataclass(frozen=True)
class Loop:
    """The body for each index of the rank, in order."""

    rank: str
    body: tuple["Whole | Loop", ...]


Part = Whole | Loop


def ordered(cascade: Cascade) -> tuple[Part, ...]:
    """The whole cascade, producers first."""
    return _ordered(cascade, [einsum.name for einsum in cascade.einsums], frozenset())


def einsums_of(part: Part) -> tuple[str, ...]:
    if isinstance(part, Whole):
        return (part.einsum,)
    return tuple(name for each in part.body for name in einsums_of(each))


def _ordered(cascade: Cascade, names: Sequence[str], stepped: frozenset[str]) -> tuple[Part, ...]:
    needs = {name: _needs(cascade, name, names, stepped) for name in names}
    parts: list[Part] = []
    for group in strongly_connected(needs):
        if len(group) == 1 and group[0] not in needs[group[0]]:
            parts.append(Whole(group[0]))
        else:
            rank = _stepped_rank(cascade, group, stepped)
            parts.append(Loop(rank, _ordered(cascade, group, stepped | {rank})))
    return tuple(parts)


def _needs(cascade: Cascade, name: str, among: Sequence[str], stepped: frozenset[str]) -> list[str]:
    """The Einsums whose values of this very step (of the ranks stepped over) this one reads."""
    found = [
        access.tensor
        for access in _reads(cascade, name)
        if access.tensor in among and not _earlier(cascade, access, stepped)
    ]
    # A step that does not exist leaves the running value as it was: it reads the step before.
    running = [name] if set(cascade.iterative_ranks(name)) - stepped else []
    return [*found, *running]


def _reads(cascade: Cascade, name: str) -> list[Access]:
    initial = [each.expression for each in cascade.initial if each.tensor == name]
    return [*cascade.einsum(name).reads, *(a for text in initial for a in accesses(text))]


def _earlier(cascade: Cascade, access: Access, ranks: Iterable[str]) -> bool:
    iterative = cascade.iterative_ranks(access.tensor)
    steps = [step(cascade, access, rank) for rank in ranks if rank in iterative]
    return any(each is not None and each < 0 for each in steps)


def _stepped_rank(cascade: Cascade, group: Sequence[str], stepped: frozenset[str]) -> str:
    """The rank that makes the group a loop: all its Einsums have it, and one runs over it."""
    common = set.intersection(*(set(cascade.einsum(name).output.ranks) for name in group))
    running = dict.fromkeys(rank for name in group for rank in cascade.iterative_ranks(name))
    for rank in running:
        if rank in common - stepped:
            return rank
    einsum = cascade.einsum(group[0])
    raise WorkloadError(
        f"{', '.join(group)} need each other, and run over no common rank",
        at=einsum.place,
        remedy="A running value needs an initial value and a rank that all of its Einsums have",
    )


def strongly_connected(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Names in groups that need each other (in the given order); what is needed comes first."""
    order = {name: at for at, name in enumerate(needs)}
    reach = {name: _reachable(needs, name) for name in needs}
    groups: dict[str, list[str]] = {}
    for name in needs:
        mutual = [other for other in reach[name] if name in reach[other]]
        groups.setdefault(min([name, *mutual], key=order.__getitem__), []).append(name)
    # Who needs more comes later: the needs of a group are among those of whoever needs it.
    return sorted(groups.values(), key=lambda group: len(reach[group[0]] | {group[0]}))


def _reachable(needs: Mapping[str, Sequence[str]], name: str) -> set[str]:
    """Everything that a name needs, through any number of others."""
    found: set[str] = set()
    waiting = list(needs[name])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += needs[other]
    return found
