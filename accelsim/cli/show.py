"""`accelsim show`: a workload, a machine, a system, a mapping or a space of them, as text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.arch.catalogued import from_catalogue
from accelsim.arch.gpu import Gpu
from accelsim.arch.load_system import load_system
from accelsim.arch.parts import ComputeArray, Memory
from accelsim.arch.spatial import Spatial
from accelsim.arch.system import System
from accelsim.arch.technology import describe
from accelsim.base.catalogue import find, matching, names
from accelsim.base.errors import CatalogueError, did_you_mean
from accelsim.base.record import Rate, keys_of
from accelsim.base.units import format_quantity
from accelsim.base.yamlfile import read_yaml
from accelsim.cli.cases import load_case
from accelsim.cli.gpu_cases import load_machine
from accelsim.cli.gpu_text import gpu_text
from accelsim.cli.inputs import load_cascade
from accelsim.cli.kinds import kind_of
from accelsim.cli.options import Json, Settings, Shape, settings_by_input
from accelsim.cli.output import print_json
from accelsim.cli.space_text import space_text
from accelsim.cli.system_text import system_facts, system_text
from accelsim.mapper.stated.space import load_space
from accelsim.mapping.load import load_mapping
from accelsim.mapping.render import render
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade
from accelsim.workload.forms import Forms, read_forms, split_name

SHELVES = {
    "workloads": "workload",
    "machines": "machine",
    "systems": "system",
    "mappings": "mapping",
    "spaces": "space",
}


def command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A workload, machine, system, mapping or space.")
    ],
    machine: Annotated[
        str | None, typer.Argument(metavar="MACHINE", help="With a workload: what it runs on ...")
    ] = None,
    mapping: Annotated[
        str | None, typer.Argument(metavar="MAPPING", help="... and how; else the default.")
    ] = None,
    *,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """A workload, a machine, a system of machines, a mapping as loop nests, or a space of mappings.

    Examples: accelsim show attention/one_pass, accelsim show heads/mla:decode, accelsim show
    fusemax_cloud, accelsim show h100_sxm, accelsim show lamina_2h100_4h20, accelsim show
    attention/one_pass fusemax_cloud
    """
    kind = "mapping" if machine else _kind_of(name)
    facts: dict[str, Any] = {}
    if kind == "workload":
        text = workload_text(load_cascade(name, settings, shape)) + _others_text(name)
    elif kind == "machine":
        text = machine_text(load_machine(name, settings))
    elif kind == "system":
        keys = {"system": keys_of(System)}
        system = load_system(name, settings_by_input(settings, keys)["system"])
        text, facts = system_text(system), system_facts(system)
    elif kind == "space":
        text = space_text(load_space(name))
    elif machine:
        text = render(load_case(name, machine, mapping, settings, shape).bound())
    else:
        text = _mapping_text(name, settings, shape)
    print_json({"kind": kind, "text": text, **facts}) if json else print(text.rstrip())


def workload_text(cascade: Cascade) -> str:
    """What it computes, over which ranks, and what that takes on any machine."""
    found = counts(cascade)
    operations = ", ".join(f"{number:,} {name}" for name, number in found.operations.items())
    return "\n".join(
        [
            f"{cascade.name}: {cascade.about}",
            *([f"source: {cascade.source}"] if cascade.source else []),
            "ranks: " + ", ".join(f"{rank} = {size}" for rank, size in cascade.ranks.items()),
            f"inputs: {', '.join(cascade.inputs)}; outputs: {', '.join(cascade.outputs)}",
            "",
            str(cascade),
            "",
            f"operations: {operations}",
            f"compulsory traffic: {format_quantity(found.compulsory_bytes, 'B')}",
            f"arithmetic intensity: {found.intensity:.4g} flop/B",
        ]
    )


def _others_text(name: str) -> str:
    """The forms and presets of the file, if it was not said which one is meant."""
    file, choices = split_name(name)
    forms = None if choices else read_forms(read_yaml(find(file, "workloads")))
    if forms is None:
        return ""
    own = [f"  {each}: {_said(forms, each)}" for each in forms.forms]
    presets = [f"  {each}: {preset.source}" for each, preset in forms.presets.items()]
    listed = ["forms (this is the first):", *own, *(["presets:", *presets] if presets else [])]
    return "\n".join(["", "", *listed, f"`accelsim show {file}:NAME` shows one"])


def _said(forms: Forms, name: str) -> str:
    form = forms.forms[name]
    equals = f"equals {form.equals}" if form.equals else ""
    return "; ".join(part for part in (forms.phase(name), equals, form.about) if part)


def machine_text(arch: Spatial | Gpu) -> str:
    """Its parts with their numbers and sources."""
    return gpu_text(arch) if isinstance(arch, Gpu) else _spatial_text(arch)


def _spatial_text(arch: Spatial) -> str:
    """And what the parts catalogue supplied."""
    technology = f", {format_quantity(arch.technology_nm, 'nm')}" if arch.technology_nm else ""
    lines = [f"{arch.about}", f"clock {format_quantity(arch.clock_hz, 'Hz')}{technology}"]
    parts: tuple[Memory | ComputeArray, ...] = (*arch.memories, *arch.compute)
    for part in parts:
        facts = _memory_facts(part) if isinstance(part, Memory) else _array_facts(part)
        lines += ["", f"{part.name}: {', '.join(facts)}"]
        lines += [f"  source: {part.source}"] if part.source else []
        lines += _operation_sources(part) if isinstance(part, ComputeArray) else []
    supplied = [f"{part}: {describe(found)}" for part, found in from_catalogue(arch)]
    return "\n".join([*lines, *(["", "from the parts catalogue:", *supplied] if supplied else [])])


def _memory_facts(memory: Memory) -> Iterator[str]:
    if memory.under:
        yield f"under {memory.under}"
    if memory.per:
        yield f"one in each PE of {memory.per}"
    unbounded = memory.capacity_bytes is None
    yield "unbounded" if unbounded else format_quantity(memory.capacity_bytes or 0, "B")
    if memory.bandwidth is not None:
        yield _rate_text(memory.bandwidth)
    for action in ("read", "write"):
        energy = getattr(memory, f"{action}_pj_per_byte")
        if energy is not None:
            yield f"{action} {format_quantity(energy, 'pJ/B')}"


def _rate_text(rate: Rate) -> str:
    if rate.bytes_per_cycle is None:
        return format_quantity(rate.bytes_per_s, "B/s")
    return format_quantity(rate.bytes_per_cycle, "B/cycle")


def _array_facts(array: ComputeArray) -> Iterator[str]:
    yield f"{array.rows} x {array.columns} PEs"
    for name, operation in array.operations.items():
        made_of = [f"{number:g} {unit}" for unit, number in (operation.as_ or {}).items()]
        own = format_quantity(operation.energy_pj, "pJ")
        yield f"{name} = {' + '.join(made_of)}" if made_of else f"{name} {own}"


def _operation_sources(array: ComputeArray) -> Iterator[str]:
    for name, operation in array.operations.items():
        if operation.source:
            yield f"  source of {name}: {operation.source}"


def _mapping_text(name: str, settings: list[str], shape: str | None) -> str:
    """A mapping by itself, on the first workload and machine that it names."""
    found = load_mapping(name)
    if not found.machines:
        remedy = f"show it with both: accelsim show {found.workload[0]} MACHINE {name}"
        raise CatalogueError(f"the mapping {name} names no machine", remedy=remedy)
    case = load_case(found.workload[0], found.machines[0], name, settings, shape)
    return f"{case.mapping.about}\n\n{render(case.bound())}"


def _kind_of(name: str) -> str:
    """By its keys if it is a file, else by the first shelf that has it; `find` refuses doubles.
    Only workloads have forms."""
    name = split_name(name)[0]
    if Path(name).is_file() or name.endswith((".yaml", ".yml")):
        return kind_of(read_yaml(name)).name
    for shelf, kind in SHELVES.items():
        if matching(name, shelf):
            find(name, shelf)
            return kind
    known = [each for shelf in SHELVES for each in names(shelf)]
    remedy = did_you_mean(name, known) or "`accelsim list workloads` shows what is shipped"
    fact = f"there is no workload, machine, system, mapping or space {name!r}"
    raise CatalogueError(fact, remedy=remedy)
