"""What nodes of a traced graph are written with, in the words of graph.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accelsim.interop.graph import Node, Traced


@dataclass
class Writer:
    """Nodes as they are read, with the tensors between them."""

    tensors: dict[str, Traced]
    values: Mapping[str, Any]
    unfit: Mapping[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    def add(self, op: str, name: str, reads: tuple[str, ...], made: str, **said: Any) -> str:
        self.nodes.append(Node(op, name, reads, (made,), said))
        return made

    def view(self, read: str, made: str, shape: tuple[int, ...], **said: Any) -> str:
        self.tensors[made] = Traced(shape, self.tensors[read].word_bytes)
        return self.add("view", made, (read,), made, **said)

    def part(self, read: str, made: str, shape: tuple[int, ...]) -> str:
        self.tensors[made] = Traced(shape, self.tensors[read].word_bytes)
        return self.add("part", made, (read,), made)

    def join(self, reads: tuple[str, ...], made: str, shape: tuple[int, ...]) -> str:
        self.tensors[made] = Traced(shape, self.tensors[reads[-1]].word_bytes)
        return self.add("join", made, reads, made)

    def computed(
        self, called: str, read: str, made: str, shape: tuple[int, ...], why: str = "not understood"
    ) -> str:
        """By a part of a node that is not understood."""
        self.tensors[made] = Traced(shape, self.tensors[read].word_bytes)
        return self.add(called, made, (read,), made, called=called, why=why)

    def number(self, name: str) -> float | None:
        """Of a constant that is one number."""
        if self.tensors[name].elements != 1:
            return None
        value = self.values.get(name)
        return float(value.reshape(())) if value is not None and value.size == 1 else None

    def shape(self, name: str) -> tuple[int, ...]:
        return self.tensors[name].shape


def attribute(node: Any, name: str, default: Any) -> Any:
    import onnx

    found = next((each for each in node.attribute if each.name == name), None)
    return default if found is None else onnx.helper.get_attribute_value(found)


Reader = Callable[[Any, str, Writer], None]
"""Writes a node, under this name; a WorkloadError says what of it is not understood."""
