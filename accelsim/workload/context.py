"""How long the sequence is: which ranks of a form grow with it, how many tokens come out, what is
kept between tokens.

A file of forms, or a form, says so where the names of its ranks do not:

    context: L                                 the rank that the sequence is
    context: {S: floor(sqrt(context) / T)}     the ranks that follow from the context's length
    tokens: B * S * S                          tokens that one run takes in or makes
    state: [SP, ZP]                            inputs that are kept between tokens (decode)

Without a word about it

    context    M, if it is a number or `P`; in prefill and training else P. A decode form without M
               has a state of fixed size: nothing of it grows
    tokens     B * P, of these the ranks that the form has
    state      the inputs with rank B and without P: cache or state of a sequence, no weights and no
               new tokens

A context of 32768 is 32768 elements of that rank; in prefill and training P has as many, if it is
a number of its own. Sizes that are expressions follow.
"""

from collections.abc import Mapping
from typing import Any

from accelsim.base.errors import AccelsimError, WorkloadError, did_you_mean
from accelsim.base.expression import parse_expression
from accelsim.workload.einsum import Cascade
from accelsim.workload.extent import tensor_bytes
from accelsim.workload.fibres import leaves
from accelsim.workload.variants import Variant

KEYS, QUERIES, BATCH = "M", "P", "B"


def at_context(variant: Variant, cascade: Cascade, context: int) -> Cascade:
    """The variant's cascade at a context of so many tokens.

    Raises
    ------
    WorkloadError
        if its file does not say what grows, or if some rank would not be whole at that length.
    """
    sizes = _sizes(variant, cascade, context)
    try:
        return cascade.with_ranks(**sizes) if sizes else cascade
    except AccelsimError as error:
        fact = f"it takes no context of {context}: {error.fact}"
        raise WorkloadError(fact, at=cascade.place, remedy="Choose another context") from error


def context_rank(variant: Variant, cascade: Cascade) -> str | None:
    """The rank that the sequence is; None if nothing grows, or several ranks are computed."""
    if isinstance(variant.context, Mapping):
        return None
    if variant.context is not None:
        _refuse_unknown(variant, cascade, (variant.context,))
        return variant.context
    keys, queries = cascade.declared.get(KEYS), cascade.declared.get(QUERIES)
    if isinstance(keys, int) or (keys == QUERIES and isinstance(queries, int)):
        return KEYS
    if variant.phase == "decode":
        return None
    if not isinstance(queries, int):
        fact = f"{variant.name} does not say which rank is the context"
        raise WorkloadError(fact, at=cascade.place, remedy="Write it like 'context: M'")
    return QUERIES


def growing_ranks(small: Cascade, large: Cascade) -> tuple[str, ...]:
    """The ranks that Einsums run over and that are longer in the second of two sizes."""
    run = {leaf for e in small.einsums for rank in e.ranks for leaf in leaves(small, rank)}
    return tuple(
        rank
        for rank, size in small.ranks.items()
        if size < large.ranks[rank] and run.issuperset(leaves(small, rank))
    )


def tokens_of(variant: Variant, cascade: Cascade) -> int:
    """Tokens that one run takes in or makes, of all sequences of the batch."""
    if variant.tokens is not None:
        return int(parse_expression(variant.tokens, cascade.place).evaluate(cascade.ranks))
    used = {rank for tensor in cascade.tensors.values() for rank in tensor.ranks}
    if variant.phase != "decode" and QUERIES not in used:
        fact = f"{variant.name} does not say how many tokens it makes"
        raise WorkloadError(fact, at=cascade.place, remedy="Write it like 'tokens: B * P'")
    return _product(cascade, [rank for rank in (BATCH, QUERIES) if rank in used])


def kept(variant: Variant, cascade: Cascade) -> tuple[str, ...]:
    """The inputs of a decode form that are there before the token is: its cache or state."""
    if variant.state is not None:
        for name in variant.state:
            if name not in cascade.inputs:
                remedy = did_you_mean(name, cascade.inputs)
                fact = f"state: {variant.name} has no input {name!r}"
                raise WorkloadError(fact, at=cascade.place, remedy=remedy)
        return variant.state
    ranks = {name: cascade.tensors[name].ranks for name in cascade.inputs}
    if not any(QUERIES in own for own in ranks.values()):
        fact = f"{variant.name} has no rank P that would tell new tokens from what is kept"
        raise WorkloadError(fact, at=cascade.place, remedy="Write it like 'state: [K, V]'")
    return tuple(name for name, own in ranks.items() if BATCH in own and QUERIES not in own)


def kept_bytes(variant: Variant, cascade: Cascade) -> float | None:
    """Bytes of the cache or state of all sequences of the batch; None but for decode forms."""
    if variant.phase != "decode":
        return None
    return float(sum(tensor_bytes(cascade, name) for name in kept(variant, cascade)))


def _sizes(variant: Variant, cascade: Cascade, context: int) -> dict[str, int]:
    if isinstance(variant.context, Mapping):
        return _computed(variant, cascade, variant.context, context)
    rank = context_rank(variant, cascade)
    if rank is None:
        return {}
    has_own = variant.phase != "decode" and isinstance(cascade.declared.get(QUERIES), int)
    return {rank: context, **({QUERIES: context} if has_own else {})}


def _computed(
    variant: Variant, cascade: Cascade, rule: Mapping[str, str], context: int
) -> dict[str, int]:
    """Each rank by its expression over the context, other ranks, and those before it."""
    _refuse_unknown(variant, cascade, tuple(rule))
    known: dict[str, Any] = {**cascade.ranks, "context": context}
    for rank, text in rule.items():
        known[rank] = parse_expression(text, cascade.place).evaluate(known)
    return {rank: known[rank] for rank in rule}


def _refuse_unknown(variant: Variant, cascade: Cascade, ranks: tuple[str, ...]) -> None:
    for rank in ranks:
        if rank not in cascade.ranks:
            remedy = did_you_mean(rank, cascade.ranks) or f"It has {', '.join(cascade.ranks)}"
            fact = f"context: {variant.name} has no rank {rank!r}"
            raise WorkloadError(fact, at=cascade.place, remedy=remedy)


def _product(cascade: Cascade, ranks: list[str]) -> int:
    total = 1
    for rank in ranks:
        total *= cascade.ranks[rank]
    return total
