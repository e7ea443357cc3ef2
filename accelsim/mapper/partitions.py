"""Partitions of which a mapping may choose the tile: `m -> m1, m0` with as large an M0 as fits.

Not those whose sizes were set from outside, nor those whose ranks meet others in an index: chunks
of T queries at `c*T + t` beside chunks of U keys are as large as the keys'.
"""

from collections.abc import Iterator

from accelsim.workload.einsum import Cascade, Index


def free_partitions(cascade: Cascade) -> dict[str, tuple[str, ...]]:
    """The parts by the rank they cut."""
    return {
        whole: parts
        for whole, parts in cascade.partitions.items()
        if not cascade.chosen.intersection(parts)
        and all(_is_alone(i) for i in _indices(cascade) if set(i.ranks) & set(parts))
    }


def _indices(cascade: Cascade) -> Iterator[Index]:
    for einsum in cascade.einsums:
        for access in (*einsum.reads, einsum.output):
            yield from access.indices


def _is_alone(index: Index) -> bool:
    return len(index.ranks) == 1
