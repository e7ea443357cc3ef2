"""A traced graph → linked cascades with shapes, and what of the graph is none.

    product      Y[b,m,n] += A[b,m,k] * W[k,n]
    attention    six Einsums: scores, maximum, exponential, sum, weighted values, division
    softmax      four Einsums, of rows by themselves

Tensors keep the graph's names, so that what one cascade makes and a later one reads has the same
name in both, also where a view or a transposition lies between. Parts, and what is joined to a
cache, are linked to what they are made of; and through a node that is left out, such as a rotation
or a GELU, goes a link if all that it reads that is as large as its result comes from cascades (a
sum with the residual stream ends it).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from accelsim.base.errors import WorkloadError
from accelsim.base.notebook import InNotebook
from accelsim.interop.attention_pattern import with_attention
from accelsim.interop.bias_pattern import with_biases
from accelsim.interop.graph import Graph, Node
from accelsim.interop.names import Names
from accelsim.interop.step import LeftOut, Step
from accelsim.interop.step_attention import attention_step
from accelsim.interop.step_product import product_step, softmax_step
from accelsim.interop.steps_text import summary, text
from accelsim.workload.model_cascades import LayerCascades, Link

__all__ = ["LeftOut", "Step", "Steps", "steps_of"]

NOTHING = ("view", "part", "join")
"""Nodes that compute nothing."""


@dataclass(frozen=True, repr=False)
class Steps(InNotebook):
    """What a graph computes: its cascades in order, and the nodes that are none.

    Printed it is a table; `repr` is a line.
    """

    html_by: ClassVar[str] = "accelsim.interop.steps_text"

    name: str
    steps: tuple[Step, ...]
    left_out: tuple[LeftOut, ...]
    weights: frozenset[str]
    made_of: Mapping[str, tuple[str, ...]]

    def __repr__(self) -> str:
        return f"<{summary(self)}>"

    def __str__(self) -> str:
        return text(self)

    @property
    def cascades(self) -> LayerCascades:
        """The same as a transformer's layer is given by."""
        return LayerCascades(tuple(step.cascade for step in self.steps), self.weights)

    @property
    def links(self) -> tuple[Link, ...]:
        """What one cascade makes and a later one reads, whole, in part or joined to other."""
        makers = {name: step.cascade.name for step in self.steps for name in step.cascade.outputs}
        return tuple(
            Link(whole, makers[whole], step.cascade.name)
            for step in self.steps
            for whole in wholes(step.cascade.inputs, self.made_of)
            if whole in makers
        )


def wholes(names: Iterable[str], made_of: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What these are in the end made of, each once, in order."""
    found: dict[str, None] = {}
    todo = list(names)[::-1]
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in made_of:
            todo += made_of[name][::-1]
        else:
            found[name] = None
    return tuple(found)


def steps_of(graph: Graph) -> Steps:
    """Raises WorkloadError if no node of the graph is a product, an attention or a softmax."""
    graph = with_attention(with_biases(graph))
    names = Names(graph)
    steps: list[Step] = []
    left_out: list[LeftOut] = []
    made: set[str] = set()
    for node in graph.nodes:
        if node.op in NOTHING:
            continue
        try:
            step = _step(graph, node, names)
        except WorkloadError as error:
            remedy = f"; {error.remedy}" if error.remedy else ""
            left_out.append(_left_out(graph, node, f"{error.fact}{remedy}"))
        else:
            if step is not None:
                steps.append(step)
                made.update(step.cascade.outputs)
                continue
            left_out.append(_left_out(graph, node, str(node.said.get("why", "not understood"))))
        _pass_on(graph, node, names, made)
    if not steps:
        raise WorkloadError(_nothing(graph, left_out))
    weights = frozenset(names.of(each) for each in graph.weights)
    return Steps(graph.name, tuple(steps), tuple(left_out), weights, names.made_of)


def _step(graph: Graph, node: Node, names: Names) -> Step | None:
    if node.op not in _STEPS:
        return None
    if not all(graph.tensors[name].elements for name in (*node.reads, *node.makes)):
        raise WorkloadError("one of its tensors has no elements; give sizes above 0")
    return _STEPS[node.op](graph, node, names)


def _pass_on(graph: Graph, node: Node, names: Names, made: Collection[str]) -> None:
    """What a node that is left out makes is made of what it reads, as far as links go."""
    size = max((graph.tensors[n].elements for n in node.makes if n in graph.tensors), default=0)
    large = [n for n in node.reads if n in graph.tensors and graph.tensors[n].elements >= size > 0]
    found = wholes(map(names.of, large), names.made_of)
    if found and all(each in made for each in found):
        names.made_of.update({names.of(each): found for each in node.makes})


_STEPS: Mapping[str, Callable[[Graph, Node, Names], Step]] = {
    "product": product_step,
    "attention": attention_step,
    "softmax": softmax_step,
}


def _left_out(graph: Graph, node: Node, why: str) -> LeftOut:
    known = all(name in graph.tensors for name in node.makes)
    made = sum(graph.tensors[name].elements for name in node.makes) if known else None
    return LeftOut(node.name, str(node.said.get("called", node.op)), made, why)


def _nothing(graph: Graph, left_out: list[LeftOut]) -> str:
    fact = f"{graph.name} has no product of matrices and no attention"
    if not left_out:
        return f"{fact}; it has no nodes that compute"
    left_out = sorted(left_out, key=lambda each: each.why == "not understood")
    listed = "; ".join(map(str, left_out[:3]))
    more = f"; and {len(left_out) - 3} more" if len(left_out) > 3 else ""
    return f"{fact} that is understood. Left out: {listed}{more}"
