"""An architecture of Timeloop v4 or AccelForge → a spatial machine of ours, as YAML.

    theirs                                     ours
    depth x width, size (bit)                  capacity
    shared_, read_, write_bandwidth (words)    bandwidth in B/cycle
    throughput (bit/s) of an action            bandwidth in B/s
    energy (J/bit) of an action, or an ERT     read, write
    type of a DRAM, an SRAM, a register file   part: dram/TYPE, sram, register_file
    fan-outs above a compute unit              rows (the last, or meshY) x columns (the others)
    global_cycle_seconds; a unit's throughput  clock

Memories here are shared by all, or one in each PE. Several instances in between become one of their
room and bandwidth together, and memories side by side (one for each data type) one of their room.
Whatever changes, or means nothing here, is a `Remark` with its line: nothing is left out silently.
Names and arithmetic of Jinja are read as data (timeloop_template.py).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import Any

from accelsim.arch.load import read_spatial
from accelsim.arch.parts import Memory
from accelsim.arch.spatial import Spatial
from accelsim.arch.supply import supplied_memory
from accelsim.base.errors import ArchError, InputError, Place
from accelsim.base.node import Node
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml, read_text, read_yaml, yaml_text
from accelsim.interop.remark import Remark
from accelsim.interop.timeloop_energies import Energies, read_energies
from accelsim.interop.timeloop_memory import memory_of
from accelsim.interop.timeloop_template import expanded
from accelsim.interop.timeloop_tree import TAGS, Tree, Unit, class_words, read_tree

OPERATIONS = ("max", "div", "exp", "add", "sub", "mul", "mac")
"""Ours, by the first of them that a compute unit's name or class contains."""


@dataclass(frozen=True)
class Imported:
    """The machine, the YAML that describes it, and what of the file it does not have."""

    machine: Spatial
    text: str
    remarks: tuple[Remark, ...]


def from_timeloop(
    path: str | Path, energies: str | Path | None = None, clock_hz: float | None = None
) -> Imported:
    """The machine in a file of Timeloop v4 or AccelForge.

    `energies` is Accelergy's table (ERT) of it; `clock_hz` is for files that say none.

    Raises
    ------
    InputError
        if the file has no architecture, no clock, or describes no tree of memories over arrays.
    """
    file = parse_yaml(expanded(read_text(Path(path)), str(path)), str(path), TAGS)
    tree = read_tree(file)
    table = Energies() if energies is None else read_energies(read_yaml(energies))
    content, remarks = _machine(tree, table, Path(path), _clock(tree, file, clock_hz))
    text = yaml_text(content)
    try:
        machine = read_spatial(parse_yaml(text, f"{path} as a machine"))
    except InputError as error:
        at = _place(error, text, tree, file)
        raise ArchError(error.fact, at=at, remedy=error.remedy) from error
    return Imported(machine, text, (*tree.remarks, *remarks))


def _place(error: InputError, text: str, tree: Tree, file: Node) -> Place:
    """In the other tool's file: of the unit that the line of our YAML is about."""
    line = error.at.line if error.at is not None else None
    named = re.findall(r"\bname: (\w+)", "\n".join(text.splitlines()[:line]) if line else "")
    places = {unit.name: unit.node.place for unit in tree.units}
    found = (places.get(name) or places.get(name.removesuffix("Array")) for name in named[::-1])
    return next((place for place in found if place is not None), file.place)


def _machine(
    tree: Tree, table: Energies, path: Path, clock: float
) -> tuple[dict[str, Any], list[Remark]]:
    remarks: list[Remark] = []
    technology = _technology(tree)
    arrays = _arrays(tree)
    memories = [
        memory_of(units, tree, _below(units, arrays), table, remarks)
        for units in _memories(tree, remarks)
    ]
    compute = [_array(name, units, tree, clock, table, remarks) for name, units in arrays.items()]
    said: dict[str, Any] = {"about": f"Read from {path.name}.", "source": path.name}
    said |= {"clock": f"{clock:.15g} Hz"}
    _refuse_equal_names(tree)
    said |= {} if technology is None else {"technology": f"{technology:g} nm"}
    known = [_supplied(each, technology, remarks, tree) for each in memories]
    return {**said, "memories": known, "compute": compute}, remarks


def _refuse_equal_names(tree: Tree) -> None:
    places: dict[str, Place] = {}
    for unit in tree.units:
        if unit.name in places:
            fact = f"{unit.name!r} is there twice, first on line {places[unit.name].line}"
            raise ArchError(fact, at=unit.node.place, remedy="Give each a name of its own")
        places[unit.name] = unit.node.place


def _supplied(
    memory: dict[str, Any], technology: float | None, remarks: list[Remark], tree: Tree
) -> dict[str, Any]:
    """The memory, without a part that the catalogue cannot supply."""
    try:
        record = read_record(parse_yaml(yaml_text(memory)), Memory)
        supplied_memory(record, technology)
    except InputError as error:
        place = next(unit.node.place for unit in tree.units if unit.name == memory["name"])
        text = (
            f"{memory['name']}: no energy is given for it, and 0 pJ/B stands there ({error.fact})"
        )
        remarks.append(Remark(place, text))
        rest = {key: value for key, value in memory.items() if key != "part"}
        return {"read": "0 pJ/B", "write": "0 pJ/B", **rest}
    return memory


# --- clock and technology -------------------------------------------------------------------------


def _clock(tree: Tree, file: Node, given: float | None) -> float:
    """Of the outermost container, the variables, or the busiest compute unit."""
    written = tree.attributes.get("global_cycle_seconds")
    seconds = tree.number(written)
    seconds = tree.variables.get("global_cycle_seconds") if seconds is None else seconds
    if seconds is not None and seconds > 0:
        return _rounded(1 / seconds)
    busiest = max((u for u in tree.units if u.kind == "compute"), key=lambda unit: unit.instances)
    rate = tree.number(busiest.action("compute", "throughput"))
    rate = given if given is not None else rate
    if rate is None or not isfinite(rate):
        remedy = "Add 'variables: {global_cycle_seconds: 1e-9}', or give it by --clock '1 GHz'"
        raise ArchError("the file says no clock", at=file.place, remedy=remedy)
    return rate


def _rounded(hertz: float) -> float:
    """1 / 1.0638297873e-9 s is 940 MHz, as far as ten digits tell."""
    return float(f"{hertz:.9g}")


def _technology(tree: Tree) -> float | None:
    written = tree.attributes.get("technology")
    if written is None:
        seen = tree.variables.get("technology")
    else:
        seen = tree.number(written)
        text = written.text.strip().removesuffix("nm").strip()
        if seen is None and text.replace(".", "", 1).isdigit():
            return float(text)
    return seen * 1e9 if seen is not None and seen < 1e-3 else seen


# --- memories and arrays --------------------------------------------------------------------------


def _memories(tree: Tree, remarks: list[Remark]) -> list[list[Unit]]:
    """Each memory by itself, but those that lie side by side in one list."""
    found: list[list[Unit]] = []
    for unit in tree.units:
        if unit.kind != "memory":
            continue
        if found and unit.beside and found[-1][-1].beside and found[-1][-1].above == unit.above:
            found[-1].append(unit)
        else:
            found.append([unit])
    for units in found:
        if len(units) > 1:
            listed = ", ".join(unit.name for unit in units)
            text = f"{listed} lie side by side; here they are one memory of their room together"
            remarks.append(Remark(units[0].node.place, text))
    return found


def _below(units: Sequence[Unit], arrays: Mapping[str, Sequence[Unit]]) -> dict[str, int]:
    """The arrays that hang below a memory, and the PEs of each."""
    names = {unit.name for unit in units}
    return {
        name: members[0].instances
        for name, members in arrays.items()
        if names & set(members[0].above)
    }


def _arrays(tree: Tree) -> dict[str, list[Unit]]:
    """Compute units that share their PE, by a name of their own."""
    groups: dict[Any, list[Unit]] = {}
    for unit in tree.units:
        if unit.kind == "compute":
            groups.setdefault((unit.above, unit.fanout), []).append(unit)
    taken = ("Array" if len(groups) == 1 else f"{units[0].name}Array" for units in groups.values())
    return dict(zip(taken, groups.values(), strict=True))


def _array(
    name: str,
    units: Sequence[Unit],
    tree: Tree,
    clock: float,
    table: Energies,
    remarks: list[Remark],
) -> dict[str, Any]:
    rows = _rows(units[0])
    rate = tree.number(units[0].action("compute", "throughput")) or clock
    lanes = max(round(rate / clock), 1) if isfinite(rate) else 1
    operations = {
        _operation(unit, remarks): _operation_costs(unit, tree, table, lanes, remarks)
        for unit in units
    }
    remarks += [remark for unit in units for remark in tree.left_out(unit, _KNOWN)]
    size = {"rows": rows, "columns": units[0].instances // rows * lanes}
    return {"name": name, **size, "under": units[0].under, "operations": operations}


_KNOWN = ("energy", "throughput", "area", "leak_power")


def _rows(unit: Unit) -> int:
    """meshY is rows; of other fan-outs the last one, if there are several."""
    if {axis for axis, _ in unit.fanout} <= {"meshX", "meshY", "meshZ"}:
        return prod(number for axis, number in unit.fanout if axis == "meshY")
    return unit.fanout[-1][1] if len(unit.fanout) > 1 else 1


def _operation_costs(
    unit: Unit, tree: Tree, table: Energies, lanes: int, remarks: list[Remark]
) -> dict[str, Any]:
    joule = tree.number(unit.action("compute", "energy"))
    pj = table.of(unit.name, "compute") if joule is None else joule * 1e12
    if pj is None:
        text = f"{unit.name}: no energy is given for it, and 0 pJ stands there"
        remarks.append(Remark(unit.node.place, text))
    said: dict[str, Any] = {"energy": f"{pj or 0:.10g} pJ"}
    area, leak = tree.number(unit.attribute("area")), tree.number(unit.attribute("leak_power"))
    said |= {"area": f"{area * 1e12 / lanes:.10g} um^2"} if area else {}
    return said | ({"leakage": f"{leak / lanes:.10g} W"} if leak else {})


def _operation(unit: Unit, remarks: list[Remark]) -> str:
    for written in (unit.name.lower(), class_words(unit.node)):
        found = next((word for word in OPERATIONS if word in written), None)
        if found is not None:
            return found
    own = unit.name.lower()
    text = f"{unit.name}: what it computes is not said; it has one operation, {own!r}"
    remarks.append(Remark(unit.node.place, text))
    return own
