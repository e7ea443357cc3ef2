"""System YAML → devices, and the machine of each kind of them."""

from collections.abc import Mapping
from pathlib import Path

from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.system import Machine, System
from accelsim.arch.system_checks import system_problems
from accelsim.base.catalogue import find
from accelsim.base.errors import ArchError, InputError
from accelsim.base.record import keys_of, read_record, refuse_another_kind
from accelsim.base.setting import Value, parse_setting, with_settings
from accelsim.base.yamlfile import Node, read_yaml


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
        raise ArchError(problem.fact, at=node.nearest(problem.path).place, remedy=problem.remedy)
    for number, device in enumerate(system.devices):
        try:
            _machine(device.machine, device.set)
        except InputError as error:
            key = "set" if device.set else "machine"
            place = node.nearest(("devices", number, key)).place
            raise ArchError(f"{device.name}: {error}", at=place) from error
    return system


def machines_of(system: System) -> Mapping[str, Machine]:
    """The machine of every kind of device, by the device's name."""
    return {device.name: _machine(device.machine, device.set) for device in system.devices}


def _machine(name: str, overrides: Mapping[str, Value]) -> Machine:
    return load_gpu(name, overrides) if is_gpu(name) else load_arch(name, overrides)
