"""Arch YAML → machine. Its kind shows in its keys: `compute` makes a spatial array, `sms` a GPU
(`load_gpu`), and `devices` a system of machines (`load_system`).

Reading a spatial array has four steps: operations from a shared table are written out, then the
records (keys, units, ranges), the tree between them, and what the parts catalogue supplies. The
first thing wrong is an error with file and line.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.arch.compositions import composed
from accelsim.arch.spatial import Spatial, with_parts
from accelsim.arch.structure import problems
from accelsim.arch.supply import supplied_array, supplied_memory
from accelsim.base.catalogue import find
from accelsim.base.errors import ArchError
from accelsim.base.record import read_record
from accelsim.base.setting import Value, with_settings
from accelsim.base.yamlfile import Node, read_yaml

if TYPE_CHECKING:
    from accelsim.arch.gpu import Gpu


def is_gpu(name_or_path: str | Path) -> bool:
    """Whether a machine's file describes a GPU."""
    return "sms" in read_yaml(find(name_or_path, "arch"))


def load_arch(name_or_path: str | Path, overrides: Mapping[str, Value] | None = None) -> Spatial:
    """`load_arch("fusemax_cloud", {"memories.DRAM.bandwidth": "800 GB/s"})`."""
    node = read_yaml(find(name_or_path, "arch"))
    if "devices" in node:
        remedy = "A system serves models: `accelsim explain llama3_70b eight_h100`"
        raise ArchError("this is a system of machines, not a machine", at=node.place, remedy=remedy)
    if "sms" in node:
        remedy = "`accelsim evaluate` and `accelsim predict` take it"
        raise ArchError("this is a GPU, not a spatial array", at=node.place, remedy=remedy)
    return read_spatial(with_settings(composed(node), Spatial, overrides or {}))


def read_arch(node: Node) -> "Spatial | Gpu":
    """The machine that a node describes."""
    if "sms" in node:
        # Who reads a spatial array needs nothing of what it imports.
        from accelsim.arch.load_gpu import read_gpu

        return read_gpu(node)
    if "compute" in node or "memories" in node:
        return read_spatial(node)
    keys = ", ".join(node.keys())
    fact = f"this is no machine; it has the keys {keys}"
    remedy = "A spatial array has 'memories' and 'compute', a GPU has 'sms'"
    raise ArchError(fact, at=node.place, remedy=remedy)


def read_spatial(node: Node) -> Spatial:
    node = composed(node)
    arch = read_record(node, Spatial)
    for problem in problems(arch):
        raise ArchError(problem.fact, at=node.nearest(problem.path).place, remedy=problem.remedy)
    _check_parts(node, arch)
    arch = with_parts(arch)
    _check_energies(node, arch)
    return arch


def _check_parts(node: Node, arch: Spatial) -> None:
    """Raises what the parts catalogue refuses, at the part that asks for it."""
    for number, memory in enumerate(arch.memories):
        try:
            supplied_memory(memory, arch.technology_nm)
        except ArchError as error:
            raise _at(node, ("memories", number), error) from error
    for number, array in enumerate(arch.compute):
        try:
            supplied_array(array, arch.technology_nm)
        except ArchError as error:
            raise _at(node, ("compute", number), error) from error


def _check_energies(node: Node, arch: Spatial) -> None:
    """Every memory's read and write must cost something known, if only `0 pJ/B`."""
    for number, memory in enumerate(arch.memories):
        energies = {"read": memory.read_pj_per_byte, "write": memory.write_pj_per_byte}
        for action in (name for name, energy in energies.items() if energy is None):
            fact = f"{memory.name} has no {action} energy"
            remedy = f"Add a line like '{action}: 1.2 pJ/B', or 'part: sram' for the catalogue's"
            raise ArchError(fact, at=node.nearest(("memories", number)).place, remedy=remedy)


def _at(node: Node, path: Sequence[str | int], error: ArchError) -> ArchError:
    part = node.nearest(path)["name"].text
    return ArchError(f"{part}: {error.fact}", at=node.nearest(path).place, remedy=error.remedy)
