"""A product of matrices, and a softmax by itself, as cascades.

    product    Y[b,m,n] += A[b,m,k] * W[k,n]
    softmax    four Einsums, of rows by themselves

Leading ranks are multiplied into one; those that only one operand has stay by themselves.
"""

from collections.abc import Sequence
from math import prod

from accelsim.base.errors import WorkloadError
from accelsim.interop.graph import Graph, Node
from accelsim.interop.layout import layout_of, size_of, together
from accelsim.interop.names import Names
from accelsim.interop.step import Step, step_of

_LEADING = ("B", "C", "D", "F", "G", "H")
"""Ranks before the matrices' own, outermost first."""


def product_step(graph: Graph, node: Node, names: Names) -> Step:
    left, right = (graph.tensors[name] for name in node.reads[:2])
    made, transposed = node.makes[0], bool(node.said.get("transposed"))
    (a, b), y = names.of_each(node.reads[:2]), names.of(made)
    if len(left.shape) < 2 or len(right.shape) < 2:
        raise WorkloadError("an operand is a vector")
    k, n = right.shape[-2:][::-1] if transposed else right.shape[-2:]
    if left.shape[-1] != k:
        raise WorkloadError(f"its operands do not fit: {left.shape} and {right.shape}")
    lead = _leading(graph, node)
    rows = left.shape[-2]
    if lead and lead[-1][1] == (True, False):
        rows *= lead.pop()[0]
    if len(lead) > len(_LEADING):
        raise WorkloadError(f"operands of {left.shape} and {right.shape} are broadcast")
    own = list(zip(_LEADING, lead, strict=False))
    ranks = {rank: size for rank, (size, _) in own} | {"M": rows, "N": n, "K": k}
    of_a = [rank for rank, (_, vary) in own if vary[0]]
    of_b = [rank for rank, (_, vary) in own if vary[1]]
    of_y = [rank for rank, _ in own]
    inputs: dict[str, Sequence[str]] = {
        a: [*of_a, "M", "K"],
        b: [*of_b, *(("N", "K") if transposed else ("K", "N"))],
    }
    bias = node.reads[2] if len(node.reads) > 2 else None
    total = y if bias is None else f"{y}_XW"
    read = " * ".join(f"{name}[{_indices(own)}]" for name, own in inputs.items())
    lines = [f"{total}[{_indices([*of_y, 'M', 'N'])}] += {read}"]
    if bias is not None:
        c = names.of(bias)
        inputs[c] = ["N"]
        written = _indices([*of_y, "M", "N"])
        lines.append(f"{y}[{written}] = {total}[{written}] + {c}[n]")
    return step_of(graph, node, names, ranks, inputs, lines)


def _leading(graph: Graph, node: Node) -> list[tuple[int, tuple[bool, ...]]]:
    """Sizes before the matrices' own, and whether the left and the right operand vary there; the
    product of which every rank has one matrix of weights has none."""
    layouts = [layout_of(graph, name)[1][:-2] for name in node.reads[:2]]
    if all(size_of(rank) == 1 for rank in layouts[1]):
        size = prod(map(size_of, layouts[0]))
        return [(size, (True, False))] if size > 1 else []
    shapes = [graph.tensors[name].shape for name in node.reads[:2]]
    longest = max(map(len, layouts))
    padded = [((),) * (longest - len(layout)) + layout for layout in layouts]
    found: list[tuple[int, tuple[bool, ...]]] = []
    for ranks in zip(*padded, strict=True):
        digits = together(ranks)
        if digits is None:
            raise WorkloadError(f"operands of {shapes[0]} and {shapes[1]} do not fit")
        for size, vary in digits:
            if found and found[-1][1] == vary:
                size *= found.pop()[0]
            found.append((size, vary))
    return found or [(1, (True, True))]


def _indices(ranks: Sequence[str]) -> str:
    return ",".join(rank.lower() for rank in ranks)


def softmax_step(graph: Graph, node: Node, names: Names) -> Step:
    shape = graph.tensors[node.reads[0]].shape
    x, y = names.of(node.reads[0]), names.of(node.makes[0])
    g, n, d = (f"{y}_{each}" for each in ("G", "N", "D"))
    lines = [
        f"{g}[m] max= {x}[m,n]",
        f"{n}[m,n] = exp({x}[m,n] - {g}[m])",
        f"{d}[m] += {n}[m,n]",
        f"{y}[m,n] = {n}[m,n] / {d}[m]",
    ]
    ranks = {"M": prod(shape[:-1]), "N": shape[-1]}
    return step_of(graph, node, names, ranks, {x: ["M", "N"]}, lines)
