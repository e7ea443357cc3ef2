"""Ranks that positions divide, in two: a cascade in which nothing reads `h // R`.

    S[h,p] += Q[h,e] * K[h // R,p,e]          H = 32 query heads, R = 4 of them to a key head
      → h -> h_1, h_0                         H_1 = 8, H_0 = 4
        S[h_1,h_0,p] += Q[h_1,h_0,e] * K[h_1,p,e]

so that loops say which tiles share what they read. A rank is cut if all positions divide it by the
same number, which divides its size. Tensors over it have both parts; where one is also read at some
other position, all its positions are single ones, like h_1*H_0 + h_0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from accelsim.workload.affine import Access, Index, Quotient, rank_size, scaled, size_value, sum_of
from accelsim.workload.conditions import Condition, leaves_of
from accelsim.workload.einsum import (
    Cascade,
    Constant,
    Einsum,
    Expression,
    IndexValue,
    Operation,
    Tensor,
    accesses,
    ranks_as_numbers,
)
from accelsim.workload.substitute import at_positions, own_index


class _Parts(NamedTuple):
    """The ranks that a rank is cut into, and by what."""

    outer: str
    inner: str
    divisor: Any


def grouped(cascade: Cascade) -> Cascade:
    """The cascade itself if no rank can be cut."""
    cut = {rank: parts for rank in cascade.ranks if (parts := _parts(cascade, rank))}
    if not cut:
        return cascade
    sizes = {each.inner: each.divisor for each in cut.values()}
    sizes |= {each.outer: cascade.ranks[rank] // each.divisor for rank, each in cut.items()}
    job = _Job(cascade, cut)
    found = replace(
        cascade,
        ranks={**cascade.ranks, **sizes},
        declared={},
        tensors={name: job.tensor(tensor) for name, tensor in cascade.tensors.items()},
        einsums=tuple(job.einsum(each) for each in cascade.einsums),
        initial=tuple(
            replace(each, access=job.access(each.access), expression=job.value(each.expression))
            for each in cascade.initial
        ),
    )
    return replace(found, tensors={n: _named(found, t) for n, t in found.tensors.items()})


def _named(cascade: Cascade, tensor: Tensor) -> Tensor:
    """Ranks by the one index that every access has there: `K[h_1,p,e]` is over H_1."""
    accessed = [cascade.positions(a) for a in _accesses(cascade) if a.tensor == tensor.name]
    ranks = []
    for rank, *indices in zip(tensor.ranks, *accessed, strict=True):
        plain = {index.plain_rank for index in indices}
        only = plain.pop() if len(plain) == 1 else None
        same = only is not None and np.array_equal(cascade.ranks[only], cascade.ranks[rank])
        ranks.append(str(only) if same else rank)
    return tensor._replace(ranks=tuple(ranks) if len(set(ranks)) == len(ranks) else tensor.ranks)


# --- which ----------------------------------------------------------------------------------------


def _parts(cascade: Cascade, rank: str) -> _Parts | None:
    if not any(rank in _divided(each) for each in _positions_read(cascade)):
        return None
    in_partition = any(rank in (whole, *parts) for whole, parts in cascade.partitions.items())
    runs = any(rank in cascade.iterative_ranks(einsum.name) for einsum in cascade.einsums)
    quotients = [q for index in _positions(cascade) for q in _quotients(index, rank)]
    if in_partition or runs or any(q.numerator.plain_rank != rank for q in quotients):
        return None
    divisors = [size_value(q.divisor, cascade.ranks) for q in quotients]
    size = cascade.ranks[rank]
    same = all(np.array_equal(each, divisors[0]) for each in divisors)
    if not same or np.any(size % divisors[0]) or np.all(divisors[0] == 1):
        return None
    return _Parts(_free(cascade, f"{rank}_1"), _free(cascade, f"{rank}_0"), divisors[0])


def _free(cascade: Cascade, name: str) -> str:
    while name in cascade.ranks:
        name += "_"
    return name


def _divided(index: Index) -> set[str]:
    return {rank for quotient in index.quotients for rank in _numerator(quotient).ranks}


def _quotients(index: Index, rank: str) -> Iterator[Quotient]:
    for quotient in index.quotients:
        if rank in _numerator(quotient).ranks:
            yield quotient


def _numerator(quotient: Quotient) -> Index:
    """Without what is looked up: a looked-up number may be divided by anything."""
    return replace(quotient.numerator, lookups=())


def _accesses(cascade: Cascade) -> Iterator[Access]:
    for einsum in cascade.einsums:
        yield from (einsum.output, *einsum.reads)
    for initial in cascade.initial:
        yield from (initial.access, *accesses(initial.expression))


def _positions_read(cascade: Cascade) -> Iterator[Index]:
    """Of tensors; a rank that only conditions divide is left alone."""
    for access in _accesses(cascade):
        yield from access.indices


def _positions(cascade: Cascade) -> Iterator[Index]:
    yield from _positions_read(cascade)
    for einsum in cascade.einsums:
        for condition in leaves_of(einsum.conditions):
            yield from condition.positions


# --- the cascade in parts -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    cascade: Cascade
    cut: Mapping[str, _Parts]

    def einsum(self, einsum: Einsum) -> Einsum:
        numbered = [rank for rank in ranks_as_numbers(einsum.expression) if rank in self.cut]
        over = [p for r in numbered for p in (self.cut[r].outer, self.cut[r].inner)]
        return replace(
            einsum,
            output=self.access(einsum.output),
            expression=self.value(einsum.expression),
            conditions=tuple(self._condition(each) for each in einsum.conditions),
            beside=tuple(self.access(each) for each in einsum.beside),
            over=tuple(dict.fromkeys([*einsum.over, *over])),
        )

    def tensor(self, tensor: Tensor) -> Tensor:
        own = [self._ranks(tensor.name, rank) for rank in tensor.ranks]
        return tensor._replace(ranks=tuple(rank for ranks in own for rank in ranks))

    def _ranks(self, tensor: str, rank: str) -> tuple[str, ...]:
        """The rank's parts, if every access to the tensor has its plain index there."""
        if rank not in self.cut or (tensor, rank) in self.whole:
            return (rank,)
        return (self.cut[rank].outer, self.cut[rank].inner)

    @cached_property
    def whole(self) -> frozenset[tuple[str, str]]:
        """Tensors and cut ranks of theirs that some access has at another position."""
        return frozenset(
            (access.tensor, rank)
            for access in _accesses(self.cascade)
            for rank, group in self._groups(access)
            if rank in self.cut and group[0].plain_rank != rank
        )

    def _groups(self, access: Access) -> Iterator[tuple[str, tuple[Index, ...]]]:
        groups = self.cascade.indices_by_rank(access)
        assert groups is not None, "the cascade was checked"
        return zip(self.cascade.tensors[access.tensor].ranks, groups, strict=True)

    def access(self, access: Access) -> Access:
        found: list[Index] = []
        for rank, group in self._groups(access):
            parts = self._ranks(access.tensor, rank)
            if len(parts) == 2:
                found += [own_index(part) for part in parts]
            else:
                found += [self._index(index) for index in group]
        return Access(access.tensor, tuple(found))

    def value(self, expression: Expression) -> Expression:
        if isinstance(expression, Access):
            return self.access(expression)
        if isinstance(expression, IndexValue) and expression.rank in self.cut:
            return Constant(1.0)  # what number it is costs nothing
        if isinstance(expression, Operation):
            return replace(expression, args=tuple(self.value(each) for each in expression.args))
        return expression

    def _condition(self, condition: Condition) -> Condition:
        return at_positions(condition, self._index, self.access)

    def _index(self, index: Index) -> Index:
        total = Index(offset=index.offset)
        for rank, size in index.terms:
            total = sum_of(total, scaled(self._whole(rank), size))
        for quotient in index.quotients:
            rank = str(quotient.numerator.plain_rank)
            if rank in self.cut:
                own = own_index(self.cut[rank].outer)
                total = sum_of(total, scaled(own, quotient.coefficient))
            else:
                inner = replace(quotient, numerator=self._index(quotient.numerator))
                total = sum_of(total, Index(quotients=(inner,)))
        lookups = tuple(replace(each, access=self.access(each.access)) for each in index.lookups)
        return replace(sum_of(total, Index(lookups=lookups)), final=index.final)

    def _whole(self, rank: str) -> Index:
        """The rank's position by its parts: h_1*H_0 + h_0, with the divisor as it was written."""
        if rank not in self.cut:
            return own_index(rank)
        parts = self.cut[rank]
        return Index(((parts.outer, rank_size(parts.inner)), (parts.inner, 1)))
