"""What `accelsim evaluate` prints of a workload on a GPU: totals, memories, pipes, kernels."""

from typing import Any

from accelsim.base.units import format_bytes, format_quantity
from accelsim.cli.cost_tables import print_parts
from accelsim.cli.gpu_cases import GpuCase
from accelsim.cli.output import print_table
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.cascade import BOARD, GpuCost, KernelCost, refuse_too_large
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.cost.gpu.why import WORDS
from accelsim.cost.result import energy_by_part
from accelsim.mapping.gpu_mapping import GpuMapping

FACTS = ("blocks", "waves", "tile")


def evaluated(case: GpuCase) -> tuple[GpuMapping, GpuCost]:
    """The kernels of a case, and what they take; refused where device memory is too small."""
    mapping = gpu_mapping(case.cascade, case.gpu, case.mapping_name)
    refuse_too_large(mapping, case.gpu)
    return mapping, evaluate(case.cascade, case.gpu, mapping)


def decided(case: GpuCase, mapping: GpuMapping) -> dict[str, int]:
    """Ranks that the mapping has set."""
    own, found = case.cascade.ranks, mapping.cascade.ranks
    return {rank: size for rank, size in found.items() if rank in own and size != own[rank]}


def gpu_as_plain(case: GpuCase, mapping: GpuMapping, cost: GpuCost) -> dict[str, Any]:
    """What a GPU has beside what every machine has."""
    whole = cost.composed
    return {
        "decided_ranks": decided(case, mapping),
        "sustained": {
            "latency_s": whole.sustained_s,
            "clock_hz": whole.sustained_clock_hz,
            "energy_pj": whole.sustained_energy_j * 1e12,
            "power_w": whole.sustained_energy_j / whole.sustained_s,
        },
        "kernels": [_kernel_as_plain(kernel) for kernel in cost.kernels],
    }


def _kernel_as_plain(kernel: KernelCost) -> dict[str, Any]:
    return {
        "name": kernel.name,
        "einsums": kernel.einsums,
        "seconds": kernel.times.seconds,
        "bound": kernel.times.bound,
        "energy_pj": kernel.energy_j * 1e12,
        "hbm_bytes": kernel.hbm_bytes,
        "by_resource_s": kernel.times.by_resource,
        **kernel.times.facts,
    }


def print_gpu_summary(case: GpuCase, machine: str, mapping: GpuMapping, cost: GpuCost) -> None:
    print(f"{case.cascade.name} on {machine} under {mapping.name}\n")
    _print_totals(case, cost)
    print_parts(cost, "pipes")
    print()
    print_table(
        ("kernel", "time", "bound by", "HBM", *FACTS, "Einsums"),
        [_kernel_row(kernel) for kernel in cost.kernels],
    )
    sizes = [f"{rank} = {size}" for rank, size in decided(case, mapping).items()]
    if sizes:
        print(f"\ndecided by the mapping: {', '.join(sizes)}")


def _print_totals(case: GpuCase, cost: GpuCost) -> None:
    whole, gpu = cost.composed, case.gpu
    watts = whole.sustained_energy_j / whole.sustained_s
    clock = f"{whole.sustained_clock_hz / 1e6:.0f} of {gpu.clock_hz / 1e6:.0f} MHz"
    print_table(
        ("total", ""),
        [
            ("latency", f"{format_quantity(cost.latency_s, 's')} ({cost.cycles:,.0f} cycles)"),
            ("bound", WORDS.get(cost.bound, cost.bound)),
            ("energy", format_quantity(cost.energy_pj, "pJ")),
            ("of it, the board", format_quantity(energy_by_part(cost)[BOARD], "pJ")),
            ("power", format_quantity(cost.average_power_w, "W")),
            ("area", "not given"),
            ("back to back", format_quantity(whole.sustained_s, "s")),
            ("", f"{watts:.0f} W of {gpu.power.limit_w:.0f} W, {clock}"),
        ],
    )


def _kernel_row(kernel: KernelCost) -> tuple[str, ...]:
    """One made by rules is named after its Einsums, which have a column."""
    times = kernel.times
    launches = times.facts.get("launches", 1)
    name = "by rules" if kernel.name == " ".join(kernel.einsums) else kernel.name
    return (
        name if launches == 1 else f"{name}, {launches} times",
        format_quantity(times.seconds, "s"),
        WORDS.get(times.bound, times.bound),
        format_bytes(round(kernel.hbm_bytes)),
        *(_text(times.facts.get(name, "")) for name in FACTS),
        " ".join(kernel.einsums),
    )


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
