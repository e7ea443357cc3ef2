"""Kernels of a GPU as YAML that `gpu_file` reads back as the same kernels."""

from pathlib import Path
from typing import Any

from accelsim.base.files import atomic_write
from accelsim.base.yamlfile import yaml_text
from accelsim.mapping.attention_kernel import AttentionKernel
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.gpu_mapping import AttentionCall, GpuMapping, Kernel, ProductCall
from accelsim.mapping.product_kernel import ProductKernel


def gpu_mapping_text(mapping: GpuMapping) -> str:
    """Of kernels that no library has."""
    cascade = mapping.cascade
    decided = {
        rank: size
        for rank, size in cascade.declared.items()
        if rank in cascade.chosen and _is_inner(rank, mapping)
    }
    return yaml_text(
        {
            "about": "found by accelsim map",
            "workload": cascade.name,
            "machine": "gpu",
            **({"ranks": decided} if decided else {}),
            "kernels": [_plain(each) for each in mapping.kernels],
        }
    )


def save_gpu_mapping(mapping: GpuMapping, path: str | Path) -> Path:
    return atomic_write(path, gpu_mapping_text(mapping))


def kernel_text(kernel: AttentionKernel | ProductKernel) -> str:
    """As YAML, like the shipped ones."""
    return yaml_text(_record(kernel))


def _is_inner(rank: str, mapping: GpuMapping) -> bool:
    return any(rank == parts[-1] for parts in mapping.cascade.partitions.values())


def _plain(kernel: Kernel) -> dict[str, Any]:
    if isinstance(kernel, FusedKernel):
        tile = {rank: int(size) for rank, size in kernel.tile.items()}
        einsums = list(kernel.fusion.einsums)
        return {"einsums": einsums, "tile": tile, "stages": int(kernel.stages)}
    if isinstance(kernel, AttentionCall):
        return {"einsums": list(kernel.einsums), "attention": _record(kernel.bound.kernel)}
    assert isinstance(kernel, ProductCall), "a library's kernel has a name"
    return {"einsums": list(kernel.einsums), "product": _record(kernel.kernel)}


def _record(kernel: AttentionKernel | ProductKernel) -> dict[str, Any]:
    plain = kernel.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for part, keys in (("tiles", ("shared",)), ("families", ("alignment", "step"))):
        for each in plain.get(part, ()):
            each |= {key: f"{each[key]:g} B" for key in keys}
    return plain
