"""A machine's YAML over the calibration that it names: what the machine says goes first.

    calibration: hopper            arch/gpu/calibration/hopper.yaml, or a file

Mappings are joined key by key, lists of named entries name by name. Where something of the
calibration is taken, its `source` follows the machine's own.

A generation of which no GPU was measured carries over what another one's calibration says, without
the entries that it has no use for. Every source that came that way says so.

    carried_over:
      from: hopper
      without: [wgmma_bf16, wgmma_fp16]
"""

from accelsim.base.catalogue import find
from accelsim.base.errors import ArchError
from accelsim.base.node import Node
from accelsim.base.record import Record
from accelsim.base.yamlfile import read_yaml


class Carried(Record):
    """Whose calibration holds for these GPUs too, but for the entries of these names."""

    from_: str
    without: tuple[str, ...] = ()


_OWN = ("about", "source", "carried_over")


def calibrated(machine: Node) -> Node:
    """The machine with its calibration beneath; itself if it names none."""
    named = machine.get("calibration")
    if named is None or named.kind != "scalar":
        return machine
    return _over(machine, _calibration(named))


def _calibration(named: Node) -> Node:
    calibration = read_yaml(find(named.text, "calibrations"))
    carried = calibration.get("carried_over")
    if carried is None:
        return calibration
    beneath = read_yaml(find(carried["from"].text, "calibrations"))
    if "carried_over" in beneath:
        fact = f"{carried['from'].text} is itself carried over"
        raise ArchError(fact, at=carried["from"].place, remedy="Name one that was measured")
    without = carried.get("without")
    names = [node.text for node in without.elements()] if without else []
    return _over(calibration, _carried(beneath, carried["from"].text, names))


def _over(machine: Node, beneath: Node) -> Node:
    for key, node in beneath.items():
        if key not in _OWN:
            own = machine.get(key)
            machine = machine.with_child(key, node if own is None else _joined(own, node))
    return machine


def _carried(node: Node, origin: str, without: list[str]) -> Node:
    """The same without these entries, every source marked."""
    if node.kind == "sequence":
        kept = (entry for entry in node.elements() if _name(entry) not in without)
        return Node(node.place, tuple(_carried(entry, origin, without) for entry in kept))
    if node.kind == "mapping":
        for key, child in node.items():
            node = node.with_child(key, _carried_child(key, child, origin, without))
    return node


def _carried_child(key: str, child: Node, origin: str, without: list[str]) -> Node:
    if key != "source":
        return _carried(child, origin, without)
    text = f"assumed to be as on {origin} ({child.text})"
    return Node(child.place, text, text)


def _joined(own: Node, beneath: Node) -> Node:
    if own.kind == beneath.kind == "mapping":
        return _joined_mapping(own, beneath)
    if own.kind == beneath.kind == "sequence":
        return Node(own.place, tuple(_joined_entries(own, beneath)))
    return own


def _joined_mapping(own: Node, beneath: Node) -> Node:
    joined = own
    for key, node in beneath.items():
        child = own.get(key)
        if child is None or key != "source":
            joined = joined.with_child(key, node if child is None else _joined(child, node))
        elif _adds(beneath, own):
            text = f"{child.text}; the rest: {node.text}"
            joined = joined.with_child(key, Node(child.place, text, text))
    return joined


def _adds(beneath: Node, own: Node) -> bool:
    """Whether there is something beneath that the machine does not say itself."""
    if not own.kind == beneath.kind == "mapping":
        return False
    named = [(own.get(key), node) for key, node in beneath.items() if key != "source"]
    return any(child is None or _adds(node, child) for child, node in named)


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
