"""A kernel made by rules for a part of a cascade: tiles, threads, and what they take of an SM.

tile        of grid ranks what a block has; of main ranks what it takes at a time; else all
shared      inputs of products, `stages` times where they pass by (the next ones are on their
            way); and what registers have no room for
registers   everything that the kernel makes, while it lives: sums as fp32, the rest as stored
threads     as few as have registers enough, 255 each; OWN of them are the kernel's own
blocks      Π ⌈size / tile⌉ over the grid
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, NamedTuple, TypeVar

import numpy as np

from accelsim.arch.gpu import Gpu, Multiprocessor, resident_blocks
from accelsim.base.entrywise import Number, either, is_array, longer, shorter
from accelsim.mapping.fusion import Fusion, of_form
from accelsim.mapping.in_place import added_into, is_in_place
from accelsim.workload.affine import Index, size_value
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.remembered import remembered

STAGES = (4, 3, 2)
"""Tiles of what passes by: one is worked on, the others come."""
OWN = 40
"""Registers of a thread for addresses, indices and what is being worked on."""
MOST = 255
THREADS = (128, 256)
"""As few, or as many, as a block has."""
ACCUMULATOR_BYTES = 4
SYSTEM_BYTES = 1024
"""Of shared memory, in every block."""

MOST_KEPT = 32

Found = TypeVar("Found")


class Room(NamedTuple):
    """What of an SM decides whether a block has room on it."""

    threads: int
    registers: int
    shared_bytes: int


def room_of(sm: Multiprocessor) -> Room:
    return Room(int(sm.threads), int(sm.registers), int(sm.shared_bytes))


@dataclass(frozen=True)
class FusedKernel:
    """A part of a cascade in tiles, with the threads and the memory of a block.

    Its numbers may be arrays over candidates: it then stands for as many kernels.
    """

    fusion: Fusion
    tile: Mapping[str, Number]
    threads: Number
    registers: Number
    shared_bytes: Number
    stages: Number

    @property
    def name(self) -> str:
        return self.fusion.name

    @cached_property
    def _facts(self) -> dict[str, dict[Hashable, Any]]:
        return {}

    def kept(self, fact: str, of: Hashable, make: Callable[[], Found]) -> Found:
        """A fact about this kernel, which never changes, and something else: made once for each of
        the MOST_KEPT that were asked for last."""
        known = self._facts.setdefault(fact, {})
        if of not in known:
            while len(known) >= MOST_KEPT:
                del known[next(iter(known))]
            known[of] = make()
        found: Found = known[of]
        return found

    def at(self, number: int) -> "FusedKernel":
        """One of the candidates, in plain numbers; as a rule the same object."""
        return self.kept("at", number, lambda: self._one(number))

    def _one(self, number: int) -> "FusedKernel":
        return FusedKernel(
            self.fusion,
            {rank: int(sizes[number]) for rank, sizes in self.tile.items()},
            int(self.threads[number]),
            int(self.registers[number]),
            float(self.shared_bytes[number]),
            int(self.stages[number]),
        )

    @cached_property
    def blocks(self) -> Number:
        return prod(-(-self.size(rank) // self.tile[rank]) for rank in self.fusion.grid)

    def size(self, rank: str) -> int:
        return int(self.fusion.cascade.ranks[rank])

    def padded(self, rank: str) -> Number:
        """A rank's size in whole tiles."""
        tile = self.tile.get(rank, self.size(rank))
        return -(-self.size(rank) // tile) * tile

    def padded_points(self, ranks: tuple[str, ...]) -> Number:
        """Those of whole tiles. As floats: arrays of whole numbers would overflow."""
        return prod((self.padded(rank) for rank in ranks), start=1.0)

    @cached_property
    def trips(self) -> Number:
        """Steps of a block that need one another, or come one after the other."""
        ranks = dict.fromkeys((*self.fusion.main, *self.fusion.steps))
        steps = (-(-self.size(r) // (1 if r in self.fusion.steps else self.tile[r])) for r in ranks)
        return prod(steps)


def fused_kernels(fusion: Fusion, tile: Mapping[str, int], gpu: Gpu) -> Iterator[FusedKernel]:
    """The kernels with these tiles for which an SM has room."""
    room = room_of(gpu.sm)
    found = with_room(fusion, {rank: np.array([size]) for rank, size in tile.items()}, room)
    if found is not None:
        yield from (found.at(number) for number in range(len(found.stages)))


@dataclass(frozen=True)
class _Need:
    """Threads, registers of each, and bytes of shared memory by so many `stages`."""

    threads: Number
    registers: Number
    stages: tuple[int, ...]
    shared_bytes: Number

    def fits(self, room: Room) -> Number:
        return (
            (self.shared_bytes + SYSTEM_BYTES <= room.shared_bytes)
            & (self.registers * self.threads <= room.registers)
            & (self.threads <= room.threads)
        )


def with_room(fusion: Fusion, tile: Mapping[str, Any], room: Room) -> FusedKernel | None:
    """The kernels with any of these tiles for which the SM has room; `tile` holds an array a rank.

    In the order of the tiles, and of each those of more stages first.
    """
    need = _need(fusion, tile, lambda stages: np.array(stages)[:, None])
    shape = (len(need.stages), len(next(iter(tile.values()), [1])))
    found = np.broadcast_to(need.fits(room), shape).T

    def kept(numbers: Any) -> Any:
        return np.broadcast_to(numbers, shape).T[found]

    if not found.any():
        return None
    return FusedKernel(
        fusion,
        {rank: kept(sizes) for rank, sizes in tile.items()},
        kept(need.threads),
        kept(need.registers).astype(np.int64),
        kept(need.shared_bytes),
        kept(np.array(need.stages)[:, None]),
    )


def has_room(fusion: Fusion, tile: Mapping[str, int], room: Room) -> bool:
    """Whether the SM has room for a block of this tile, in as few stages as there are."""
    return bool(_need(fusion, tile, min).fits(room))


def _need(
    fusion: Fusion, tile: Mapping[str, Number], several: Callable[[tuple[int, ...]], Number]
) -> _Need:
    """Nothing in it becomes less as a tile grows: nor do registers · threads, as threads double."""
    staged = [_staged(fusion, access, tile) for access in staged_reads(fusion)]
    made = _made_bytes(fusion, tile)
    threads = either(made <= _room(THREADS[0]), *THREADS)
    own = shorter(MOST - OWN, -(-(made // 1) // (ACCUMULATOR_BYTES * threads)))
    stays = sum(size for size, passes_by in staged if not passes_by)
    passing = sum(size for size, passes_by in staged if passes_by)
    stages = STAGES if any(passes_by for _, passes_by in staged) else STAGES[:1]
    shared = stays + several(stages) * passing + longer(0.0, made - _room(threads))
    return _Need(threads, own + OWN, stages, shared)


def _room(threads: Number) -> Number:
    """Bytes of the registers of so many threads."""
    return (MOST - OWN) * ACCUMULATOR_BYTES * threads * 1.0


def resident(kernel: FusedKernel, gpu: Gpu) -> Number:
    """Blocks that an SM holds."""
    return kernel.kept("resident", gpu.sm, lambda: _resident(kernel, gpu))


def _resident(kernel: FusedKernel, gpu: Gpu) -> Number:
    needs = (kernel.threads, kernel.registers, kernel.shared_bytes)
    if not is_array(kernel.threads):
        return resident_blocks(gpu, *needs)
    each = zip(*(numbers.tolist() for numbers in needs), strict=True)
    return np.array([resident_blocks(gpu, *own) for own in each])


@of_form
def staged_reads(fusion: Fusion) -> tuple[Access, ...]:
    """Inputs of products, which all threads of a block read."""
    found = [e for e in fusion.cascade.einsums if is_product(e)]
    return tuple(a for a in fusion.reads if any(a in einsum.reads for einsum in found))


@of_form
def multiplies(fusion: Fusion) -> bool:
    """Whether any of its Einsums is a product."""
    return any(map(is_product, fusion.cascade.einsums))


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


def extents(fusion: Fusion, tile: Mapping[str, Number], is_held: bool = False) -> dict[str, Number]:
    """Of every rank, what is there at a time."""
    sizes = {rank: int(fusion.cascade.ranks[rank]) for rank in fusion.ranks}
    return sizes | {r: t for r, t in tile.items() if not (is_held and r in fusion.main)}


def elements(fusion: Fusion, access: Access, extents: Mapping[str, Number]) -> Number:
    """Of a tensor, that an access reaches over these extents. A float: arrays would overflow."""
    sized = fusion.whole if fusion.launches == 1 else fusion.cascade
    reached = (shorter(size, _reach(strides, extents)) for size, strides in _at(sized, access))
    return prod(reached, start=1.0)


Strides = tuple[tuple[str, int | None], ...]
"""Ranks of an index, and by how much each moves it; None in a quotient."""


@remembered
def _at(cascade: Cascade, access: Access) -> tuple[tuple[int, Strides], ...]:
    """By rank of the tensor: its size, and what moves the access along it."""
    sizes = [cascade.ranks[rank] for rank in cascade.tensors[access.tensor].ranks]
    return tuple(
        (int(size), _strides(cascade.ranks, index))
        for index, size in zip(cascade.positions(access), sizes, strict=True)
    )


def _strides(ranks: Mapping[str, int], index: Index) -> Strides:
    if not index.is_linear:
        return tuple((rank, None) for rank in index.ranks)
    return tuple((rank, abs(int(size_value(stride, ranks)))) for rank, stride in index.terms)


def _reach(strides: Strides, extents: Mapping[str, Number]) -> Number:
    """Positions from the first to the last; those of a quotient one by one."""
    if strides and strides[0][1] is None:
        return prod(extents.get(rank, 1) for rank, _ in strides)
    return 1 + sum((extents.get(rank, 1) - 1) * (stride or 0) for rank, stride in strides)


def _staged(fusion: Fusion, access: Access, tile: Mapping[str, Number]) -> tuple[Number, bool]:
    """Bytes of a staged input, and whether they pass by."""
    is_held = access.tensor in fusion.held
    passes_by = not is_held and not set(access.ranks).isdisjoint(fusion.main)
    word = fusion.cascade.tensors[access.tensor].word_bytes
    return word * elements(fusion, access, extents(fusion, tile, is_held)) * 1.0, passes_by


def _made_bytes(fusion: Fusion, tile: Mapping[str, Number]) -> Number:
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
    return (inputs + longer(*at_once)) * 1.0


@of_form
def _lives(fusion: Fusion) -> Mapping[str, range]:
    """Of all that takes room of its own."""
    return {
        einsum.name: _life(fusion, einsum)
        for einsum in fusion.cascade.einsums
        if not is_in_place(fusion, einsum) and not _is_added(fusion, einsum)
    }


def _made(fusion: Fusion, einsum: Einsum, tile: Mapping[str, Number]) -> Number:
    word = fusion.cascade.tensors[einsum.name].word_bytes
    if einsum.reduction is not None:
        word = max(word, ACCUMULATOR_BYTES)
    is_held = einsum.name in fusion.held
    return word * elements(fusion, einsum.output, extents(fusion, tile, is_held)) * 1.0


@of_form
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
