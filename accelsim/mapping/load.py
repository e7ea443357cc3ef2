"""Mapping YAML → Mapping or Choice; a Choice → the Mapping that it picks; the shipped default.

A file with `choose` is a Choice. Without a mapping, a workload runs under the shipped one that
names the workload, and the machine too if several do.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.base import catalogue
from accelsim.base.errors import MappingError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.mapping.binding import known_values, named_values, value_of
from accelsim.mapping.loops import Number
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.workload.einsum import Cascade


def load_mapping(name_or_path: str | Path) -> Mapping | Choice:
    """The mapping in a file or of a shipped name."""
    return mapping_from_yaml(read_yaml(catalogue.find(name_or_path, "mappings")))


def mapping_from_yaml(node: Node) -> Mapping | Choice:
    return read_record(node, Choice if "choose" in node else Mapping)


def select(found: Mapping | Choice, cascade: Cascade, arch: Spatial) -> Mapping:
    """The mapping itself, or the first alternative whose condition holds."""
    if isinstance(found, Choice):
        holding = [place for place, holds in enumerate(_conditions(found, cascade, arch)) if holds]
        if not holding:
            raise _none_holds(cascade)
        return _plain(load_mapping(found.choose[holding[0]].mapping))
    return found


def select_each(
    found: Mapping | Choice, cascade: Cascade, arch: Spatial, points: int
) -> list[tuple[Mapping, np.ndarray[Any, Any]]]:
    """For workloads and machines of `points` sizes at once: mappings, each with its points."""
    if not isinstance(found, Choice):
        return [(found, np.arange(points))]
    holds = [np.broadcast_to(each, points) for each in _conditions(found, cascade, arch)]
    if not np.any(holds, axis=0).all():
        raise _none_holds(cascade)
    first = np.argmax(np.stack(holds), axis=0)
    return [
        (_plain(load_mapping(found.choose[place].mapping)), np.flatnonzero(first == place))
        for place in np.unique(first)
    ]


def default_mapping(cascade: Cascade, machine: str) -> str:
    """The shipped mapping's name for a workload: one written for this machine comes first."""
    fitting = [
        (name, mapping)
        for name, mapping in _shipped()
        if cascade.name in mapping.workload and mapping.machines
    ]
    named = [name for name, mapping in fitting if machine in mapping.machines]
    if named or fitting:
        return [*named, *(name for name, _ in fitting)][0]
    raise MappingError(
        f"no shipped mapping is for {cascade.name}", remedy="give a mapping by file or by name"
    )


@lru_cache(maxsize=1)
def _shipped() -> tuple[tuple[str, Mapping | Choice], ...]:
    names = [entry.name for entry in catalogue.entries("mappings")]
    return tuple((name, load_mapping(name)) for name in names)


def _conditions(choice: Choice, cascade: Cascade, arch: Spatial) -> list[Number]:
    values = known_values(cascade, arch)
    values |= named_values(choice.names, values)
    return [value_of(alternative.when, values) for alternative in choice.choose]


def _plain(found: Mapping | Choice) -> Mapping:
    if isinstance(found, Choice):
        raise MappingError("an alternative is itself a choice", remedy="name mappings only")
    return found


def _none_holds(cascade: Cascade) -> MappingError:
    return MappingError(
        f"no alternative of the mapping is for {cascade.name} at this size",
        remedy="end `choose` with {when: 1, mapping: ...}",
    )
