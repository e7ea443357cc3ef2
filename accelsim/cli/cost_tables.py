"""Tables of a cost that are alike for all machines: its memories, and what computes."""

from typing import Any

from accelsim.base.units import format_bytes, format_quantity
from accelsim.cli.output import print_table
from accelsim.cost.result import Cost, energy_by_whole_part


def print_parts(cost: Cost, units: str) -> None:
    """Memories, and below them the `units` that compute."""
    energies = energy_by_whole_part(cost)
    print()
    print_table(
        ("memory", "traffic", "occupancy", "capacity", "energy"),
        [_memory_row(memory, cost, energies) for memory in cost.traffic_bytes],
    )
    print()
    print_table(
        (units, "busy", "in use", "energy"),
        [
            (name, f"{use.busy:.1%}", f"{use.in_use:.1%}", _energy(energies, name))
            for name, use in cost.utilization.items()
        ],
    )


def _memory_row(memory: str, cost: Cost, energies: dict[str, Any]) -> tuple[str, ...]:
    held, capacity = cost.occupancy_bytes.get(memory, 0), cost.capacity_bytes.get(memory)
    return (
        memory,
        format_bytes(cost.traffic_bytes[memory]),
        format_bytes(held),
        "unbounded" if capacity is None else format_bytes(capacity),
        _energy(energies, memory),
    )


def _energy(energies: dict[str, Any], part: str) -> str:
    return format_quantity(energies.get(part, 0), "pJ")
