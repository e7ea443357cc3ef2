"""One point of a sweep: a workload or a machine with plain numbers where it has arrays of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.base.record import Rate, Record
from accelsim.workload.einsum import Cascade


def cascade_at(cascade: Cascade, point: int) -> Cascade:
    """The sizes of ranks and elements at a point; an array of one entry is the same at all."""
    tensors = {
        name: replace(tensor, word_bytes=_at(tensor.word_bytes, point))
        for name, tensor in cascade.tensors.items()
    }
    return replace(
        cascade,
        tensors=tensors,
        ranks=_at(cascade.ranks, point),
        declared=_at(cascade.declared, point),
    )


def arch_at(arch: Spatial, point: int) -> Spatial:
    found: Spatial = _at(arch, point)
    return found


def _at(value: Any, point: int) -> Any:
    if isinstance(value, np.ndarray):
        return value.reshape(-1)[point if value.size > 1 else 0].item()
    if isinstance(value, Rate):
        return Rate(_at(value.bytes_per_s, point), _at(value.bytes_per_cycle, point))
    if isinstance(value, Record):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return value.model_copy(update={name: _at(each, point) for name, each in fields.items()})
    if isinstance(value, Mapping):
        return {key: _at(each, point) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_at(each, point) for each in value)
    return value
