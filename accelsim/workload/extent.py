"""How many points an Einsum has, how many elements of a tensor exist or are read, at each size of a
sweep: whole Python numbers, or float64 arrays where ranks are arrays. See counts.py for the use.
"""

from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np

from accelsim.workload.distinct import at_each_once
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.points import elements_of, elements_read, points_of
from accelsim.workload.remembered import remembered


@remembered
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


@remembered
def tensor_elements(cascade: Cascade, tensor: str) -> Any:
    """Elements that exist: all of an input, what is written of any other; no initial values."""
    if tensor not in cascade.inputs:
        einsum = cascade.einsum(tensor)
        if _touches_all(cascade, einsum, einsum.output):
            return _all_elements(cascade, tensor)
    return _at_each_size(cascade, lambda one: elements_of(one, tensor))


def tensor_bytes(cascade: Cascade, tensor: str) -> Any:
    return tensor_elements(cascade, tensor) * cascade.tensors[tensor].word_bytes


def elements_touched(cascade: Cascade, tensor: str, readers: Iterable[str] | None = None) -> Any:
    """Elements that at least one of the readers (default: all of them) reads."""
    reading = _readers(cascade, tensor)
    chosen = reading if readers is None else tuple(name for name in reading if name in set(readers))
    found = _elements_touched(cascade, tensor, chosen) if chosen else 0
    of = cascade.tensors[tensor].of
    if of is None:
        return found
    return _at_most(found, prod(_size(cascade, rank) for rank in cascade.tensors[of].ranks))


def _at_most(number: Any, most: Any) -> Any:
    swept = isinstance(number, np.ndarray) or isinstance(most, np.ndarray)
    return np.minimum(number, most) if swept else min(number, most)


@remembered
def _readers(cascade: Cascade, tensor: str) -> tuple[str, ...]:
    return tuple(
        einsum.name
        for einsum in cascade.einsums
        if any(access.tensor == tensor for access in einsum.reads)
    )


@remembered
def _elements_touched(cascade: Cascade, tensor: str, readers: tuple[str, ...]) -> Any:
    read = (
        (cascade.einsum(name), access) for name in readers for access in cascade.einsum(name).reads
    )
    if any(a.tensor == tensor and _touches_all(cascade, e, a) for e, a in read):
        return _all_elements(cascade, tensor)
    return _at_each_size(cascade, lambda one: elements_read(one, tensor, readers))


def _touches_all(cascade: Cascade, einsum: Einsum, access: Access) -> bool:
    """Whether an access evidently reaches every element of a tensor that is no running value: its
    indices are those of the tensor's own ranks, each by itself, and every combination is a point.

    Parts of a rank are all the tensor's or none, or it is the outer one: a rank may be shorter than
    its inner part. Elements beyond a ragged last tile count for nobody.
    """
    tensor, ranks = access.tensor, cascade.tensors[access.tensor].ranks
    if cascade.iterative_ranks(tensor) or not _is_rectangular(cascade, einsum):
        return False
    own = ([part for part in parts if part in ranks] for parts in cascade.partitions.values())
    parted = zip(own, cascade.partitions.values(), strict=True)
    groups = cascade.indices_by_rank(access) or ()
    plain = zip(ranks, (tuple(index.plain_rank for index in each) for each in groups), strict=True)
    return (
        len(set(ranks)) == len(ranks)
        and all(len(some) in (0, len(parts)) or some == [parts[0]] for some, parts in parted)
        and all(each in ((rank,), cascade.partitions.get(rank)) for rank, each in plain)
    )


def _all_elements(cascade: Cascade, tensor: str) -> Any:
    return _rectangle(cascade, cascade.tensors[tensor].ranks)


def tensor_read_bytes(cascade: Cascade, tensor: str, readers: Iterable[str] | None = None) -> Any:
    return elements_touched(cascade, tensor, readers) * cascade.tensors[tensor].word_bytes


def _at_each_size(cascade: Cascade, count: Callable[[Cascade], int]) -> Any:
    """The count itself; where ranks are arrays, the count at each of their entries."""
    arrays = {rank: size for rank, size in cascade.ranks.items() if isinstance(size, np.ndarray)}
    if not arrays:
        return count(cascade.at_sizes(cascade.ranks))

    def counted(entry: tuple[int, ...]) -> int:
        sizes = {**cascade.ranks, **dict(zip(arrays, entry, strict=True))}
        return count(cascade.at_sizes(sizes))

    return at_each_once(counted, np.broadcast_arrays(*arrays.values()))
