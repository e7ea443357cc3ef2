"""What a cascade takes on a GPU under a mapping: one run alone, caches cold, as a `Cost`.

    steps     a kernel each, and launching them; the clock is that of a burst
    rows      actions of every kernel, and what the board draws while they run

What it takes back to back, caches warm and the board settled, stands beside it (`composed`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.base.units import format_quantity
from accelsim.cost.cycles import StepCycles
from accelsim.cost.gpu.composed import Composed, between_s, composed
from accelsim.cost.gpu.placed import Placed, moved_by, placed
from accelsim.cost.gpu.power import energy_j, voltage
from accelsim.cost.gpu.use import einsum_cycles, einsum_use, resource_use
from accelsim.cost.gpu.work import Times
from accelsim.cost.result import Cost, EnergyRow, energy_table
from accelsim.mapping.fused_kernel import SYSTEM_BYTES, FusedKernel, resident
from accelsim.mapping.gpu_mapping import GpuMapping
from accelsim.workload.extent import tensor_bytes

PARTS = {
    "HBM": "HBM",
    "l2": "L2",
    "bulk": "L2",
    "shared": "shared",
    "exp": "special-function",
    "fp32": "fp32",
    "op": "fp32",
    "fma": "fp32",
    "narrow": "fp32",
}
"""Of actions; all others are those of tensor cores."""
BOARD = "board"


@dataclass(frozen=True)
class KernelCost:
    """One kernel of a run. `energy_j` is that of its actions and of the board meanwhile."""

    name: str
    einsums: tuple[str, ...]
    times: Times
    energy_j: float
    hbm_bytes: float


@dataclass(frozen=True)
class GpuCost(Cost):
    """A Cost with its kernels, and what the same takes back to back."""

    kernels: tuple[KernelCost, ...]
    composed: Composed

    @property
    def bound(self) -> str:
        """As of calls (`composed`): a resource, launching, or power."""
        return self.composed.bound


def cascade_cost(mapping: GpuMapping, gpu: Gpu) -> GpuCost:
    """The cost of one run."""
    found = placed(mapping, gpu)
    works = tuple(each.work for each in found)
    whole = composed(works, gpu)
    clock_hz = whole.burst_clock_hz
    kernels = tuple(_kernel(p, t, gpu, clock_hz) for p, t in zip(found, whole.each, strict=True))
    between = between_s(works, gpu)
    launch = StepCycles("launch", {"launch": between * clock_hz})
    cascade = mapping.cascade
    actions = whole.cold_actions
    return GpuCost(
        clock_hz=clock_hz,
        steps=(*(_step(kernel, clock_hz) for kernel in kernels), launch),
        einsums={e.name: einsum_cycles(cascade, e, gpu) for e in cascade.einsums},
        table=energy_table((*_rows(found, gpu, clock_hz), *_board(gpu, whole.seconds, clock_hz))),
        traffic_bytes={
            "HBM": actions["HBM"],
            "L2": actions.get("l2", 0.0) + actions.get("bulk", 0.0),
            "shared": actions.get("shared", 0.0),
        },
        occupancy_bytes=_occupancy(mapping, gpu),
        capacity_bytes={
            "HBM": float(gpu.hbm.capacity_bytes),
            "L2": float(gpu.l2.capacity_bytes),
            "shared": float(gpu.sm.shared_bytes),
        },
        instances={"HBM": 1, "L2": 1, "shared": gpu.sms},
        utilization=resource_use(cascade, gpu, whole, clock_hz),
        einsum_utilization=einsum_use(cascade, gpu, whole.seconds, clock_hz),
        area_by_part={},
        kernels=kernels,
        composed=whole,
    )


def refuse_too_large(mapping: GpuMapping, gpu: Gpu) -> None:
    """A MappingError if device memory does not hold all tensors that must lie there."""
    needed, there = _occupancy(mapping, gpu)["HBM"], float(gpu.hbm.capacity_bytes)
    if needed > there:
        sizes = f"{format_quantity(needed, 'B')} of device memory of {format_quantity(there, 'B')}"
        fact = f"{mapping.cascade.name} needs {sizes}"
        raise MappingError(fact, remedy="Take smaller ranks, or a GPU with more")


def _kernel(of: Placed, times: Times, gpu: Gpu, clock_hz: float) -> KernelCost:
    actions = of.work.actions(cold=True)
    joules = energy_j(gpu, actions, times.seconds, clock_hz)
    return KernelCost(of.work.name, of.einsums, times, joules, actions.get("HBM", 0.0))


def _step(kernel: KernelCost, clock_hz: float) -> StepCycles:
    cycles = {name: each * clock_hz for name, each in kernel.times.by_resource.items()}
    return StepCycles(kernel.name, cycles, kernel.times.seconds * clock_hz)


def _rows(found: tuple[Placed, ...], gpu: Gpu, clock_hz: float) -> Iterator[EnergyRow]:
    squared = voltage(gpu, clock_hz) ** 2
    for each in found:
        for action, count in each.work.actions(cold=True).items():
            # Device memory has a voltage of its own.
            scale = 1.0 if action == "HBM" else squared
            energy = count * gpu.power.energy_pj(action) * scale
            yield EnergyRow(each.work.name, PARTS.get(action, "tensor"), action, "", count, energy)


def _board(gpu: Gpu, seconds: float, clock_hz: float) -> Iterator[EnergyRow]:
    """Picojoules of a watt over seconds: 1e12."""
    power, squared = gpu.power, voltage(gpu, clock_hz) ** 2
    watts = {
        "constant": float(power.constant_w),
        "clock tree": float(power.clock_tree_w * clock_hz / gpu.clock_hz * squared),
    }
    for action, each in watts.items():
        yield EnergyRow("", BOARD, action, "", seconds, each * seconds * 1e12)


def _occupancy(mapping: GpuMapping, gpu: Gpu) -> Mapping[str, float]:
    """Of device memory all tensors that lie there, whole, whatever is picked of them; of an SM its
    blocks' shared memory."""
    cascade = mapping.cascade
    fused = [kernel for kernel in mapping.kernels if isinstance(kernel, FusedKernel)]
    others = [kernel for kernel in mapping.kernels if not isinstance(kernel, FusedKernel)]
    crossing = {name for kernel in fused for name in kernel.fusion.written}
    crossing |= {name for kernel in others for name in moved_by(kernel, cascade).writes}
    lying = (*cascade.inputs, *cascade.outputs, *crossing)
    names = {cascade.tensors[name].of or name for name in lying}
    in_hbm = sum(float(tensor_bytes(cascade, name)) for name in names)
    shared = [resident(k, gpu) * (k.shared_bytes + SYSTEM_BYTES) for k in fused]
    return {
        "HBM": in_hbm,
        "L2": min(in_hbm, float(gpu.l2.capacity_bytes)),
        "shared": max(shared, default=0.0),
    }
