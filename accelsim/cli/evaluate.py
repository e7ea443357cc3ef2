"""`accelsim evaluate`: what a workload takes on a machine under a mapping."""

from typing import Annotated, Any

import typer

from accelsim.arch.spatial import extrapolations
from accelsim.base.units import format_bytes, format_quantity
from accelsim.cli.inputs import Case, load_case, refuse_illegal
from accelsim.cli.options import Json, MachineName, MappingName, Settings, Shape, WorkloadName
from accelsim.cli.output import print_json, print_table
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.study.measures import energy_by_part


def command(
    workload: WorkloadName,
    machine: MachineName,
    mapping: MappingName = None,
    *,
    shape: Shape = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Also every row of the energy table.")
    ] = False,
    settings: Settings,
    json: Json = False,
) -> None:
    """Latency, energy, area, traffic, occupancy and utilization.

    Example: accelsim evaluate attention/one_pass fusemax_cloud --set ranks.P=4096 --json
    """
    case = load_case(workload, machine, mapping, settings, shape)
    refuse_illegal(case)
    cost = evaluate(case.cascade, case.arch, case.mapping)
    energy_rows = [row._asdict() for row in cost.rows] if rows else []
    if json:
        plain = _as_plain(case, machine, cost)
        print_json(plain | {"rows": energy_rows} if rows else plain)
    else:
        _print_summary(case, machine, cost)
        _print_extrapolations(case)
        _print_rows(energy_rows)


def _as_plain(case: Case, machine: str, cost: Cost) -> dict[str, Any]:
    return {
        "workload": case.cascade.name,
        "machine": machine,
        "mapping": case.mapping_name,
        "latency_s": cost.latency_s,
        "cycles": cost.cycles,
        "energy_pj": cost.energy_pj,
        "area_um2": cost.area_um2,
        "average_power_w": cost.average_power_w,
        "bound": cost.bound,
        "cycles_by_bound": cost.cycles_by_bound,
        "traffic_bytes": cost.traffic_bytes,
        "occupancy_bytes": cost.occupancy_bytes,
        "utilization": {array: use.busy for array, use in cost.utilization.items()},
        "in_use": {array: use.in_use for array, use in cost.utilization.items()},
        "einsum_utilization": cost.einsum_utilization,
        "energy_by_part_pj": energy_by_part(cost),
        "area_by_part_um2": cost.area_by_part,
        "extrapolated": extrapolations(case.arch),
    }


def _print_summary(case: Case, machine: str, cost: Cost) -> None:
    print(f"{case.cascade.name} on {machine} under {case.mapping_name}\n")
    print_table(
        ("total", ""),
        [
            ("latency", f"{format_quantity(cost.latency_s, 's')} ({cost.cycles:,.0f} cycles)"),
            ("bound", str(cost.bound)),
            ("energy", format_quantity(cost.energy_pj, "pJ")),
            ("power", format_quantity(cost.average_power_w, "W")),
            ("area", format_quantity(cost.area_um2, "um^2") if cost.area_um2 else "not given"),
        ],
    )
    energies = energy_by_part(cost)
    print()
    print_table(
        ("memory", "traffic", "occupancy", "capacity", "energy"),
        [_memory_row(memory, cost, energies) for memory in cost.traffic_bytes],
    )
    print()
    print_table(
        ("array", "busy", "in use", "energy"),
        [
            (array, f"{use.busy:.1%}", f"{use.in_use:.1%}", _energy(energies, array))
            for array, use in cost.utilization.items()
        ],
    )


def _print_extrapolations(case: Case) -> None:
    """What the reader of an energy or an area should know of it."""
    found = extrapolations(case.arch)
    if found:
        print()
    for name, laws in found.items():
        for law in laws:
            print(f"{name}: {law}")


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


def _print_rows(rows: list[dict[str, Any]]) -> None:
    if rows:
        print()
        texts = [[_text(value) for value in row.values()] for row in rows]
        print_table(tuple(rows[0]), texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
