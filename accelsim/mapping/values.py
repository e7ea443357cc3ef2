"""Other numbers, or arrays of them, in a workload or a machine that has been loaded.

    with_values(workload, {"ranks.P": np.array([1024, 4096]), "words.Q": 1})
    with_values(machine, {"memories.DRAM.bandwidth": bandwidths, "clock": "1 GHz"})

The paths are those of the YAML. A number or an array is in the house unit (B, Hz, pJ, um^2, W; a
bandwidth in B/s), a text carries its unit; a rank may be the text of an expression. Arrays
broadcast with each other, so that one `evaluate` answers for all their points: bandwidths of shape
(50, 1) and lengths of shape (20,) are 1,000 of them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from accelsim.arch import spatial
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import WorkloadError, did_you_mean
from accelsim.base.record import refuse_value
from accelsim.base.units import quantity
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import Workload

T = TypeVar("T", bound=Cascade | Spatial)


def with_values(of: T, values: Mapping[str, Any]) -> T:
    """A copy with these values at these paths, and with what depends on them."""
    found = _in_cascade(of, values) if isinstance(of, Cascade) else spatial.with_values(of, values)
    return cast(T, found)


def _in_cascade(cascade: Cascade, values: Mapping[str, Any]) -> Cascade:
    ranks: dict[str, Any] = {}
    tensors = dict(cascade.tensors)
    for path, value in values.items():
        head, _, name = path.partition(".")
        if head == "ranks" and name:
            ranks[name] = value
        elif head == "words" and name in tensors:
            tensors[name] = tensors[name]._replace(word_bytes=_word(path, value))
        else:
            near = did_you_mean(name, tensors) if head == "words" else None
            remedy = near or "Name a rank or a tensor, like 'ranks.P' or 'words.Q'"
            raise WorkloadError(f"{path}: there is no such number", remedy=remedy)
    return replace(cascade, tensors=tensors).with_ranks(**ranks)


def _word(path: str, value: Any) -> Any:
    number = quantity(value, "B") if isinstance(value, str) else value
    refuse_value(Workload, "word_bytes", number, path)
    return number
