"""A machine's YAML over the calibration that it names: what the machine says goes first.

    calibration: hopper            arch/gpu/calibration/hopper.yaml, or a file

Mappings are joined key by key, lists of named entries name by name; of a `source` that both have,
one follows the other.
"""

from accelsim.base.catalogue import find
from accelsim.base.node import Node
from accelsim.base.yamlfile import read_yaml

_OWN = ("about", "source")


def calibrated(machine: Node) -> Node:
    """The machine with its calibration beneath; itself if it names none."""
    named = machine.get("calibration")
    if named is None or named.kind != "scalar":
        return machine
    beneath = read_yaml(find(named.text, "calibrations"))
    for key, node in beneath.items():
        if key not in _OWN:
            own = machine.get(key)
            machine = machine.with_child(key, node if own is None else _joined(own, node))
    return machine


def _joined(own: Node, beneath: Node) -> Node:
    if own.kind == beneath.kind == "mapping":
        for key, node in beneath.items():
            child = own.get(key)
            own = own.with_child(key, node if child is None else _joined_child(key, child, node))
        return own
    if own.kind == beneath.kind == "sequence":
        return Node(own.place, tuple(_joined_entries(own, beneath)))
    return own


def _joined_child(key: str, own: Node, beneath: Node) -> Node:
    if key != "source":
        return _joined(own, beneath)
    text = f"{own.text}; {beneath.text}"
    return Node(own.place, text, text)


def _joined_entries(own: Node, beneath: Node) -> list[Node]:
    named = {_name(entry): entry for entry in beneath.elements()}
    joined = [
        _joined(entry, named.pop(name)) if (name := _name(entry)) in named else entry
        for entry in own.elements()
    ]
    return [*joined, *named.values()]


def _name(entry: Node) -> str:
    name = entry.get("name") if entry.kind == "mapping" else None
    return name.text if name is not None else ""
