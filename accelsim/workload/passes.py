"""How often each rank must be traversed, whatever the mapping: FuseMax's passes.

A pass over a rank is a traversal of every element of a fibre. It takes another pass whenever an
element must be visited again after every other element of the fibre has been visited:

    G   max= X[m]                first pass
    D   +=   exp(X[m] - G)       second pass: G is known when all of X has been seen
    Y[m] =   exp(X[m] - G) / D   third pass

Model. Take a rank M and a root X: a tensor read along M that is an input, or is not made from
others along M. Its fibres are counted, and with them those of the tensors made from it element by
element (S[p,m] from K[m]). Every tensor that depends on X is known from some traversal t of X on,
and is *complete* in t if each of its elements needs that whole traversal.

    an Einsum that visits X runs in the traversal   max over its inputs (t + 1 if complete else t)
    its output is complete in that traversal        if the Einsum reduces M
    any other Einsum's output is complete           if an input is
    a running value over M is complete              where it is read after its last step (`RM[M1]`)
    passes(M)                                       = max of the traversals, over all X

Windows (`p - w`) and running values (`RM[m1+1]`) stream. A result that meets only *another* fibre
of M forces no pass. A tensor broadcast along M is no fibre: it can be made again at any time.
Ranks go by name: X read by p here and by m there has a fibre of P and one of M.

Partitioned ranks (m -> m1, m0). An element depends on X over a *box* of the partitions: over all m0
of its own m1 (the maximum of a tile), or over all of both (complete). Only visits to tensors with
all partitions count for M. M0 is counted within a tile. M1 counts tensors that carry M1 and not M0
(the tiles' summaries) and what is made from them; without such tensors its passes are those of M.

Recurrences. If the root is the same at each step of a running value over another rank (the weights
of a recurrent network), each step that needs the whole of the one before visits it anew: the passes
are multiplied by the number of steps, and `repeats` names the step's rank.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from accelsim.workload.einsum import Cascade
from accelsim.workload.fibres import fibres, leaves, sights
from accelsim.workload.footprint import whole_fibre, window
from accelsim.workload.traversals import Traversals, Wait, traversals

__all__ = ["RankPasses", "Wait", "einsums_by_pass", "passes", "rank_passes"]


class RankPasses(NamedTuple):
    """The passes over one rank.

    `einsums` are those of each pass (of each step, where `repeats` names the rank of the steps);
    `forced_by` says what forces the second and each later pass; `footprint` how many elements of a
    fibre must stay live (or be fetched again), as an expression in the ranks: the whole fibre if it
    is revisited; one tile if only the tile is; else the window that a point looks at, "1" if it
    looks at one element.
    """

    rank: str
    passes: int
    einsums: tuple[tuple[str, ...], ...]
    footprint: str
    forced_by: tuple[Wait, ...] = ()
    repeats: str | None = None

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it; `repeats` only where there is something to say."""
        plain = {
            "passes": self.passes,
            "einsums": [list(names) for names in self.einsums],
            "footprint": self.footprint,
            "forced_by": [wait.to_plain() for wait in self.forced_by],
        }
        return plain | ({"repeats": self.repeats} if self.repeats else {})


def passes(cascade: Cascade) -> dict[str, RankPasses]:
    """The passes over every rank that some Einsum iterates over, in the order of the ranks."""
    iterated = {leaf for e in cascade.einsums for r in e.ranks for leaf in leaves(cascade, r)}
    found = {}
    for rank in cascade.ranks:
        if iterated.issuperset(leaves(cascade, rank)):
            found[rank] = rank_passes(cascade, rank)
    return found


def rank_passes(cascade: Cascade, rank: str) -> RankPasses:
    """Those over one rank."""
    visits = [traversals(cascade, fibre) for fibre in fibres(cascade, rank)]
    whole = _outer_part_of(cascade, rank)
    if whole and not visits:
        return _renamed(rank_passes(cascade, whole), whole, rank)
    most = max(visits, key=lambda each: each.total(cascade.ranks), default=None)
    return RankPasses(
        rank=rank,
        passes=most.total(cascade.ranks) if most else 1,
        einsums=_einsums_by_pass(cascade, rank, visits),
        footprint=_footprint(cascade, rank, visits),
        forced_by=most.waits if most else (),
        repeats="*".join(most.steps) if most and most.steps else None,
    )


def einsums_by_pass(cascade: Cascade, rank: str) -> tuple[tuple[str, ...], ...]:
    """`rank_passes(cascade, rank).einsums` alone."""
    visits = [traversals(cascade, fibre) for fibre in fibres(cascade, rank)]
    whole = _outer_part_of(cascade, rank)
    if whole and not visits:
        return einsums_by_pass(cascade, whole)
    return _einsums_by_pass(cascade, rank, visits)


def _einsums_by_pass(
    cascade: Cascade, rank: str, visits: list[Traversals]
) -> tuple[tuple[str, ...], ...]:
    """Names by pass. An Einsum that visits no fibre stands where its inputs are first known."""
    last = max([1, *(each.in_one_step for each in visits)])
    by_pass: list[list[str]] = [[] for _ in range(last)]
    for name in _listed(cascade, rank):
        visited = [each.visit[name] for each in visits if name in each.visit]
        known = [each.earliest[name] for each in visits if name in each.earliest]
        by_pass[min(max(visited or known or [1]), last) - 1].append(name)
    return tuple(tuple(names) for names in by_pass)


def _listed(cascade: Cascade, rank: str) -> Iterator[str]:
    """Einsums over the rank; of an outer part, those that touch a tensor with that part alone."""
    parts = set(leaves(cascade, rank))
    whole = _outer_part_of(cascade, rank)
    inner = set(leaves(cascade, whole)) if whole else set()
    for each in sights(cascade):
        touched = [each.output, *(seen.moves for seen in each.reads)]
        over = parts <= set().union(*touched)
        if over and (not whole or any(parts <= own and not inner <= own for own in touched)):
            yield each.name


def _outer_part_of(cascade: Cascade, rank: str) -> str | None:
    """M for M1 of `m -> m1, m0`; None for M0 and for ranks that are no part."""
    for whole, parts in cascade.partitions.items():
        if rank in parts[:-1]:
            return whole
    return None


def _renamed(result: RankPasses, whole: str, rank: str) -> RankPasses:
    footprint = rank if result.footprint == whole else "1"
    return RankPasses(
        rank, result.passes, result.einsums, footprint, result.forced_by, result.repeats
    )


def _footprint(cascade: Cascade, rank: str, visits: list[Traversals]) -> str:
    """The whole fibre if visited twice, else the largest tile that is, else the window."""
    again = [name for each in visits if each.again for name in each.visit]
    if again:
        return whole_fibre(cascade, rank, again)
    parts = leaves(cascade, rank)
    for first in range(1, len(parts)):
        tiles = fibres(cascade, *parts[first:])
        if any(traversals(cascade, tile).again for tile in tiles):
            return "*".join(parts[first:])
    return window(cascade, rank) if len(parts) == 1 else "1"
