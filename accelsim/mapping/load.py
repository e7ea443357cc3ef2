"""Mapping YAML → Mapping or Choice; a Choice → the Mapping that it picks; what is shipped.

A file with `choose` is a Choice. What runs where no mapping is named is chosen by speed, in
`cost.default`.
"""

from collections.abc import Mapping as SettingsOf
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.base import catalogue
from accelsim.base.errors import MappingError
from accelsim.base.record import read_record, refuse_another_kind
from accelsim.base.setting import Value, with_settings
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.mapping.binding import known_values, named_values, refuse_other_workload, value_of
from accelsim.mapping.loops import Number
from accelsim.mapping.mapping import Alternative, Choice, Mapping, extended
from accelsim.workload.einsum import Cascade


def load_mapping(
    name_or_path: str | Path, overrides: SettingsOf[str, Value] | None = None
) -> Mapping | Choice:
    """`load_mapping("fusemax_binding", {"tiles.P0": "128"})`: a file's, or of a shipped name."""
    return _from_file(catalogue.find(name_or_path, "mappings"), overrides or {}, ())


def mapping_from_yaml(node: Node) -> Mapping | Choice:
    return _from_node(node, ())


def _from_file(
    file: Path, overrides: SettingsOf[str, Value], extending: tuple[Path, ...]
) -> Mapping | Choice:
    """A mapping, for those at `extending`, each of which extends the next."""
    node = read_yaml(file)
    here = file.resolve()
    if here in extending:
        remedy = "Extend one that has nests and a schedule of its own"
        raise MappingError("the mapping extends itself", at=node.place, remedy=remedy)
    model = Choice if "choose" in node else Mapping
    return _from_node(with_settings(node, model, overrides), (*extending, here))


def _from_node(node: Node, extending: tuple[Path, ...]) -> Mapping | Choice:
    beside = extending[-1].parent if extending else None
    if "choose" in node:
        choice = read_record(node, Choice)
        found = [a.model_copy(update={"mapping": _meant(a.mapping, beside)}) for a in choice.choose]
        return choice.model_copy(update={"choose": tuple(found)})
    if "extends" not in node:
        refuse_another_kind(node, Mapping, "nests")
    mapping = read_record(node, Mapping)
    if mapping.extends is not None:
        extends = _meant(mapping.extends, beside)
        base = _from_file(catalogue.find(extends, "mappings"), {}, extending)
        mapping = extended(_plain(base), mapping)
    if not (mapping.nests and mapping.schedule):
        remedy = "Write both, or 'extends: ' and a mapping that has them"
        raise MappingError("a mapping needs 'nests' and a 'schedule'", at=node.place, remedy=remedy)
    return mapping


def select(found: Mapping | Choice, cascade: Cascade, arch: Spatial) -> Mapping:
    """The mapping itself, or the first alternative whose condition holds."""
    if isinstance(found, Choice):
        _refuse_other_workload(found, cascade)
        holding = [place for place, holds in enumerate(_conditions(found, cascade, arch)) if holds]
        if not holding:
            raise _none_holds(cascade)
        return _alternative(found.choose[holding[0]])
    return found


def select_each(
    found: Mapping | Choice, cascade: Cascade, arch: Spatial, points: int
) -> list[tuple[Mapping, np.ndarray[Any, Any]]]:
    """For workloads and machines of `points` sizes at once: mappings, each with its points."""
    if not isinstance(found, Choice):
        return [(found, np.arange(points))]
    _refuse_other_workload(found, cascade)
    holds = [np.broadcast_to(each, points) for each in _conditions(found, cascade, arch)]
    if not np.any(holds, axis=0).all():
        raise _none_holds(cascade)
    first = np.argmax(np.stack(holds), axis=0)
    return [
        (_alternative(found.choose[place]), np.flatnonzero(first == place))
        for place in np.unique(first)
    ]


def _meant(mapping: str, beside: Path | None) -> str:
    """A file that another names lies beside it; a shipped mapping has its name."""
    is_file = mapping.endswith((".yaml", ".yml"))
    return str(beside / mapping) if is_file and beside else mapping


class Shipped(NamedTuple):
    """A mapping that comes with the package, by its name."""

    name: str
    mapping: Mapping | Choice


def shipped_for(cascade: Cascade) -> tuple[Shipped, ...]:
    """Of those that name machines: the others are alternatives of a choice, or variants."""
    return tuple(found for found in all_shipped_for(cascade) if found.mapping.machines)


def all_shipped_for(cascade: Cascade) -> tuple[Shipped, ...]:
    """With alternatives and variants."""
    return tuple(found for found in _shipped() if cascade.name in found.mapping.workload)


@lru_cache(maxsize=1)
def _shipped() -> tuple[Shipped, ...]:
    names = catalogue.names("mappings")
    return tuple(Shipped(name, _loaded(name)) for name in names)


@lru_cache(maxsize=64)
def _loaded(name: str) -> Mapping | Choice:
    return load_mapping(name)


def _conditions(choice: Choice, cascade: Cascade, arch: Spatial) -> list[Number]:
    values = known_values(cascade, arch)
    values |= named_values(choice.names, values)
    return [value_of(alternative.when, values) for alternative in choice.choose]


def _refuse_other_workload(choice: Choice, cascade: Cascade) -> None:
    if cascade.name not in choice.workload:
        first = _alternative(choice.choose[0])
        refuse_other_workload(choice.workload, first.nests, cascade)


def _alternative(chosen: Alternative) -> Mapping:
    """A shipped one is always the same object: the cost model knows by it what it has recorded."""
    is_shipped = chosen.mapping in catalogue.names("mappings")
    return _plain((_loaded if is_shipped else load_mapping)(chosen.mapping))


def _plain(found: Mapping | Choice) -> Mapping:
    if isinstance(found, Choice):
        raise MappingError("a choice stands where one mapping is needed", remedy="name a mapping")
    return found


def _none_holds(cascade: Cascade) -> MappingError:
    return MappingError(
        f"no alternative of the mapping is for {cascade.name} at this size",
        remedy="end `choose` with {when: 1, mapping: ...}",
    )
