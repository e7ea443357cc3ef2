"""Record → JSON Schema, for editors: they complete keys, show what a key is, and mark what is wrong
with a YAML file while it is written.

    capacity_bytes: Positive  →  "capacity": {"type": "string", "pattern": …, "description": "In B,
                                 like '64 B' or '2 kB'."}

A key that a record does not know is refused (`additionalProperties: false`). A quantity is text of
a number and a unit; the patterns know every unit that `base.units` reads, in its usual form
(`B/s`, not `B * Hz`; see `base.patterns`). What depends on more than one value, `accelsim check`
alone says.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from accelsim.base.patterns import quantity_pattern
from accelsim.base.record import Record
from accelsim.base.units import UNIT_OF_SUFFIX, key_of, suffix_of, written_like

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_LIMITS = {"gt": "exclusiveMinimum", "ge": "minimum", "le": "maximum"}
"""What pydantic calls a limit of a union of numbers, and JSON Schema does."""


def record_schema(record: type[Record], title: str, about: str = "") -> dict[str, Any]:
    """The schema of files that hold this record; `about` stands for the record's own docstring."""
    made = TypeAdapter(record).json_schema(by_alias=True, schema_generator=_Generator)
    described = {"description": about} if about else {}
    return {"$schema": DIALECT, **_with_limits(made), "title": title, **described}


def without_required(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of files that are laid over others: whatever they leave out, the others say."""
    kept = {key: each for key, each in schema.items() if not _lists_keys(key, each)}
    return {key: _everywhere(each, without_required) for key, each in kept.items()}


def _with_limits(schema: Mapping[str, Any]) -> dict[str, Any]:
    known = _LIMITS if "anyOf" in schema else {}
    return {known.get(key, key): _everywhere(each, _with_limits) for key, each in schema.items()}


def _everywhere(value: Any, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Any:
    """The change made to a mapping, and to each of a list."""
    if isinstance(value, Mapping):
        return change(value)
    return [_everywhere(each, change) for each in value] if isinstance(value, list) else value


def _lists_keys(key: str, value: Any) -> bool:
    """`required` of a schema, not a property that is called so."""
    return key == "required" and isinstance(value, list)


class _Generator(GenerateJsonSchema):
    """pydantic's schemas, with quantities for the numbers of fields that have a unit, and without
    the titles that only repeat names."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        fields = getattr(schema["cls"], "model_fields", {})
        units = {key_of(name): UNIT_OF_SUFFIX.get(suffix_of(name)) for name in fields}
        made["properties"] = {
            key: _described(_in_unit(value, unit), unit) if (unit := units.get(key)) else value
            for key, value in made.get("properties", {}).items()
        }
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without defaults: those of records are in house units, which a file does not use."""
        return self.generate_inner(schema["schema"])


def _in_unit(schema: Any, unit: str, at_least_0: bool = False) -> Any:
    """The schema with text of this unit wherever it has a number."""
    if not isinstance(schema, Mapping):
        return schema
    at_least_0 = at_least_0 or any(key in schema for key in _FROM_0)
    if schema.get("type") in ("integer", "number"):
        return {"type": "string", "pattern": quantity_pattern(unit, negative=not at_least_0)}
    choices = [_in_unit(each, unit, at_least_0) for each in schema.get("anyOf", ())]
    kept = [each for number, each in enumerate(choices) if each not in choices[:number]]
    if len(kept) == 1:
        return kept[0]
    inner = {key: _in_unit(schema[key], unit) for key in _INNER if key in schema}
    rest = {key: each for key, each in schema.items() if key not in _LIMITS}
    return {**rest, **inner, **({"anyOf": kept} if kept else {})}


_FROM_0 = ("gt", "ge", "minimum", "exclusiveMinimum")
_INNER = ("items", "additionalProperties")


def _described(schema: Any, unit: str) -> Any:
    return {**schema, "description": f"In {unit}, {written_like(unit)}."}
