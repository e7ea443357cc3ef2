"""A torch module → linked cascades: its linear layers, products and attention, by torch.export.

    >>> found = from_torch(module, (torch.zeros(1, 128, 512),))          # doctest: +SKIP
    >>> [step.cascade.name for step in found.steps]                       # doctest: +SKIP

The module is exported, not run, for inputs of these shapes. What comes from a file is never loaded:
a module is built by whoever calls.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accelsim.base.errors import WorkloadError
from accelsim.interop.graph import Graph, Node, Traced
from accelsim.interop.steps import Steps, steps_of

_VIEWS = (
    *("view", "reshape", "_unsafe_view", "transpose", "permute", "t", "expand", "contiguous"),
    *("clone", "unsqueeze", "squeeze", "flatten", "unflatten", "detach", "alias", "to"),
    *("_to_copy", "dropout", "movedim", "swapaxes", "split", "split_with_sizes", "chunk", "unbind"),
)
_PARTS = ("getitem", "slice", "select", "narrow")


def from_torch(module: Any, example_inputs: tuple[Any, ...], name: str | None = None) -> Steps:
    """The cascades of a module for inputs like these.

    Raises
    ------
    WorkloadError
        if torch is not installed or cannot export the module, or nothing in it is understood.
    """
    try:
        import torch
    except ImportError as error:
        remedy = "pip install 'accelsim[measure]'"
        raise WorkloadError("torch is not installed", remedy=remedy) from error
    try:
        program = torch.export.export(module.eval(), example_inputs)
    except Exception as error:  # torch.export raises whatever the module's own code raises
        first = str(error).strip().partition("\n")[0]
        raise WorkloadError(f"torch cannot export the module: {first}") from error
    return steps_of(_graph(program, name or type(module).__name__))


def _graph(program: Any, name: str) -> Graph:
    signature = program.graph_signature
    weights = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    tensors: dict[str, Traced] = {}
    nodes: list[Node] = []
    called: dict[str, str] = {}
    for each in program.graph.nodes:
        called[each.name] = weights.get(each.name, each.name)
        tensors.update(_traced(called[each.name], each.meta.get("val")))
        if each.op == "call_function":
            nodes.append(_node(each, called))
    known = frozenset(called[each] for each in weights if each in called)
    return Graph(name, tensors, tuple(nodes), known)


def _traced(name: str, value: Any) -> Iterator[tuple[str, Traced]]:
    if hasattr(value, "shape"):
        yield name, Traced(tuple(int(size) for size in value.shape), value.element_size())
    elif isinstance(value, list | tuple) and value and hasattr(value[0], "shape"):
        yield from _traced(name, value[0])


def _node(each: Any, called: Mapping[str, str]) -> Node:
    op = str(getattr(each.target, "__name__", each.target)).partition(".")[0]
    reads = tuple(called[read.name] for read in each.all_input_nodes)
    made = (called[each.name],)
    read = _READERS.get(op)
    found = read(each, called) if read is not None else None
    if found is not None:
        return Node(found[0], each.name, found[1], made, found[2])
    if op in (*_VIEWS, *_PARTS) and reads:
        return Node("view" if op in _VIEWS else "part", each.name, reads[:1], made)
    return Node(op, each.name, reads, made)


Found = tuple[str, tuple[str, ...], dict[str, Any]]


def _operands(each: Any, called: Mapping[str, str], *places: int) -> tuple[str, ...]:
    given = (each.args[place] for place in places if place < len(each.args))
    return tuple(called[node.name] for node in given if node is not None)


def _linear(each: Any, called: Mapping[str, str]) -> Found:
    return "product", _operands(each, called, 0, 1, 2), {"transposed": True}


def _matmul(each: Any, called: Mapping[str, str]) -> Found:
    return "product", _operands(each, called, 0, 1), {}


def _addmm(each: Any, called: Mapping[str, str]) -> Found | None:
    plain = each.kwargs.get("beta", 1) == 1 and each.kwargs.get("alpha", 1) == 1
    return ("product", _operands(each, called, 1, 2, 0), {}) if plain else None


def _sdpa(each: Any, called: Mapping[str, str]) -> Found:
    """query, key, value, mask, dropout, is_causal; scale, which is 1/sqrt(e) if none is given."""
    said = dict(zip(("mask", "dropout", "causal"), each.args[3:], strict=False))
    mask = each.kwargs.get("attn_mask", said.get("mask"))
    causal = each.kwargs.get("is_causal", said.get("causal", False))
    width = each.args[0].meta["val"].shape[-1]
    scale = each.kwargs.get("scale")
    reads = _operands(each, called, 0, 1, 2)
    reads += () if mask is None else (called[mask.name],)
    factor = float(width) ** -0.5 if scale is None else float(scale)
    return "attention", reads, {"causal": bool(causal), "scale": factor}


def _softmax(each: Any, called: Mapping[str, str]) -> Found | None:
    axis, rank = each.args[1], len(each.args[0].meta["val"].shape)
    return ("softmax", _operands(each, called, 0), {}) if axis in (-1, rank - 1) else None


def _scaled(each: Any, called: Mapping[str, str]) -> Found | None:
    factor = each.args[1]
    if not isinstance(factor, int | float) or isinstance(factor, bool):
        return None
    divides = str(each.target).startswith("aten.div")
    return "scale", _operands(each, called, 0), {"by": 1 / factor if divides else factor}


def _added(each: Any, called: Mapping[str, str]) -> Found | None:
    both = all(hasattr(arg, "meta") for arg in each.args[:2])
    return ("add", _operands(each, called, 0, 1), {}) if both else None


_READERS: Mapping[str, Callable[[Any, Mapping[str, str]], Found | None]] = {
    "linear": _linear,
    "matmul": _matmul,
    "mm": _matmul,
    "bmm": _matmul,
    "addmm": _addmm,
    "scaled_dot_product_attention": _sdpa,
    "softmax": _softmax,
    "_softmax": _softmax,
    "mul": _scaled,
    "div": _scaled,
    "add": _added,
}
