"""Operations and least bytes, independent of any machine; exact, by closed forms at every size.

    points       = combinations of an Einsum's indices that exist (see einsum.py)
    operations   = points · operations per point, by name (mac, exp, div, …) or cost class
    flop         = operations, a mac counting as 2
    compulsory bytes of an Einsum   = what it reads, once, + what it writes, once
    compulsory bytes of a cascade   = what is read of its inputs, once, + its outputs, once;
                                      intermediates move nothing
    arithmetic intensity            = flop / compulsory bytes

A causal score matrix, `QK[p,m] += Q[p,e] * K[m,e] where m <= p`, has P(P+1)/2 · E points. Initial
values, and an Einsum's reads of its own running value, are not traffic.

Counts are whole Python numbers. Where ranks are arrays the counts are float64 arrays of the same
shape.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.operations import cost_class
from accelsim.workload.points import elements_of, elements_read, points_of


@dataclass(frozen=True)
class EinsumCounts:
    """One Einsum by itself."""

    einsum: str
    points: int
    operations: Mapping[str, int]
    read_bytes: float
    written_bytes: float

    @property
    def by_class(self) -> dict[str, int]:
        return sum_by_class(self.operations)

    @property
    def flop(self) -> int:
        return flop(self.operations)

    @property
    def compulsory_bytes(self) -> float:
        return self.read_bytes + self.written_bytes

    @property
    def intensity(self) -> Any:
        """flop per compulsory byte."""
        return _ratio(self.flop, self.compulsory_bytes)


@dataclass(frozen=True)
class CascadeCounts:
    """A cascade as a whole: operations add up over its Einsums, bytes are those of its ends."""

    cascade: str
    einsums: tuple[EinsumCounts, ...]
    read_bytes: float
    written_bytes: float

    @property
    def operations(self) -> dict[str, int]:
        names = dict.fromkeys(name for each in self.einsums for name in each.operations)
        return {name: sum(each.operations.get(name, 0) for each in self.einsums) for name in names}

    @property
    def by_class(self) -> dict[str, int]:
        return sum_by_class(self.operations)

    @property
    def flop(self) -> int:
        return flop(self.operations)

    @property
    def compulsory_bytes(self) -> float:
        return self.read_bytes + self.written_bytes

    @property
    def intensity(self) -> Any:
        """flop per compulsory byte."""
        return _ratio(self.flop, self.compulsory_bytes)


def counts(cascade: Cascade) -> CascadeCounts:
    """Everything this module knows about a cascade."""
    return CascadeCounts(
        cascade=cascade.name,
        einsums=tuple(einsum_counts(cascade, einsum.name) for einsum in cascade.einsums),
        read_bytes=sum(tensor_read_bytes(cascade, tensor) for tensor in cascade.inputs),
        written_bytes=sum(tensor_bytes(cascade, tensor) for tensor in cascade.outputs),
    )


def einsum_counts(cascade: Cascade, einsum: str) -> EinsumCounts:
    points = iteration_points(cascade, einsum)
    per_point = cascade.einsum(einsum).operations
    others = dict.fromkeys(
        access.tensor for access in cascade.einsum(einsum).reads if access.tensor != einsum
    )
    return EinsumCounts(
        einsum=einsum,
        points=points,
        operations={name: number * points for name, number in per_point.items()},
        read_bytes=sum(tensor_read_bytes(cascade, tensor, (einsum,)) for tensor in others),
        written_bytes=tensor_bytes(cascade, einsum),
    )


def iteration_points(cascade: Cascade, einsum: str) -> Any:
    """Points of one Einsum: conditions and ragged tiles honoured."""
    found = cascade.einsum(einsum)
    if _is_rectangular(cascade, found):
        return _rectangle(cascade, found.ranks)
    return _at_each_size(cascade, lambda one: points_of(one, einsum))


def _is_rectangular(cascade: Cascade, einsum: Einsum) -> bool:
    """Whether every combination of indices is a point, for all sizes of the ranks."""
    if einsum.stepped is None:
        return False
    ranks = set(einsum.ranks)
    used = ([part for part in parts if part in ranks] for parts in cascade.partitions.values())
    whole = zip(used, cascade.partitions.values(), strict=True)
    return all(len(own) in (0, len(parts)) or own == [parts[0]] for own, parts in whole) and all(
        rank in cascade.iterative_ranks(tensor) for tensor, rank in einsum.stepped
    )


def _rectangle(cascade: Cascade, ranks: Iterable[str]) -> Any:
    """Π sizes, as floats where they are arrays; a partition with all its parts is the whole."""
    left = set(ranks)
    total: Any = 1
    for whole, parts in cascade.partitions.items():
        if left.issuperset(parts):
            left -= set(parts)
            total = total * _size(cascade, whole)
    return total * prod(_size(cascade, rank) for rank in left)


def _size(cascade: Cascade, rank: str) -> Any:
    size = cascade.ranks[rank]
    return size.astype(np.float64) if isinstance(size, np.ndarray) else size


def tensor_elements(cascade: Cascade, tensor: str) -> Any:
    """Elements that exist: all of an input, what is written of any other; no initial values."""
    return _at_each_size(cascade, lambda one: elements_of(one, tensor))


def tensor_bytes(cascade: Cascade, tensor: str) -> Any:
    return tensor_elements(cascade, tensor) * cascade.tensors[tensor].word_bytes


def elements_touched(cascade: Cascade, tensor: str, readers: Iterable[str] | None = None) -> Any:
    """Elements that at least one of the readers (default: all of them) reads."""
    reading = tuple(
        einsum.name
        for einsum in cascade.einsums
        if any(access.tensor == tensor for access in einsum.reads)
    )
    chosen = reading if readers is None else tuple(name for name in reading if name in set(readers))
    return _at_each_size(cascade, lambda one: elements_read(one, tensor, chosen) if chosen else 0)


def tensor_read_bytes(cascade: Cascade, tensor: str, readers: Iterable[str] | None = None) -> Any:
    return elements_touched(cascade, tensor, readers) * cascade.tensors[tensor].word_bytes


def sum_by_class(operations: Mapping[str, int]) -> dict[str, int]:
    """Operations by cost class; see operations.py."""
    classes: dict[str, int] = {}
    for name, number in operations.items():
        classes[cost_class(name)] = classes.get(cost_class(name), 0) + number
    return classes


def flop(operations: Mapping[str, int]) -> int:
    """Floating-point operations; a mac is two, everything else one."""
    return sum(number * (2 if name == "mac" else 1) for name, number in operations.items())


def _ratio(flops: Any, moved_bytes: Any) -> Any:
    """flop per byte; 0 where nothing moves because no point exists."""
    nothing_moves = moved_bytes == 0
    return flops / (moved_bytes + nothing_moves)


def _at_each_size(cascade: Cascade, count: Callable[[Cascade], int]) -> Any:
    """The count itself; where ranks are arrays, the count at each of their entries."""
    arrays = {rank: size for rank, size in cascade.ranks.items() if isinstance(size, np.ndarray)}
    if not arrays:
        return count(cascade.at_sizes(cascade.ranks))
    sizes = np.broadcast_arrays(*arrays.values())
    entries = zip(*(size.ravel().tolist() for size in sizes), strict=True)
    numbers = [
        count(cascade.at_sizes({**cascade.ranks, **dict(zip(arrays, entry, strict=True))}))
        for entry in entries
    ]
    return np.array(numbers, dtype=np.float64).reshape(sizes[0].shape)
