"""Arch YAML → machine. Its kind shows in its keys: `compute` makes a spatial array, `sms` a GPU,
and `devices` a system of machines.

Reading a spatial array has four steps: operations from a shared table are written out, then the
records (keys, units, ranges), the tree between them, and what the parts catalogue supplies. A GPU's
file is read over the calibration that it names. The first thing wrong is an error with file and
line.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from accelsim.arch.calibrated import calibrated
from accelsim.arch.compositions import composed
from accelsim.arch.gpu import Gpu
from accelsim.arch.spatial import Spatial, with_parts
from accelsim.arch.structure import problems
from accelsim.arch.supply import supplied_array, supplied_memory
from accelsim.arch.system import Machine, System
from accelsim.arch.system_checks import system_problems
from accelsim.base.catalogue import find
from accelsim.base.errors import ArchError, InputError, Place
from accelsim.base.record import keys_of, read_record, refuse_another_kind
from accelsim.base.setting import Value, parse_setting, with_settings
from accelsim.base.yamlfile import Node, read_yaml


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


def load_gpu(name_or_path: str | Path, overrides: Mapping[str, Value] | None = None) -> Gpu:
    """`load_gpu("h100_sxm", {"memories.HBM.bandwidth": "4800 GB/s"})`."""
    node = read_yaml(find(name_or_path, "arch"))
    if "sms" not in node:
        fact = "this is no GPU; it has no 'sms'"
        raise ArchError(
            fact, at=node.place, remedy="`accelsim list machines` shows what is shipped"
        )
    return read_record(with_settings(calibrated(node), Gpu, overrides or {}), Gpu)


def load_system(name_or_path: str | Path, overrides: Mapping[str, Value] | None = None) -> System:
    """`load_system("lamina_2h100_4h20", {"links.rdma.bandwidth": "20 GB/s"})`.

    A path that begins with the name of a kind of device goes on in the file of its machine:
    `H20.memories.HBM.bandwidth`.
    """
    node = read_yaml(find(name_or_path, "systems"))
    return read_system(system_with_settings(node, overrides or {}))


def system_with_settings(node: Node, overrides: Mapping[str, Value]) -> Node:
    """A new tree of a system, in which every path holds its value."""
    kinds = _kinds(node)
    own = {path: text for path, text in overrides.items() if path.partition(".")[0] not in kinds}
    node = with_settings(node, System, own)
    for path in (path for path in overrides if path not in own):
        kind, _, rest = path.partition(".")
        node = _with_machine_setting(node, kind, rest, overrides[path])
    return node


def system_keys(name_or_path: str | Path) -> list[str]:
    """With what a setting of a system may begin: its keys, and the names of its devices."""
    return [*keys_of(System), *_kinds(read_yaml(find(name_or_path, "systems")))]


def _kinds(node: Node) -> list[str]:
    """Names of the kinds of devices, those that are also keys of a system left out."""
    if "devices" not in node:
        return []
    names = [each["name"].text for each in node["devices"].elements() if "name" in each]
    return [name for name in names if name not in keys_of(System)]


def _with_machine_setting(node: Node, kind: str, path: str, value: Value) -> Node:
    def changed(device: Node) -> Node:
        if device["name"].text != kind:
            return device
        own = device.get("set") or Node(device.place, {})
        return device.with_child("set", own.with_child(path, parse_setting(path, value)))

    devices = node["devices"]
    elements = tuple(changed(each) for each in devices.elements())
    return node.with_child("devices", Node(devices.place, elements))


def read_system(node: Node) -> System:
    """The system that a node describes.

    Raises
    ------
    InputError
        for the first thing that is wrong with it, or with a machine that it names: file and line.
    """
    refuse_another_kind(node, System, "devices")
    system = read_record(node, System)
    for problem in system_problems(system):
        raise ArchError(problem.fact, at=_place(node, problem.path), remedy=problem.remedy)
    for number, device in enumerate(system.devices):
        try:
            _machine(device.machine, device.set)
        except InputError as error:
            key = "set" if device.set else "machine"
            place = _place(node, ("devices", number, key))
            raise ArchError(f"{device.name}: {error}", at=place) from error
    return system


def machines_of(system: System) -> Mapping[str, Machine]:
    """The machine of every kind of device, by the device's name."""
    return {device.name: _machine(device.machine, device.set) for device in system.devices}


def _machine(name: str, overrides: Mapping[str, Value]) -> Machine:
    return load_gpu(name, overrides) if is_gpu(name) else load_arch(name, overrides)


def read_arch(node: Node) -> Spatial | Gpu:
    """The machine that a node describes."""
    if "sms" in node:
        return read_record(calibrated(node), Gpu)
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
        raise ArchError(problem.fact, at=_place(node, problem.path), remedy=problem.remedy)
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
            raise ArchError(fact, at=_place(node, ("memories", number)), remedy=remedy)


def _at(node: Node, path: Sequence[str | int], error: ArchError) -> ArchError:
    part = _node(node, path)["name"].text
    return ArchError(f"{part}: {error.fact}", at=_place(node, path), remedy=error.remedy)


def _place(node: Node, path: Sequence[str | int]) -> Place:
    return _node(node, path).place


def _node(node: Node, path: Sequence[str | int]) -> Node:
    """The node at the path, or the last one on the way that is written."""
    for step in path:
        if isinstance(step, int):
            node = node.elements()[step]
        elif step in node:
            node = node[step]
    return node
