"""Names and settings of the command line → a workload on a GPU."""

from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.record import keys_of
from accelsim.cli.options import settings_by_input
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import Workload, load_workload


@dataclass(frozen=True)
class GpuCase:
    """A workload on a GPU, and the kernel that somebody named for it."""

    cascade: Cascade
    gpu: Gpu
    mapping_name: str | None


def load_gpu_case(
    workload: str,
    machine: str,
    mapping: str | None,
    assignments: Sequence[str],
    shape: str | None = None,
) -> GpuCase:
    settings = settings_by_input(assignments, {"workload": keys_of(Workload), "arch": keys_of(Gpu)})
    cascade = load_workload(workload, settings["workload"], shape)
    return GpuCase(cascade, load_gpu(machine, settings["arch"]), mapping)


def load_machine(name: str, assignments: Sequence[str]) -> Spatial | Gpu:
    """A machine of either kind, by what its file says it is."""
    if is_gpu(name):
        return load_gpu(name, settings_by_input(assignments, {"arch": keys_of(Gpu)})["arch"])
    return load_arch(name, settings_by_input(assignments, {"arch": keys_of(Spatial)})["arch"])
