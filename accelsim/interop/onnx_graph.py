"""An ONNX graph → linked cascades: its MatMul, Gemm, Softmax and Attention nodes.

    Attention (opset 23)    queries, keys and values as [B, H, P, E], or [B, P, H·E] with the
                            numbers of heads; an added mask; `scale`, `is_causal`
    MatMul, Softmax         by themselves, or as attention that is spelled out
    Gemm                    `transB` and a bias; not transA, alpha or beta

Shapes are inferred by the onnx library; a size that the file leaves open is given by its name. The
file is data: no operator of its own and no function in it is run.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError, Place
from accelsim.interop.graph import Graph, Node, Traced
from accelsim.interop.steps import Steps, steps_of

MOST_BYTES = 2_000_000_000

_VIEWS = (
    "Reshape",
    "Transpose",
    "Identity",
    "Unsqueeze",
    "Squeeze",
    "Flatten",
    "Cast",
    "Expand",
    "Dropout",
)
_PARTS = ("Split", "Slice")
_OF_SHAPES = ("Constant", "Shape", "ConstantOfShape", "Range", "Size")


@dataclass(frozen=True)
class _File:
    """What is known of the tensors: shapes, and the value of those that are one number."""

    tensors: Mapping[str, Traced]
    constants: Mapping[str, float]


def from_onnx(path: str | Path, sizes: Mapping[str, int] | None = None) -> Steps:
    """The cascades of an ONNX file; `sizes` are those that it leaves open, `{"batch": 1}`.

    Raises
    ------
    InputError
        if onnx is not installed, the file is no ONNX, or a size is open.
    WorkloadError
        if no node of it is understood.
    """
    try:
        import onnx
    except ImportError as error:
        raise InputError("onnx is not installed", remedy="pip install 'accelsim[onnx]'") from error
    place = Place(str(path))
    if not Path(path).is_file():
        raise InputError("no such file", at=place)
    if Path(path).stat().st_size > MOST_BYTES:
        raise InputError("the file is larger than 2 GB", at=place)
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf raises what it likes
        raise InputError("this is no ONNX file", at=place) from error
    _fill(model.graph, sizes or {}, place)
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        raise InputError(f"onnx cannot infer its shapes: {said}", at=place) from error
    graph = inferred.graph
    file = _File(dict(_tensors(graph)), dict(_constants(graph)))
    weights = frozenset(each.name for each in graph.initializer)
    named = ((node, node.name or f"{node.op_type}_{n}") for n, node in enumerate(graph.node))
    nodes = (_node(node, name, file) for node, name in named if node.op_type not in _OF_SHAPES)
    kept = tuple(node for node in nodes if node is not None)
    return steps_of(Graph(graph.name or Path(path).stem, file.tensors, kept, weights))


def _fill(graph: Any, sizes: Mapping[str, int], place: Place) -> None:
    """The open sizes of the graph's inputs."""
    open_sizes: list[str] = []
    for each in graph.input:
        for size in each.type.tensor_type.shape.dim:
            if size.HasField("dim_value"):
                continue
            if size.dim_param in sizes:
                size.dim_value = sizes[size.dim_param]
            else:
                open_sizes.append(size.dim_param or f"{each.name} has one without a name")
    if open_sizes:
        listed = ", ".join(dict.fromkeys(open_sizes))
        remedy = f"Give them, like --size {open_sizes[0].partition(' ')[0]}=1"
        raise InputError(f"these sizes are open: {listed}", at=place, remedy=remedy)


def _tensors(graph: Any) -> Iterator[tuple[str, Traced]]:
    import onnx

    def word(kind: int) -> float:
        try:
            return float(onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize)
        except (KeyError, ValueError):
            return 4.0

    for each in (*graph.input, *graph.value_info, *graph.output):
        kind = each.type.tensor_type
        if kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim):
            yield (
                each.name,
                Traced(tuple(d.dim_value for d in kind.shape.dim), word(kind.elem_type)),
            )
    for each in graph.initializer:
        yield each.name, Traced(tuple(each.dims), word(each.data_type))


def _constants(graph: Any) -> Iterator[tuple[str, float]]:
    """Tensors that are one number, known beforehand."""
    import onnx

    made = ((n.output[0], a.t) for n in graph.node if n.op_type == "Constant" for a in n.attribute)
    for name, tensor in (*made, *((each.name, each) for each in graph.initializer)):
        size = 1
        for length in tensor.dims:
            size *= length
        if size == 1 and tensor.data_location == onnx.TensorProto.DEFAULT:
            yield name, float(onnx.numpy_helper.to_array(tensor).reshape(()))


def _node(node: Any, name: str, file: _File) -> Node | None:
    """None for what is computed from shapes alone."""
    reads = tuple(each for each in node.input if each)
    made = tuple(each for each in node.output if each)
    if node.op_type in (*_VIEWS, *_PARTS) and reads:
        return Node("view" if node.op_type in _VIEWS else "part", name, reads[:1], made)
    read = _READERS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    known = all(each in file.tensors for each in (*reads, *made) if each not in file.constants)
    found = read(node, reads, file) if read is not None and known else None
    if found is None:
        called = f"{node.domain}.{node.op_type}".lstrip(".")
        return Node(node.op_type, name, reads, made, {"called": called})
    op, operands, said = found
    return Node(op, name, operands, made[:1], said)


Found = tuple[str, tuple[str, ...], dict[str, Any]]


def _attribute(node: Any, name: str, default: Any) -> Any:
    import onnx

    found = next((each for each in node.attribute if each.name == name), None)
    return default if found is None else onnx.helper.get_attribute_value(found)


def _matmul(node: Any, reads: tuple[str, ...], file: _File) -> Found:
    return "product", reads, {}


def _gemm(node: Any, reads: tuple[str, ...], file: _File) -> Found | None:
    plain = not _attribute(node, "transA", 0) and _attribute(node, "alpha", 1.0) == 1.0
    if not plain or _attribute(node, "beta", 1.0) != 1.0:
        return None
    return "product", reads, {"transposed": bool(_attribute(node, "transB", 0))}


def _softmax(node: Any, reads: tuple[str, ...], file: _File) -> Found | None:
    axis, rank = _attribute(node, "axis", -1), len(file.tensors[reads[0]].shape)
    return ("softmax", reads, {}) if axis in (-1, rank - 1) else None


def _scaled(node: Any, reads: tuple[str, ...], file: _File) -> Found | None:
    """Times a constant, or divided by it."""
    constant = next((each for each in reads if each in file.constants), None)
    if constant is None or (node.op_type == "Div" and constant != reads[1]):
        return None
    number = file.constants[constant]
    if node.op_type == "Div" and number == 0:
        return None
    other = tuple(each for each in reads if each != constant)
    return "scale", other, {"by": 1 / number if node.op_type == "Div" else number}


def _added(node: Any, reads: tuple[str, ...], file: _File) -> Found:
    return "add", reads, {}


def _attention(node: Any, reads: tuple[str, ...], file: _File) -> Found | None:
    """Without a cache; the mask is of numbers that are added."""
    if any(node.input[4:]) or len(reads) < 3:
        return None
    shapes = [file.tensors[each].shape for each in reads[:3]]
    heads = _attribute(node, "q_num_heads", 0), _attribute(node, "kv_num_heads", 0)
    packed = all(len(shape) == 3 for shape in shapes)
    if packed and not all(heads):
        return None
    width = shapes[0][-1] // heads[0] if packed else shapes[0][-1]
    said = {
        "causal": bool(_attribute(node, "is_causal", 0)),
        "scale": float(_attribute(node, "scale", width**-0.5)),
        "heads": heads if packed else None,
    }
    return "attention", reads, said


_READERS: Mapping[str, Callable[[Any, tuple[str, ...], _File], Found | None]] = {
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Softmax": _softmax,
    "Mul": _scaled,
    "Div": _scaled,
    "Add": _added,
    "Attention": _attention,
}
