"""Fewer passes over a rank: from a cascade an equal one.

    reduce_passes(load_workload("attention/three_pass"), "M").cascade     FuseMax's one-pass cascade

Two reassociations, after FuseMax (Nayak et al. 2024, section 4), and nothing that knows attention:
what is completed leaves the sums (`deferral.py`), and sums of exponentials run along with their
maximum (`running.py`). The result is compared with the original in passes only; that it is equal is
what the laws say, and what tests and `accelsim optimise` try on numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from accelsim.base.errors import WorkloadError, did_you_mean
from accelsim.workload.einsum import Cascade
from accelsim.workload.fibres import fibres, leaves
from accelsim.workload.passes import RankPasses, passes, rank_passes
from accelsim.workload.rewrite.deferral import Deferred, deferred
from accelsim.workload.rewrite.draft import Draft, in_order, without_unread
from accelsim.workload.rewrite.lift import Lifted, lifted
from accelsim.workload.rewrite.obstacles import obstacle
from accelsim.workload.rewrite.running import with_running_values
from accelsim.workload.rewrite.separate import InseparableError
from accelsim.workload.traversals import traversals


@dataclass(frozen=True)
class PassReduction:
    """What became of a cascade: `steps` say what was rewritten and by which law, `obstacle` why
    there are no fewer passes (None for one pass)."""

    cascade: Cascade
    before: RankPasses
    after: RankPasses
    steps: tuple[str, ...] = ()
    obstacle: str | None = None


def reduce_passes(cascade: Cascade, rank: str, tile: int = 128) -> PassReduction:
    """An equal cascade with the fewest passes over the rank that these laws find."""
    _refuse_unknown(cascade, rank)
    before = rank_passes(cascade, rank)
    if before.passes == 1:
        return PassReduction(cascade, before, before)
    over = _with_outer_parts(cascade, rank)
    whole = _whole(cascade, over, tile)
    found = _deferred(whole.cascade, over)
    try:
        rewritten, names = _rewritten(whole.cascade, over, found, whole.tile)
    except InseparableError as error:
        return PassReduction(cascade, before, before, (), f"{error}.")
    after = rank_passes(rewritten, rank if rank in rewritten.ranks else over)
    if after.passes >= before.passes:
        why = obstacle(rewritten, after, found.reasons, names)
        return PassReduction(cascade, before, before, (), why)
    steps = (*whole.steps, *found.steps, *_told(rewritten, over, found))
    return PassReduction(rewritten, before, after, steps, obstacle(rewritten, after, found.reasons))


def fewest_passes(cascade: Cascade) -> Cascade:
    """The cascade with the passes over every rank reduced, one rank after the other, as long as no
    other rank needs more passes for it."""
    for rank, found in passes(cascade).items():
        if found.passes > 1:
            fewer = reduce_passes(cascade, rank).cascade
            before, after = passes(cascade), passes(fewer)
            if all(after[each].passes <= before[each].passes for each in before if each in after):
                cascade = fewer
    return cascade


def _refuse_unknown(cascade: Cascade, rank: str) -> None:
    iterated = {leaf for e in cascade.einsums for r in e.ranks for leaf in leaves(cascade, r)}
    if not iterated.issuperset(leaves(cascade, rank)):
        known = [each for each in cascade.ranks if iterated.issuperset(leaves(cascade, each))]
        remedy = did_you_mean(rank, known) or f"Its ranks are {', '.join(known)}"
        fact = f"nothing in {cascade.name} runs over a rank {rank!r}"
        raise WorkloadError(fact, at=cascade.place, remedy=remedy)


def _whole(cascade: Cascade, rank: str, tile: int) -> Lifted:
    """The cascade without tiles of the rank, if it can do without."""
    try:
        return lifted(cascade, rank, tile)
    except InseparableError:
        return Lifted(cascade, tile)


def _may_run(cascade: Cascade, rank: str) -> bool:
    """Whether there are tiles of the rank, or may be some."""
    is_part = any(rank in parts for parts in cascade.partitions.values())
    return not is_part and len(cascade.partitions.get(rank, "12")) == 2


def _with_outer_parts(cascade: Cascade, rank: str) -> str:
    """The rank whose tiles this one numbers (M for M1), else itself."""
    wholes = (whole for whole, parts in cascade.partitions.items() if rank == parts[0])
    return next(wholes, rank)


def _told(cascade: Cascade, rank: str, found: Deferred) -> Iterator[str]:
    """The sums that run along with each maximum."""
    if rank not in cascade.partitions:
        return
    inner = cascade.partitions[rank][-1]
    for maximum in dict.fromkeys(each.maximum for each in found.running):
        sums = [each.name for each in found.running if each.maximum == maximum]
        how = f"run over tiles of {inner}, corrected as the maximum grows"
        yield f"{', '.join([maximum, *sums])}: {how} (exp(a + b) = exp(a) * exp(b))"


def _deferred(cascade: Cascade, rank: str) -> Deferred:
    """The reductions that run in a second or later traversal, taken apart."""
    seen = [traversals(cascade, fibre).visit for fibre in fibres(cascade, rank)]
    late = frozenset(name for visits in seen for name, visit in visits.items() if visit > 1)
    parts = frozenset(leaves(cascade, rank))
    return deferred(Draft(cascade, rank, parts, {}), late)


def _rewritten(
    cascade: Cascade, rank: str, found: Deferred, tile: int | str
) -> tuple[Cascade, dict[str, str]]:
    """What is left of the draft, in tiles if sums run; and which tensors stand for which."""
    outputs = cascade.outputs
    plain = in_order(without_unread(found.draft.cascade, outputs))
    left = {einsum.name for einsum in plain.einsums}
    sums = [each for each in found.running if each.name in left]
    if sums and not _may_run(cascade, rank):
        raise InseparableError(f"{sums[0].name} must run over tiles, but {rank} is cut already")
    names: dict[str, str] = {}
    if sums:
        plain, names = with_running_values(plain, rank, sums, tile)
    return in_order(without_unread(replace(plain, place=cascade.place), outputs)), names
