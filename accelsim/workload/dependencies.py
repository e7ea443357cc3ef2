"""Which Einsum must come before which.

An Einsum depends on the Einsum that defines a tensor it reads, unless it reads a running value of
an earlier step: in

    SPD[m1,p]  = RD[m1,p] * PRM[m1,p]
    RD[m1+1,p] = SLD[m1,p] + SPD[m1,p]

RD depends on SPD, but SPD reads what RD was one step before, so the two are no cycle. `RD[M1,p]`,
the value after the last step, depends on RD like any other read.
"""

from accelsim.workload.einsum import Access, Cascade, Einsum, Index


def reads_earlier_step(cascade: Cascade, access: Access) -> bool:
    """Whether the access reads a running value of a step before the one its definition writes."""
    steps = [step(cascade, access, rank) for rank in cascade.iterative_ranks(access.tensor)]
    return any(each is not None and each < 0 for each in steps)


def step(cascade: Cascade, access: Access, rank: str) -> int | None:
    """Steps between what `access` reads and what the definition writes over an iterative rank:

    -1 for `RD[m1]` where RD[m1+1] is defined, 0 for `RD[m1+1]`; None for `RD[M1]` and the like.
    """
    place = cascade.tensors[access.tensor].ranks.index(rank)
    read = offset_over(cascade.positions(access)[place], rank)
    written = offset_over(cascade.positions(cascade.einsum(access.tensor).output)[place], rank)
    return None if read is None or written is None else read - written


def offset_over(index: Index, rank: str) -> int | None:
    """3 for `m + 3`; None for anything but the rank's own index plus a whole number."""
    shifted = Index(index.terms)
    alone = shifted.plain_rank == rank and index.is_linear and index.final is None
    return index.offset if alone and isinstance(index.offset, int) else None


def dependencies(cascade: Cascade, einsum: Einsum) -> tuple[str, ...]:
    """The Einsums that must be complete (or, in a common loop, at this step) before this one."""
    produced = {each.name for each in cascade.einsums}
    return tuple(
        dict.fromkeys(
            access.tensor
            for access in einsum.reads
            if access.tensor in produced and not reads_earlier_step(cascade, access)
        )
    )
