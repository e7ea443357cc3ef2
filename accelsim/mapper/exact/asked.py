"""What the exact search is for."""

from accelsim.mapper.objective import powers_of
from accelsim.mapper.question import Question
from accelsim.workload.einsum import Cascade, Einsum


def is_asked(question: Question) -> bool:
    """Whether the search is for this cascade and objective at all."""
    is_possible = set(powers_of(question.minimise)) <= {"latency", "energy", "area"}
    return is_possible and is_plain(question.cascade)


def is_plain(cascade: Cascade) -> bool:
    """Whether all its Einsums are: some rank, no conditions, running values or parts of ranks, and
    every position one index, each tensor read in one place."""
    if cascade.partitions or cascade.initial:
        return False
    return all(_is_plain(einsum, cascade) for einsum in cascade.einsums)


def _is_plain(einsum: Einsum, cascade: Cascade) -> bool:
    accesses = (*einsum.reads, einsum.output)
    indices = [index for access in accesses for index in cascade.positions(access)]
    tensors = [access.tensor for access in accesses]
    plain = bool(einsum.ranks) and all(index.plain_rank is not None for index in indices)
    return plain and len(set(tensors)) == len(tensors) and not einsum.conditions and not einsum.over
