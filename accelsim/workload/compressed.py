"""Masks as shorter ranks: a cascade whose masked Einsums run over what their masks keep.

    S[p,m] += Q[p,e] * K[m,e]  where X[p // N, m]       a density of 0.1, M = 4096
      → S[p,m_x] += Q[p,e] * K_at_X[p // N,m_x,e]       M_X = 410

One rank of the mask is compressed in all Einsums under it. What they make has the short rank, and
so has what they read at the mask's own positions. What has not all of these becomes a tensor of
what the mask picks for each setting of its other ranks, which is where one mask for 64 queries
saves traffic over one for each. Of the mask's ranks that one is taken which makes these smallest,
of those that are long enough for the density to leave one element or more.

    length of the rank = size · share of its points that the conditions leave

Masks are taken to be independent of other conditions and of one another: `a or b` leaves
1 - (1-a)(1-b). Conditions over the rank go into its length and are gone: load is even.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

from accelsim.base.expression import parse_expression
from accelsim.workload.affine import Access, Index
from accelsim.workload.conditions import AllOf, AnyOf, Condition, Member, leaves_of, text_of
from accelsim.workload.einsum import Cascade, Einsum, Expression, InitialValue, Operation, Tensor
from accelsim.workload.extent import iteration_points
from accelsim.workload.substitute import in_access, own_index


def compressed(cascade: Cascade) -> Cascade:
    """The cascade without masks."""
    done: set[str] = set()
    while group := next((g for g in _groups(cascade) if g.key not in done), None):
        done.add(group.key)
        cascade = _without_mask(cascade, group)
    return _without_lookups_in_conditions(cascade)


class _Group(NamedTuple):
    """The Einsums under the same mask."""

    key: str
    mask: Access
    einsums: tuple[Einsum, ...]


def _groups(cascade: Cascade) -> Iterator[_Group]:
    """By the conditions with masks in them (`X` and `not X` are two), in the cascade's order."""
    masks: dict[str, tuple[Access, list[Einsum]]] = {}
    for einsum in cascade.einsums:
        masked = [each for each in einsum.conditions if _masks(each)]
        if masked:
            first = _masks(masked[0])[0]
            masks.setdefault(text_of(masked), (first, []))[1].append(einsum)
    for key, (mask, einsums) in masks.items():
        yield _Group(key, mask, tuple(einsums))


def _masks(condition: Condition) -> list[Access]:
    return [leaf.access for leaf in leaves_of([condition]) if isinstance(leaf, Member)]


def _without_mask(cascade: Cascade, group: _Group) -> Cascade:
    rank = _rank_to_compress(cascade, group)
    if rank is None:
        bare = {each.name: _bare(each, None) for each in group.einsums}
        return replace(cascade, einsums=_replaced(cascade, bare))
    short = _free_name(cascade, f"{rank}_{group.mask.tensor.upper()}")
    job = _Job(cascade, group, rank, short)
    length = np.maximum(np.rint(_length(cascade, group, rank)), 1)
    ranks = {**cascade.ranks, short: whole_number(length)}
    einsums = tuple(new for each in cascade.einsums for new in job.einsums(each))
    return replace(
        cascade,
        ranks=ranks,
        declared={},
        einsums=einsums,
        initial=tuple(job.initial(each) for each in cascade.initial),
        tensors=job.tensors,
    )


def _bare(einsum: Einsum, rank: str | None) -> Einsum:
    """Without masks, and without conditions over the rank."""
    kept = tuple(each for each in einsum.conditions if not _is_gone(each, rank))
    return replace(einsum, conditions=kept)


def _is_gone(condition: Condition, rank: str | None) -> bool:
    return bool(_masks(condition)) or rank in condition.ranks


def _replaced(cascade: Cascade, einsums: dict[str, Einsum]) -> tuple[Einsum, ...]:
    return tuple(einsums.get(each.name, each) for each in cascade.einsums)


# --- which rank -----------------------------------------------------------------------------------


def _rank_to_compress(cascade: Cascade, group: _Group) -> str | None:
    """The rank that leaves least to fetch, of equals the longest; None if the Einsums share none of
    the mask's."""
    candidates = [
        rank for rank in group.mask.ranks if all(rank in each.ranks for each in group.einsums)
    ]
    left = {rank: float(np.min(_length(cascade, group, rank))) for rank in candidates}
    long_enough = [rank for rank in candidates if left[rank] >= 1 and _is_several(cascade, rank)]
    if not long_enough:
        return max(candidates, key=left.__getitem__, default=None)
    return min(long_enough, key=lambda rank: (_picked_elements(cascade, group, rank), -left[rank]))


def _is_several(cascade: Cascade, rank: str) -> bool:
    return bool(np.all(np.greater(cascade.ranks[rank], 1)))


def _stays_long(cascade: Cascade, group: _Group, einsum: Einsum, rank: str) -> bool:
    """Whether what the Einsum makes has all of the rank: results of other settings of the mask meet
    in it, or somebody without the mask reads it."""
    if rank not in einsum.output.ranks:
        return False
    names = {each.name for each in group.einsums}
    meets = any(other in einsum.reduced_ranks for other in group.mask.ranks)
    return meets or any(
        rank in access.ranks
        for reader in cascade.einsums
        for access in reader.reads
        if access.tensor == einsum.name and reader.name not in names
    )


def _picked_elements(cascade: Cascade, group: _Group, rank: str) -> float:
    """Elements that the mask picks from whole tensors, and twice those that it adds to them (read
    and written back), before its density."""
    long = {e.name for e in group.einsums if _stays_long(cascade, group, e, rank)}
    short = {each.name for each in group.einsums} - long
    picked = {a for e in group.einsums for a in e.reads if a.tensor not in short}
    added = [e.output for e in group.einsums if e.name in long]
    touched = {(a.tensor, frozenset(a.ranks)) for a in picked if rank in a.ranks}
    every = [ranks for _, ranks in touched] + 2 * [frozenset(a.ranks) for a in added]
    sizes = cascade.ranks
    return sum(
        float(np.mean(prod(sizes[each] for each in {*ranks, *group.mask.ranks}))) for ranks in every
    )


# --- how long -------------------------------------------------------------------------------------


def _length(cascade: Cascade, group: _Group, rank: str) -> Any:
    """How much of the rank the mask leaves, before it is rounded."""
    longest = reduce(np.maximum, [_share(cascade, each, rank) for each in group.einsums])
    return cascade.ranks[rank] * longest


def _share(cascade: Cascade, einsum: Einsum, rank: str) -> Any:
    """Of the points along the rank, those that its conditions leave."""
    own = [each for each in einsum.conditions if _is_gone(each, rank)]
    static = [each for each in own if not each.accesses]
    shares = [_expected(cascade, einsum, each) for each in own if each.accesses]
    return _static_share(cascade, einsum, static) * prod(shares)


def _expected(cascade: Cascade, einsum: Einsum, condition: Condition) -> Any:
    if isinstance(condition, Member):
        density = density_of(cascade, condition.access.tensor)
        return density if condition.present else 1 - density
    if isinstance(condition, AllOf):
        return prod(_expected(cascade, einsum, part) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return 1 - prod(1 - _expected(cascade, einsum, part) for part in condition.parts)
    return 1.0 if condition.accesses else _static_share(cascade, einsum, [condition])


def density_of(cascade: Cascade, mask: str) -> Any:
    """The share of a mask that is 1; all of it where nothing is said."""
    given = cascade.densities.get(mask, 1.0)
    if not isinstance(given, str):
        return given
    found = parse_expression(given, None).evaluate(cascade.ranks)
    return np.clip(np.asarray(found, dtype=float), 0, 1)[()]


def _static_share(cascade: Cascade, einsum: Einsum, conditions: Sequence[Condition]) -> Any:
    """Exactly, as if nothing else limited the points."""
    if not conditions:
        return 1.0
    ranks = tuple(dict.fromkeys(rank for each in conditions for rank in each.ranks))
    probe = Access("#", tuple(Index(((rank, 1),)) for rank in ranks))
    alone = Einsum(probe, probe, conditions=tuple(conditions))
    made = replace(
        cascade, tensors={**cascade.tensors, "#": Tensor("#", ranks, 0)}, einsums=(alone,)
    )
    every = prod(np.asarray(cascade.ranks[rank], dtype=float) for rank in ranks)
    return np.asarray(iteration_points(made, "#") / every)[()]


# --- the Einsums ----------------------------------------------------------------------------------


class _Job:
    """Puts the short rank in the place of the long one, and notes the tensors that come of it."""

    def __init__(self, cascade: Cascade, group: _Group, rank: str, short: str) -> None:
        self.cascade, self.group, self.rank, self.short = cascade, group, rank, short
        self.under = {each.name for each in group.einsums}
        self.long = {e.name for e in group.einsums if _stays_long(cascade, group, e, rank)}
        self.own = self.under - self.long
        self.tensors = {name: self._shortened(tensor) for name, tensor in cascade.tensors.items()}

    def _shortened(self, tensor: Tensor) -> Tensor:
        if tensor.name not in self.own or self.rank not in tensor.ranks:
            return tensor
        ranks = tuple(self.short if rank == self.rank else rank for rank in tensor.ranks)
        return tensor._replace(ranks=ranks)

    def einsums(self, einsum: Einsum) -> Iterator[Einsum]:
        under = einsum.name in self.under
        masks = [mask for each in einsum.conditions for mask in _masks(each)]
        beside = (*einsum.beside, *(masks if under else ()))
        changed = replace(
            _bare(einsum, self.rank) if under else einsum,
            output=einsum.output if einsum.name in self.long else self._renamed_own(einsum.output),
            expression=self._expression(einsum.expression, einsum),
            beside=tuple(dict.fromkeys(self._access(each, einsum) for each in beside)),
        )
        if einsum.name in self.long:
            yield from self._spread(einsum, changed)
        else:
            yield changed

    def _spread(self, einsum: Einsum, changed: Einsum) -> Iterator[Einsum]:
        """Everything combined along the short rank, then every element along the long one."""
        tensor = self.cascade.tensors[einsum.name]
        places = zip(tensor.ranks, self.cascade.positions(einsum.output), strict=True)
        rest = {rank: place for rank, place in places if self.rank not in place.ranks}
        name = f"{einsum.name}_sum"
        self.tensors[name] = Tensor(name, tuple(rest), tensor.word_bytes)
        total = Access(name, tuple(rest.values()))
        yield replace(changed, output=total, reduction=einsum.reduction or "+")
        yield Einsum(einsum.output, total, place=einsum.place)

    def initial(self, initial: InitialValue) -> InitialValue:
        return replace(initial, access=self._renamed(initial.access))

    def _expression(self, expression: Expression, einsum: Einsum) -> Expression:
        if isinstance(expression, Access):
            return self._access(expression, einsum)
        if isinstance(expression, Operation):
            args = tuple(self._expression(each, einsum) for each in expression.args)
            return replace(expression, args=args)
        return expression

    def _renamed_own(self, access: Access) -> Access:
        return self._renamed(access) if access.tensor in self.own else access

    def _access(self, access: Access, einsum: Einsum) -> Access:
        if access.tensor in self.own:
            return self._renamed(access)
        if einsum.name not in self.under or self.rank not in access.ranks:
            return access
        return self._picked(access)

    def _renamed(self, access: Access) -> Access:
        """An access to what the group makes, along the short rank."""
        moved = in_access(access, {self.rank: own_index(self.short)})
        final = tuple(
            replace(index, final=self.short) if index.final == self.rank else index
            for index in moved.indices
        )
        return replace(moved, indices=final)

    def _picked(self, access: Access) -> Access:
        """An access to what the group only reads: `K[m,e]` → `K_at_X[p // N,m_x,e]`."""
        ranks = self.cascade.tensors[access.tensor].ranks
        mask = self.group.mask
        renamed = self._renamed(access)
        if set(mask.indices) <= set(access.indices) and self._fits(renamed):
            # Every element picked is another one: as many as the short rank has.
            return renamed
        places: dict[str, Index] = {}
        masks = zip(
            self.cascade.tensors[mask.tensor].ranks, self.cascade.positions(mask), strict=True
        )
        for rank, index in masks:
            if self.rank not in index.ranks:
                places[rank] = index
        for rank, index in zip(ranks, self.cascade.positions(access), strict=True):
            if self.rank in index.ranks:
                inner = [r for r in index.ranks if r != self.rank]
                places |= {r: Index(((r, 1),)) for r in inner}
                places[self.short] = Index(((self.short, 1),))
            elif index not in places.values():
                places[rank] = index
        name = f"{access.tensor}_at_{mask.tensor}"
        while name in self.tensors and self.tensors[name].ranks != tuple(places):
            name += "_"
        word = self.cascade.tensors[access.tensor].word_bytes
        of = self.cascade.tensors[access.tensor].of or access.tensor
        run = tuple(places)[list(places).index(self.short) + 1 :]
        self.tensors[name] = Tensor(name, tuple(places), word, of, run)
        return Access(name, tuple(places.values()))

    def _fits(self, access: Access) -> bool:
        """Not where the long rank is part of a partition: `K[m1,m0_x]` is no element of K."""
        return self.cascade.indices_by_rank(access) is not None


def _without_lookups_in_conditions(cascade: Cascade) -> Cascade:
    """Conditions over positions that are looked up are taken to hold."""
    bare = {
        einsum.name: replace(
            einsum, conditions=tuple(each for each in einsum.conditions if not each.accesses)
        )
        for einsum in cascade.einsums
    }
    return replace(cascade, einsums=_replaced(cascade, bare))


def _free_name(cascade: Cascade, name: str) -> str:
    while name in cascade.ranks:
        name += "_"
    return name


def whole_number(number: Any) -> Any:
    """A count, or counts of a sweep, as whole numbers."""
    return number.astype(np.int64) if getattr(number, "shape", ()) else int(number)
