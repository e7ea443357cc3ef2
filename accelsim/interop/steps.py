"""A traced graph → linked cascades with shapes, and what of the graph is none.

    product      Y[b,m,n] += A[b,m,k] * W[k,n]
    attention    six Einsums: scores, maximum, exponential, sum, weighted values, division
    softmax      four Einsums, of rows by themselves

Tensors keep the graph's names, so that what one cascade makes and a later one reads has the same
name in both, also where a view or a transposition lies between. Leading ranks are multiplied into
one. A scale of the scores is folded into the queries, as in the catalogue: `Step.scale` has it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from accelsim.base.errors import WorkloadError
from accelsim.base.yamlfile import parse_yaml
from accelsim.interop.attention_pattern import with_attention
from accelsim.interop.graph import Graph, Node, Traced
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import read_workload
from accelsim.workload.model_cascades import LayerCascades, Link

Lists = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Step:
    """A node as a cascade, and as the YAML of one; `scale` is what its queries are to be multiplied
    by beforehand."""

    node: str
    op: str
    cascade: Cascade
    text: str
    scale: float = 1.0


@dataclass(frozen=True)
class LeftOut:
    """A node that is no cascade: what its tool calls it, how many numbers it makes, and why."""

    node: str
    op: str
    elements: int
    why: str = "not understood"

    def __str__(self) -> str:
        return f"{self.node} ({self.op}, {self.elements:,} elements): {self.why}"


@dataclass(frozen=True)
class Steps:
    """What a graph computes: its cascades in order, and the nodes that are none."""

    name: str
    steps: tuple[Step, ...]
    left_out: tuple[LeftOut, ...]
    weights: frozenset[str]
    part_of: Mapping[str, str]

    @property
    def cascades(self) -> LayerCascades:
        """The same as a transformer's layer is given by."""
        return LayerCascades(tuple(step.cascade for step in self.steps), self.weights)

    @property
    def links(self) -> tuple[Link, ...]:
        """What one cascade makes and a later one reads, whole or in part."""
        makers = {name: step.cascade.name for step in self.steps for name in step.cascade.outputs}
        return tuple(
            Link(whole, makers[whole], step.cascade.name)
            for step in self.steps
            for whole in dict.fromkeys(self.part_of.get(n, n) for n in step.cascade.inputs)
            if whole in makers
        )


def steps_of(graph: Graph) -> Steps:
    """Raises WorkloadError if no node of the graph is a product, an attention or a softmax."""
    graph = with_attention(graph)
    names = _Names(graph)
    steps: list[Step] = []
    left_out: list[LeftOut] = []
    for node in graph.nodes:
        if node.op in ("view", "part"):
            continue
        try:
            step = _step(graph, node, names)
        except WorkloadError as error:
            left_out.append(_left_out(graph, node, error.fact))
            continue
        if step is None:
            left_out.append(_left_out(graph, node, "not understood"))
        else:
            steps.append(step)
    if not steps:
        raise WorkloadError(f"{graph.name} has no product of matrices and no attention")
    weights = frozenset(names.of(each) for each in graph.weights)
    return Steps(graph.name, tuple(steps), tuple(left_out), weights, names.part_of)


def _left_out(graph: Graph, node: Node, why: str) -> LeftOut:
    made = sum(graph.tensors[name].elements for name in node.makes if name in graph.tensors)
    return LeftOut(node.name, str(node.said.get("called", node.op)), made, why)


def _step(graph: Graph, node: Node, names: "_Names") -> Step | None:
    if node.op == "product":
        return _product(graph, node, names)
    if node.op == "attention":
        return _attention(graph, node, names)
    return _softmax(graph, node, names) if node.op == "softmax" else None


# --- products -------------------------------------------------------------------------------------


def _product(graph: Graph, node: Node, names: "_Names") -> Step:
    left, right = (graph.tensors[name] for name in node.reads[:2])
    made, transposed = node.makes[0], bool(node.said.get("transposed"))
    (a, b), y = names.of_each(node.reads[:2]), names.of(made)
    _refuse_vectors(left, right)
    k, n = right.shape[-2:][::-1] if transposed else right.shape[-2:]
    if left.shape[-1] != k:
        raise WorkloadError(f"its operands do not fit: {left.shape} and {right.shape}")
    shared = prod(right.shape[:-2]) == 1
    if not shared and right.shape[:-2] != left.shape[:-2]:
        raise WorkloadError(f"operands of {left.shape} and {right.shape} are broadcast")
    batch = 1 if shared else prod(right.shape[:-2])
    ranks = {"M": left.elements // k // batch, "N": n, "K": k}
    lead, small = (["B"], "b,") if not shared else ([], "")
    ranks = {"B": batch, **ranks} if not shared else ranks
    tail, own = (["N", "K"], "n,k") if transposed else (["K", "N"], "k,n")
    inputs: dict[str, Sequence[str]] = {a: [*lead, "M", "K"], b: [*lead, *tail]}
    bias = node.reads[2] if len(node.reads) > 2 else None
    total = y if bias is None else f"{y}_XW"
    lines = [f"{total}[{small}m,n] += {a}[{small}m,k] * {b}[{small}{own}]"]
    if bias is not None:
        c = names.of(bias)
        inputs[c] = ["N"]
        lines.append(f"{y}[{small}m,n] = {total}[{small}m,n] + {c}[n]")
    return _made(graph, node, names, ranks, inputs, lines)


def _refuse_vectors(left: Traced, right: Traced) -> None:
    if len(left.shape) < 2 or len(right.shape) < 2:
        raise WorkloadError("an operand is a vector")


# --- attention ------------------------------------------------------------------------------------


def _attention(graph: Graph, node: Node, names: "_Names") -> Step:
    queries, keys, values = _by_heads(graph, node)
    if node.said.get("keys_transposed"):
        keys = (*keys[:-2], keys[-1], keys[-2])
    heads, groups = _heads(queries), _heads(keys)
    batch = prod(queries[:-3])
    if prod(keys[:-3]) != batch or heads % groups or keys[-2] != values[-2]:
        raise WorkloadError(f"queries of {queries} do not fit keys of {keys}")
    p, e, m, f = queries[-2], queries[-1], keys[-2], values[-1]
    ranks = {"B": batch, "H": heads, "G": groups, "P": p, "M": m, "E": e, "F": f}
    (q, k, v), y = names.of_each(node.reads[:3]), names.of(node.makes[0])
    head = "h" if heads == groups else f"h // {heads // groups}"
    group = "H" if heads == groups else "G"
    if heads == groups:
        del ranks["G"]
    key, own = (["E", "M"], "e,m") if node.said.get("keys_transposed") else (["M", "E"], "m,e")
    inputs: dict[str, Sequence[str]] = {
        q: ["B", "H", "P", "E"],
        k: ["B", group, *key],
        v: ["B", group, "M", "F"],
    }
    where = " where m <= p" if node.said.get("causal") else ""
    s, g, n, d, w = (f"{y}_{each}" for each in ("S", "G", "N", "D", "W"))
    lines = [f"{s}[b,h,p,m] += {q}[b,h,p,e] * {k}[b,{head},{own}]{where}"]
    if len(node.reads) > 3:
        mask, indices, its = _mask(graph, node.reads[3], names, ranks)
        inputs[mask] = its
        lines.append(f"{s}M[b,h,p,m] = {s}[b,h,p,m] + {mask}[{indices}]{where}")
        s = f"{s}M"
    lines += [
        f"{g}[b,h,p] max= {s}[b,h,p,m]{where}",
        f"{n}[b,h,p,m] = exp({s}[b,h,p,m] - {g}[b,h,p]){where}",
        f"{d}[b,h,p] += {n}[b,h,p,m]{where}",
        f"{w}[b,h,p,f] += {n}[b,h,p,m] * {v}[b,{head},m,f]{where}",
        f"{y}[b,h,p,f] = {w}[b,h,p,f] / {d}[b,h,p]",
    ]
    step = _made(graph, node, names, ranks, inputs, lines)
    return replace(step, scale=float(node.said.get("scale", 1.0)))


def _by_heads(graph: Graph, node: Node) -> list[tuple[int, ...]]:
    """Shapes of queries, keys and values as [.., heads, tokens, width], also of packed ones."""
    shapes = [graph.tensors[name].shape for name in node.reads[:3]]
    if not node.said.get("heads"):
        return shapes
    own, shared = node.said["heads"]
    pairs = zip(shapes, (own, shared, shared), strict=True)
    return [(batch, heads, tokens, width // heads) for (batch, tokens, width), heads in pairs]


def _heads(shape: tuple[int, ...]) -> int:
    return shape[-3] if len(shape) > 2 else 1


def _mask(
    graph: Graph, name: str, names: "_Names", ranks: Mapping[str, int]
) -> tuple[str, str, list[str]]:
    """Its name, indices and ranks: those of [B, H, P, M] that it has more than one of."""
    shape = graph.tensors[name].shape
    if graph.tensors[name].word_bytes == 1:
        raise WorkloadError("its mask says yes or no; one that is added is understood")
    whole = list(zip(("B", "H", "P", "M")[-len(shape) :], shape, strict=True)) if shape else []
    own = [rank for rank, size in whole if size > 1 or ranks[rank] == 1]
    if any(size not in (1, ranks[rank]) for rank, size in whole) or not own:
        raise WorkloadError(f"a mask of {shape} does not fit the scores")
    return names.of(name), ",".join(rank.lower() for rank in own), own


# --- softmax --------------------------------------------------------------------------------------


def _softmax(graph: Graph, node: Node, names: "_Names") -> Step:
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
    return _made(graph, node, names, ranks, {x: ["M", "N"]}, lines)


# --- text -----------------------------------------------------------------------------------------


def _made(
    graph: Graph,
    node: Node,
    names: "_Names",
    ranks: Mapping[str, int],
    inputs: Lists,
    lines: Sequence[str],
) -> Step:
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


class _Names:
    """Names of tensors as the language has them, one for each tensor of the graph; a view has that
    of what it views. A part has its own, and `part_of` says of what."""

    def __init__(self, graph: Graph) -> None:
        self.part_of: dict[str, str] = {}
        self._own: dict[str, str] = {}
        self._views = {
            made: node.reads[0] for node in graph.nodes if node.op == "view" for made in node.makes
        }
        for node in graph.nodes:
            if node.op == "part":
                whole = self.of(node.reads[0])
                for made in node.makes:
                    self._own[made] = self._free(f"{whole}_part")
                    self.part_of[self._own[made]] = self.part_of.get(whole, whole)

    def of(self, name: str) -> str:
        while name in self._views:
            name = self._views[name]
        if name not in self._own:
            self._own[name] = self._free(name)
        return self._own[name]

    def of_each(self, names: Sequence[str]) -> list[str]:
        """Different ones, also where a tensor is read twice."""
        found: list[str] = []
        for name in map(self.of, names):
            again = self._free(f"{name}_part") if name in found else name
            if again != name:
                self.part_of[again] = self.part_of.get(name, name)
                self._own[again] = again
            found.append(again)
        return found

    def _free(self, name: str) -> str:
        taken = set(self._own.values())
        return next(each for each in _spelled(name) if each not in taken)


def _spelled(name: str) -> Iterator[str]:
    letters = "".join(each if each.isascii() and each.isalnum() else "_" for each in name)
    letters = letters.strip("_") or "T"
    first = letters[0].upper() + letters[1:] if letters[0].isalpha() else f"T{letters}"
    yield first
    number = 2
    while True:
        yield f"{first}_{number}"
        number += 1
