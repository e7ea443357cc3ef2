"""Random nests for judging the closed forms, and the features that such a nest has.

Every choice is drawn from a `random.Random`, so that one generator serves fixed seeds (which count
features) and hypothesis (which shrinks what fails). What comes out is legal, otherwise free:
factors need not divide a rank, ranks may stop far short of their loops, memories may skip tensors
and keep different tensors at different depths.

In a fused pair Z reads T, and both have the same outermost loops: temporal ones over ranks of T,
with tiles of one size below. T is kept inside them only, by its maker in one tile a turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from random import Random

from accelsim.mapping.loops import Loop, LoopNest, Storage, factor_product
from accelsim.workload.einsum import Access, Cascade, Einsum, Index, Operation, Tensor

MEMORIES = ("Outer", "Second", "Third", "Inner")
LARGEST_SPACE = 128


@dataclass(frozen=True)
class Case:
    """A cascade of one or two Einsums, their nests, and how many outermost loops these share."""

    cascade: Cascade
    nests: dict[str, LoopNest]
    shared_loops: int = 0


def random_case(rng: Random) -> Case:
    kinds = (single_nest, deep_nest, fused_pair)
    return rng.choices(kinds, weights=(46, 25, 29))[0](rng)


# ---- one Einsum ------------------------------------------------------------------------------


def single_nest(rng: Random) -> Case:
    ranks = "ABCD"[: rng.randint(1, 4)]
    einsum = einsum_of("Z", _some(rng, ranks), _covering(rng, ranks))
    loops = tuple(_shuffled(rng, _random_loops(rng, einsum.ranks, LARGEST_SPACE, _units(rng))))
    memories = MEMORIES[: rng.randint(1, 4)]
    depths = _depths(rng, einsum, memories, len(loops))
    nest = LoopNest("Z", "Array", loops, _storages(depths))
    return Case(cascade_of((einsum,), _sizes(rng, [(einsum, nest)])), {"Z": nest})


def deep_nest(rng: Random) -> Case:
    """A sum over B, cut by many loops around storages far inside: tiles that go and come back."""
    einsum = einsum_of("Z", _some(rng, "A") or _some(rng, "A"), {"X": "AB", "Y": _some(rng, "AB")})
    loops = tuple(_random_loop(rng, rng.choice("AB"), rng.choice((2, 2, 2, 3))) for _ in range(6))
    middle = sorted(rng.sample(range(2, 7), rng.randint(1, 3)))
    depths = dict(zip(MEMORIES, (0, *middle), strict=False))
    nest = LoopNest("Z", "Array", loops, _storages(dict.fromkeys("XYZ", depths)))
    return Case(cascade_of((einsum,), _sizes(rng, [(einsum, nest)])), {"Z": nest})


def einsum_of(output: str, output_ranks: Sequence[str], inputs: dict[str, Sequence[str]]) -> Einsum:
    """Output[...] += product of the inputs, each given by its ranks."""
    accesses = tuple(access_of(tensor, ranks) for tensor, ranks in inputs.items())
    expression = reduce(lambda left, right: Operation("mul", (left, right)), accesses)
    return Einsum(access_of(output, output_ranks), expression, "+")


def access_of(tensor: str, ranks: Sequence[str]) -> Access:
    return Access(tensor, tuple(Index(((rank, 1),)) for rank in ranks))


def cascade_of(einsums: Sequence[Einsum], sizes: dict[str, int]) -> Cascade:
    accesses = [access for e in einsums for access in (e.output, *e.reads)]
    tensors = {a.tensor: Tensor(a.tensor, a.ranks, word_bytes=2) for a in accesses}
    return Cascade("random", "", "", sizes, tensors, tuple(einsums))


def _some(rng: Random, ranks: Sequence[str]) -> tuple[str, ...]:
    return tuple(rank for rank in ranks if rng.random() < 0.6)


def _covering(rng: Random, ranks: Sequence[str]) -> dict[str, Sequence[str]]:
    """One to three inputs; together they have all ranks."""
    inputs = {name: _some(rng, ranks) for name in "XYW"[: rng.randint(1, 3)]}
    left_out = [rank for rank in ranks if not any(rank in has for has in inputs.values())]
    return inputs | {"X": (*inputs["X"], *left_out)}


def _units(rng: Random) -> tuple[int, ...]:
    """Factors of 1 for a third of the nests."""
    return (1, 1) if rng.random() < 0.35 else ()


def _random_loops(
    rng: Random, ranks: Sequence[str], space: int, units: Sequence[int]
) -> list[Loop]:
    """At least one loop a rank and up to seven, while their factors' product is within `space`."""
    extra = [rng.choice(ranks) for _ in range(rng.randint(0, 7 - len(ranks)))] if ranks else []
    loops: list[Loop] = []
    for rank in (*ranks, *extra):
        room = space // prod(loop.factor for loop in loops)
        factors = [f for f in (*units, 2, 2, 2, 3, 3, 4, 5) if f <= room]
        if factors:
            loops.append(_random_loop(rng, rank, rng.choice(factors)))
    return loops


def _random_loop(rng: Random, rank: str, factor: int) -> Loop:
    return Loop(rank, factor, rng.choice((None, None, "rows", "columns")))


def _shuffled(rng: Random, items: list) -> list:
    return rng.sample(items, len(items))


def _depths(
    rng: Random, einsum: Einsum, memories: Sequence[str], inside: int
) -> dict[str, dict[str, int]]:
    """Per tensor, the memories that keep it with the depth: alike for all, or each on its own."""
    alike = _sorted_depths(rng, memories, inside)
    own_depths = rng.random() < 0.3
    depths = {}
    for tensor in sorted({access.tensor for access in (einsum.output, *einsum.reads)}):
        at = _sorted_depths(rng, memories, inside) if own_depths else alike
        kept = [memory for memory in memories if rng.random() < 0.75] or [memories[0]]
        depths[tensor] = {memory: at[memory] for memory in kept}
    return depths


def _sorted_depths(rng: Random, memories: Sequence[str], inside: int) -> dict[str, int]:
    first = 0 if rng.random() < 0.8 else rng.randint(0, inside)
    rest = sorted(rng.randint(first, inside) for _ in memories[1:])
    return dict(zip(memories, (first, *rest), strict=True))


def _storages(depths: dict[str, dict[str, int]]) -> tuple[Storage, ...]:
    places = {(memory, depth) for at in depths.values() for memory, depth in at.items()}
    return tuple(
        Storage(memory, frozenset(t for t, at in depths.items() if at.get(memory) == depth), depth)
        for memory, depth in sorted(places, key=lambda place: (MEMORIES.index(place[0]), place[1]))
    )


def _sizes(rng: Random, nests: Sequence[tuple[Einsum, LoopNest]]) -> dict[str, int]:
    """What all nests cover; for two cases of three, some ranks stop short of that."""
    covered: dict[str, int] = {}
    for einsum, nest in nests:
        for rank in einsum.ranks:
            reach = factor_product(nest.loops, rank)
            covered[rank] = min(reach, covered.get(rank, reach))
    if rng.random() < 0.3:
        return covered
    return {
        rank: rng.randint(rng.choice((1, to // 2 + 1, (to * 4 + 4) // 5)), to)
        for rank, to in covered.items()
    }


# ---- two Einsums -----------------------------------------------------------------------------


def fused_pair(rng: Random) -> Case:
    ranks_of_t = "AB"[: rng.randint(1, 2)]
    ranks_of_maker = (*ranks_of_t, *_some(rng, "C"))
    maker = einsum_of("T", ranks_of_t, _covering(rng, ranks_of_maker))
    ranks_of_reader = (*ranks_of_t, *_some(rng, "CD"))
    reader = einsum_of("Z", _some(rng, ranks_of_reader), {"T": ranks_of_t, "V": ranks_of_reader})
    shared = _shared_loops(rng, ranks_of_t)
    below = {loop.rank: rng.choice(((), (2,), (3,), (2, 2))) for loop in shared}
    loops = {e.name: _fused_loops(rng, e, shared, below) for e in (maker, reader)}
    depths = {
        e.name: _depths(rng, e, MEMORIES[: rng.randint(1, 4)], len(loops[e.name]))
        for e in (maker, reader)
    }
    last = _one_tile_until(loops["T"], len(shared), ranks_of_t)
    depths["T"]["T"] = _inside(depths["T"]["T"], len(shared), last)
    depths["Z"]["T"] = _met(rng, depths["T"]["T"], depths["Z"]["T"], len(shared), last)
    nests = {n: LoopNest(n, "Array", loops[n], _storages(depths[n])) for n in ("T", "Z")}
    sizes = _sizes(rng, [(maker, nests["T"]), (reader, nests["Z"])])
    return Case(cascade_of((maker, reader), sizes), nests, len(shared))


def _shared_loops(rng: Random, ranks: Sequence[str]) -> list[Loop]:
    some = [rank for rank in ranks if rng.random() < 0.7] or [ranks[0]]
    return [Loop(rank, rng.choice((2, 2, 3))) for rank in _shuffled(rng, some)]


def _fused_loops(
    rng: Random, einsum: Einsum, shared: list[Loop], below: dict[str, tuple[int, ...]]
) -> tuple[Loop, ...]:
    """The shared loops, then in any order the factors below them and loops over other ranks."""
    own = [_random_loop(rng, rank, f) for rank, factors in below.items() for f in factors]
    if rng.random() < 0.3:
        own = [_random_loop(rng, rank, prod(factors)) for rank, factors in below.items()]
    free = [rank for rank in einsum.ranks if rank not in below]
    space = LARGEST_SPACE // 2 // prod(loop.factor for loop in (*shared, *own))
    return (*shared, *_shuffled(rng, own + _random_loops(rng, free, space, _units(rng))))


def _one_tile_until(loops: Sequence[Loop], first: int, ranks: Sequence[str]) -> int:
    """The last depth from `first` on to which no temporal loop cuts the tile of a tensor."""
    for depth in range(first, len(loops)):
        if loops[depth].rank in ranks and not loops[depth].is_spatial:
            return depth
    return len(loops)


def _inside(depths: dict[str, int], first: int, last: int) -> dict[str, int]:
    """No depth outside `first`, and the outermost one not inside `last`."""
    inner = {memory: max(depth, first) for memory, depth in depths.items()}
    outermost = next(iter(inner))
    return inner | {outermost: min(inner[outermost], last)}


def _met(
    rng: Random, made: dict[str, int], read: dict[str, int], first: int, last: int
) -> dict[str, int]:
    """Where the reader keeps T: for half the pairs first in a memory that still has it all."""
    still_there = [memory for memory, depth in made.items() if depth <= last]
    elsewhere = [memory for memory in MEMORIES if memory not in made]
    memory = rng.choice(elsewhere if elsewhere and rng.random() < 0.5 else still_there)
    further = [m for m in read if MEMORIES.index(m) > MEMORIES.index(memory)]
    outermost = max(min(read.values()), first)
    return {memory: outermost} | {m: max(read[m], outermost) for m in further}


# ---- what a case shows -----------------------------------------------------------------------


def features(case: Case) -> set[str]:
    nests, sizes = list(case.nests.values()), case.cascade.ranks
    ranks = {rank for einsum in case.cascade.einsums for rank in einsum.ranks}
    factors = [loop.factor for nest in nests for loop in nest.loops]
    found = {
        f"{len(ranks)} ranks",
        f"{len({s.memory for nest in nests for s in nest.storages})} memories",
        "every factor at least 2" if min(factors, default=1) >= 2 else "a factor of 1",
        "imperfect factors"
        if any(_is_ragged(nest, sizes) for nest in nests)
        else "perfect factors",
    }
    for einsum in case.cascade.einsums:
        found |= set(_einsum_features(einsum, case.nests[einsum.name]))
    return found | set(_pair_features(case))


def _is_ragged(nest: LoopNest, sizes: dict[str, int]) -> bool:
    return any(factor_product(nest.loops, rank) > sizes[rank] for rank in nest.ranks)


def _einsum_features(einsum: Einsum, nest: LoopNest):
    tensors = {access.tensor for access in (einsum.output, *einsum.reads)}
    memories = {storage.memory for storage in nest.storages}
    spatial = [i for i, loop in enumerate(nest.loops) if loop.is_spatial and loop.factor > 1]
    if spatial:
        yield "spatial loops"
    if len(spatial) > 1:
        yield "several spatial loops"
    if any(len(nest.storages_of(tensor)) < len(memories) for tensor in tensors):
        yield "bypass"
    if len(memories) < len({(storage.memory, storage.depth) for storage in nest.storages}):
        yield "a memory at several depths"
    if any(i < storage.depth for storage in nest.storages for i in spatial):
        yield "storages with several instances"
    if einsum.reduced_ranks:
        yield "reduction"
    if any(_spreads(access, nest) for access in einsum.reads):
        yield "multicast"
    if _spreads(einsum.output, nest):
        yield "spatial reduction"
    if _sums_return(einsum, nest):
        yield "partial sums return"


def _spreads(access: Access, nest: LoopNest) -> bool:
    """Whether a spatial loop that does not move the tensor lies between two of its levels."""
    outermost = nest.storages_of(access.tensor)[0].depth
    loops = nest.loops[outermost:]
    return any(o.is_spatial and o.factor > 1 and o.rank not in access.ranks for o in loops)


def _sums_return(einsum: Einsum, nest: LoopNest) -> bool:
    """Whether a tile of the output leaves a storage and comes back for more."""
    for storage in nest.storages_of(einsum.name)[1:]:
        outer = [loop for loop in nest.loops[: storage.depth] if loop.factor > 1]
        outer = [loop for loop in outer if not loop.is_spatial]
        moves = [loop.rank in einsum.output.ranks for loop in outer]
        if True in moves and False in moves[: len(moves) - moves[::-1].index(True)]:
            return True
    return False


def _pair_features(case: Case):
    if len(case.nests) == 2:
        yield "fused pair"
        made = {storage.memory for storage in case.nests["T"].storages_of("T")}
        met = case.nests["Z"].storages_of("T")[0].memory in made
        yield "intermediate stays where it is made" if met else "intermediate handed over"


# ---- one structure, many numbers ---------------------------------------------------------------


def random_structure(
    rng: Random, variants: int
) -> tuple[tuple[Loop, ...], list[tuple[list[int], dict[str, int]]]]:
    """Loops over A, B and C in a fixed order, and several choices of their factors and sizes."""
    loops = tuple(_random_loop(rng, rng.choice("ABC"), 1) for _ in range(rng.randint(1, 8)))
    return loops, [_numbers(rng, loops) for _ in range(variants)]


def _numbers(rng: Random, loops: Sequence[Loop]) -> tuple[list[int], dict[str, int]]:
    factors = [rng.randint(1, 5) for _ in loops]
    numbered = [Loop(loop.rank, factor) for loop, factor in zip(loops, factors, strict=True)]
    return factors, {rank: rng.randint(1, factor_product(numbered, rank)) for rank in "ABC"}
