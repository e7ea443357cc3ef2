"""What makes a selection or a mask meaningless.

I[p,k] topk= C[p,m]      one rank is reduced (m), one is on the left alone (k, the slots)
Z[m] argmax= S[m,s]      one rank is reduced, none is on the left alone
Y[m] = S[m] where X[m]   S was made under the same mask, or without one
"""

from collections.abc import Iterator

from accelsim.workload.conditions import Condition, leaves_of
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.operations import SELECTIONS
from accelsim.workload.refusal import refuse


def check_selection(einsum: Einsum) -> None:
    """The ranks of a selection's two sides."""
    kind = SELECTIONS[str(einsum.reduction)]
    reduced = einsum.reduced_ranks
    if len(reduced) != 1:
        listed = ", ".join(reduced) or "none"
        remedy = "Join ranks first, like CF[l] = C[l // N, l % N]" if reduced else None
        refuse(einsum, f"'{kind.name}=' reduces one rank, not {listed}", remedy)
    if kind.numbered and len(einsum.slots) != 1:
        listed = ", ".join(einsum.slots) or "none"
        remedy = f"Write it like 'I[p,k] {kind.name}= C[p,m]'"
        fact = f"'{kind.name}=' has one rank on the left that is not on the right, not {listed}"
        refuse(einsum, fact, remedy)
    if not kind.numbered and einsum.slots:
        remedy = f"Remove {einsum.slots[0].lower()}, or write 'topk='"
        refuse(einsum, f"'{kind.name}=' has one result, but {einsum.slots[0]} numbers some", remedy)
    if any(index.plain_rank is None and index.offset != 1 for index in einsum.output.indices):
        fact = f"{einsum.output} is no place for results of '{kind.name}='"
        refuse(einsum, fact, "Give one plain index per rank, and look the result up afterwards")


def check_masks(cascade: Cascade, einsum: Einsum) -> None:
    """What is read under fewer masks than it was made under has elements that never were."""
    own = set(_data_conditions(einsum))
    for access in einsum.reads:
        if access.tensor in cascade.inputs or cascade.iterative_ranks(access.tensor):
            continue
        producer = cascade.einsum(access.tensor)
        if producer.reduction is None and producer.output == access:
            for condition in _data_conditions(producer):
                if condition not in own:
                    fact = f"{access} was made where {condition}, and is read elsewhere too"
                    refuse(einsum, fact, f"Add 'where {condition}'")


def _data_conditions(einsum: Einsum) -> Iterator[Condition]:
    """The conditions that must hold and depend on data."""
    return (each for each in einsum.conditions if any(leaf.accesses for leaf in leaves_of([each])))
