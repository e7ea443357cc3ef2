"""Tensors of an ONNX file whose values it holds."""

from collections.abc import Iterator, Mapping, Sequence
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
    """Values by tensor, as arrays; they become so when they are asked for. None is one that
    cannot be read."""

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
    """A tensor of the file, or of one beside it."""

    def __init__(self, tensor: Any, folder: str) -> None:
        self.tensor = tensor
        self.folder = folder

    @cached_property
    def array(self) -> Any:
        """None if the file beside is not there, or not as it is said to be."""
        import onnx

        try:
            return onnx.numpy_helper.to_array(self.tensor, base_dir=self.folder)
        except Exception:  # onnx raises what the file system and numpy do
            return None


class Result:
    """One of what a node makes, which is evaluated when it is asked for."""

    def __init__(self, all_of_them: "_Evaluated", place: int) -> None:
        self._all = all_of_them
        self._place = place

    @property
    def array(self) -> Any:
        results = self._all.arrays
        return results[self._place] if self._place < len(results) else None


class _Evaluated:
    def __init__(self, node: Any, given: Mapping[str, Any], imports: Sequence[Any]) -> None:
        self._node, self._given, self._imports = node, given, imports

    @cached_property
    def arrays(self) -> list[Any]:
        """By onnx's reference of the operator; nothing where that cannot."""
        import onnx
        from onnx.reference import ReferenceEvaluator

        given = {name: array_of(value) for name, value in self._given.items()}
        inputs = [onnx.helper.make_tensor_value_info(name, 1, None) for name in given]
        made = [onnx.helper.make_tensor_value_info(name, 1, None) for name in self._node.output]
        graph = onnx.helper.make_graph([self._node], "one", inputs, made)
        model = onnx.helper.make_model(graph, opset_imports=self._imports)
        try:
            with np.errstate(all="ignore"):
                return list(ReferenceEvaluator(model).run(None, given))
        except Exception:  # the reference raises what numpy does for what the file says
            return []


def results_of(node: Any, given: Mapping[str, Any], imports: Sequence[Any]) -> tuple[Result, ...]:
    """What a node makes of these, each evaluated when it is asked for."""
    evaluated = _Evaluated(node, given, imports)
    return tuple(Result(evaluated, place) for place in range(len(node.output)))


def array_of(value: Any) -> Any:
    return value.array if isinstance(value, Initializer | Result) else value


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
