"""Shapes and constants of an ONNX graph, node by node, in its order.

Exporters compute shapes and masks in the graph: Shape, Gather, Concat, Range, Trilu, Where. A node
all of whose inputs are known is evaluated, by numpy in onnx's reference of that operator, if the
operator is in `FOLDED` and its result has at most `MOST_ELEMENTS` numbers - at once if it may say
a shape, else when a mask asks for it, so that weights are not read; of every other node the onnx
library infers the shapes. No operator of the file's own and no function in it is run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from accelsim.interop.graph import Traced
from accelsim.interop.onnx_constants import (
    Initializer,
    array_of,
    constant_of,
    results_of,
    word_bytes,
)
from accelsim.interop.onnx_shapes import ALIKE, of_microsoft, size_of

MOST_ELEMENTS = 2**25
"""Of a constant: a mask of 5,700 x 5,700, or the four indices of each place of one of 2,800."""

MOST_SIZES = 1_000
"""Of a constant that may say the shape of something else."""

FOLDED = frozenset(
    (
        *("Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Concat", "ConstantOfShape"),
        *("CumSum", "Div", "Equal", "Expand", "EyeLike", "Flatten", "Floor", "Gather"),
        *("GatherElements", "GatherND", "Greater", "GreaterOrEqual", "Identity", "IsNaN", "Less"),
        *("LessOrEqual", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Range"),
        *("Reciprocal", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape"),
        *("ScatterElements", "ScatterND", "Sign", "Slice", "Split", "Sqrt", "Squeeze", "Sub"),
        *("Tile", "Transpose", "Trilu", "Unsqueeze", "Where", "Xor"),
    )
)

_ALIKE_IN_SHAPE = {"LessOrEqual": "Less", "GreaterOrEqual": "Greater"}
"""Before opset 16 onnx has no shapes for the former."""


@dataclass
class Known:
    """Types by tensor; values of those that are known; constants that are too large to be so; and
    why the shape of a tensor is not known, where its node's inputs do not fit."""

    types: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    too_large: set[str] = field(default_factory=set)
    unfit: dict[str, str] = field(default_factory=dict)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """None if it is not known in full."""
        kind = self.types.get(name)
        if kind is None or not kind.HasField("tensor_type"):
            return None
        if not kind.tensor_type.HasField("shape"):
            return None
        sizes = kind.tensor_type.shape.dim
        known = all(size.HasField("dim_value") for size in sizes)
        return tuple(size.dim_value for size in sizes) if known else None

    def traced(self) -> dict[str, Traced]:
        shapes = ((name, self.shape(name)) for name in self.types)
        return {
            name: Traced(shape, word_bytes(self.types[name].tensor_type.elem_type))
            for name, shape in shapes
            if shape is not None
        }


def known_of(
    model: Any, sizes: Mapping[str, int], values: Mapping[str, float], folder: str
) -> Known:
    """Of a graph whose inputs have no open sizes; `values` are inputs that are one number, and
    tensors that lie in files of their own are looked for in this folder."""
    import onnx

    graph, known = model.graph, Known()
    for each in graph.input:
        known.types[each.name] = each.type
        shape = known.shape(each.name)
        if each.name in values and shape is not None:
            kind = onnx.helper.tensor_dtype_to_np_dtype(each.type.tensor_type.elem_type)
            known.values[each.name] = np.broadcast_to(
                np.array(values[each.name]).astype(kind), shape
            )
    for each in graph.initializer:
        known.types[each.name] = onnx.helper.make_tensor_type_proto(each.data_type, each.dims)
        if prod(each.dims) <= MOST_ELEMENTS:
            known.values[each.name] = Initializer(each, folder)
        else:
            known.too_large.add(each.name)
    said = {each.name: each.type for each in (*graph.value_info, *graph.output)}
    walk = _Walk(model, known, sizes, said)
    for node in graph.node:
        walk.through(node)
    return known


class _Walk:
    def __init__(
        self, model: Any, known: Known, sizes: Mapping[str, int], said: Mapping[str, Any]
    ) -> None:
        self.known = known
        self.sizes = sizes
        self.said = said
        self.imports = list(model.opset_import)
        self.opset = next((o.version for o in self.imports if o.domain in ("", "ai.onnx")), 1)
        self.folded: dict[Any, Sequence[Any]] = {}

    def through(self, node: Any) -> None:
        """A node that is not as its operator wants it leaves its results unknown."""
        try:
            self._through(node)
        except (LookupError, TypeError, ValueError) as error:
            for made in node.output:
                self.known.values.pop(made, None)
                self.known.types.pop(made, None)
                self.known.unfit[made] = f"it is not as {node.op_type} is ({str(error)[:60]})"

    def _through(self, node: Any) -> None:
        known = self.known
        reads = [each for each in node.input if each]
        of_onnx = node.domain in ("", "ai.onnx")
        if of_onnx and node.op_type == "Constant":
            self._keep(node, [constant_of(node)])
            return
        if of_onnx and node.op_type in ("Shape", "Size") and known.shape(reads[0]) is not None:
            self._keep(node, [self._of_shape(node, reads[0])])
            return
        types = self._inferred(node, reads) if of_onnx else {}
        for number, made in enumerate(node.output):
            kind = types.get(made) or (None if of_onnx else self._alike(node, number))
            if made:
                known.types[made] = self._with_sizes(kind, self.said.get(made))
        if of_onnx and node.op_type in FOLDED:
            self._fold(node, reads)

    def _fold(self, node: Any, reads: list[str]) -> None:
        known = self.known
        if any(each not in known.values and each not in known.too_large for each in reads):
            return
        elements = self._elements(node, reads)
        if elements is None:
            return
        if set(reads) & known.too_large or elements > MOST_ELEMENTS:
            known.too_large.update(each for each in node.output if each)
            return
        key = (
            node.op_type,
            *(each.SerializeToString() for each in node.attribute),
            *(id(known.values[each]) if each else None for each in node.input),
        )
        if key not in self.folded:
            given = {each: known.values[each] for each in reads}
            self.folded[key] = results_of(node, given, self.imports)
        results = self.folded[key]
        if elements <= MOST_SIZES or node.op_type == "Range":
            self._keep(node, map(array_of, results))
        else:
            known.values.update(zip(node.output, results, strict=True))

    def _keep(self, node: Any, values: Iterable[Any]) -> None:
        import onnx

        for name, value in zip(node.output, values, strict=False):
            if name and value is not None:
                array = np.asarray(value)
                kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
                self.known.types[name] = onnx.helper.make_tensor_type_proto(kind, array.shape)
                self.known.values[name] = array

    def _inferred(self, node: Any, reads: list[str]) -> Mapping[str, Any]:
        import onnx

        known = self.known
        if any(each not in known.types or known.types[each] is None for each in reads):
            return {}
        data = {
            each: onnx.numpy_helper.from_array(np.ascontiguousarray(array_of(known.values[each])))
            for each in reads
            if each in known.values and prod(known.shape(each) or ()) <= MOST_SIZES
            if array_of(known.values[each]) is not None
        }
        types = {each: known.types[each] for each in reads}
        try:
            alike = _ALIKE_IN_SHAPE.get(node.op_type, node.op_type)
            schema = onnx.defs.get_schema(alike, self.opset, "")
            return dict(
                onnx.shape_inference.infer_node_outputs(
                    schema, node, types, data, opset_imports=self.imports
                )
            )
        except Exception as error:  # whatever the operator's inference says of what is wrong
            shapes = [known.shape(each) for each in reads]
            if None not in shapes and node.output:
                said = str(error).strip().rpartition("\n")[2].rpartition("] ")[2][:80]
                listed = " and ".join(str(shape) for shape in shapes[:3])
                known.unfit[node.output[0]] = f"its inputs of {listed} do not fit ({said})"
            return {}

    def _alike(self, node: Any, number: int) -> Any:
        """Of the first result of an operator that onnx has no shapes for."""
        first = self.known.types.get(node.input[0]) if node.input and number == 0 else None
        if first is None or node.op_type in ALIKE:
            return first
        made = of_microsoft(node, [self.known.shape(each) or () for each in node.input])
        if made is None:
            return None
        import onnx

        return onnx.helper.make_tensor_type_proto(first.tensor_type.elem_type, made)

    def _with_sizes(self, kind: Any, said: Any) -> Any:
        """What is inferred, or else what the file says, where a name is a size that was given."""
        if kind is not None and _is_whole(kind):
            return kind
        if said is None or not said.tensor_type.HasField("shape"):
            return kind
        import onnx

        found: list[int] = []
        for size in said.tensor_type.shape.dim:
            own = size.HasField("dim_value")
            number = size.dim_value if own else size_of(size.dim_param, self.sizes)
            if number is None:
                return kind
            found.append(number)
        return onnx.helper.make_tensor_type_proto(said.tensor_type.elem_type, found)

    def _of_shape(self, node: Any, read: str) -> Any:
        shape = self.known.shape(read) or ()
        if node.op_type == "Size":
            return np.array(prod(shape), np.int64)
        said = {each.name: each.i for each in node.attribute}
        return np.array(shape[said.get("start", 0) : said.get("end", len(shape))], np.int64)

    def _elements(self, node: Any, reads: list[str]) -> int | None:
        """That the node would make; None if that is not known beforehand."""
        if node.op_type == "Range" and all(each in self.known.values for each in reads):
            start, end, step = (
                float(array_of(self.known.values[each]).reshape(())) for each in reads
            )
            return max(int((end - start) / step) + 1, 0) if step else None
        shapes = [self.known.shape(each) for each in node.output if each]
        return None if None in shapes else sum(prod(shape or ()) for shape in shapes)


def _is_whole(kind: Any) -> bool:
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return False
    return all(size.HasField("dim_value") for size in kind.tensor_type.shape.dim)
