"""The kernels of a mapping as `Work`, with what they leave in L2 for one another."""

from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.call import bound_works, works_of
from accelsim.cost.gpu.fused import FusedBlocks, FusedWork
from accelsim.cost.gpu.fused_bytes import hbm_bytes
from accelsim.cost.gpu.work import Work
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.gpu_mapping import AttentionCall, GpuMapping, LibraryCall


@dataclass(frozen=True)
class Placed:
    """A kernel, and the Einsums that it computes."""

    work: Work
    einsums: tuple[str, ...]


def placed(mapping: GpuMapping, gpu: Gpu) -> tuple[Placed, ...]:
    """All kernels of a mapping, in order."""
    fused = [each for each in mapping.kernels if isinstance(each, FusedKernel)]
    calls = [each for each in mapping.kernels if isinstance(each, LibraryCall)]
    own = [each for each in mapping.kernels if isinstance(each, AttentionCall)]
    called = (Placed(work, c.einsums) for c in calls for work in works_of(c.call, gpu))
    found = (Placed(work, c.einsums) for c in own for work in bound_works(c.bound, gpu))
    return (*_fused(fused, gpu), *called, *found)


def _fused(kernels: list[FusedKernel], gpu: Gpu) -> list[Placed]:
    blocks = [FusedBlocks(kernel, gpu) for kernel in kernels]
    moved = hbm_bytes([each.moved for each in blocks], [each.again for each in blocks], gpu)
    works = (FusedWork(*each) for each in zip(blocks, moved, strict=True))
    return [Placed(work, work.blocks.kernel.fusion.einsums) for work in works]
