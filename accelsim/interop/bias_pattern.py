"""A product and the weights that are added to each of its rows, as one `product` with a bias."""

from dataclasses import replace

from accelsim.interop.graph import Graph, Node
from accelsim.interop.layout import layout_of


def with_biases(graph: Graph) -> Graph:
    """MatMul and Add, as exporters write a linear layer; what others read too stays as it is."""
    joined = {
        product.name: replace(product, reads=(*product.reads, bias), makes=add.makes)
        for add in graph.nodes
        if (found := _product_and_bias(graph, add)) is not None
        for product, bias in (found,)
    }
    taken = {node.makes for node in joined.values()}
    nodes = [
        joined.get(node.name, node)
        for node in graph.nodes
        if node.op != "add" or node.makes not in taken
    ]
    return replace(graph, nodes=tuple(nodes))


def _product_and_bias(graph: Graph, add: Node) -> tuple[Node, str] | None:
    if add.op != "add":
        return None
    for made, bias in (add.reads, add.reads[::-1]):
        product = graph.makers.get(made)
        if product is None or product.op != "product" or len(product.reads) != 2:
            continue
        alone = len(graph.readers[made]) == 1 and made not in graph.outputs
        row = graph.tensors[made].shape[-1:]
        is_row = bias in graph.weights and graph.tensors[bias].shape == row
        is_row = is_row and layout_of(graph, product.reads[1])[0] in graph.weights
        if alone and is_row and len(graph.tensors[made].shape) > 1:
            return product, bias
    return None
