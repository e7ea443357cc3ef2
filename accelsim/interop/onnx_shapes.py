"""Sizes that the onnx library cannot infer: sums of names, and what com.microsoft's nodes make."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from accelsim.base.errors import ExpressionError
from accelsim.base.expression import parse_expression

ALIKE = frozenset(
    (
        *("BiasGelu", "FastGelu", "Gelu", "QuickGelu", "SimplifiedLayerNormalization"),
        *("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "RotaryEmbedding"),
    )
)
"""Operators that onnx has no shapes for; their result is like their first input."""


def size_of(written: str, sizes: Mapping[str, int]) -> int | None:
    """Of a size that the file calls `past + seq`, in which both were given."""
    if written in sizes:
        return sizes[written]
    try:
        value = parse_expression(written).evaluate(sizes) if written else None
    except ExpressionError:
        return None
    return value if isinstance(value, int) and value >= 0 else None


def of_microsoft(node: Any, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
    """Of com.microsoft's operators; of attention it is [B, P, H·F]."""
    said = {each.name: each.i for each in node.attribute}
    batch_tokens, width = shapes[0][:2], 0
    if node.op_type == "GroupQueryAttention" and len(shapes[0]) == 3:
        heads, keys = said.get("num_heads", 0), said.get("kv_num_heads", 0)
        packed = len(shapes) < 2 or not shapes[1]
        width = shapes[0][2] * heads // max(heads + 2 * keys, 1) if packed else shapes[0][2]
    elif node.op_type == "MultiHeadAttention" and len(shapes[0]) == 5:
        width = shapes[0][2] * shapes[0][4]
    elif node.op_type == "MultiHeadAttention" and len(shapes) > 1:
        values = shapes[2] if len(shapes) > 2 and shapes[2] else shapes[1]
        turned = len(values) == 4
        width = (values[1] * values[3] if turned else values[-1]) if values else 0
        width = values[2] * values[4] if len(values) == 5 else width
    elif node.op_type == "MatMulNBits":
        return (*shapes[0][:-1], said.get("N", 0))
    elif node.op_type == "FusedMatMul" and len(shapes) == 2 and min(map(len, shapes)) > 1:
        lead = np.broadcast_shapes(shapes[0][:-2], shapes[1][:-2])
        return (*lead, shapes[0][-2], shapes[1][-2 if said.get("transB") else -1])
    elif node.op_type == "Attention" and len(shapes) > 1 and len(shapes[1]) == 2:
        width = shapes[1][1] // 3
    return (*batch_tokens, width) if width else None
