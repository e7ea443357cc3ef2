"""The kernels of a cascade on a GPU: those of a library by name, or made by rules."""

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.base.yamlfile import read_yaml
from accelsim.cost.gpu.cut import automatic_gpu_mapping
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.mapping.gpu_file import read_gpu_mapping
from accelsim.mapping.gpu_mapping import GpuMapping
from accelsim.mapping.library import library_mapping
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade
from accelsim.workload.grouped import grouped


def gpu_mapping(cascade: Cascade, gpu: Gpu, name: str | None = None) -> GpuMapping:
    """`gpu_mapping(cascade, gpu, "flash_attention_2")`; without a name, kernels made by rules;
    of a YAML file, the kernels in it.

    Raises
    ------
    MappingError
        if the kernel of that name does not compute the cascade, or not at this size on this GPU;
        or if a rank is an array.
    """
    swept = [rank for rank, size in cascade.ranks.items() if hasattr(size, "shape")]
    if swept:
        fact = f"kernels are made for one size, and {', '.join(swept)} has several"
        raise MappingError(fact, remedy="Ask at each point, or by a study")
    if name is None or name == AUTOMATIC:
        return automatic_gpu_mapping(budgeted(cascade), gpu)
    if name.endswith((".yaml", ".yml")) and "kernels" in (node := read_yaml(name)):
        return read_gpu_mapping(node, cascade, gpu)
    return library_mapping(name, grouped(cascade), gpu)
