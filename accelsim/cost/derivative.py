"""How the cost of a mapping changes with the machine's numbers, by differentiating the formulas.

Differentiated are rates, times, energies, powers and areas, which nothing but the formulas depends
on. Sizes are not: a mapping makes tiles of them, the parts catalogue looks energies up by them.
"""

from collections.abc import Mapping as ByPath
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.spatial import Spatial
from accelsim.base.record import Rate, Record, fields_by_key
from accelsim.cost import spatial
from accelsim.cost.coverage import coverage_of
from accelsim.cost.dual import Dual
from accelsim.cost.result import Cost
from accelsim.mapping.binding import bind
from accelsim.mapping.mapping import Mapping
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade

_FIELDS: ByPath[type, tuple[str, ...]] = {
    Spatial: ("clock_hz",),
    Memory: ("bandwidth", "read_pj_per_byte", "write_pj_per_byte", "leakage_w", "area_um2"),
    ComputeArray: ("leakage_w", "area_um2"),
    Operation: ("cycles", "energy_pj", "leakage_w", "area_um2"),
}
_LISTS = ("memories", "compute", "operations")


R = TypeVar("R", bound=Record)


def differentiable(arch: Spatial) -> dict[str, float]:
    """The numbers above 0 that a cost can be differentiated by, in house units, by YAML path.

    A bandwidth is in the unit it is written in. The cycles of an operation that is made of others
    are theirs.
    """
    return _found(arch, "")


def differentiated(cascade: Cascade, arch: Spatial, mapping: Mapping, paths: Sequence[str]) -> Cost:
    """The cost, each of whose numbers is a Dual if it depends on these: with derivatives by the
    logarithm of the number at each path, in their order.

    Raises what `evaluate` raises, and KeyError for a path that is not `differentiable`.
    """
    bound = bind(mapping, budgeted(cascade), arch)
    points, coverage = spatial.points_of(bound), coverage_of(bound)
    values = differentiable(arch)
    slopes = np.diag([float(values[path]) for path in paths])
    duals = {p: Dual(values[p], row, row) for p, row in zip(paths, slopes, strict=True)}
    return spatial.cost_from(replace(bound, arch=_with_duals(arch, "", duals)), points, coverage)


def _found(record: Record, path: str) -> dict[str, float]:
    values: dict[str, float] = {}
    for key, field in fields_by_key(type(record)).items():
        value = getattr(record, field)
        if field in _LISTS:
            for name, part in _named(value).items():
                values |= _found(part, f"{path}{key}.{name}.")
        elif field in _FIELDS[type(record)] and not _follows(record, field):
            number = value.given if isinstance(value, Rate) else value
            if number:
                values[path + key] = number
    return values


def _with_duals(record: R, path: str, duals: ByPath[str, Dual]) -> R:
    changed: dict[str, Any] = {}
    for key, field in fields_by_key(type(record)).items():
        value = getattr(record, field)
        if field in _LISTS:
            parts = {
                n: _with_duals(p, f"{path}{key}.{n}.", duals) for n, p in _named(value).items()
            }
            changed[field] = tuple(parts.values()) if isinstance(value, tuple) else parts
        elif path + key in duals:
            dual = duals[path + key]
            is_rate = isinstance(value, Rate)
            changed[field] = Rate(**{_unit(value): dual}) if is_rate else dual
    return record.model_copy(update=changed)


def _named(parts: Any) -> dict[str, Any]:
    return dict(parts) if isinstance(parts, ByPath) else {part.name: part for part in parts}


def _follows(record: Record, field: str) -> bool:
    """Whether it is no number of its own: the cycles of `exp: {as: {mac: 6}}`."""
    return isinstance(record, Operation) and field == "cycles" and record.as_ is not None


def _unit(rate: Rate) -> str:
    return "bytes_per_cycle" if rate.bytes_per_s is None else "bytes_per_s"
