"""In which order a fused step loops over tiles, and what the buffer keeps inside these loops.

It keeps the tiles that register files have no room for (`filing`), or two of what is read late. A
running value lies in the buffer where tiles of queries take turns inside the loop over its steps.
Each input is kept inside some of the loops: the choice that moves the fewest bytes over the
outermost memory, of those that fit.

    bytes moved = bytes of the tile there · Π factors of the loops outside, but for the innermost
                  ones that bring no other tile of it
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import inf, prod

from accelsim.arch.spatial import Spatial
from accelsim.mapper.fused.tiling import Tiling
from accelsim.mapping.loops import ceil_div
from accelsim.mapping.occupancy import buffers

Loops = tuple[tuple[str, int], ...]
"""Loops over tiles, outermost first: rank and factor."""


@dataclass(frozen=True)
class Keeping:
    """`filed`: tensors of which a register file holds a tile's elements. `buffered`: how many loops
    run outside what the buffer holds of a tensor. `moved_bytes` cross the outermost memory.
    """

    filed: frozenset[str]
    loops: Loops
    buffered: Mapping[str, int]
    moved_bytes: float
    held_bytes: float


def keepings(
    tiling: Tiling,
    filed: frozenset[str],
    waiting: frozenset[str],
    twice: frozenset[str],
    arch: Spatial,
    buffer: str,
) -> list[Keeping]:
    """For each order of loops the best that fits the buffer; those first that move least."""
    room = (arch.memory(buffer).capacity_bytes or inf) / buffers(arch, buffer)
    found = []
    for order in _orders(tiling):
        loops = _in_pairs(order, twice, tiling) if twice else order
        if loops is None:
            continue
        inside = _inside_steps(tiling, loops)
        running = frozenset(tiling.group.running)
        turns = bool(running) and inside < len(loops)
        kept = waiting | (filed & running) | running if turns else waiting
        own = {name: inside if name in running else len(loops) for name in kept}
        own |= dict.fromkeys(twice, len(loops) - 1)
        own |= _resting_outputs(tiling, loops)
        base = Keeping(filed - kept, loops, own, 0.0, _bytes_of(own, tiling, loops))
        best = _best_inputs(tiling, base, room)
        found += [] if best is None else [best]
    return sorted(found, key=lambda keeping: (keeping.moved_bytes, keeping.held_bytes))


def _orders(tiling: Tiling) -> Iterator[Loops]:
    """The grid, ranks that most operands have outermost, then the streamed rank; the last rank of
    the grid as a whole or in parts inside it."""
    group = tiling.group
    operands = [set(access.ranks) for access in group.inputs.values()]
    operands += [set(group.cascade.einsum(name).output.ranks) for name in group.outputs]
    ranks = sorted(group.grid, key=lambda rank: -sum(rank in operand for operand in operands))
    grid = [(rank, tiling.count(rank)) for rank in ranks if tiling.count(rank) > 1]
    streamed = group.streamed
    if streamed is None or tiling.count(streamed) == 1:
        yield tuple(grid)
        if len(grid) > 1:
            yield (*grid[:-2], grid[-1], grid[-2])
        return
    steps = (streamed, tiling.count(streamed))
    yield (*grid, steps)
    for *outer, (rank, count) in [grid] if grid else []:
        for inside in _parts_of(count):
            outside = int(ceil_div(count, inside))
            yield (*outer, *([(rank, outside)] if outside > 1 else []), steps, (rank, inside))


def _in_pairs(loops: Loops, twice: frozenset[str], tiling: Tiling) -> Loops | None:
    """With the innermost loop cut, so that two tiles of these lie inside it, if it brings them."""
    makers = [tiling.group.cascade.einsum(name) for name in twice]
    if not loops or any(loops[-1][0] not in einsum.output.ranks for einsum in makers):
        return None
    *outer, (rank, count) = loops
    pairs = int(ceil_div(count, 2))
    return (*outer, *([(rank, pairs)] if pairs > 1 else []), (rank, 2))


def _parts_of(count: int) -> list[int]:
    """From all to two, about halving."""
    found = {count}
    while count > 2:
        count = int(ceil_div(count, 2))
        found.add(count)
    return sorted(found - {1}, reverse=True)


def _inside_steps(tiling: Tiling, loops: Loops) -> int:
    """How many loops there are down to the one over steps."""
    places = [i for i, (rank, _) in enumerate(loops) if rank == tiling.group.streamed]
    return places[-1] + 1 if places else len(loops)


def _resting_outputs(tiling: Tiling, loops: Loops) -> dict[str, int]:
    """What sums over tiles, or is read while the next one is made, rests in the buffer."""
    found = {}
    for name in tiling.group.names:
        einsum = tiling.group.cascade.einsum(name)
        moving = [i for i, (rank, _) in enumerate(loops) if rank in einsum.output.ranks]
        inside = moving[-1] + 1 if moving else 0
        if any(rank in einsum.reduced_ranks for rank, _ in loops[inside:]):
            found[name] = inside
    return found


def _tile_bytes(
    tensor: str, ranks: tuple[str, ...], depth: int, tiling: Tiling, loops: Loops
) -> float:
    """Of what the loops inside `depth` cover."""
    sizes, word = tiling.group.cascade.ranks, tiling.group.cascade.tensors[tensor].word_bytes

    def reach(rank: str) -> int:
        inside = prod(factor for each, factor in loops[depth:] if each == rank)
        return min(sizes[rank], tiling.size(rank) * inside)

    return float(word * prod(map(reach, ranks)))


def _bytes_of(kept: Mapping[str, int], tiling: Tiling, loops: Loops) -> float:
    cascade, steps = tiling.group.cascade, tiling.group.streamed
    total = 0.0
    for name, depth in kept.items():
        ranks = tuple(
            r
            for r in cascade.einsum(name).output.ranks
            if r != steps or name not in tiling.group.running
        )
        total += _tile_bytes(name, ranks, depth, tiling, loops)
    return total


def _best_inputs(tiling: Tiling, base: Keeping, room: float) -> Keeping | None:
    """Where to keep each input, so that what moves is least."""
    options = [
        [(name, *each) for each in _input_options(tiling, name, access.ranks, base.loops)]
        for name, access in tiling.group.inputs.items()
    ]
    best: Keeping | None = None
    for picked in product(*options):
        held = base.held_bytes + sum(bytes_ for _, _, bytes_, _ in picked)
        moved = sum(moves for _, _, _, moves in picked)
        if held <= room and (best is None or (moved, held) < (best.moved_bytes, best.held_bytes)):
            depths = {name: depth for name, depth, _, _ in picked}
            best = replace(
                base, buffered={**base.buffered, **depths}, moved_bytes=moved, held_bytes=held
            )
    return best


def _input_options(
    tiling: Tiling, name: str, ranks: tuple[str, ...], loops: Loops
) -> list[tuple[int, float, float]]:
    """(depth, bytes held, bytes moved) of an input, without those that another one beats."""
    found: list[tuple[int, float, float]] = []
    for depth in range(len(loops), -1, -1):
        moving = [i for i in range(depth) if loops[i][0] in ranks]
        outside = prod(factor for _, factor in loops[: moving[-1] + 1]) if moving else 1
        held = _tile_bytes(name, ranks, depth, tiling, loops)
        if not found or held * outside < found[-1][2] * (1 - 1e-9):
            found.append((depth, held, held * outside))
    return found
