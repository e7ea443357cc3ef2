"""exp(u(m) + c), c completed, as exp(u - G) · exp(G + c) with G the maximum of u over the same
points: no exponent above 0, whatever the numbers."""

from accelsim.workload.conditions import ranks_of
from accelsim.workload.einsum import Access, Einsum, Expression, Operation
from accelsim.workload.rewrite.bench import Bench
from accelsim.workload.rewrite.separate import InseparableError, addends_of
from accelsim.workload.rewrite.terms import Addends, Term, addends_text
from accelsim.workload.substitute import in_access, in_expression


def maximum_taken_off(bench: Bench, inner: Addends, outer: Addends) -> Access:
    """The maximum of the inner addends: one that is subtracted already, or else a new one."""
    for each, count in outer:
        if count == -1 and isinstance(each, Access) and _is_maximum(bench, each, inner):
            return each
    return maximum_of(bench, inner)


def maximum_of(bench: Bench, inner: Addends) -> Access:
    """The maximum of a sum of addends over the points of the Einsum on the bench."""
    for einsum in bench.draft.cascade.einsums:
        if _is_maximum(bench, einsum.output, inner):
            return einsum.output
    over = bench.over(Term(exponent=inner).ranks)
    kept = [rank for rank in bench.einsum.ranks if rank in over and not bench.is_part(rank)]
    return bench.made("G", addends_text(inner), kept, "max", bench.traversal)


def exponential_of(bench: Bench, inner: Addends, maximum: Access) -> Access:
    """exp(inner - maximum): a tensor that is there already, or a new one."""
    addends: Addends = (*inner, (maximum, -1.0))
    for einsum in bench.draft.cascade.einsums:
        if _is_exponential(bench, einsum, dict(addends)):
            return einsum.output
    over = bench.over(Term(exponent=addends).ranks)
    ranks = [rank for rank in bench.einsum.ranks if rank in over]
    return bench.made("E", Operation("exp", (addends_text(addends),)), ranks, None)


def _is_maximum(bench: Bench, access: Access, inner: Addends) -> bool:
    """Whether what is read is max over the fibre of the inner addends, at the same points."""
    draft = bench.draft
    einsum = next((each for each in draft.cascade.einsums if each.name == access.tensor), None)
    if einsum is None or einsum.reduction != "max" or not draft.reduces(einsum):
        return False
    if not bench.same_points(einsum) or draft.levels.get(einsum.name, 0) != bench.traversal:
        return False
    if not set(bench.einsum.output.ranks) & set(ranks_of(bench.conditions)) <= set(access.ranks):
        return False  # where it has a step, the sum may have none
    ranks = [index.plain_rank for index in einsum.output.indices]
    if None in ranks:
        return False
    indices = dict(zip(map(str, ranks), access.indices, strict=True))
    body = in_expression(einsum.expression, lambda each: in_access(each, indices), indices)
    return _has_addends(bench, body, dict(inner))


def _is_exponential(bench: Bench, einsum: Einsum, wanted: dict[Expression, float]) -> bool:
    body = einsum.expression
    plain = all(index.plain_rank for index in einsum.output.indices)
    if einsum.reduction or not plain or not isinstance(body, Operation) or body.name != "exp":
        return False
    return bench.same_points(einsum) and _has_addends(bench, body.args[0], wanted)


def _has_addends(bench: Bench, body: Expression, wanted: dict[Expression, float]) -> bool:
    try:
        return addends_of(body, bench.view) == wanted
    except InseparableError:
        return False
