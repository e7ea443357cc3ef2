"""Bytes that must come over the edge of a chip, whatever the mapping: by passes, and by products.

    least = inputs once + outputs once + the larger of
            (passes - 1) * Σ over fibres of max(0, live - on chip)
            Σ over products apart of max(0, their bound - their ends)           (`product_traffic`)

Of a product of two inputs whose result is used on the chip, the result never moves: of a fused
cascade it is the most that one of its products, or several without a common tensor, cannot avoid
when all intermediates are free. The two do not add up, for the same words may meet both.

Whoever traverses a fibre of M `passes` times must have all of it at hand again after the first
traversal has ended: on the chip, which has room for so many bytes, or fetched. `live` is the least
that stands for the fibre, element for element along M:

    live = M * min over tensors T of the fibre's family of (bytes of T at one m)

The keys K[m,e] themselves, E words at each m, or the scores S[p,m] made of them, a word for each
row p that is still to come. Rows may be at different passes at one time, but of R rows R / (passes
- 1) can always be found that make the whole of a later pass within an interval of their own (take
the rows by the time at which they end the pass before), so S counts R / (passes - 1) words. An
interval has the whole chip, so `on chip` is taken off in each.

Of several ranks and fibres the one that must move most counts, not their sum. A fibre whose Einsums
have conditions, windows or lookups, or whose root is made on the chip, adds nothing here: the bound
stays true and is weaker.
"""

from collections.abc import Iterator
from math import ceil, prod
from typing import NamedTuple

from accelsim.study.product_traffic import products_bytes
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade
from accelsim.workload.fibres import Fibre, family, fibres, leaves
from accelsim.workload.traversals import traversals


class Revisited(NamedTuple):
    """Equal fibres that are traversed `passes` times, `live_bytes` each."""

    root: str
    rank: str
    passes: int
    fibres: int
    live_bytes: float


def least_traffic_bytes(cascade: Cascade, on_chip_bytes: float, in_step: int = 0) -> float:
    """The bound for a chip with room for so many bytes, all its memories together, whose arrays
    work on `in_step` points at once."""
    again = max((_again_bytes(each, on_chip_bytes) for each in revisited(cascade)), default=0.0)
    more = max(again, products_bytes(cascade, on_chip_bytes, in_step))
    return float(counts(cascade).compulsory_bytes + more)


def most_passes(cascade: Cascade) -> int:
    """Of the fibres that the bound knows; 1 if none is traversed again."""
    return max((each.passes for each in revisited(cascade)), default=1)


def revisited(cascade: Cascade) -> list[Revisited]:
    """The fibres of inputs that are traversed more than once, of every rank."""
    ranks = [rank for rank in cascade.ranks if not _is_part(cascade, rank)]
    return [each for rank in ranks for each in _of_rank(cascade, rank)]


def _again_bytes(each: Revisited, on_chip_bytes: float) -> float:
    return (each.passes - 1) * each.fibres * max(0.0, each.live_bytes - on_chip_bytes)


def _is_part(cascade: Cascade, rank: str) -> bool:
    return any(rank in parts for parts in cascade.partitions.values())


def _of_rank(cascade: Cascade, rank: str) -> Iterator[Revisited]:
    for fibre in fibres(cascade, rank):
        found = traversals(cascade, fibre)
        members = family(cascade, fibre)
        if found.in_one_step > 1 and not found.steps and _is_plain(cascade, fibre, members):
            yield _revisited(cascade, fibre, members, rank, found.in_one_step)


def _is_plain(cascade: Cascade, fibre: Fibre, members: frozenset[str]) -> bool:
    """Whether the root comes from outside, every element of the family is made and read, and no
    other rank of it is in parts (whose last tile may be ragged)."""
    own = [each for each in cascade.einsums if members & {each.name, *_read_by(cascade, each.name)}]
    beside = frozenset[str]().union(*(_ranks_beside(cascade, name, fibre) for name in members))
    return (
        fibre.root in cascade.inputs
        and all(each.stepped is not None for each in own)
        and not any(_is_part(cascade, rank) for rank in beside)
    )


def _read_by(cascade: Cascade, einsum: str) -> set[str]:
    return {access.tensor for access in cascade.einsum(einsum).reads}


def _revisited(
    cascade: Cascade, fibre: Fibre, members: frozenset[str], rank: str, passes: int
) -> Revisited:
    others = {name: _ranks_beside(cascade, name, fibre) for name in members}
    shared = frozenset.intersection(*others.values())
    whole = others[fibre.root] - shared
    live = min(
        _bytes_at_one(cascade, name, own - shared, whole, passes) for name, own in others.items()
    )
    return Revisited(
        root=fibre.root,
        rank=rank,
        passes=passes,
        fibres=_size(cascade, shared),
        live_bytes=cascade.ranks[rank] * live,
    )


def _ranks_beside(cascade: Cascade, tensor: str, fibre: Fibre) -> frozenset[str]:
    return frozenset(leaves(cascade, *cascade.tensors[tensor].ranks)) - fibre.parts


def _bytes_at_one(
    cascade: Cascade, tensor: str, own: frozenset[str], of_root: frozenset[str], passes: int
) -> float:
    """At one element of the fibre: all of the root's ranks, a share of the rows of the others."""
    rows = ceil(_size(cascade, own - of_root) / (passes - 1))
    return cascade.tensors[tensor].word_bytes * _size(cascade, own & of_root) * rows


def _size(cascade: Cascade, ranks: frozenset[str]) -> int:
    return prod(cascade.ranks[rank] for rank in ranks)
