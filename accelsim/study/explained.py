"""explained(workload, machine, mapping) → Explanation: the one door to why a run takes its time.

What would help, and where the runner-up would bind, is the model asked again with the number
changed; on a spatial array all changes in one evaluation. The mapping stays the same (one that
chooses among alternatives chooses anew).

    explained("attention/one_pass", "fusemax_cloud").sentence
    explained(cascade, gpu, "flash").rows

Of a model on a system: `explained_decoding`.
"""

from collections import OrderedDict
from functools import lru_cache
from typing import Any

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import StudyError
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.cost.explanation import Explanation
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.mapping.gpu_mapping import GpuMapping
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.study.design import Design
from accelsim.study.explained_design import explained_design
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload

MOST_REMEMBERED = 16
"""Mappings, whose making takes longer than their cost."""
_kernels: OrderedDict[tuple[int, int, str | None], tuple[Any, Any, GpuMapping]] = OrderedDict()


def explained(
    workload: str | Cascade,
    machine: str | Spatial | Gpu,
    mapping: str | Mapping | Choice | GpuMapping | None = None,
    *,
    named: str = "",
) -> Explanation:
    """Why a workload takes as long as it does on a machine.

    Both may be loaded already; `named` then is the machine's name, by which its shipped mapping is
    found. Without a mapping it is the default of the workload on the machine.

    Raises what loading, and evaluating, raises.
    """
    cascade = load_workload(workload) if isinstance(workload, str) else workload
    name = machine if isinstance(machine, str) else named
    if isinstance(machine, str):
        machine = load_gpu(machine) if is_gpu(machine) else load_arch(machine)
    of = f"{cascade.name} on {name or 'this machine'}"
    if isinstance(machine, Gpu):
        if isinstance(mapping, Mapping | Choice):
            raise StudyError("a GPU runs kernels, not a mapping of loops", remedy="Name a kernel")
        return _on_gpu(cascade, machine, mapping, of)
    if isinstance(mapping, GpuMapping):
        raise StudyError("a spatial array needs a mapping of loops", remedy="Name one")
    if not isinstance(mapping, Mapping | Choice):
        called, mapping = mapping_of(cascade, machine, mapping, name)
        of = f"{of} under {called}"
    return explained_design(Design(cascade, machine, mapping), of)


def mapping_of(
    cascade: Cascade, machine: Spatial, mapping: str | None, name: str
) -> tuple[str, Mapping | Choice]:
    """Of this name, or the default, with its name.

    What is asked again keeps its mapping, so that costs replay (`evaluate`).
    """
    if mapping is not None:
        return mapping, load_mapping(mapping)
    default = default_mapping(cascade, machine, name)
    found = default.mapping if default.name == AUTOMATIC else _shipped(default.name)
    return default.name, found


@lru_cache(maxsize=MOST_REMEMBERED)
def _shipped(name: str) -> Mapping | Choice:
    return load_mapping(name)


def _on_gpu(cascade: Cascade, gpu: Gpu, mapping: str | GpuMapping | None, of: str) -> Explanation:
    # They need numba, whose import takes longer than a spatial array does.
    from accelsim.cost.gpu.explained import explained_cascade

    kernels = mapping if isinstance(mapping, GpuMapping) else _kernels_of(cascade, gpu, mapping)
    cost = evaluate(cascade, gpu, kernels)
    return explained_cascade(kernels, gpu, cost, f"{of} under {kernels.name}")


def _kernels_of(cascade: Cascade, gpu: Gpu, name: str | None) -> GpuMapping:
    """Making kernels takes far longer than their cost; those of the same objects are kept."""
    from accelsim.cost.gpu.mapping import gpu_mapping

    key = (id(cascade), id(gpu), name)
    if key not in _kernels:
        _kernels[key] = (cascade, gpu, gpu_mapping(cascade, gpu, name))
        while len(_kernels) > MOST_REMEMBERED:
            _kernels.popitem(last=False)
    return _kernels[key][2]
