"""Orders of the loops over what a processing element takes in turn in a tile."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations

from accelsim.workload.einsum import Einsum

MOST_ORDERED = 4
"""Of more loops than that, only the first order is looked at."""


def orders(einsum: Einsum, ranks: Sequence[str], is_held: bool) -> list[tuple[str, ...]]:
    """Ranks of the result come first, unless all its sums of a tile are held."""
    output = tuple(rank for rank in ranks if rank not in einsum.reduced_ranks)
    reduced = tuple(rank for rank in ranks if rank in einsum.reduced_ranks)
    return _orders(output, reduced, is_held)


@lru_cache
def _orders(
    output: tuple[str, ...], reduced: tuple[str, ...], is_held: bool
) -> list[tuple[str, ...]]:
    every = (*output, *reduced)
    if len(every) > MOST_ORDERED:
        return [every]
    if is_held:
        return list(permutations(every))
    return [(*one, *other) for one in permutations(output) for other in permutations(reduced)]
