"""A workload runs on an arch under a mapping; cost counts what that takes.

    >>> from accelsim import evaluate, load_arch, load_mapping, load_workload
    >>> cascade = load_workload("attention/one_pass", {"ranks.P": "16384", "ranks.M": "16384"})
    >>> arch = load_arch("fusemax_cloud")
    >>> cost = evaluate(cascade, arch, load_mapping("fusemax_binding"))
    >>> cost.bound
    'compute'

The public names are resolved when they are first used, so that importing the package costs nothing.
Nothing inside the package imports from here.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "AccelsimError": "base.errors",
    "Bmm": "workload.calls",
    "Cascade": "workload.einsum",
    "Copy": "workload.calls",
    "Cost": "cost.result",
    "Decode": "workload.phase",
    "Gemm": "workload.calls",
    "Gpu": "arch.gpu",
    "GpuCost": "cost.gpu.cascade",
    "GpuMapping": "mapping.gpu_mapping",
    "Mapping": "mapping.mapping",
    "Model": "workload.model",
    "Prefill": "workload.phase",
    "RmsNorm": "workload.calls",
    "Sdpa": "workload.calls",
    "Softmax": "workload.calls",
    "Spatial": "arch.spatial",
    "Violation": "mapping.check",
    "bind": "mapping.binding",
    "call_cost": "cost.gpu.call",
    "capacity": "workload.capacity",
    "check": "mapping.check",
    "counts": "workload.counts",
    "dag": "workload.graph",
    "default_mapping": "cost.default",
    "entries": "base.catalogue",
    "evaluate": "cost.evaluate",
    "explained": "study.explained",
    "find_front": "mapper.front",
    "find_mapping": "mapper.find",
    "from_onnx": "interop.onnx_graph",
    "from_timeloop": "interop.timeloop",
    "from_torch": "interop.torch_export",
    "gpu_mapping": "cost.gpu.mapping",
    "interpret": "workload.interpret",
    "layer_calls": "workload.layer",
    "layer_cascades": "workload.model_cascades",
    "load_arch": "arch.load",
    "load_gpu": "arch.load_gpu",
    "load_mapping": "mapping.load",
    "load_model": "workload.model_load",
    "load_workload": "workload.load",
    "passes": "workload.passes",
    "read_config": "interop.huggingface",
    "render": "mapping.render",
    "run_study": "study.run",
    "select": "mapping.load",
    "simulate": "sim.spatial",
    "sweep": "study.sweep",
    "to_xarray": "study.frame",
    "waterfall": "sim.trace",
    "what_if": "study.whatif",
    "with_values": "mapping.values",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("accelsim")
    if name not in _HOME:
        raise AttributeError(f"accelsim has no {name!r}; it has {', '.join(_HOME)}")
    value = getattr(import_module(f"accelsim.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME, "__version__"])
