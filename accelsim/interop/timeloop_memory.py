"""One memory of Timeloop or AccelForge as a memory of ours, in the YAML's keys."""

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Any

from accelsim.arch.tables import part_entries
from accelsim.interop.remark import Remark
from accelsim.interop.timeloop_energies import Energies
from accelsim.interop.timeloop_tree import Tree, Unit, class_words

Remarks = list[Remark]

_KNOWN = (
    "depth",
    "width",
    "datawidth",
    "entries",
    "size",
    "shared_bandwidth",
    "read_bandwidth",
    "write_bandwidth",
    "throughput",
    "energy",
    "bits_per_action",
    "area",
    "leak_power",
    "type",
    "n_rdwr_ports",
)
_REGISTERS = ("regfile", "register", "_rf", "reg")


def memory_of(
    units: Sequence[Unit], tree: Tree, arrays: Mapping[str, int], table: Energies, remarks: Remarks
) -> dict[str, Any]:
    """Of one unit, or of several side by side; `arrays` are those below, with their PEs."""
    unit = units[-1]
    remarks += [remark for each in units for remark in tree.left_out(each, _KNOWN)]
    per = next(iter(arrays)) if _is_per_pe(unit, arrays) else None
    together = 1 if per else unit.instances
    if together > 1:
        text = f"{unit.name}: {together} of them become one of their room and bandwidth together"
        remarks.append(Remark(unit.node.place, text))
    bits = sum(_bits(each, tree) for each in units)
    said: dict[str, Any] = {"name": unit.name}
    said |= {"per": per} if per else {}
    said |= {"under": unit.under} if unit.under else {}
    said |= {"capacity": f"{bits * together / 8:.15g} B"} if isfinite(bits) else {}
    said |= _bandwidth(unit, tree, together, remarks)
    ports = tree.number(unit.attribute("n_rdwr_ports"))
    said |= {"ports": int(ports)} if ports and ports >= 1 else {}
    said |= _energies(unit, tree, table, remarks)
    for key, theirs, factor, ours in (
        ("area", "area", 1e12, "um^2"),
        ("leakage", "leak_power", 1, "W"),
    ):
        value = tree.number(unit.attribute(theirs))
        said |= {key: f"{value * factor * together:.10g} {ours}"} if value else {}
    return said


def _is_per_pe(unit: Unit, arrays: Mapping[str, int]) -> bool:
    """Whether each PE of the one array below has it."""
    return len(arrays) == 1 and unit.instances > 1 and list(arrays.values()) == [unit.instances]


def _bits(unit: Unit, tree: Tree) -> float:
    """Its room; without end if nothing is said."""
    size, depth = tree.number(unit.attribute("size")), tree.number(unit.attribute("depth"))
    entries, width = tree.number(unit.attribute("entries")), tree.number(unit.attribute("width"))
    word = tree.number(unit.attribute("datawidth"))
    if size is not None:
        return size
    if depth is not None and width is not None:
        return depth * width
    return entries * word if entries is not None and word is not None else inf


def _bandwidth(unit: Unit, tree: Tree, together: int, remarks: Remarks) -> dict[str, Any]:
    """The slower of reads and writes, where they have ports of their own."""
    word = tree.number(unit.attribute("datawidth")) or 8
    per_cycle = {
        key: number * word / 8
        for key in ("shared_bandwidth", "read_bandwidth", "write_bandwidth")
        if (number := tree.number(unit.attribute(key))) is not None
    }
    per_second = {
        action: number / 8
        for action in ("read", "write")
        if (number := tree.number(unit.action(action, "throughput"))) is not None
    }
    rates, suffix = (per_cycle, "B/cycle") if per_cycle else (per_second, "B/s")
    finite = {key: rate for key, rate in rates.items() if 0 < rate < inf}
    if not finite:
        return {}
    if len(set(rates.values())) > 1:
        listed = ", ".join(f"{key} {rate:.6g} {suffix}" for key, rate in rates.items())
        text = f"{unit.name}: of {listed} the slowest is its bandwidth here"
        remarks.append(Remark(unit.node.place, text))
    return {"bandwidth": f"{min(finite.values()) * together:.10g} {suffix}"}


def _energies(unit: Unit, tree: Tree, table: Energies, remarks: Remarks) -> dict[str, Any]:
    """From its actions (J a bit), the table (pJ a row), or the parts catalogue."""
    found: dict[str, Any] = {}
    row = tree.number(unit.attribute("width"))
    for action, others in (("read", ()), ("write", ("update",))):
        joule = tree.number(unit.action(action, "energy"))
        bits = tree.number(unit.action(action, "bits_per_action")) or 1
        pj = table.of(unit.name, action, *others)
        if joule is not None:
            found[action] = f"{joule * 1e12 / bits:.10g} pJ/bit"
        elif pj is not None and row:
            found[action] = f"{pj:.10g} pJ/row"
    part = _part(unit)
    size = {"row": f"{row / 8:.15g} B"} if row else {}
    if len(found) == 2:
        return {**size, **found}
    if part is not None:
        return {**size, **found, "part": part}
    text = f"{unit.name}: no energy is given for it, and 0 pJ/B stands there"
    remarks.append(Remark(unit.node.place, text))
    return {**size, "read": "0 pJ/B", "write": "0 pJ/B", **found}


def _part(unit: Unit) -> str | None:
    """The catalogue's word for it."""
    written = class_words(unit.node)
    kind = unit.attribute("type")
    if "dram" in written and kind is not None:
        known = {entry.name for entry in part_entries("dram")}
        return f"dram/{kind.text}" if kind.text in known else None
    if "sram" in written:
        return "sram"
    return "register_file" if any(word in written for word in _REGISTERS) else None
