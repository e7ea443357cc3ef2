"""The first reassociation: sums over a fibre that need no completed value.

    A[p,m] = SN[p,m] / SD[p]                        SAV[p,f] += SN[p,m] * V[m,f]
    AV[p,f] += A[p,m] * V[m,f]               →      AV[p,f] = SAV[p,f] / SD[p]

A sum (or a maximum) that reads completed values, or tensors made with them, is taken apart
(`separate.py`) into Σ_j b_j · Σ_m a_j(m). The inner sums run in the earliest traversal in which all
a_j are known; the outer one has no loop over the fibre left.

An exponential of u(m) + c, with c completed, is taken apart as exp(u - G) · exp(G + c), G being the
maximum of u over the same points. exp(u - G) still waits for G: sums of it are returned as
`RunningSum`, for `running.py` to compute while G grows.
"""

from dataclasses import replace

from accelsim.workload.einsum import Access, Einsum, Expression
from accelsim.workload.fibres import leaves
from accelsim.workload.rewrite.bench import Bench, Deferred, RunningSum
from accelsim.workload.rewrite.draft import Draft, with_einsums
from accelsim.workload.rewrite.maxima import maximum_apart
from accelsim.workload.rewrite.separate import InseparableError, inlined
from accelsim.workload.rewrite.sums import sum_apart
from accelsim.workload.substitute import in_expression

__all__ = ["Deferred", "RunningSum", "deferred"]

_APART = {"+": sum_apart, "max": maximum_apart}


def deferred(draft: Draft, late: frozenset[str]) -> Deferred:
    """Every reduction over the fibre in the earliest traversal it can run in; only those named in
    `late` are looked at."""
    state = Deferred(draft)
    for written in draft.cascade.einsums:
        einsum = _without_single_reads(state.draft, written)
        if einsum != written:
            told = f"{einsum.name}: what it reads at one place of {draft.rank} is put in: {einsum}"
            state = replace(state, steps=(*state.steps, told))
        state = replace(
            state, draft=replace(state.draft, cascade=with_einsums(state.draft.cascade, [einsum]))
        )
        level = state.draft.level_of(einsum)
        levels = {**state.draft.levels, einsum.name: level}
        state = replace(state, draft=replace(state.draft, levels=levels))
        if einsum.name in late and state.draft.reduces(einsum):
            state = _earliest(state, einsum, level)
    return state


def _without_single_reads(draft: Draft, einsum: Einsum) -> Einsum:
    """The Einsum with late elements that it reads at one place of the fibre (`SN[p,0]`) put in."""

    def put_in(access: Access) -> Expression:
        tensor_along = draft.parts <= set(
            leaves(draft.cascade, *draft.cascade.tensors[access.tensor].ranks)
        )
        if draft.level(access.tensor) < 2 or not tensor_along or draft.is_along(access):
            return access
        try:
            return in_expression(inlined(access, draft.cascade), put_in)
        except InseparableError:
            return access

    return replace(einsum, expression=in_expression(einsum.expression, put_in))


def _earliest(state: Deferred, einsum: Einsum, level: int) -> Deferred:
    """The Einsum in the first traversal in which it comes apart."""
    for traversal in range(1, level):
        try:
            return _apart(state, einsum, traversal)
        except InseparableError as error:
            if einsum.name not in state.reasons:
                state = replace(state, reasons={**state.reasons, einsum.name: str(error)})
    return state


def _apart(state: Deferred, einsum: Einsum, traversal: int) -> Deferred:
    if einsum.reduction not in _APART:
        raise InseparableError(f"it reduces by {einsum.reduction}=, which needs every value itself")
    if any(index.plain_rank is None for index in einsum.output.indices):
        raise InseparableError(f"it is written to {einsum.output}, several points to an element")
    bench = Bench(state, einsum, traversal)
    for access in (each for condition in einsum.conditions for each in condition.accesses):
        if bench.view.is_mixed(access) or bench.view.waits(access):
            raise InseparableError(f"the mask or position {access} needs completed values")
    _APART[einsum.reduction](bench)
    return bench.state
