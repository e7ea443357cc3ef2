"""What a kernel makes without room of its own.

    PT = exp(S - RM)      over S, which nothing reads later
    O' = C * O            over the running O of the step before
    O  = O' + PV          the tensor cores add PV to O' as they make it: neither PV nor the sum
                          takes anything

Sizes are compared by ranks: a tensor takes the place of one with the same.
"""

from collections.abc import Iterator

from accelsim.mapping.fusion import Fusion
from accelsim.workload.einsum import Access, Einsum, Operation


def is_in_place(fusion: Fusion, einsum: Einsum) -> bool:
    """Whether an Einsum without a sum writes over something that it reads for the last time."""
    if einsum.reduction is not None or fusion.cascade.iterative_ranks(einsum.name):
        return False
    made = {each.name for each in fusion.cascade.einsums} - fusion.held
    return any(
        access.tensor in made
        and access.tensor not in fusion.written
        and set(access.ranks) == set(einsum.output.ranks)
        and _last_reader(fusion, access.tensor) == einsum.name
        for access in einsum.reads
    )


def added_into(fusion: Fusion, einsum: Einsum) -> Einsum | None:
    """The Einsum of the kernel that only adds this sum to something of the same ranks."""
    readers = list(_readers(fusion, einsum.name))
    if einsum.reduction != "+" or len(readers) != 1 or einsum.name in fusion.written:
        return None
    (reader,) = readers
    expression = reader.expression
    if reader.reduction or not isinstance(expression, Operation) or expression.name != "add":
        return None
    is_term = any(isinstance(e, Access) and e.tensor == einsum.name for e in expression.args)
    same = set(reader.output.ranks) == set(einsum.output.ranks)
    return reader if is_term and same else None


def _readers(fusion: Fusion, tensor: str) -> Iterator[Einsum]:
    """In the order of the kernel; what is read after the last step does not count."""
    for einsum in fusion.cascade.einsums:
        accesses = (access for access in einsum.reads if access.tensor == tensor)
        if any(not any(index.final for index in access.indices) for access in accesses):
            yield einsum


def _last_reader(fusion: Fusion, tensor: str) -> str | None:
    names = [einsum.name for einsum in _readers(fusion, tensor)]
    return names[-1] if names else None
