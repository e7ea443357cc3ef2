"""The ceilings of a machine's roofline: FLOP/s of what computes, B/s of each memory.

array     PEs · clock · 2 / cycles of a mac       (1 operation a cycle, where it has no mac)
GPU       SMs · FLOP a cycle · clock              tensor cores at bf16, and FP32
memory    its bandwidth; memories without one bound nothing
"""

from accelsim.arch.gpu import Gpu
from accelsim.arch.spatial import Spatial, missing_operations, operation_cost
from accelsim.study import roofline

WORD = "bf16"
"""Two bytes, as the shipped workloads have."""


def ceilings(arch: Spatial | Gpu) -> dict[str, float]:
    """FLOP/s by name, of all instances together."""
    return _of_gpu(arch) if isinstance(arch, Gpu) else _of_arrays(arch)


def bandwidths(arch: Spatial | Gpu) -> dict[str, float]:
    """B/s by memory, outermost first; of all instances together, at the fastest."""
    rows = [row for row in roofline.ceilings(arch) if row["row"] == roofline.MEMORY]
    return {row["name"]: row["bandwidth_bytes_per_s"] for row in rows}


def _of_gpu(gpu: Gpu) -> dict[str, float]:
    """The fastest tensor cores, and the FP32 pipe."""
    a_second = gpu.sms * gpu.clock_hz
    tensor = [(cores.flop[WORD], cores.name) for cores in gpu.tensor if WORD in cores.flop]
    fastest = {f"{name} {WORD}": float(flop * a_second) for flop, name in sorted(tensor)[-1:]}
    return {**fastest, "FP32": float(2 * gpu.pipe("mac").lanes * a_second)}


def _of_arrays(arch: Spatial) -> dict[str, float]:
    return {array.name: _flop_per_s(arch, array.name) for array in arch.compute}


def _flop_per_s(arch: Spatial, array: str) -> float:
    pes = float(arch.array(array).pes * arch.clock_hz)
    if missing_operations(arch, array, ("mac",)):
        return pes
    return 2 * pes / float(operation_cost(arch, array, "mac")[0])
