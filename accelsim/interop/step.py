"""A node of a traced graph as a cascade, made of text; or as what is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accelsim.base.yamlfile import parse_yaml
from accelsim.interop.graph import Graph, Node
from accelsim.interop.names import Names
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import read_workload


@dataclass(frozen=True, repr=False)
class Step:
    """A node as a cascade, and as the YAML of one; `scale` is what its queries are to be multiplied
    by beforehand."""

    node: str
    op: str
    cascade: Cascade
    text: str
    scale: float = 1.0

    def __repr__(self) -> str:
        sizes = " ".join(f"{rank}={size}" for rank, size in self.cascade.ranks.items())
        return f"<{self.cascade.name}: {self.op}, {sizes}>"

    def __str__(self) -> str:
        return f"{self!r}\n{self.cascade}"


@dataclass(frozen=True)
class LeftOut:
    """A node that is no cascade: what its tool calls it, how many numbers it makes (None if that
    is not known), and why."""

    node: str
    op: str
    elements: int | None
    why: str = "not understood"

    def __str__(self) -> str:
        size = "size not known" if self.elements is None else f"{self.elements:,} elements"
        return f"{self.node} ({self.op}, {size}): {self.why}"


def step_of(
    graph: Graph,
    node: Node,
    names: Names,
    ranks: Mapping[str, int],
    inputs: Mapping[str, Sequence[str]],
    lines: Sequence[str],
    scale: float = 1.0,
) -> Step:
    """Words are those of the tensors; the cascade is called after the node."""
    words = {names.of(each): graph.tensors[each].word_bytes for each in (*node.reads, *node.makes)}
    word = words[names.of(node.makes[0])]
    told = {name: own for name, own in words.items() if own != word}
    flat = {name: f"[{', '.join(own)}]" for name, own in inputs.items()}
    other = {name: f"{own:g} B" for name, own in told.items() if name in inputs}
    scaled = "" if scale == 1 else f" Its queries are multiplied by {scale:.6g} beforehand."
    text = (
        f"about: The node {_plain(node.name)} of {_plain(graph.name)}.{scaled}\n"
        f"source: traced\nword: {word:g} B\nwords: {_flow(other)}\n"
        f"ranks: {_flow(ranks)}\ninputs: {_flow(flat)}\ncascade: |\n"
        + "".join(f"  {line}\n" for line in lines)
    )
    cascade = read_workload(parse_yaml(text, f"{node.name} of {graph.name}"), names.of(node.name))
    return Step(node.name, node.op, cascade, text, scale)


def _flow(entries: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"


def _plain(text: str) -> str:
    return "".join(each if each.isalnum() or each in "._-/" else "_" for each in text)
