"""Some points of a sweep: a workload or a machine that has arrays, with the numbers of those.

One point is a place and gets plain numbers; several are an array of places and get arrays.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.arch.spatial import Spatial
from accelsim.base.record import Rate, Record
from accelsim.workload.einsum import Cascade

Points = int | NDArray[np.intp]


def cascade_at(cascade: Cascade, points: Points) -> Cascade:
    """The sizes of ranks and elements there; an array of one entry is the same at all points."""
    tensors = {
        name: replace(tensor, word_bytes=_at(tensor.word_bytes, points))
        for name, tensor in cascade.tensors.items()
    }
    return replace(
        cascade,
        tensors=tensors,
        ranks=_at(cascade.ranks, points),
        declared=_at(cascade.declared, points),
    )


def arch_at(arch: Spatial, points: Points) -> Spatial:
    found: Spatial = _at(arch, points)
    return found


def _at(value: Any, points: Points) -> Any:
    if isinstance(value, np.ndarray):
        found = value.reshape(-1)[points if value.size > 1 else 0]
        return found if found.ndim else found.item()
    if isinstance(value, Rate):
        return Rate(_at(value.bytes_per_s, points), _at(value.bytes_per_cycle, points))
    if isinstance(value, Record):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return value.model_copy(update={name: _at(each, points) for name, each in fields.items()})
    if isinstance(value, Mapping):
        return {key: _at(each, points) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_at(each, points) for each in value)
    return value
