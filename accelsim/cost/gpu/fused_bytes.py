"""Bytes of fused kernels: out of L2 by tiles, and of device memory with what L2 still holds.

    from L2      every block reads its part of every input once: blocks · part · share of the tiles
                 that a condition leaves
    of a kernel  every input that it reads once, and again in each later wave of blocks, as far as
                 L2 does not keep it; what leaves it once
    of many      what an earlier kernel touched is found in L2 as far as `swept` keeps it over the
                 bytes in between; what stays there until its last reader is not written either

A wave of W blocks is as wide along each side of the grid as W^(1 / sides).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.base.entrywise import Number, is_array, longer
from accelsim.cost.gpu.dram import Apart, written_back
from accelsim.cost.gpu.overlap import kept, swept
from accelsim.mapping.fused_kernel import FusedKernel, elements, extents, resident
from accelsim.mapping.fused_tiles import sides_of_grid
from accelsim.mapping.fusion import Fusion
from accelsim.workload.einsum import Access, Cascade
from accelsim.workload.extent import tensor_bytes, tensor_read_bytes
from accelsim.workload.tiles import conditional_ranks


@dataclass(frozen=True)
class Moved:
    """Bytes of tensors that one launch reads from, and writes to, what lies outside of it."""

    reads: Mapping[str, float]
    writes: Mapping[str, float]
    launches: int = 1

    @property
    def total(self) -> float:
        return sum(self.reads.values()) + sum(self.writes.values())


@dataclass(frozen=True)
class Hbm:
    """Bytes of device memory, with cold caches and back to back: (read, written)."""

    cold: tuple[float, float]
    warm: tuple[float, float]


IN_ORDER = Apart()


@lru_cache(maxsize=2048)
def crossing(fusion: Fusion, apart: Apart = IN_ORDER) -> Moved:
    """What crosses the kernel's border in a launch, once: no less can move. What is picked out of a
    tensor counts as the bytes in a row that would take as long."""
    read = dict.fromkeys(access.tensor for access in fusion.reads)
    return Moved(
        {name: _read_bytes(fusion, name, apart) / _steps(fusion, name) for name in read},
        {name: _bytes(fusion.whole, name) / _steps(fusion, name) for name in fusion.written},
        fusion.launches,
    )


def _steps(fusion: Fusion, tensor: str) -> int:
    """Launches that share a tensor among themselves: those of a loop, if it has the loop's rank."""
    ranks = set(fusion.whole.tensors[tensor].ranks)
    same = all(fusion.cascade.ranks[rank] == fusion.whole.ranks[rank] for rank in ranks)
    return 1 if same else fusion.launches


def _read_bytes(fusion: Fusion, tensor: str, apart: Apart) -> float:
    # A step reads what it wrote a step before.
    if tensor in fusion.einsums:
        return _bytes(fusion.whole, tensor)
    found = float(tensor_read_bytes(fusion.whole, tensor, fusion.einsums))
    return found * _stretch(fusion.whole, tensor, apart, found)


def _stretch(cascade: Cascade, tensor: str, apart: Apart, picked_bytes: float) -> float:
    """How much longer than in a row; at most until all of the tensor could be read so."""
    own = cascade.tensors[tensor]
    if own.of is None or not picked_bytes:
        return 1.0
    run_bytes = float(own.word_bytes * prod(cascade.ranks[rank] for rank in own.run))
    whole = own.word_bytes * prod(cascade.ranks[r] for r in cascade.tensors[own.of].ranks)
    return min(apart.bytes_in_a_row(run_bytes) / run_bytes, max(1.0, float(whole) / picked_bytes))


def _bytes(cascade: Cascade, tensor: str) -> float:
    return float(tensor_bytes(cascade, tensor))


def l2_reads(kernel: FusedKernel, shares: Mapping[str, Number]) -> dict[Access, Number]:
    """Bytes from L2 by access; `shares` are those of the tiles that each Einsum visits."""
    return {
        access: _part_bytes(kernel, access) * kernel.blocks * _share(kernel, access, shares)
        for access in kernel.fusion.reads
    }


def _part_bytes(kernel: FusedKernel, access: Access) -> Number:
    fusion = kernel.fusion
    here = extents(fusion, kernel.tile, is_held=True)
    return elements(fusion, access, here) * fusion.cascade.tensors[access.tensor].word_bytes


def _share(kernel: FusedKernel, access: Access, shares: Mapping[str, Number]) -> Number:
    """A block reads only tiles that it visits, if they are those of its steps, or it is one."""
    fusion = kernel.fusion
    found: list[Number] = [0.0]
    for einsum in (each for each in fusion.cascade.einsums if access in each.reads):
        ranks = set(conditional_ranks(einsum))
        visits = ranks <= set(fusion.grid) or not ranks.isdisjoint(
            set(access.ranks) - set(fusion.grid)
        )
        found.append(shares[einsum.name] if visits else 1.0)
    return longer(*found)


def waves_again(kernel: FusedKernel, gpu: Gpu, moved: Moved, l2: Mapping[Access, Number]) -> Number:
    """Bytes that come from device memory once more, in later waves of blocks."""
    reused = sum(bool(side) for side in sides_of_grid(kernel.fusion))
    wide = _power(gpu.sms * resident(kernel, gpu), 1 / max(1, reused))
    lost = 1 - kept(gpu, sum(moved.reads.values()), float(gpu.l2.capacity_bytes))
    readings: dict[str, Number] = {}
    for access, count in l2.items():
        readings[access.tensor] = longer(readings.get(access.tensor, 0), count)
    again = (
        size * (longer(1.0, readings[name] / size / wide) - 1)
        for name, size in moved.reads.items()
        if size
    )
    return lost * sum(again)


def _power(numbers: Number, exponent: float) -> Number:
    # Powers of arrays differ from those of numbers in the last digit, which a tie would show.
    if is_array(numbers):
        return np.array([number**exponent for number in numbers.tolist()])
    return float(numbers**exponent)


def hbm_bytes(kernels: Sequence[Moved], again: Sequence[float], gpu: Gpu) -> list[Hbm]:
    """Of a launch of kernels one after the other; `again` are bytes that each reads once more."""
    whole = sum(each.total * each.launches for each in kernels)
    found, reads, writes = [], 0.0, 0.0
    for at, moved in enumerate(kernels):
        read, warm_read = (
            sum(_missed(kernels, at, name, gpu, before) for name in moved.reads) + again[at]
            for before in (0.0, whole)
        )
        written, warm_written = (
            sum(_left(kernels, at, name, gpu, after) for name in moved.writes)
            for after in (0.0, whole)
        )
        before = written_back(gpu, reads, writes, cold=True)
        reads, writes = reads + read * moved.launches, writes + written * moved.launches
        dirty = written_back(gpu, reads, writes, cold=True) - before
        found.append(Hbm((read, dirty / moved.launches), (warm_read, warm_written)))
    return found


def _missed(kernels: Sequence[Moved], at: int, tensor: str, gpu: Gpu, whole: float) -> float:
    """Bytes of a tensor that a launch does not find in L2, in the mean of all launches.

    `whole` is what was moved since the same kernel ran before, 0 if it never did.
    """
    size, launches = kernels[at].reads[tensor], kernels[at].launches
    touched = (
        number
        for number in range(at - 1, -1, -1)
        if tensor in kernels[number].reads or tensor in kernels[number].writes
    )
    since = next(touched, None)
    between = whole if since is None else _between(kernels, since, at)
    later = sum(each.total for each in kernels if each.launches == launches)
    first = _lost(gpu, between) if between else 1.0
    return size * (first + (launches - 1) * _lost(gpu, later)) / launches


def _lost(gpu: Gpu, between: float) -> float:
    """Share of a tensor that L2 no longer holds after so many bytes."""
    return 1 - swept(gpu, between, float(gpu.l2.capacity_bytes))


def _left(kernels: Sequence[Moved], at: int, tensor: str, gpu: Gpu, whole: float) -> float:
    """Bytes of a result that L2 gives up to device memory before nobody needs them any more."""
    size = kernels[at].writes[tensor]
    readers = [n for n in range(at + 1, len(kernels)) if tensor in kernels[n].reads]
    between = _between(kernels, at, readers[-1]) if readers else whole
    return size * (_lost(gpu, between) if between else 1.0)


def _between(kernels: Sequence[Moved], first: int, last: int) -> float:
    return sum(each.total for each in kernels[first : last + 1])
