"""Running values: where they start, step and end.

RM[0,p] = -inf                              the initial value, right before the first step
RM[m1+1,p] = max(RM[m1,p], LM[m1,p])        step m1 reads what is before it and defines what is next
AV[p] = RM[M1,p]                            the value after the last step
"""

import numpy as np

from accelsim.workload.affine import Index
from accelsim.workload.dependencies import offset_over, step
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.refusal import refuse


def check_running_values(cascade: Cascade, einsum: Einsum) -> None:
    iterative = cascade.iterative_ranks(einsum.name)
    ranks = cascade.tensors[einsum.name].ranks
    for number, (rank, index) in enumerate(
        zip(ranks, cascade.positions(einsum.output), strict=True)
    ):
        if rank in iterative:
            _check_starts(cascade, einsum, number, rank)
        elif offset_over(index, rank) or _reads_itself_earlier(cascade, einsum, number, rank):
            start = 0 if offset_over(index, rank) else -1
            remedy = _remedy(cascade, einsum.output, rank, start)
            refuse(einsum, f"it runs over {rank}, but has no initial value", remedy)


def _reads_itself_earlier(cascade: Cascade, einsum: Einsum, number: int, rank: str) -> bool:
    own = [access for access in einsum.reads if access.tensor == einsum.name]
    read = [offset_over(cascade.positions(access)[number], rank) for access in own]
    written = offset_over(cascade.positions(einsum.output)[number], rank)
    return any(each is not None and written is not None and each < written for each in read)


def _check_starts(cascade: Cascade, einsum: Einsum, number: int, rank: str) -> None:
    """Initial values stand where no step writes, without a gap, right before the first step."""
    first = offset_over(cascade.positions(einsum.output)[number], rank)
    if first is None:
        refuse(
            einsum,
            f"{einsum.output} has an initial value over {rank}, but does not run over it",
            f"Write {rank.lower()}+1 where the step's result is defined",
        )
    starts = _starts(cascade, einsum.name, number)
    for start in (start for start in starts if start >= first):
        fact = f"step {rank.lower()} = {start - first} overwrites its initial value at {start}"
        remedy = f"Write {rank.lower()}+1 in {einsum.output}, or start at {first - 1}"
        refuse(einsum, fact, remedy)
    for reader in cascade.einsums:
        for access in (each for each in reader.reads if each.tensor == einsum.name):
            _check_step(cascade, reader, access, number, rank, starts)


def _starts(cascade: Cascade, tensor: str, number: int) -> list[int]:
    """The positions of its initial values over one rank."""
    own = (each.access.indices[number] for each in cascade.initial if each.tensor == tensor)
    return [index.offset for index in own if not index.ranks and isinstance(index.offset, int)]


def _check_step(
    cascade: Cascade, reader: Einsum, access: Access, number: int, rank: str, starts: list[int]
) -> None:
    """What a step reads is an earlier step, or this one, or an initial value."""
    output = cascade.einsum(access.tensor).output
    if (step(cascade, access, rank) or 0) > 0:
        refuse(reader, f"{access} reads a later step than {output} defines")
    read = offset_over(cascade.positions(access)[number], rank)
    first = offset_over(cascade.positions(output)[number], rank) or 0
    conditional = any(rank in condition.ranks for condition in reader.conditions)
    if read is None or conditional:
        return
    for position in range(read, min(first, read + cascade.ranks[rank])):
        if position not in starts:
            fact = f"{access} reads {rank.lower()} = {position} of {access.tensor}"
            refuse(
                reader,
                f"{fact}, which has no initial value",
                _remedy(cascade, access, rank, position),
            )


def _remedy(cascade: Cascade, access: Access, rank: str, start: int) -> str:
    """How to write the missing initial value."""
    ranks = cascade.tensors[access.tensor].ranks
    indices = [str(start) if each == rank else each.lower() for each in ranks]
    text = f"{access.tensor}[{','.join(indices)}] = 0"
    return f"Write '{text}' (or what it starts from) above it"


def _is_an_element(cascade: Cascade, rank: str, index: Index) -> bool:
    """Whether `M - 1` is a position within the rank, as the size of `M` or of another is."""
    return 0 <= int(np.max(index.value({}, cascade.ranks))) < int(np.min(cascade.ranks[rank]))


def check_final(cascade: Cascade, einsum: Einsum, access: Access, rank: str, index: Index) -> None:
    """`RM[M1,p]` reads the end of an iterative rank, and of no other; `K[M - 1]` a last element."""
    if index.final is None:
        return
    if rank not in cascade.iterative_ranks(access.tensor) and _is_an_element(cascade, rank, index):
        return
    if rank != index.final or rank not in cascade.iterative_ranks(access.tensor):
        fact = f"{access} reads a final value, but {access.tensor} does not run over {index.final}"
        remedy = f"Only a tensor with an initial value has one; write {rank.lower()}"
        refuse(einsum, fact, remedy)
    place = cascade.tensors[access.tensor].ranks.index(rank)
    output = cascade.einsum(access.tensor).output
    written = offset_over(cascade.positions(output)[place], rank)
    if written is not None and isinstance(index.offset, int) and index.offset >= written:
        last = f"{rank} - {1 - written}" if written < 1 else rank
        refuse(einsum, f"{access} lies behind the last step of {output}", f"Its last is at {last}")
