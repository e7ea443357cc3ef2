"""`accelsim evaluate`: what a workload takes on a machine under a mapping."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from accelsim.arch.catalogued import extrapolations
from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import InputError
from accelsim.base.units import format_quantity
from accelsim.cli.cases import Case, load_case, refuse_illegal
from accelsim.cli.cost_tables import print_parts
from accelsim.cli.evaluate_tables import write_cost_tables
from accelsim.cli.gpu_cases import GpuCase, load_gpu_case
from accelsim.cli.named import Asked, asked
from accelsim.cli.options import (
    Json,
    MachineName,
    MappingName,
    Settings,
    Shape,
    WorkloadName,
    bare_paths,
)
from accelsim.cli.output import print_json, print_table
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost, EnergyRow, energy_by_part
from accelsim.study.provenance import KEY, provenance
from accelsim.workload.einsum import Cascade


def command(
    workload: WorkloadName,
    machine: MachineName,
    mapping: MappingName = None,
    *,
    shape: Shape = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Also every row of the energy table.")
    ] = False,
    rests_on: Annotated[
        bool, typer.Option("--provenance", help="With --json: also what it rests on.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write energy.csv and latency.csv.")
    ] = None,
    phase: Annotated[
        Literal["decode", "prefill"] | None,
        typer.Option(help="MODEL SYSTEM: what it does [decode].", show_default=False),
    ] = None,
    sequences: Annotated[
        int | None, typer.Option(min=1, help="MODEL SYSTEM: that decode at once [64].")
    ] = None,
    context: Annotated[
        int | None, typer.Option(min=1, help="MODEL SYSTEM: keys of each, or a prompt [4096].")
    ] = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Latency, energy, area, traffic, occupancy and utilization.

    On a GPU, MAPPING is a library (flash, cudnn, efficient, math, flash3, lean, gemm) a kernel of
    one (`accelsim list kernels`) or a file of `accelsim map --out`; left out, kernels are made by
    rules.

    Example: accelsim evaluate attention/one_pass fusemax_cloud --set ranks.P=4096 --json

    Where energy and time go: accelsim evaluate attention/one_pass fusemax_cloud --out out/cost;
    accelsim plot energy out/cost; accelsim plot latency out/cost

    Or a model on a system: time between tokens, throughput, energy, price. accelsim evaluate
    llama3_70b eight_h100 --sequences 32 --context 8192 --set links.nvlink.bandwidth='900 GB/s'
    """
    served = {"phase": phase, "sequences": sequences, "context": context}
    if asked(workload) is Asked.MODEL:
        _refuse({"a mapping": mapping, "--shape": shape, "--out": out}, "workloads")
        _refuse({"--rows": rows or None, "--provenance": rests_on or None}, "workloads")
        of_system = import_module("accelsim.cli.evaluate_system")
        sizes = {"sequences": sequences, "context": context}
        chosen = {name: size for name, size in sizes.items() if size is not None}
        serve = of_system.Serve(workload, machine, phase or "decode", settings, **chosen)
        of_system.evaluate_system(serve, json)
        return
    _refuse({f"--{name}": value for name, value in served.items()}, "MODEL SYSTEM")
    if is_gpu(machine):
        gpu_case = load_gpu_case(workload, machine, mapping, settings, shape)
        _on_gpu(gpu_case, machine, rows, settings if rests_on else None, json, out)
        return
    case = load_case(workload, machine, mapping, settings, shape)
    bound = refuse_illegal(case)
    cost = evaluate(case.cascade, case.arch, case.mapping)
    if out is not None:
        told = _told(case.cascade, machine, case.mapping_name, case.arch)
        write_cost_tables(cost, told, out, bound)
    if json:
        plain = _as_plain(case.cascade.name, machine, case.mapping_name, cost)
        plain |= {"extrapolated": extrapolations(case.arch)} | _rows(cost, rows)
        own = {machine: case.arch, case.mapping_name: case.mapping}
        told = _provenance({case.cascade.name: case.cascade, **own}, settings) if rests_on else {}
        print_json(plain | told)
    else:
        _print_summary(case, machine, cost)
        _print_extrapolations(case)
        _print_rows(cost, rows)


def _refuse(given: Mapping[str, Any], what: str) -> None:
    """What says nothing here."""
    for name, value in given.items():
        if value is not None:
            raise InputError(f"{name} is of {what} alone", remedy="Leave it out")


def _on_gpu(
    case: GpuCase,
    machine: str,
    rows: bool,
    rests_on: Sequence[str] | None,
    json: bool,
    out: Path | None,
) -> None:
    """`rests_on` are the settings, where its provenance is asked for."""
    # Only GPUs need what it imports.
    gpu = import_module("accelsim.cli.evaluate_gpu")
    mapping, cost = gpu.evaluated(case)
    if out is not None:
        told = _told(case.cascade, machine, mapping.name, case.gpu)
        write_cost_tables(cost, told, out)
    if json:
        plain = _as_plain(case.cascade.name, machine, mapping.name, cost)
        own = {machine: case.gpu, "kernels": {"library": mapping.name}}
        named = {case.cascade.name: case.cascade, **own}
        told = {} if rests_on is None else _provenance(named, rests_on)
        print_json(plain | gpu.gpu_as_plain(case, mapping, cost) | _rows(cost, rows) | told)
    else:
        gpu.print_gpu_summary(case, machine, mapping, cost)
        _print_rows(cost, rows)


def _told(cascade: Cascade, machine: str, mapping: str, arch: Spatial | Gpu) -> dict[str, str]:
    """What tables say of every row."""
    names = {"workload": cascade.name, "machine": machine, "mapping": mapping}
    return names | {"source": f"{cascade.source}; {arch.source}"}


def _as_plain(workload: str, machine: str, mapping: str, cost: Cost) -> dict[str, Any]:
    return {
        "workload": workload,
        "machine": machine,
        "mapping": mapping,
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
    }


def _provenance(inputs: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    return {KEY: provenance(inputs, bare_paths(settings))}


def _rows(cost: Cost, rows: bool) -> dict[str, Any]:
    return {"rows": [row._asdict() for row in cost.rows]} if rows else {}


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
    print_parts(cost, "array")


def _print_extrapolations(case: Case) -> None:
    """What the reader of an energy or an area should know of it."""
    found = extrapolations(case.arch)
    if found:
        print()
    for name, laws in found.items():
        for law in laws:
            print(f"{name}: {law}")


def _print_rows(cost: Cost, rows: bool) -> None:
    if rows:
        print()
        texts = [[_text(value) for value in row] for row in cost.rows]
        print_table(EnergyRow._fields, texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
