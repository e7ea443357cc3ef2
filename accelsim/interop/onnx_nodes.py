"""Nodes of an ONNX graph in the words of graph.py; one may become several.

    MatMul, Gemm, Einsum    products; Gemm with `transB` and a bias, not transA, alpha or beta
    FusedMatMul ...         of com.microsoft; MatMulNBits, with weights of a few bits
    Mul, Div, Add, Where    by a constant, of two tensors, by a mask
    Reshape, Transpose ...  views
    Attention ...           onnx_attention.py

A node that is none of these keeps its name, with the reason if one of these cannot be read.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accelsim.base.errors import WorkloadError
from accelsim.interop.einsum_product import write_einsum
from accelsim.interop.graph import Node, Traced, foreign
from accelsim.interop.onnx_attention import FUSED
from accelsim.interop.writer import Reader, Writer, attribute

VIEWS = (
    *("Reshape", "Transpose", "Identity", "Unsqueeze", "Squeeze", "Flatten", "Cast", "Expand"),
    *("Dropout", "Tile", "CastLike"),
)
PARTS = ("Split", "Slice")


def write(node: Any, name: str, writer: Writer) -> None:
    """The node, under this name, by its reader; whole and by its own name if it has none."""
    reads = tuple(each for each in node.input if each)
    made = tuple(each for each in node.output if each)
    called = f"{node.domain}.{node.op_type}".removeprefix("ai.onnx").lstrip(".")
    said: dict[str, Any] = {"called": called}
    read = PLAIN.get(called) or FUSED.get(called)
    needed = reads if called in FUSED else (*reads, *made[:1])
    unknown = [each for each in needed if each not in writer.tensors]
    before = len(writer.nodes)
    if read is not None and not unknown:
        try:
            read(node, name, writer)
        except WorkloadError as error:
            del writer.nodes[before:]
            said["why"] = error.fact
        except (LookupError, ValueError, ArithmeticError):
            del writer.nodes[before:]
            said["why"] = f"its inputs or attributes are not those of {called}"
        else:
            own = writer.nodes[before:]
            writer.nodes[before:] = [replace(each, said={**said, **each.said}) for each in own]
            return
    elif read is not None:
        said["why"] = f"the shape of {unknown[0]!r} is not known"
    said |= {"why": writer.unfit[made[0]]} if made and made[0] in writer.unfit else {}
    writer.nodes.append(Node(foreign(node.op_type), name, reads, made, said))


def not_understood() -> WorkloadError:
    return WorkloadError("not understood")


def _view(node: Any, name: str, writer: Writer) -> None:
    said: dict[str, Any] = {}
    if node.op_type == "Transpose":
        rank = len(writer.shape(node.input[0]))
        said["order"] = tuple(attribute(node, "perm", range(rank)[::-1]))
    writer.add("view", name, (node.input[0],), node.output[0], **said)


def _part(node: Any, name: str, writer: Writer) -> None:
    made = tuple(each for each in node.output if each)
    writer.nodes.append(Node("part", name, (node.input[0],), made))


def _gather(node: Any, name: str, writer: Writer) -> None:
    """By places that are known beforehand: the others are lookups."""
    if node.input[1] not in writer.values:
        raise WorkloadError("not understood")
    writer.add("part", name, (node.input[0],), node.output[0])


def _concat(node: Any, name: str, writer: Writer) -> None:
    writer.add("join", name, tuple(node.input), node.output[0])


def _matmul(node: Any, name: str, writer: Writer) -> None:
    first, second = node.input
    writer.add("product", name, (first, second), node.output[0])


def _gemm(node: Any, name: str, writer: Writer) -> None:
    plain = not attribute(node, "transA", 0) and attribute(node, "alpha", 1.0) == 1.0
    if not plain or attribute(node, "beta", 1.0) != 1.0:
        raise WorkloadError("transA, alpha and beta of a Gemm are not understood")
    reads = tuple(each for each in node.input if each)
    transposed = bool(attribute(node, "transB", 0))
    writer.add("product", name, reads, node.output[0], transposed=transposed)


def _fused_matmul(node: Any, name: str, writer: Writer) -> None:
    """Microsoft's: a product times `alpha`, its right operand transposed or not."""
    if any(attribute(node, key, 0) for key in ("transA", "transBatchA", "transBatchB")):
        raise WorkloadError("transA and transBatch of a FusedMatMul are not understood")
    said = {"transposed": bool(attribute(node, "transB", 0))}
    alpha, made = float(attribute(node, "alpha", 1.0)), node.output[0]
    product = made if alpha == 1 else f"{made}_product"
    writer.tensors[product] = writer.tensors[made]
    first, second = node.input
    writer.add("product", name, (first, second), product, **said)
    if alpha != 1:
        writer.add("scale", f"{name}_alpha", (product,), made, by=alpha)


def _quantised(node: Any, name: str, writer: Writer) -> None:
    """Microsoft's MatMulNBits: weights [N, K] of `bits` each; their scales are left away."""
    rows, columns = attribute(node, "N", 0), attribute(node, "K", 0)
    if _given(node, 4):
        raise WorkloadError("columns of a MatMulNBits in another order are not understood")
    matrix = writer.view(node.input[1], f"{node.output[0]}_weights", (rows, columns))
    writer.tensors[matrix] = Traced((rows, columns), attribute(node, "bits", 4) / 8)
    bias = (node.input[5],) if _given(node, 5) else ()
    reads = (node.input[0], matrix, *bias)
    writer.add("product", name, reads, node.output[0], transposed=True)


def _given(node: Any, place: int) -> bool:
    return place < len(node.input) and bool(node.input[place])


def _einsum(node: Any, name: str, writer: Writer) -> None:
    equation = attribute(node, "equation", b"").decode()
    write_einsum(writer, name, equation, tuple(node.input), node.output[0])


def _softmax(node: Any, name: str, writer: Writer) -> None:
    axis, rank = attribute(node, "axis", -1), len(writer.shape(node.input[0]))
    if axis not in (-1, rank - 1):
        raise WorkloadError(f"a softmax over axis {axis} of {rank} is not understood")
    writer.add("softmax", name, (node.input[0],), node.output[0])


def _scaled(node: Any, name: str, writer: Writer) -> None:
    """Times a constant, or divided by it."""
    first, second = node.input
    number = writer.number(second)
    other = first
    if number is None and node.op_type == "Mul":
        number, other = writer.number(first), second
    alike = writer.shape(other) == writer.shape(node.output[0])
    if number is None or not alike or (node.op_type == "Div" and number == 0):
        raise not_understood()
    by = 1 / number if node.op_type == "Div" else number
    writer.add("scale", name, (other,), node.output[0], by=by)


def _added(node: Any, name: str, writer: Writer) -> None:
    first, second = node.input
    writer.add("add", name, (first, second), node.output[0])


def _chosen(node: Any, name: str, writer: Writer) -> None:
    test, first, second = node.input
    writer.add("choose", name, (test, first, second), node.output[0])


PLAIN: Mapping[str, Reader] = {
    **dict.fromkeys(VIEWS, _view),
    **dict.fromkeys(PARTS, _part),
    "Gather": _gather,
    "Concat": _concat,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Einsum": _einsum,
    "com.microsoft.FusedMatMul": _fused_matmul,
    "com.microsoft.MatMulNBits": _quantised,
    "Softmax": _softmax,
    "Mul": _scaled,
    "Div": _scaled,
    "Add": _added,
    "Where": _chosen,
}
