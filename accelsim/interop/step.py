"""A node of a traced graph as a cascade, made of text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accelsim.base.yamlfile import parse_yaml
from accelsim.interop.graph import Graph, Node
from accelsim.interop.names import Names
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import read_workload


@dataclass(frozen=True)
class Step:
    """A node as a cascade, and as the YAML of one; `scale` is what its queries are to be multiplied
    by beforehand."""

    node: str
    op: str
    cascade: Cascade
    text: str
    scale: float = 1.0


def step_of(
    graph: Graph,
    node: Node,
    names: Names,
    ranks: Mapping[str, int],
    inputs: Mapping[str, Sequence[str]],
    lines: Sequence[str],
) -> Step:
    """Words are those of the tensors; the cascade is called after the node."""
    words = {names.of(each): graph.tensors[each].word_bytes for each in (*node.reads, *node.makes)}
    word = words[names.of(node.makes[0])]
    told = {name: own for name, own in words.items() if own != word}
    flat = {name: f"[{', '.join(own)}]" for name, own in inputs.items()}
    other = {name: f"{own:g} B" for name, own in told.items() if name in inputs}
    text = (
        f"about: The node {_plain(node.name)} of {_plain(graph.name)}.\n"
        f"source: traced\nword: {word:g} B\nwords: {_flow(other)}\n"
        f"ranks: {_flow(ranks)}\ninputs: {_flow(flat)}\ncascade: |\n"
        + "".join(f"  {line}\n" for line in lines)
    )
    cascade = read_workload(parse_yaml(text, f"{node.name} of {graph.name}"), names.of(node.name))
    return Step(node.name, node.op, cascade, text)


def _flow(entries: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"


def _plain(text: str) -> str:
    return "".join(each if each.isalnum() or each in "._-/" else "_" for each in text)
