"""A torch module → linked cascades: its linear layers, products and attention, by torch.export.

    >>> found = from_torch(module, (torch.zeros(1, 128, 512),))          # doctest: +SKIP
    >>> [step.cascade.name for step in found.steps]                       # doctest: +SKIP

The module is exported, not run, for inputs of these shapes; masks that are made of no inputs are
evaluated (torch_values.py). What comes from a file is never loaded: a module is built by whoever
calls.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accelsim.base.errors import InputError, WorkloadError, did_you_mean
from accelsim.interop.einsum_product import write_einsum
from accelsim.interop.graph import Graph, Node, Traced, foreign
from accelsim.interop.masks import Band
from accelsim.interop.steps import Steps, steps_of
from accelsim.interop.torch_values import TorchValues
from accelsim.interop.writer import Writer

_VIEWS = (
    *("view", "reshape", "_unsafe_view", "transpose", "permute", "t", "expand", "contiguous"),
    *("clone", "unsqueeze", "squeeze", "flatten", "unflatten", "detach", "alias", "to"),
    *("_to_copy", "dropout", "swapaxes", "split", "split_with_sizes", "chunk", "unbind"),
    *("repeat", "repeat_interleave"),
)
_PARTS = ("getitem", "slice", "select", "narrow")


def from_torch(
    module: Any,
    example_inputs: tuple[Any, ...],
    name: str | None = None,
    values: Mapping[str, float] | None = None,
) -> Steps:
    """The cascades of a module for inputs like these; `values` are inputs that are one number
    everywhere, by the name that `forward` gives them, such as a padding mask: `{"mask": 1}`.

    Raises
    ------
    WorkloadError
        if torch is not installed or cannot export the module, or nothing in it is understood.
    InputError
        if `values` names no input.
    """
    try:
        import torch
    except ImportError as error:
        remedy = "pip install 'accelsim[measure]'"
        raise WorkloadError("torch is not installed", remedy=remedy) from error
    try:
        program = _without_writing(torch.export.export(module.eval(), example_inputs))
    except Exception as error:  # torch.export raises whatever the module's own code raises
        first = str(error).strip().partition("\n")[0]
        raise WorkloadError(f"torch cannot export the module: {first}") from error
    called = name or type(module).__name__
    given = [each for each in program.graph_signature.user_inputs if isinstance(each, str)]
    for each in values or {}:
        if each not in given:
            remedy = did_you_mean(each, given) or f"Its inputs are {', '.join(given)}"
            raise InputError(f"{called} has no input {each!r}", remedy=remedy)
    return steps_of(_graph(program, called, values or {}))


def _without_writing(program: Any) -> Any:
    """The same without operations that write into a tensor (`mask[..] = 0`), if there are any."""
    names = (str(getattr(each.target, "__name__", "")) for each in program.graph.nodes)
    writes = any(name.partition(".")[0].endswith("_") and name[:2] != "__" for name in names)
    return program.run_decompositions({}) if writes else program


def _graph(program: Any, name: str, values: Mapping[str, float]) -> Graph:
    signature = program.graph_signature
    weights = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    known = TorchValues(program, values)
    tensors: dict[str, Traced] = {}
    nodes: list[Node] = []
    called: dict[str, str] = {}
    for each in program.graph.nodes:
        called[each.name] = weights.get(each.name, each.name)
        tensors.update(_traced(called[each.name], each.meta.get("val")))
        known.through(each)
        if each.op == "call_function" and each.name not in known.arrays:
            if str(each.target).startswith("aten.einsum"):
                nodes += _einsum(each, called, tensors)
            elif each.users or each.meta.get("val") is not None:
                nodes.append(_node(each, called))
    arrays = {called[each]: value for each, value in known.arrays.items()}
    read = {read for node in nodes for read in node.reads}
    return Graph(
        name,
        tensors,
        tuple(nodes),
        frozenset(called[each] for each in weights if each in called) | (arrays.keys() & read),
        arrays,
        tuple(called[each] for each in signature.user_inputs if each in called),
        tuple(called[each] for each in signature.user_outputs if each in called),
        frozenset(called[each] for each in known.too_large),
    )


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
        return Node(found[0], each.name, found[1], made, {"called": op, **found[2]})
    if op in _VIEWS and reads:
        return Node("view", each.name, reads[:1], made, _order(op, each))
    own = "part" if op in _PARTS and reads else foreign(op)
    return Node(own, each.name, reads, made, {"called": op})


def _einsum(each: Any, called: Mapping[str, str], tensors: dict[str, Traced]) -> list[Node]:
    writer = Writer(tensors, {})
    reads = tuple(called[read.name] for read in each.args[1])
    try:
        write_einsum(writer, each.name, each.args[0], reads, called[each.name])
    except WorkloadError as error:
        said = {"why": error.fact}
        return [Node("einsum", each.name, reads, (called[each.name],), said)]
    return writer.nodes


def _order(op: str, each: Any) -> Mapping[str, Any]:
    """The order of the ranks of what it views, or the rank of which each element is repeated."""
    rank = len(each.args[0].meta["val"].shape) if hasattr(each.args[0], "meta") else 0
    order = list(range(rank))
    if op == "permute":
        return {"order": tuple(place % rank for place in each.args[1])}
    if op in ("transpose", "swapaxes", "t"):
        first, second = each.args[1:3] if op != "t" else (0, rank - 1)
        order[first], order[second] = order[second], order[first]
        return {"order": tuple(order)}
    if op == "repeat_interleave" and len(each.args) > 2:
        return {"each": each.args[2] % rank}
    return {}


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
    factor = float(width) ** -0.5 if scale is None else float(scale)
    told: dict[str, Any] = {"scale": factor, "band": Band(ahead=0) if causal else Band()}
    if mask is None:
        return "attention", reads, told
    kind = "keep" if mask.meta["val"].element_size() == 1 else "add"
    return "attention", (*reads, called[mask.name]), {**told, "masks": (kind,)}


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


def _joined(each: Any, called: Mapping[str, str]) -> Found:
    return "join", tuple(called[node.name] for node in each.args[0]), {}


def _hidden(each: Any, called: Mapping[str, str]) -> Found | None:
    """masked_fill: scores, mask, the number that stands where it is true."""
    scores, mask, number = each.args[:3]
    if not isinstance(number, int | float):
        return None
    return "choose", (called[mask.name], "", called[scores.name]), {"first": float(number)}


def _chosen(each: Any, called: Mapping[str, str]) -> Found | None:
    both = all(hasattr(arg, "meta") for arg in each.args[:3]) and len(each.args) == 3
    return ("choose", _operands(each, called, 0, 1, 2), {}) if both else None


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
    "cat": _joined,
    "masked_fill": _hidden,
    "where": _chosen,
}
