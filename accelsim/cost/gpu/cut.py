"""How a cascade is cut into kernels, and each kernel into tiles: what takes least by the model.

    kernels   runs of units (`mapping.fusion`) in the order of the text; of all ways to cut, the one
              with the least Σ seconds, a gap between kernels included (dynamic programming)
    tiles     of a kernel the candidates of `mapping.fused_kernel`, the fastest one
    parts     the inner part of a partition over which a kernel passes twice (the keys of a tile) is
              decided here, unless somebody chose its size

Candidates are timed by themselves at the highest clock; what other kernels make is looked for in
L2. A unit that no SM has room for runs step by step, an Einsum at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.fused import FusedBlocks
from accelsim.cost.gpu.fused_bytes import crossing
from accelsim.cost.gpu.overlap import swept
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.mapping.fused_kernel import FusedKernel, fused_kernels, tiles
from accelsim.mapping.fusion import Fusion, fusion, stepwise, units
from accelsim.mapping.gpu_mapping import GpuMapping
from accelsim.mapping.recurring import Group
from accelsim.workload.einsum import Cascade
from accelsim.workload.passes import rank_passes

INNER = (64, 128, 256)
"""Sizes of an inner part that is decided here, beside its own."""


PATIENCE = 8
"""So many units longer without room, and no longer kernel is looked for."""

TIMED_AGAIN = 25
"""Of the kernels with the best tiles by points alone."""

Timed = tuple[FusedKernel, float]
"""A kernel and the seconds of one launch."""


@dataclass(frozen=True)
class Cut:
    """Kernels of a cascade in order, and their seconds by themselves."""

    cascade: Cascade
    kernels: tuple[FusedKernel, ...]
    seconds: float


def automatic_gpu_mapping(cascade: Cascade, gpu: Gpu) -> GpuMapping:
    """The fastest.

    Raises
    ------
    MappingError
        if an SM has no room for one tile of some Einsum.
    ArchError
        if the GPU has no pipe for an operation.
    """
    cuts = [_cut(each, gpu) for each in _with_inner_parts(cascade)]
    best = min(cuts, key=lambda each: each.seconds)
    return GpuMapping(AUTOMATIC, best.cascade, best.kernels)


def _with_inner_parts(cascade: Cascade) -> Iterator[Cascade]:
    yield cascade
    for parts in cascade.partitions.values():
        inner = parts[-1]
        is_open = inner not in cascade.chosen and isinstance(cascade.declared.get(inner), int)
        if len(parts) == 2 and is_open and rank_passes(cascade, inner).passes > 1:
            for size in INNER:
                if size < cascade.ranks[inner]:
                    yield cascade.with_ranks(**{inner: size})


def _cut(cascade: Cascade, gpu: Gpu) -> Cut:
    groups = units(cascade)
    best = [Cut(cascade, (), 0.0)]
    runs = {
        (first, last): run
        for first in range(len(groups))
        for last, run in _runs(cascade, groups, first, gpu)
    }
    for last in range(1, len(groups) + 1):
        ways = (
            _longer(best[first], runs[first, last], gpu)
            for first in range(last)
            if (first, last) in runs
        )
        best.append(min(ways, key=lambda way: way.seconds))
    return best[-1]


def _runs(
    cascade: Cascade, groups: tuple[Group, ...], first: int, gpu: Gpu
) -> Iterator[tuple[int, tuple[Timed, ...]]]:
    """Kernels of units from the first on, by where they end.

    More units may need less room: a running value makes of a whole rank one that passes by.
    """
    ended = first + 1
    for last in range(first + 1, len(groups) + 1):
        own = fusion(cascade, groups[first:last])
        found = None if own is None else fastest(own, gpu)
        if found is not None:
            ended = last
            yield last, (found,)
        elif last == first + 1:
            yield last, _apart(cascade, groups[first], gpu)
        elif last - ended >= PATIENCE:
            return


def _apart(cascade: Cascade, group: Group, gpu: Gpu) -> tuple[Timed, ...]:
    found = []
    for own in stepwise(cascade, group):
        kernel = fastest(own, gpu)
        if kernel is None:
            place = own.cascade.einsums[0].place
            remedy = "Take smaller words or ranks, or a GPU with larger SMs"
            raise MappingError(f"no SM has room for a tile of {own.name}", at=place, remedy=remedy)
        found.append(kernel)
    return tuple(found)


def _longer(way: Cut, run: tuple[Timed, ...], gpu: Gpu) -> Cut:
    gap = float(gpu.launch.gap_s)
    seconds = sum((one + gap) * kernel.fusion.launches for kernel, one in run)
    kernels = (*way.kernels, *(kernel for kernel, _ in run))
    return Cut(way.cascade, kernels, way.seconds + seconds)


def fastest(own: Fusion, gpu: Gpu) -> Timed | None:
    """The kernel with the best tiles; None if there is no room for any.

    Where conditions leave out tiles, the best by points alone are timed again, tile by tile.
    """
    moved = crossing(own)
    missing = 1 - swept(gpu, moved.total, float(gpu.l2.capacity_bytes))
    read, written = (sum(each.values()) * missing for each in (moved.reads, moved.writes))

    def timed(kernel: FusedKernel, rough: bool) -> Timed:
        blocks = FusedBlocks(kernel, gpu, rough)
        times = blocks.times(float(gpu.clock_hz), False, read + blocks.again, written)
        return kernel, times.seconds

    kernels = (kernel for tile in tiles(own) for kernel in fused_kernels(own, tile, gpu))
    found = sorted((timed(kernel, rough=True) for kernel in kernels), key=lambda each: each[1])
    if any(einsum.conditions for einsum in own.cascade.einsums):
        found = [timed(kernel, rough=False) for kernel, _ in found[:TIMED_AGAIN]]
    return min(found, key=lambda each: each[1], default=None)
