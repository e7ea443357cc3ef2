"""Attention that a graph spells out as one node: MatMul, scale, mask, Softmax, MatMul.

Scales of the queries, the keys or the scores become the attention's, and a constant mask its band
of keys; a mask that is added stays, one that is computed from inputs is refused where it is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from accelsim.interop.graph import Graph, Node
from accelsim.interop.masks import HIDDEN

_BETWEEN = ("view", "scale", "add", "choose")


@dataclass(frozen=True)
class _Found:
    node: Node
    taken: tuple[Node, ...]
    folded: tuple[Node, ...]


def with_attention(graph: Graph) -> Graph:
    """The graph with each such chain replaced by an `attention`, whose keys may be transposed
    before (`keys_transposed`: they are [.., e, m]). Scales that became its own are views now."""
    found = [each for node in graph.nodes if (each := _ending_in(node, graph)) is not None]
    taken = {part.name for each in found for part in each.taken}
    folded = {part.name for each in found for part in each.folded}
    instead = {each.node.name: each.node for each in found}
    nodes = [
        replace(node, op="view", said={}) if node.name in folded else instead.get(node.name, node)
        for node in graph.nodes
        if node.name not in taken or node.name in instead
    ]
    return replace(graph, nodes=tuple(nodes))


def _ending_in(last: Node, graph: Graph) -> _Found | None:
    """The chain whose second product this is."""
    if last.op != "product" or len(last.reads) != 2 or last.said.get("transposed"):
        return None
    chain = [last]
    node = _before(graph, last.reads[0])
    while node is not None and _keeps_weights(node, graph):
        chain += [node] if node.op == "view" else [node, graph.makers[node.reads[0]]]
        node = _before(graph, _weights_first(node))
    if node is None or node.op != "softmax":
        return None
    chain.append(node)
    scale, masks, is_scaled = 1.0, list[tuple[str, str]](), False
    node = _before(graph, node.reads[0])
    while node is not None and node.op in _BETWEEN:
        chain.append(node)
        split = _scores_and_mask(node, graph)
        if split is None:
            return None
        scores, mask = split
        if mask is not None:
            masks.append(mask)
            if is_scaled and node.op == "add" and mask[1] not in graph.values:
                return None
        if node.op == "scale":
            is_scaled = True
            scale *= float(node.said["by"])
        node = _before(graph, scores)
    is_first = node is not None and node.op == "product" and len(node.reads) == 2
    if node is None or not is_first:
        return None
    if len(graph.tensors[node.makes[0]].shape) < 3:
        return None
    folded = [*_scales(graph, node.reads[0], node), *_scales(graph, node.reads[1], node)]
    for each in folded:
        scale *= float(each.said["by"])
    said: dict[str, Any] = {"scale": scale, "keys_transposed": not node.said.get("transposed")}
    said |= {"masks": tuple(kind for kind, _ in masks)}
    reads = (*node.reads, last.reads[1], *(mask for _, mask in masks))
    attention = Node("attention", last.name, reads, last.makes, said)
    return _Found(attention, (*reversed(chain), node), tuple(folded))


def _keeps_weights(node: Node, graph: Graph) -> bool:
    """A view of what the softmax made, or what replaces its rows without keys by zeros."""
    if node.op == "choose":
        test = graph.makers.get(node.reads[0])
        return test is not None and test.op.lower() == "isnan" and len(node.reads) == 3
    return node.op == "view"


def _weights_first(node: Node) -> str:
    return node.reads[2] if node.op == "choose" else node.reads[0]


def _scores_and_mask(node: Node, graph: Graph) -> tuple[str, tuple[str, str] | None] | None:
    """What the node hides or scales, and the mask with what it is: "add"ed, or "keep" or "hide"
    where it is true. None if it is another use of these nodes."""
    if node.op in ("scale", "view"):
        return node.reads[0], None
    if node.op == "add":
        scores, mask = _scores_first(node, graph)
        return scores, ("add", mask)
    test, first, second = node.reads
    if _is_hidden(graph, second):
        return first, ("keep", test)
    fills = node.said.get("first", 0.0) <= HIDDEN or _is_hidden(graph, first)
    return (second, ("hide", test)) if fills else None


def _is_hidden(graph: Graph, name: str) -> bool:
    value = graph.values.get(name)
    return value is not None and bool((value <= HIDDEN).all())


def _before(graph: Graph, name: str) -> Node | None:
    """What makes it, if it is read once: otherwise it is needed elsewhere too. Of softmax's rows
    a test for NaN may read them besides."""
    node = graph.makers.get(name)
    if node is None:
        return None
    readers = [r for made in node.makes for r in graph.readers.get(made, ()) if not _tests(r)]
    return node if len(readers) == 1 and name not in graph.outputs else None


def _tests(node: Node) -> bool:
    return node.op.lower() == "isnan"


def _scales(graph: Graph, name: str, reader: Node) -> Iterator[Node]:
    """Scales above an operand, through views, that nothing else reads."""
    node = graph.makers.get(name)
    while node is not None and node.op in ("view", "scale"):
        if any(len(graph.readers.get(made, ())) != 1 for made in node.makes):
            return
        if node.op == "scale":
            yield node
        node = graph.makers.get(node.reads[0])


def _scores_first(node: Node, graph: Graph) -> tuple[str, str]:
    """Of the two that are added the one that products and scales make, then the mask."""
    first, second = node.reads
    made = graph.makers.get(first)
    chain = ("product", "scale", "add", "choose", "view")
    if second in graph.values or second in graph.inputs:
        return first, second
    if first in graph.values or first in graph.inputs:
        return second, first
    return (first, second) if made and made.op in chain else (second, first)
