"""Attention that a graph spells out as one node: MatMul, scale, mask, Softmax, MatMul."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from accelsim.interop.graph import Graph, Node


@dataclass(frozen=True)
class _Found:
    node: Node
    taken: tuple[Node, ...]


def with_attention(graph: Graph) -> Graph:
    """The graph with each such chain replaced by an `attention`, whose keys may be transposed
    before (`keys_transposed`: they are [.., e, m])."""
    makers = {name: node for node in graph.nodes for name in node.makes}
    readers: dict[str, int] = {}
    for node in graph.nodes:
        for name in node.reads:
            readers[name] = readers.get(name, 0) + 1
    found = [each for node in graph.nodes if (each := _ending_in(node, graph, makers, readers))]
    taken = {part.name for each in found for part in each.taken}
    instead = {each.taken[-1].name: each.node for each in found}
    nodes = [instead.get(node.name, node) for node in graph.nodes]
    kept = [node for node in nodes if node.op == "attention" or node.name not in taken]
    return replace(graph, nodes=tuple(kept))


def _ending_in(
    last: Node, graph: Graph, makers: Mapping[str, Node], readers: Mapping[str, int]
) -> _Found | None:
    """The chain whose second product this is."""
    if last.op != "product" or len(last.reads) != 2 or last.said.get("transposed"):
        return None
    node = _only(makers.get(last.reads[0]), readers)
    if node is None or node.op != "softmax":
        return None
    chain, scale, masks = [last, node], 1.0, list[str]()
    node = _only(makers.get(node.reads[0]), readers)
    while node is not None and node.op in ("scale", "add") and len(masks) < 2:
        chain.append(node)
        scores = node.reads[0]
        if node.op == "add":
            scores, mask = _scores_first(node, makers)
            masks.append(mask)
        scale *= node.said.get("by", 1.0)
        node = _only(makers.get(scores), readers)
    is_first = node is not None and node.op == "product" and len(node.reads) == 2
    if node is None or not is_first or len(masks) > 1 or _is_scaled_after(chain):
        return None
    if len(graph.tensors[node.makes[0]].shape) < 3:
        return None
    said = {"scale": scale, "causal": False, "keys_transposed": not node.said.get("transposed")}
    reads = (*node.reads, last.reads[1], *masks)
    attention = Node("attention", last.name, reads, last.makes, said)
    return _Found(attention, tuple(reversed([*chain, node])))


def _is_scaled_after(chain: Sequence[Node]) -> bool:
    """Whether the mask is scaled too: outwards from the softmax, a scale before the mask."""
    ops = [node.op for node in chain]
    return "add" in ops and "scale" in ops[: ops.index("add")]


def _only(node: Node | None, readers: Mapping[str, int]) -> Node | None:
    """The node, if what it makes is read once: otherwise it is needed elsewhere too."""
    alone = node is not None and all(readers.get(name, 0) == 1 for name in node.makes)
    return node if alone else None


def _scores_first(node: Node, makers: Mapping[str, Node]) -> tuple[str, str]:
    """Of the two that are added the one that products and scales make, then the mask."""
    first, second = node.reads
    made = makers.get(first)
    return (first, second) if made and made.op in ("product", "scale") else (second, first)
