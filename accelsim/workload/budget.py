"""The same work with nothing in it that depends on data: what is counted and priced.

What a selection picks is known only as a cascade runs, but how much it picks is declared: slots
(`K` of `I[p,k] topk= …`) and densities of masks. `budgeted` gives the cascade of that size:

    S[p,k] += Q[p,e] * K[I[p,k],e]         a lookup reads what it fetches, and I beside it
      → S[p,k] += Q[p,e] * K_at_I[p,k,e]

    I[p,k] topk= C[p,m]                    a selection takes steps (operations.py), then fills slots
      → I_steps[p] topk= C[p,m]            over a rank of steps too
        I[p,k] = I_steps[p]

    VS[Z[m],f] += V[m,f]                   a scatter combines all, then its elements are written
      → VS_sum[f] += V[m,f]
        VS[s,f] = VS_sum[f]

    S[0,e] = SI[e]                         what a running value starts from is read beside it

    masks: see compressed.py; positions like `h // R`: see grouped.py

A tensor that is looked up must lie where every element of it can be reached, so one that an Einsum
makes is an output. What is fetched moves anew for every position that is looked up, but as least
traffic no more than the whole tensor: how often the same element is picked again is not known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from accelsim.workload.affine import Access, Index, Size, multiply_sizes, rank_size, sum_of
from accelsim.workload.compressed import compressed, whole_number
from accelsim.workload.einsum import Cascade, Einsum, Expression, Operation, Tensor, accesses
from accelsim.workload.grouped import grouped
from accelsim.workload.operations import SELECTIONS
from accelsim.workload.remembered import remembered
from accelsim.workload.tables import written_out


@remembered
def budgeted(cascade: Cascade) -> Cascade:
    """The cascade itself if nothing in it depends on data or is divided among ranks, else the one
    of the declared size."""
    cascade = grouped(written_out(cascade))
    if not _has_something_to_say(cascade):
        return cascade
    draft = _Draft(compressed(cascade))
    for einsum in draft.cascade.einsums:
        draft.einsums += _without_data(einsum, draft)
    return draft.finished()


def _has_something_to_say(cascade: Cascade) -> bool:
    starts = any(True for each in cascade.initial for _ in accesses(each.expression))
    is_new = not any(each.beside for each in cascade.einsums)
    depends = any(each.depends_on_data or each.slots for each in cascade.einsums)
    return depends or (starts and is_new)


@dataclass
class _Draft:
    """The cascade under way."""

    cascade: Cascade
    ranks: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    einsums: list[Einsum] = field(default_factory=list)
    looked_up: dict[str, None] = field(default_factory=dict)

    def size(self, rank: str) -> Any:
        return {**self.cascade.ranks, **self.ranks}[rank]

    def tensor(
        self, name: str, ranks: tuple[str, ...], like: str, run: tuple[str, ...] | None = None
    ) -> str:
        """A new tensor of these ranks, with the words of another; the same one for the same. With
        a `run` it is what is picked of the other."""
        word = self.cascade.tensors[like].word_bytes
        number, free = 1, name
        while free in self.tensors and self.tensors[free].ranks != ranks:
            number += 1
            free = f"{name}_{number}"
        of = None if run is None else like
        self.tensors[free] = Tensor(free, ranks, word, of, run or ())
        return free

    def finished(self) -> Cascade:
        made = {einsum.name for einsum in self.einsums}
        kept = tuple(dict.fromkeys([*self.cascade.kept, *(n for n in self.looked_up if n in made)]))
        return replace(
            self.cascade,
            ranks={**self.cascade.ranks, **self.ranks},
            declared={},
            tensors={**self.cascade.tensors, **self.tensors},
            einsums=tuple(self.einsums),
            kept=kept,
            densities={},
        )


def _without_data(einsum: Einsum, draft: _Draft) -> Iterator[Einsum]:
    starts = [
        a for i in draft.cascade.initial if i.tensor == einsum.name for a in accesses(i.expression)
    ]
    beside = tuple(access for access in einsum.reads if not _is_operand(einsum, access))
    beside = tuple(dict.fromkeys([*beside, *starts]))
    fetched = replace(
        einsum,
        expression=_fetched(einsum.expression, draft),
        beside=tuple(_at_positions(access, draft) for access in beside),
    )
    if einsum.slots:
        yield from _in_steps(fetched, draft)
    elif einsum.output.looked_up:
        yield from _scattered(fetched, draft)
    else:
        yield fetched


def _is_operand(einsum: Einsum, access: Access) -> bool:
    return access in _operands(einsum.expression)


def _operands(expression: Expression) -> Iterator[Access]:
    if isinstance(expression, Access):
        yield expression
    elif isinstance(expression, Operation):
        for argument in expression.args:
            yield from _operands(argument)


# --- lookups --------------------------------------------------------------------------------------


def _fetched(expression: Expression, draft: _Draft) -> Expression:
    if isinstance(expression, Access):
        return _at_positions(expression, draft)
    if isinstance(expression, Operation):
        return replace(expression, args=tuple(_fetched(each, draft) for each in expression.args))
    return expression


def _at_positions(access: Access, draft: _Draft) -> Access:
    """`K[I[p,k],e]` → `K_at_I[p,k,e]`: an element for each setting of what moves the position.

    A shift, `X[p - D[l]]`, touches what `X[p]` does.
    """
    ranks = draft.cascade.tensors[access.tensor].ranks
    positions = [
        Index(((rank, 1),)) if _is_shift(rank, index) else index
        for rank, index in zip(ranks, draft.cascade.positions(access), strict=True)
    ]
    if not any(index.looked_up for index in positions):
        return access if not access.looked_up else Access(access.tensor, tuple(positions))
    draft.looked_up[access.tensor] = None
    places: dict[str, Index] = {}
    for rank, index in zip(ranks, positions, strict=True):
        own = {each: Index(((each, 1),)) for each in index.ranks}
        own = own if index.looked_up else {rank: index}
        # One index in two positions moves both at once.
        places |= {r: each for r, each in own.items() if each not in places.values()}
    by = "_".join(dict.fromkeys(each.tensor for each in access.looked_up))
    run = _side_by_side(list(zip(ranks, positions, strict=True)))
    name = draft.tensor(f"{access.tensor}_at_{by}", tuple(places), access.tensor, run)
    return Access(name, tuple(places.values()))


def _side_by_side(places: Sequence[tuple[str, Index]]) -> tuple[str, ...]:
    """The ranks of a run: those behind the last position that is looked up, and what is added to
    that, as `u` in `K[I[p,k]*U + u,e]`."""
    last = max(at for at, (_, index) in enumerate(places) if index.looked_up)
    added = [rank for rank, factor in places[last][1].terms if factor == 1]
    return (*added, *(rank for rank, _ in places[last + 1 :]))


def _is_shift(rank: str, index: Index) -> bool:
    """`p - D[l]` over P, whatever D holds."""
    moving = {each for access in index.looked_up for each in access.ranks}
    return (
        bool(index.lookups)
        and not index.quotients
        and index.terms == ((rank, 1),)
        and (rank not in moving)
    )


# --- selections and scatters ----------------------------------------------------------------------


def _in_steps(einsum: Einsum, draft: _Draft) -> Iterator[Einsum]:
    """The steps that a selection takes for each candidate, then what it gives."""
    kind, slots = SELECTIONS[str(einsum.reduction)], einsum.slots
    candidates = prod(draft.size(rank) for rank in einsum.reduced_ranks)
    wanted = prod(draft.size(rank) for rank in slots)
    steps_rank = f"{einsum.name.upper()}_STEPS"
    draft.ranks[steps_rank] = whole_number(np.ceil(kind.steps(candidates, wanted) / candidates))
    kept = tuple(each for each in einsum.output.indices if not set(slots) & set(each.ranks))
    ranks = tuple(r for r in draft.cascade.tensors[einsum.name].ranks if r not in slots)
    steps = Access(draft.tensor(f"{einsum.name}_steps", ranks, einsum.name), kept)
    yield replace(einsum, output=steps, over=(steps_rank,))
    yield Einsum(einsum.output, steps, place=einsum.place)


def _scattered(einsum: Einsum, draft: _Draft) -> Iterator[Einsum]:
    """Everything combined, then every element written; without a reduction one element a point."""
    tensor = draft.cascade.tensors[einsum.name]
    positions = draft.cascade.positions(einsum.output)
    if einsum.reduction is None:
        moving = [rank for rank in einsum.ranks if not any(_is_at(p, rank) for p in positions)]
        places = tuple(_in_turn(moving) if each.looked_up else each for each in positions)
        yield replace(einsum, output=Access(einsum.name, places))
        return
    plain = {r: p for r, p in zip(tensor.ranks, positions, strict=True) if not p.looked_up}
    name = draft.tensor(f"{einsum.name}_sum", tuple(plain), einsum.name)
    total = Access(name, tuple(plain.values()))
    yield replace(einsum, output=total)
    whole = tuple(plain.get(rank, Index(((rank, 1),))) for rank in tensor.ranks)
    yield Einsum(Access(einsum.name, whole), total, place=einsum.place)


def _is_at(position: Index, rank: str) -> bool:
    return not position.looked_up and rank in position.ranks


def _in_turn(ranks: Sequence[str]) -> Index:
    """One position after the other for all settings of the ranks: c*W + w."""
    total = Index()
    stride: Size = 1
    for rank in reversed(ranks):
        total = sum_of(Index(((rank, stride),)), total)
        stride = multiply_sizes(stride, rank_size(rank))
    return total
