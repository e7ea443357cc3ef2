"""Everything that an input says, by its path in the YAML: values in house units, and who says so.

    quantities(machine)["memories.DRAM.bandwidth"]
    → Quantity(value=429496729600, unit="B/s", source="FuseMax artifact: ...")

Settings and the parts catalogue have been applied by then; what is left at its default, and prose
(`about`, `notes`), is left out. A number without a `source` of its own has that of the nearest
record around it. A workload says its `ranks`, its `words` and its Einsums.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from accelsim.arch.catalogued import from_catalogue
from accelsim.arch.spatial import Spatial
from accelsim.base.rate import Rate
from accelsim.base.record import Record, fields_by_key, key_of
from accelsim.base.units import UNIT_OF_SUFFIX, suffix_of
from accelsim.workload.einsum import Cascade

PROSE = ("about", "notes", "question", "source", "why")
LONGEST_LIST = 64
"""Values of an array that are listed; a longer one is its shape and its hash."""


class Quantity(NamedTuple):
    """A plain value (a number, a text, a list); a number with its unit, "" if it has none."""

    value: Any
    unit: str = ""
    source: str = ""


def quantities(noun: Any) -> dict[str, Quantity]:
    """Of a machine, a mapping, a study or any other Record, a cascade, or a mapping of values."""
    if isinstance(noun, Cascade):
        return dict(_of_cascade(noun))
    found = dict(_walked(noun, "", "", ""))
    if isinstance(noun, Spatial):
        for path, source in _catalogue_sources(noun).items():
            found[path] = found[path]._replace(source=source)
    return found


def _walked(noun: Any, path: str, unit: str, source: str) -> Iterator[tuple[str, Quantity]]:
    """What lies below a path; `unit` and `source` are those of what is around it."""
    if isinstance(noun, Record):
        own = getattr(noun, "source", "") or source
        for key, field in fields_by_key(type(noun)).items():
            value, default = getattr(noun, field), type(noun).model_fields[field].default
            is_name = key == "name" and bool(path)
            if key not in PROSE and not is_name and not _is_same(value, default):
                below = UNIT_OF_SUFFIX.get(suffix_of(field), "")
                yield from _walked(value, _joined(path, key), below, own)
    elif isinstance(noun, Rate):
        yield path, Quantity(_plain(noun.given), noun.unit, source)
    elif isinstance(noun, Mapping):
        for key, value in noun.items():
            yield from _walked(value, _joined(path, str(key)), unit, source)
    elif isinstance(noun, tuple | list) and any(isinstance(e, Record | Mapping) for e in noun):
        for number, each in enumerate(noun):
            name = getattr(each, "name", None) or str(number)
            yield from _walked(each, _joined(path, str(name)), unit, source)
    elif noun is not None:
        is_number = isinstance(noun, int | float | np.ndarray) and not isinstance(noun, bool)
        yield path, Quantity(_plain(noun), unit if is_number else "", source)


def _of_cascade(cascade: Cascade) -> Iterator[tuple[str, Quantity]]:
    for rank, size in cascade.ranks.items():
        yield f"ranks.{rank}", Quantity(_plain(size))
    for name, tensor in cascade.tensors.items():
        yield f"words.{name}", Quantity(_plain(tensor.word_bytes), "B")
        yield f"tensors.{name}", Quantity(list(tensor.ranks))
    for number, line in enumerate((*cascade.initial, *cascade.einsums)):
        yield f"cascade.{number}", Quantity(str(line), source=cascade.source)
    for name, density in cascade.densities.items():
        yield f"densities.{name}", Quantity(density)
    for name, values in cascade.values.items():
        yield f"values.{name}", Quantity(_plain(np.asarray(values)))


def _catalogue_sources(arch: Spatial) -> dict[str, str]:
    """Of every number that the parts catalogue supplied, the entries it lies between."""
    sources: dict[str, str] = {}
    for part, found in from_catalogue(arch):
        array, dot, operation = part.partition(".")
        above = f"compute.{array}.operations.{operation}" if dot else f"memories.{part}"
        said = "; ".join(dict.fromkeys(entry.source for entry in found.entries))
        laws = "".join(f"; {law}" for law in found.extrapolated)
        sources[f"{above}.{key_of(found.quantity)}"] = (
            f"parts catalogue, {found.part}: {said}{laws}"
        )
    return sources


def _joined(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def _is_same(value: Any, default: Any) -> bool:
    return value is None or (not isinstance(value, np.ndarray) and bool(value == default))


def _plain(value: Any) -> Any:
    """For JSON; a whole float is the int that it equals, a file its name without its folder."""
    if isinstance(value, np.ndarray) and value.size > LONGEST_LIST:
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"{value.dtype} of shape {value.shape}, sha256 {digest}"
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, tuple | list | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, str) and value.endswith((".yaml", ".yml")):
        return Path(value).name
    return int(value) if isinstance(value, float) and value.is_integer() else value
