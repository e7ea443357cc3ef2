"""Tensors of an exported torch program that no input changes: masks, and what they are made of.

An operation of `FOLDED` whose tensors are all known is evaluated, by torch, if its result has at
most `MOST_ELEMENTS` numbers. Parameters are never read.
"""

from collections.abc import Mapping
from typing import Any

MOST_ELEMENTS = 2**25

FOLDED = frozenset(
    (
        *("arange", "ones", "zeros", "full", "scalar_tensor", "ones_like", "zeros_like"),
        *("full_like", "new_ones", "new_zeros", "new_full", "tril", "triu", "where", "masked_fill"),
        *("le", "lt", "ge", "gt", "eq", "ne", "logical_not", "logical_and", "logical_or"),
        *("bitwise_not", "bitwise_and", "bitwise_or", "__and__", "__or__", "add", "sub", "rsub"),
        *("mul", "neg", "abs", "view", "reshape", "unsqueeze", "squeeze", "expand", "slice"),
        *("select", "transpose", "permute", "t", "cat", "to", "_to_copy", "clone", "contiguous"),
        *("detach", "alias", "lift_fresh_copy", "diff", "cumsum", "repeat", "minimum", "maximum"),
        *("copy", "fill", "slice_scatter", "select_scatter", "index_put", "movedim", "flatten"),
    )
)


class TorchValues:
    """Arrays by node; `values` are inputs that are one number everywhere."""

    def __init__(self, program: Any, values: Mapping[str, float]) -> None:
        import torch

        self.arrays: dict[str, Any] = {}
        self.too_large: set[str] = set()
        self._tensors: dict[str, Any] = {}
        self._values = values
        signature = program.graph_signature
        self._stored = {
            **signature.inputs_to_buffers,
            **signature.inputs_to_lifted_tensor_constants,
        }
        self._of_program = {**program.state_dict, **program.constants}
        self._tensor_type = torch.Tensor

    def through(self, node: Any) -> None:
        """The node's value, if it has one; nodes come in their order."""
        value = node.meta.get("val")
        if not hasattr(value, "shape"):
            return
        if value.numel() > MOST_ELEMENTS:
            if self._is_foldable(node):
                self.too_large.add(node.name)
            return
        found = self._found(node)
        if isinstance(found, self._tensor_type):
            self._tensors[node.name] = found
            array = found.detach().cpu()
            floats = array.is_floating_point() and array.element_size() < 4
            self.arrays[node.name] = (array.float() if floats else array).numpy()

    def _found(self, node: Any) -> Any:
        import torch

        if node.op == "placeholder" and node.name in self._values:
            like = node.meta["val"]
            return torch.full(tuple(like.shape), self._values[node.name], dtype=like.dtype)
        if node.op == "placeholder":
            return self._of_program.get(self._stored.get(node.name, ""))
        if not self._is_foldable(node) or any(
            r.name in self.too_large for r in node.all_input_nodes
        ):
            return None
        args, kwargs = torch.fx.node.map_arg(
            (node.args, node.kwargs), lambda each: self._tensors[each.name]
        )
        try:
            return node.target(*args, **kwargs)
        except Exception:  # torch raises whatever an operation does
            return None

    def _is_foldable(self, node: Any) -> bool:
        op = str(getattr(node.target, "__name__", "")).partition(".")[0]
        known = all(
            read.name in self._tensors or read.name in self.too_large
            for read in node.all_input_nodes
        )
        return node.op == "call_function" and op in FOLDED and known
