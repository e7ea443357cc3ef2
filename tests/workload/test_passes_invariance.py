"""A cascade has the same passes however it is written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accelsim.workload.dependencies import dependencies
from accelsim.workload.einsum import (
    Access,
    Cascade,
    Einsum,
    Expression,
    Index,
    Operation,
    Tensor,
    accesses,
)
from accelsim.workload.load import load_workload
from accelsim.workload.passes import passes
from tests.workload.attention import ATTENTION
from tests.workload.random_cascades import cascades

CascadeOf = Callable[..., Cascade]


def counts(cascade: Cascade) -> dict[str, int]:
    return {rank: found.passes for rank, found in passes(cascade).items()}


@cache
def shipped(name: str) -> Cascade:
    return load_workload(f"attention/{name}")


@st.composite
def any_cascade(draw: st.DrawFn, cascade_of: CascadeOf) -> Cascade:
    """A shipped attention cascade or a random one."""
    if draw(st.booleans()):
        return shipped(draw(st.sampled_from(sorted(ATTENTION))))
    return cascade_of(*draw(cascades()))


def rewritten(cascade: Cascade, einsums: list[Einsum], new: tuple[Tensor, ...] = ()) -> Cascade:
    tensors = {**cascade.tensors, **{tensor.name: tensor for tensor in new}}
    return replace(cascade, einsums=tuple(einsums), tensors=tensors)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_names_do_not_matter(data: st.DataObject, cascade_of: CascadeOf) -> None:
    cascade = data.draw(any_cascade(cascade_of))
    names = data.draw(st.permutations([f"R{at}" for at in range(len(cascade.tensors))]))
    new = dict(zip(cascade.tensors, names, strict=True))
    renamed = replace(
        cascade,
        tensors={new[n]: t._replace(name=new[n]) for n, t in cascade.tensors.items()},
        einsums=tuple(
            replace(e, output=_named(e.output, new), expression=_mapped(e.expression, new))
            for e in cascade.einsums
        ),
        initial=tuple(
            replace(i, access=_named(i.access, new), expression=_mapped(i.expression, new))
            for i in cascade.initial
        ),
    )
    assert counts(renamed) == counts(cascade)


def _named(access: Access, names: Mapping[str, str]) -> Access:
    return replace(access, tensor=names[access.tensor])


def _mapped(expression: Expression, names: Mapping[str, str]) -> Expression:
    if isinstance(expression, Access):
        return _named(expression, names)
    if isinstance(expression, Operation):
        return replace(expression, args=tuple(_mapped(each, names) for each in expression.args))
    return expression


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_order_of_independent_einsums_does_not_matter(
    data: st.DataObject, cascade_of: CascadeOf
) -> None:
    cascade = data.draw(any_cascade(cascade_of))
    waiting = list(cascade.einsums)
    order: list[Einsum] = []
    while waiting:
        names = {each.name for each in waiting}
        ready = [each for each in waiting if not names & set(dependencies(cascade, each))]
        order.append(data.draw(st.sampled_from(ready)))
        waiting.remove(order[-1])
    reordered = rewritten(cascade, order)
    assert counts(reordered) == counts(cascade)
    assert {r: p.footprint for r, p in passes(reordered).items()} == {
        r: p.footprint for r, p in passes(cascade).items()
    }


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_splitting_an_einsum_does_not_matter(data: st.DataObject, cascade_of: CascadeOf) -> None:
    """exp(S - G) into T = S - G; N = exp(T), at a random place of a random cascade."""
    cascade = data.draw(any_cascade(cascade_of))
    einsum = data.draw(st.sampled_from(cascade.einsums))
    inner = [each for each in _operations(einsum.expression) if any(accesses(each))]
    assume(inner)
    part = data.draw(st.sampled_from(inner))
    ranks = tuple(dict.fromkeys(rank for access in accesses(part) for rank in access.ranks))
    access = Access("NEW", tuple(Index(((rank, 1),)) for rank in ranks))
    whole = replace(einsum, expression=_replaced(einsum.expression, part, access))
    at = cascade.einsums.index(einsum)
    einsums = [*cascade.einsums[:at], Einsum(access, part), whole, *cascade.einsums[at + 1 :]]
    split = rewritten(cascade, einsums, (Tensor("NEW", ranks, 2),))
    assert counts(split) == counts(cascade)


def _operations(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, Operation):
        yield expression
        for argument in expression.args:
            yield from _operations(argument)


def _replaced(expression: Expression, part: Expression, new: Expression) -> Expression:
    if expression == part:
        return new
    if isinstance(expression, Operation):
        return replace(
            expression, args=tuple(_replaced(each, part, new) for each in expression.args)
        )
    return expression


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_inlining_an_einsum_does_not_matter(data: st.DataObject, cascade_of: CascadeOf) -> None:
    cascade = data.draw(any_cascade(cascade_of))
    candidates = [each for each in cascade.einsums if _can_be_inlined(cascade, each)]
    assume(candidates)
    gone = data.draw(st.sampled_from(candidates))
    einsums = [
        replace(each, expression=_replaced(each.expression, gone.output, gone.expression))
        for each in cascade.einsums
        if each != gone
    ]
    tensors = {name: each for name, each in cascade.tensors.items() if name != gone.name}
    inlined = replace(cascade, einsums=tuple(einsums), tensors=tensors)
    found = counts(inlined)
    assert found == {rank: n for rank, n in counts(cascade).items() if rank in found}


def _can_be_inlined(cascade: Cascade, einsum: Einsum) -> bool:
    """A map that is read, always by the very indices that it is written by."""
    reads = [a for e in cascade.einsums for a in e.reads if a.tensor == einsum.name]
    initial = [a for i in cascade.initial for a in accesses(i.expression)]
    return (
        einsum.reduction is None
        and not cascade.iterative_ranks(einsum.name)
        and bool(reads)
        and all(access == einsum.output for access in reads)
        and all(access.tensor != einsum.name for access in initial)
    )
