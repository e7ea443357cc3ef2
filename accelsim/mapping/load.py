"""Mapping YAML → Mapping or Choice; a Choice → the Mapping that it picks; the default.

A file with `choose` is a Choice. Where no mapping is named, a workload runs on a machine under

1. the shipped mapping that names both,
2. or else the first shipped one for the workload that is legal on this machine,
3. or else one made by rules (`automatic`).
"""

from collections.abc import Mapping as SettingsOf
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.base import catalogue
from accelsim.base.errors import AccelsimError, MappingError
from accelsim.base.record import read_record, refuse_another_kind
from accelsim.base.setting import Value, with_settings
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.mapping.at_point import arch_at, cascade_at
from accelsim.mapping.automatic import AUTOMATIC, automatic_mapping
from accelsim.mapping.binding import bind, known_values, named_values, value_of
from accelsim.mapping.check import check
from accelsim.mapping.loops import Number
from accelsim.mapping.mapping import Choice, Mapping, extended
from accelsim.workload.einsum import Cascade


def load_mapping(
    name_or_path: str | Path, overrides: SettingsOf[str, Value] | None = None
) -> Mapping | Choice:
    """`load_mapping("fusemax_binding", {"tiles.P0": "128"})`: a file's, or of a shipped name."""
    node = read_yaml(catalogue.find(name_or_path, "mappings"))
    model = Choice if "choose" in node else Mapping
    return mapping_from_yaml(with_settings(node, model, overrides or {}))


def mapping_from_yaml(node: Node) -> Mapping | Choice:
    if "choose" in node:
        return read_record(node, Choice)
    if "extends" not in node:
        refuse_another_kind(node, Mapping, "nests")
    mapping = read_record(node, Mapping)
    if mapping.extends is not None:
        mapping = extended(_plain(load_mapping(mapping.extends)), mapping)
    if not (mapping.nests and mapping.schedule):
        remedy = "Write both, or 'extends: ' and a mapping that has them"
        raise MappingError("a mapping needs 'nests' and a 'schedule'", at=node.place, remedy=remedy)
    return mapping


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


class Default(NamedTuple):
    """What is taken where no mapping is named, and what it is called."""

    name: str
    mapping: Mapping | Choice


def default_mapping(cascade: Cascade, arch: Spatial, machine: str) -> Default:
    """The mapping of a workload on a machine of this name (or file), whose numbers are no arrays.

    Raises
    ------
    MappingError
        if the machine cannot do some Einsum: which, and what each array lacks.
    """
    for_both = _shipped_for(cascade, machine)
    if for_both is not None:
        return for_both
    for found in _shipped_for_any(cascade):
        if _is_legal(found.mapping, cascade, arch):
            return found
    return Default(AUTOMATIC, automatic_mapping(cascade, arch))


def default_of_each(
    cascade: Cascade, arch: Spatial, machine: str, points: int
) -> list[tuple[Mapping, np.ndarray[Any, Any]]]:
    """As `select_each`, where no mapping is named; what is not shipped is made point by point."""
    for_both = _shipped_for(cascade, machine)
    if for_both is not None:
        return select_each(for_both.mapping, cascade, arch, points)
    found: list[tuple[Mapping, list[int]]] = []
    for point in range(points):
        here = cascade_at(cascade, point), arch_at(arch, point)
        mapping = select(default_mapping(*here, machine).mapping, *here)
        alike = (chosen for other, chosen in found if other == mapping)
        chosen = next(alike, None)
        if chosen is None:
            found.append((mapping, [point]))
        else:
            chosen.append(point)
    return [(mapping, np.array(chosen)) for mapping, chosen in found]


def _shipped_for(cascade: Cascade, machine: str) -> Default | None:
    name = Path(machine).stem
    return next((d for d in _shipped_for_any(cascade) if name in d.mapping.machines), None)


def _shipped_for_any(cascade: Cascade) -> tuple[Default, ...]:
    """Of those that name machines: the others are alternatives of a choice, or variants."""
    return tuple(
        found
        for found in _shipped()
        if cascade.name in found.mapping.workload and found.mapping.machines
    )


def _is_legal(found: Mapping | Choice, cascade: Cascade, arch: Spatial) -> bool:
    try:
        return not check(bind(select(found, cascade, arch), cascade, arch))
    except AccelsimError:
        # It names a part that this machine lacks, or a tile that comes out as no number here.
        return False


@lru_cache(maxsize=1)
def _shipped() -> tuple[Default, ...]:
    names = catalogue.names("mappings")
    return tuple(Default(name, load_mapping(name)) for name in names)


def _conditions(choice: Choice, cascade: Cascade, arch: Spatial) -> list[Number]:
    values = known_values(cascade, arch)
    values |= named_values(choice.names, values)
    return [value_of(alternative.when, values) for alternative in choice.choose]


def _plain(found: Mapping | Choice) -> Mapping:
    if isinstance(found, Choice):
        raise MappingError("a choice stands where one mapping is needed", remedy="name a mapping")
    return found


def _none_holds(cascade: Cascade) -> MappingError:
    return MappingError(
        f"no alternative of the mapping is for {cascade.name} at this size",
        remedy="end `choose` with {when: 1, mapping: ...}",
    )
