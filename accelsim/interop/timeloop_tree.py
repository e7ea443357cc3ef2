"""The architecture files of Timeloop v4 and AccelForge as one list of memories and compute units.

Both write a machine from the outside in: what stands below another node is inside it, and `spatial`
multiplies all that follows. Timeloop has `!Component`s with a class and `attributes` (depth, width,
bandwidths in words a cycle); AccelForge has `!Memory` and `!Compute` with `actions` in SI units.
Numbers may be arithmetic (`8 * 614e9`) over `variables`; there is no other code.

    MainMemory ── GlobalBuffer ── LocalBuffer (x 4) ─┬─ ScalarUnit (x 4)
                                                     └─ Register ── MAC (x 4 x 128 x 128)
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite, prod
from typing import Literal

from accelsim.base.errors import ArchError, ExpressionError, did_you_mean
from accelsim.base.expression import parse_expression
from accelsim.base.node import Node
from accelsim.interop.remark import Remark

TAGS = (
    "!Component",
    "!Container",
    "!Parallel",
    "!Hierarchical",
    "!Pipelined",
    "!Memory",
    "!Compute",
    "!Fork",
    "!Array",
)
Fanout = tuple[tuple[str, int], ...]

_GROUPS = ("!Parallel", "!Hierarchical", "!Pipelined", "!Fork", "!Array")
_STORES = ("dram", "sram", "buffer", "storage", "regfile", "register", "_rf")
_MESHES = ("meshX", "meshY", "meshZ")
_APART = ("!Fork", "!Array")
_OF_ALL = ("global_cycle_seconds", "technology")
_WORDS = ("type",)
_STRUCTURE = ("name", "class", "subclass", "component_class", "spatial", "attributes", "actions")


@dataclass(frozen=True)
class Unit:
    """A memory or a compute unit: its node, the fan-outs it lies behind, the memories above it.

    `beside`: one of several that lie side by side, such as a register for each data type.
    """

    name: str
    kind: Literal["memory", "compute"]
    node: Node
    fanout: Fanout
    above: tuple[str, ...]
    beside: bool = False

    @property
    def instances(self) -> int:
        return prod(number for _, number in self.fanout)

    @property
    def under(self) -> str | None:
        return self.above[-1] if self.above else None

    def attribute(self, *keys: str) -> Node | None:
        """The first of these that the unit has, itself or under `attributes`."""
        attributes = _attributes(self.node)
        written = (self.node.get(key) or attributes.get(key) for key in keys)
        return next((node for node in written if node is not None), None)

    def action(self, action: str, key: str) -> Node | None:
        """AccelForge: what is said of one of its actions, `{name: read, energy: 7e-12}`."""
        for each in self.node["actions"].elements() if "actions" in self.node else ():
            if each["name"].text == action:
                return each.get(key)
        return None


@dataclass(frozen=True)
class Tree:
    """What a file describes, the containers' attributes, and what of it means nothing here."""

    units: tuple[Unit, ...]
    attributes: Mapping[str, Node]
    variables: Mapping[str, float]
    remarks: tuple[Remark, ...]

    def number(self, node: Node | None) -> float | None:
        """Of a number or of arithmetic over the file's variables; None if it is anything else."""
        if node is None or node.kind != "scalar":
            return None
        try:
            return float(parse_expression(node.text).evaluate({**self.variables, "inf": inf}))
        except (ExpressionError, TypeError, ValueError):
            return None

    def left_out(self, unit: Unit, known: Collection[str]) -> Iterator[Remark]:
        """The keys of a unit, its attributes and its actions that nothing was made of: those that
        mean nothing here, and those whose value is no number."""
        actions = unit.node["actions"].elements() if "actions" in unit.node else []
        for node in (unit.node, unit.node.get("attributes"), *actions):
            for key, value in node.items() if node is not None else ():
                if key in _STRUCTURE:
                    continue
                fact = f"{unit.name}: {key!r}"
                if key not in known:
                    yield Remark(value.place, _left_out(fact, key, (*known, *_STRUCTURE)))
                elif key not in _WORDS and self.number(value) is None:
                    yield Remark(value.place, f"{fact} is no number here, and is left out")


def read_tree(file: Node) -> Tree:
    """Raises ArchError if the file describes no architecture."""
    key = next((key for key in ("architecture", "arch") if key in file), None)
    if key is None or "nodes" not in file[key]:
        remedy = "Timeloop v4 has 'architecture: {nodes: [...]}', AccelForge 'arch: {nodes: [...]}'"
        raise ArchError("no architecture is in this file", at=file.place, remedy=remedy)
    strange = [(each, file) for each in file if each not in (key, "variables")]
    strange += [(each, file[key]) for each in file[key] if each not in ("nodes", "version")]
    other_keys = (Remark(node.key_place(each), f"{each!r} is not read") for each, node in strange)
    walk = _Walk()
    walk.through(file[key]["nodes"], (), ())
    if not any(unit.kind == "compute" for unit in walk.units):
        remedy = "Timeloop v4 has a !Component of the class intmac, AccelForge a !Compute"
        raise ArchError("no compute unit is in this file", at=file[key].place, remedy=remedy)
    return Tree(tuple(walk.units), walk.attributes, _variables(file), (*other_keys, *walk.remarks))


def _variables(file: Node) -> dict[str, float]:
    found: dict[str, float] = {}
    written = file.get("variables")
    for name, node in written.items() if written is not None else ():
        try:
            found[name] = float(parse_expression(node.text).evaluate(found))
        except (ExpressionError, TypeError, ValueError):
            continue
    return found


class _Walk:
    """From the outside in; collects units, and remarks on what it passes over."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.attributes: dict[str, Node] = {}
        self.remarks: list[Remark] = []

    def through(
        self, nodes: Node, fanout: Fanout, above: tuple[str, ...], beside: bool = False
    ) -> tuple[str, ...]:
        """The memories that lie above what follows."""
        inside = above
        for node in nodes.elements():
            if node.tag in _GROUPS and "nodes" in node:
                inner = self.through(node["nodes"], fanout, inside, node.tag == "!Parallel")
                inside = inside if node.tag in _APART else inner
                continue
            own = (*fanout, *self._fanout(node))
            if node.tag == "!Container":
                self.attributes.update(_attributes(node))
                self._leave(node, _STRUCTURE)
                if "attributes" in node:
                    self._leave(node["attributes"], _OF_ALL, _name(node))
                fanout = own
                continue
            unit = Unit(_name(node), _kind(node), node, own, above if beside else inside, beside)
            self.units.append(unit)
            if unit.kind == "memory":
                inside = (*inside, unit.name)
                fanout = fanout if beside else own
        return inside

    def _fanout(self, node: Node) -> Iterator[tuple[str, int]]:
        written = node.get("spatial")
        if written is None:
            return
        if written.kind == "mapping":
            for key, value in written.items():
                if key in _MESHES:
                    yield key, _whole(value)
                else:
                    self.remarks.append(Remark(value.place, f"spatial: {key!r} is left out"))
            return
        for each in written.elements():
            yield each["name"].text, _whole(each["fanout"])
            self._leave(each, ("name", "fanout"))

    def _leave(self, node: Node, known: Collection[str], name: str = "") -> None:
        name = name or (node["name"].text if "name" in node else node.tag)
        for key, value in node.items():
            if key not in known:
                self.remarks.append(Remark(value.place, _left_out(f"{name}: {key!r}", key, known)))


def _left_out(fact: str, key: str, known: Iterable[str]) -> str:
    remedy = did_you_mean(key, known)
    return f"{fact} is left out{f'. {remedy}' if remedy else ''}"


def _attributes(node: Node) -> dict[str, Node]:
    written = node.get("attributes")
    return dict(written.items()) if written is not None else {}


def _name(node: Node) -> str:
    if "name" not in node:
        raise ArchError(f"a {node.tag or 'node'} has no name", at=node.place)
    name = node["name"].text.partition("[")[0].strip()
    if not name:
        raise ArchError(f"a {node.tag or 'node'} has a name that is no text", at=node.place)
    return "".join(each if each.isalnum() else "_" for each in name)


def _kind(node: Node) -> Literal["memory", "compute"]:
    if node.tag in ("!Memory", "!Compute"):
        return "memory" if node.tag == "!Memory" else "compute"
    written = class_words(node)
    stores = any(word in written for word in _STORES) or written.endswith("rf")
    return "memory" if stores else "compute"


def class_words(node: Node) -> str:
    """What kind of part it is, in the words of its file."""
    keys = ("class", "subclass", "component_class")
    return " ".join(node[key].text.lower() for key in keys if key in node)


def _whole(node: Node) -> int:
    try:
        number = float(parse_expression(node.text).evaluate({}))
    except (ExpressionError, TypeError, ValueError):
        number = 0.5
    if not isfinite(number) or number != int(number) or not 1 <= number <= 2**24:
        raise ArchError(f"a fan-out of {node.text[:60]!r} is no whole number", at=node.place)
    return int(number)
