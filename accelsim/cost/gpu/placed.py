"""The kernels of a mapping as `Work`, with what they leave in L2 for one another."""

from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.call import bound_works, works_of
from accelsim.cost.gpu.fused import FusedBlocks, FusedWork
from accelsim.cost.gpu.fused_bytes import Moved, hbm_bytes
from accelsim.cost.gpu.product import works_by
from accelsim.cost.gpu.work import Work
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.gpu_mapping import AttentionCall, GpuMapping, Kernel, LibraryCall
from accelsim.workload.einsum import Cascade
from accelsim.workload.extent import tensor_bytes


@dataclass(frozen=True)
class Placed:
    """A kernel, and the Einsums that it computes."""

    work: Work
    einsums: tuple[str, ...]


def placed(mapping: GpuMapping, gpu: Gpu) -> tuple[Placed, ...]:
    """All kernels of a mapping, in order. Those made by rules find in L2 what others left there;
    the others count their bytes as if nothing ran before."""
    blocks = {
        at: FusedBlocks(each, gpu)
        for at, each in enumerate(mapping.kernels)
        if isinstance(each, FusedKernel)
    }
    moved = [
        blocks[at].moved if at in blocks else moved_by(each, mapping.cascade)
        for at, each in enumerate(mapping.kernels)
    ]
    again = [blocks[at].again if at in blocks else 0.0 for at in range(len(moved))]
    hbm = hbm_bytes(moved, again, gpu) if blocks else []
    return tuple(
        Placed(work, each.fusion.einsums if isinstance(each, FusedKernel) else each.einsums)
        for at, each in enumerate(mapping.kernels)
        for work in ((FusedWork(blocks[at], hbm[at]),) if at in blocks else _works(each, gpu))
    )


def _works(kernel: Kernel, gpu: Gpu) -> tuple[Work, ...]:
    """Of one that is not made by rules."""
    assert not isinstance(kernel, FusedKernel)
    if isinstance(kernel, LibraryCall):
        return works_of(kernel.call, gpu)
    if isinstance(kernel, AttentionCall):
        return bound_works(kernel.bound, gpu)
    return works_by(kernel.kernel, kernel.kernel.families, kernel.call, gpu)


def moved_by(kernel: Kernel, cascade: Cascade) -> Moved:
    """Of one that is not made by rules: what it reads and does not make, and what leaves it."""
    assert not isinstance(kernel, FusedKernel)
    own = set(kernel.einsums)
    inside = [each for each in cascade.einsums if each.name in own]
    others = [each for each in cascade.einsums if each.name not in own]
    read = {access.tensor for einsum in inside for access in einsum.reads} - own
    wanted = {access.tensor for einsum in others for access in einsum.reads} | {*cascade.outputs}
    return Moved(_bytes(cascade, read), _bytes(cascade, own & wanted))


def _bytes(cascade: Cascade, names: set[str]) -> dict[str, float]:
    return {name: float(tensor_bytes(cascade, name)) for name in sorted(names)}
