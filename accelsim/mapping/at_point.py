"""Some points of a sweep: a workload or a machine that has arrays, with the numbers of those.

One point is a place and gets plain numbers; several are an array of places and get arrays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.arch.spatial import Spatial
from accelsim.base.record import Rate, Record
from accelsim.workload.einsum import Cascade, Tensor

Points = int | NDArray[np.intp]


def cascade_at(cascade: Cascade, points: Points) -> Cascade:
    """The sizes of ranks and elements there; an array of one entry is the same at all points.
    Without arrays it is the workload itself."""
    tensors = {name: _tensor_at(tensor, points) for name, tensor in cascade.tensors.items()}
    parts = {
        "tensors": _kept(tensors, cascade.tensors),
        "ranks": _at(cascade.ranks, points),
        "declared": _at(cascade.declared, points),
    }
    if all(part is getattr(cascade, name) for name, part in parts.items()):
        return cascade
    return replace(cascade, **parts)


def _tensor_at(tensor: Tensor, points: Points) -> Tensor:
    word_bytes = _at(tensor.word_bytes, points)
    return tensor if word_bytes is tensor.word_bytes else tensor._replace(word_bytes=word_bytes)


def arch_at(arch: Spatial, points: Points) -> Spatial:
    """Without arrays it is the machine itself."""
    found: Spatial = _at(arch, points)
    return found


def _at(value: Any, points: Points) -> Any:
    if isinstance(value, np.ndarray):
        found = value.reshape(-1)[points if value.size > 1 else 0]
        return found if found.ndim else found.item()
    if isinstance(value, Rate):
        rates = (value.bytes_per_s, value.bytes_per_cycle)
        found = tuple(_at(each, points) for each in rates)
        return value if _are_same(found, rates) else Rate(*found)
    if isinstance(value, Record):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        there = {name: _at(each, points) for name, each in fields.items()}
        if _are_same(there.values(), fields.values()):
            return value
        return value.model_copy(update=there)
    if isinstance(value, Mapping):
        return _kept({key: _at(each, points) for key, each in value.items()}, value)
    if isinstance(value, tuple):
        found = tuple(_at(each, points) for each in value)
        return value if _are_same(found, value) else found
    return value


def _kept(there: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    return before if _are_same(there.values(), before.values()) else there


def _are_same(there: Iterable[Any], before: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(there, before, strict=True))
