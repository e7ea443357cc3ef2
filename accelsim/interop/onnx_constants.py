"""Tensors of an ONNX file whose values it holds."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np


def word_bytes(kind: int) -> float:
    """Of an element of this type; of one that numpy has not, 4."""
    import onnx

    try:
        return float(onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize)
    except (KeyError, ValueError):
        return 4.0


class Constants(Mapping[str, Any]):
    """Values by tensor, as arrays; those of the file become arrays when they are asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return array_of(self._values[name])

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Initializer:
    """A tensor of the file."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    @cached_property
    def array(self) -> Any:
        import onnx

        return onnx.numpy_helper.to_array(self.tensor)


def array_of(value: Any) -> Any:
    return value.array if isinstance(value, Initializer) else value


def constant_of(node: Any) -> Any:
    import onnx

    for each in node.attribute:
        value = onnx.helper.get_attribute_value(each)
        if each.name == "value":
            is_tensor = isinstance(value, onnx.TensorProto)
            in_file = is_tensor and value.data_location == onnx.TensorProto.DEFAULT
            return onnx.numpy_helper.to_array(value) if in_file else None
        if each.name in ("value_int", "value_ints"):
            return np.array(value, np.int64)
        if each.name in ("value_float", "value_floats"):
            return np.array(value, np.float32)
    return None
