"""Nodes of an ONNX graph in the words of graph.py; one may become several.

MatMul, Gemm, Einsum    products; Gemm with `transB` and a bias, not transA, alpha or beta
Mul, Div, Add, Where    by a constant, of two tensors, by a mask
Reshape, Transpose ...  views
Attention ...           onnx_attention.py
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accelsim.base.errors import WorkloadError
from accelsim.interop.einsum_product import write_einsum
from accelsim.interop.graph import Node, foreign
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
    writer.add("product", name, tuple(node.input), node.output[0])


def _gemm(node: Any, name: str, writer: Writer) -> None:
    plain = not attribute(node, "transA", 0) and attribute(node, "alpha", 1.0) == 1.0
    if not plain or attribute(node, "beta", 1.0) != 1.0:
        raise WorkloadError("transA, alpha and beta of a Gemm are not understood")
    reads = tuple(each for each in node.input if each)
    transposed = bool(attribute(node, "transB", 0))
    writer.add("product", name, reads, node.output[0], transposed=transposed)


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
    writer.add("add", name, tuple(node.input), node.output[0])


def _chosen(node: Any, name: str, writer: Writer) -> None:
    writer.add("choose", name, tuple(node.input), node.output[0])


PLAIN: Mapping[str, Reader] = {
    **dict.fromkeys(VIEWS, _view),
    **dict.fromkeys(PARTS, _part),
    "Gather": _gather,
    "Concat": _concat,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Einsum": _einsum,
    "Softmax": _softmax,
    "Mul": _scaled,
    "Div": _scaled,
    "Add": _added,
    "Where": _chosen,
}
