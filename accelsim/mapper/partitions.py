"""Partitions of which a mapping may choose the tile: `m -> m1, m0` with as large an M0 as fits.

Not those whose sizes were set from outside, nor those whose ranks meet others in an index: chunks
of T queries at `c*T + t` beside chunks of U keys are as large as the keys'. Nor those whose tile
is part of the question: another size of pages has other means of pages, another block another mask.
"""

from collections.abc import Iterator

from accelsim.base.errors import AccelsimError, WorkloadError
from accelsim.base.expression import parse_expression
from accelsim.workload.affine import Index, factors_of
from accelsim.workload.conditions import leaves_of
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.expression import Expression, IndexValue, Operation, RankSize
from accelsim.workload.remembered import remembered

FEW = 3
"""Of every other rank where two tiles are compared on numbers."""

WHOLE, TILES = 7, (3, 2)
"""How much is cut there, and into what: a prime number, so that last tiles are ragged."""

AS_GOOD_AS_EQUAL = 1e-9
"""Sums in another order differ by less, of the largest element."""


@remembered
def free_partitions(cascade: Cascade) -> dict[str, tuple[str, ...]]:
    """The parts by the rank they cut; results are the same in tiles of any size."""
    return {
        whole: parts
        for whole, parts in loose_partitions(cascade).items()
        if _is_equal_at_any_tile(cascade, whole, parts)
    }


@remembered
def loose_partitions(cascade: Cascade) -> dict[str, tuple[str, ...]]:
    """Those that look free: nothing is run. In one tile the cascade needs no more than in several,
    so that bounds may take it so."""
    return {
        whole: parts
        for whole, parts in cascade.partitions.items()
        if not cascade.chosen.intersection(parts)
        and _follows(cascade, whole, parts)
        and all(_has_whole_tiles(cascade, name, parts) for name in cascade.tensors)
        and all(_is_alone(i) for i in _indices(cascade) if set(i.ranks) & set(parts))
        and all(_counts_elements(each, parts) for each in cascade.einsums)
    }


def _follows(cascade: Cascade, whole: str, parts: tuple[str, ...]) -> bool:
    """Whether tiles have plain sizes, from which follows no size but how many tiles there are."""
    outer, *inners = parts
    sizes = cascade.declared
    texts = [parse_expression(size) for size in sizes.values() if isinstance(size, str)]
    return (
        whole in sizes
        and outer not in sizes
        and not any(isinstance(sizes.get(inner, ""), str) for inner in inners)
        and not any(text.names.intersection(parts) for text in texts)
    )


def _has_whole_tiles(cascade: Cascade, name: str, parts: tuple[str, ...]) -> bool:
    """Whether the tensor has no elements of tiles but with their tile's number, and no tiles at all
    if it comes from outside or goes there."""
    found = set(cascade.tensors[name].ranks).intersection(parts)
    is_inside = name not in cascade.inputs and name not in cascade.outputs
    return not found or (is_inside and parts[0] in found)


def _counts_elements(einsum: Einsum, parts: tuple[str, ...]) -> bool:
    """Whether it knows tiles by their elements alone: `m1*M0 <= p`, but not `m1 < 64`, nor M0 as a
    number."""
    outer, *inners = parts
    strides = [
        factors_of(stride)
        for leaf in leaves_of(einsum.conditions)
        for position in leaf.positions
        for rank, stride in position.terms
        if rank == outer
    ]
    return not set(_as_numbers(einsum.expression)).intersection(parts) and all(
        set(inners) <= {rank for ranks in each for rank in ranks} for each in strides
    )


def _as_numbers(expression: Expression) -> Iterator[str]:
    """The ranks whose size or index stands for a number."""
    if isinstance(expression, RankSize | IndexValue):
        yield expression.rank
    elif isinstance(expression, Operation):
        for argument in expression.args:
            yield from _as_numbers(argument)


def _is_equal_at_any_tile(cascade: Cascade, whole: str, parts: tuple[str, ...]) -> bool:
    """Whether random numbers give the same results in tiles of two sizes; not if none do."""
    # Only who has a partition to size pays for the interpreter.
    from accelsim.workload.interpret import interpret
    from accelsim.workload.rewrite.trial import largest_difference, random_inputs

    try:
        first, second = (
            _small(cascade).with_ranks(**{whole: WHOLE, **dict.fromkeys(parts[1:], tile)})
            for tile in TILES
        )
        inputs = random_inputs(first)
        expected, found = interpret(first, inputs), interpret(second, inputs)
    except AccelsimError:
        return False
    return largest_difference(expected, found) <= AS_GOOD_AS_EQUAL


def _small(cascade: Cascade) -> Cascade:
    """Few of every rank, or what goes with the others."""
    from accelsim.workload.rewrite.trial import smaller

    numbers = {rank: size for rank, size in cascade.declared.items() if not isinstance(size, str)}
    try:
        return cascade.with_ranks(**{rank: min(size, FEW) for rank, size in numbers.items()})
    except WorkloadError:
        return smaller(cascade)


def _indices(cascade: Cascade) -> Iterator[Index]:
    for einsum in cascade.einsums:
        for access in (*einsum.reads, einsum.output):
            yield from access.indices


def _is_alone(index: Index) -> bool:
    return len(index.ranks) == 1
