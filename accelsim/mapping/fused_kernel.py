"""A kernel made by rules for a part of a cascade: tiles, threads, and what they take of an SM.

tile        of grid ranks what a block has; of main ranks what it takes at a time; else all
shared      inputs of products, `stages` times where they pass by (the next ones are on their
            way); and what registers have no room for
registers   everything that the kernel makes, while it lives: sums as fp32, the rest as stored
threads     as few as have registers enough, 255 each; OWN of them are the kernel's own
blocks      Π ⌈size / tile⌉ over the grid
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from math import prod

from accelsim.arch.gpu import Gpu, resident_blocks
from accelsim.mapping.fusion import Fusion
from accelsim.mapping.in_place import added_into, is_in_place
from accelsim.workload.affine import Index, size_value
from accelsim.workload.einsum import Access, Einsum

STAGES = (4, 3, 2)
"""Tiles of what passes by: one is worked on, the others come."""
OWN = 40
"""Registers of a thread for addresses, indices and what is being worked on."""
MOST = 255
THREADS = (128, 256)
ACCUMULATOR_BYTES = 4
SYSTEM_BYTES = 1024
"""Of shared memory, in every block."""


@dataclass(frozen=True)
class FusedKernel:
    """A part of a cascade in tiles, with the threads and the memory of a block."""

    fusion: Fusion
    tile: Mapping[str, int]
    threads: int
    registers: int
    shared_bytes: float
    stages: int

    @property
    def name(self) -> str:
        return self.fusion.name

    @cached_property
    def blocks(self) -> int:
        return prod(-(-self.size(rank) // self.tile[rank]) for rank in self.fusion.grid)

    def size(self, rank: str) -> int:
        return int(self.fusion.cascade.ranks[rank])

    def padded(self, rank: str) -> int:
        """A rank's size in whole tiles."""
        tile = self.tile.get(rank, self.size(rank))
        return -(-self.size(rank) // tile) * tile

    @cached_property
    def trips(self) -> int:
        """Steps of a block that need one another, or come one after the other."""
        ranks = dict.fromkeys((*self.fusion.main, *self.fusion.steps))
        steps = (-(-self.size(r) // (1 if r in self.fusion.steps else self.tile[r])) for r in ranks)
        return prod(steps)


def fused_kernels(fusion: Fusion, tile: Mapping[str, int], gpu: Gpu) -> Iterator[FusedKernel]:
    """The kernels with these tiles for which an SM has room."""
    staged = [_staged(fusion, access, tile) for access in staged_reads(fusion)]
    made = _made_bytes(fusion, tile)
    threads = next((t for t in THREADS if made <= _room(t)), THREADS[-1])
    own = min(MOST - OWN, -(-int(made) // (ACCUMULATOR_BYTES * threads)))
    stays = sum(size for size, passes_by in staged if not passes_by)
    passing = sum(size for size, passes_by in staged if passes_by)
    for stages in STAGES if passing else STAGES[:1]:
        shared = stays + stages * passing + max(0.0, made - _room(threads))
        if shared + SYSTEM_BYTES <= gpu.sm.shared_bytes and _fits(gpu, threads, own + OWN):
            yield FusedKernel(fusion, tile, threads, own + OWN, shared, stages)


def _room(threads: int) -> float:
    """Bytes of the registers of so many threads."""
    return float((MOST - OWN) * ACCUMULATOR_BYTES * threads)


def _fits(gpu: Gpu, threads: int, registers: int) -> bool:
    return registers * threads <= gpu.sm.registers and threads <= gpu.sm.threads


def resident(kernel: FusedKernel, gpu: Gpu) -> int:
    """Blocks that an SM holds."""
    return resident_blocks(gpu, kernel.threads, kernel.registers, kernel.shared_bytes)


@lru_cache(maxsize=64)
def staged_reads(fusion: Fusion) -> tuple[Access, ...]:
    """Inputs of products, which all threads of a block read."""
    found = [e for e in fusion.cascade.einsums if is_product(e)]
    return tuple(a for a in fusion.reads if any(a in einsum.reads for einsum in found))


def is_product(einsum: Einsum) -> bool:
    """A sum of products of two tensors, one of which has a rank that the other lacks."""
    return "mac" in einsum.operations and len(einsum.reads) == 2 and any(sides(einsum))


def sides(einsum: Einsum) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ranks of the result that only the first, and that only the second operand has."""
    first, second = (access.ranks for access in einsum.reads)
    kept = einsum.output.ranks
    return (
        tuple(rank for rank in kept if rank in first and rank not in second),
        tuple(rank for rank in kept if rank in second and rank not in first),
    )


# --- what of a tensor is there -------------------------------------------------------------------


def extents(fusion: Fusion, tile: Mapping[str, int], is_held: bool = False) -> dict[str, int]:
    """Of every rank, what is there at a time."""
    sizes = {rank: int(fusion.cascade.ranks[rank]) for rank in fusion.ranks}
    return sizes | {r: t for r, t in tile.items() if not (is_held and r in fusion.main)}


def elements(fusion: Fusion, access: Access, extents: Mapping[str, int]) -> int:
    """Of a tensor, that an access reaches over these extents."""
    cascade = fusion.cascade
    sizes = [cascade.ranks[rank] for rank in cascade.tensors[access.tensor].ranks]
    positions = zip(cascade.positions(access), sizes, strict=True)
    return prod(min(int(size), _reach(fusion, index, extents)) for index, size in positions)


def _reach(fusion: Fusion, index: Index, extents: Mapping[str, int]) -> int:
    """Positions from the first to the last; those of a quotient one by one."""
    if not index.is_linear:
        return prod(extents.get(rank, 1) for rank in index.ranks)
    ranks = fusion.cascade.ranks
    strides = ((extents.get(rank, 1), size_value(stride, ranks)) for rank, stride in index.terms)
    return 1 + sum((extent - 1) * abs(int(stride)) for extent, stride in strides)


def _staged(fusion: Fusion, access: Access, tile: Mapping[str, int]) -> tuple[float, bool]:
    """Bytes of a staged input, and whether they pass by."""
    is_held = access.tensor in fusion.held
    passes_by = not is_held and not set(access.ranks).isdisjoint(fusion.main)
    word = fusion.cascade.tensors[access.tensor].word_bytes
    return float(word * elements(fusion, access, extents(fusion, tile, is_held))), passes_by


def _made_bytes(fusion: Fusion, tile: Mapping[str, int]) -> float:
    """The most that lives at a time, and inputs that are held without being staged."""
    einsums = fusion.cascade.einsums
    staged = staged_reads(fusion)
    own = (access for access in fusion.reads if access not in staged)
    inputs = sum(
        fusion.cascade.tensors[access.tensor].word_bytes
        * elements(fusion, access, extents(fusion, tile, True))
        for access in own
        if access.tensor in fusion.held
    )
    lives = _lives(fusion)
    sizes = {name: _made(fusion, fusion.cascade.einsum(name), tile) for name in lives}
    at_once = (
        sum(sizes[name] for name, life in lives.items() if at in life) for at in range(len(einsums))
    )
    return float(inputs + max(at_once))


@lru_cache(maxsize=64)
def _lives(fusion: Fusion) -> Mapping[str, range]:
    """Of all that takes room of its own."""
    return {
        einsum.name: _life(fusion, einsum)
        for einsum in fusion.cascade.einsums
        if not is_in_place(fusion, einsum) and not _is_added(fusion, einsum)
    }


def _made(fusion: Fusion, einsum: Einsum, tile: Mapping[str, int]) -> float:
    word = fusion.cascade.tensors[einsum.name].word_bytes
    if einsum.reduction is not None:
        word = max(word, ACCUMULATOR_BYTES)
    is_held = einsum.name in fusion.held
    return float(word * elements(fusion, einsum.output, extents(fusion, tile, is_held)))


@lru_cache(maxsize=64)
def adding(fusion: Fusion) -> frozenset[str]:
    """Einsums whose addition the tensor cores make as they multiply."""
    found = (added_into(fusion, e) for e in fusion.cascade.einsums if is_product(e))
    return frozenset(einsum.name for einsum in found if einsum is not None)


def _is_added(fusion: Fusion, einsum: Einsum) -> bool:
    return is_product(einsum) and added_into(fusion, einsum) is not None


def _life(fusion: Fusion, einsum: Einsum) -> range:
    """During which Einsums of a step it is there: all of them, if it stays for the next step."""
    every = range(len(fusion.cascade.einsums))
    passes_by = not set(einsum.output.ranks).isdisjoint(fusion.main)
    if not passes_by or einsum.name in fusion.held or fusion.cascade.iterative_ranks(einsum.name):
        return every
    users = [
        at
        for at, other in enumerate(fusion.cascade.einsums)
        if other is einsum or any(access.tensor == einsum.name for access in other.reads)
    ]
    return range(users[0], users[-1] + 1)


# --- which tiles there are -----------------------------------------------------------------------

SIDES = (1, 16, 32, 64, 128, 256)
"""Of a product's tile; what a warp or four of them multiply at a time is at least 16 wide."""
ALIKE = (1, 8, 64, 1024, 8192)
"""Points along ranks that all tensors of a kernel have, where nothing is multiplied."""
STEPS = (32, 64, 128)
PLAIN_STEPS = (256, 2048)


def tiles(fusion: Fusion) -> Iterator[dict[str, int]]:
    """Candidates: every side of the grid cut so finely or coarsely, and every step so long."""
    multiplies = any(map(is_product, fusion.cascade.einsums))
    by_side = sides_of_grid(fusion)
    alike = ALIKE[:1] if multiplies else ALIKE
    targets = [SIDES if side else alike for side in by_side]
    found: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}
    for chosen in product(*targets):
        cut: dict[str, int] = {}
        for ranks, target in zip(by_side.values(), chosen, strict=True):
            cut |= _filled(fusion, ranks, target)
        for step in STEPS if multiplies else PLAIN_STEPS:
            each = cut | _step(fusion, step)
            found[tuple(each.items())] = each
    yield from found.values()


@lru_cache(maxsize=64)
def sides_of_grid(fusion: Fusion) -> dict[frozenset[str], list[str]]:
    """Grid ranks by the reads that do not have them: along these a block's data is used again."""
    found: dict[frozenset[str], list[str]] = {}
    for rank in fusion.grid:
        lacking = frozenset(
            f"{einsum.name} {access}"
            for einsum in fusion.cascade.einsums
            if rank in einsum.ranks
            for access in einsum.reads
            if rank not in access.ranks
        )
        found.setdefault(lacking, []).append(rank)
    return found


def _filled(fusion: Fusion, ranks: list[str], target: int) -> dict[str, int]:
    """Tiles of about so many points, the last rank first."""
    tile = {}
    for rank in reversed(ranks):
        tile[rank] = max(1, min(int(fusion.cascade.ranks[rank]), target))
        target //= tile[rank]
    return tile


def _step(fusion: Fusion, target: int) -> dict[str, int]:
    if fusion.steps:
        return {rank: 1 for rank in fusion.main}
    inner = [parts for parts in fusion.cascade.partitions.values() if parts[0] in fusion.main]
    for parts in inner:
        around = prod(
            int(fusion.cascade.ranks[part]) for part in parts[1:] if part not in fusion.main
        )
        target = max(1, target // around)
    return _filled(fusion, list(fusion.main), target)
