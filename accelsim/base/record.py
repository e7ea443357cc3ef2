"""Node → frozen model. One law carries the units: the suffix of a field declares its unit, and the
YAML key is the field's name without it.

    class Memory(Record):
        name: str
        capacity_bytes: Positive | None = None       # capacity: 512 KiB
        bandwidth: Rate | None = None                # bandwidth: 400 GiB/s   or   128 B/cycle

In YAML a quantity always carries its unit. In Python the field takes the number in the house unit
(`Memory(name="DRAM", capacity_bytes=64)`) or the text under the key (`capacity="64 B"`).
Fields are checked when a record is read. `model_copy(update=...)` checks nothing, so that a sweep
can put arrays into fields; no method here branches on the value of a field. Whoever takes arrays
from a user asks `refuse_value` first.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Self, TypeVar

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from accelsim.base.complaint import record_error, verdict
from accelsim.base.errors import InputError, RecordError, did_you_mean
from accelsim.base.node import Node
from accelsim.base.rate import Rate, read_rate
from accelsim.base.units import UNIT_OF_SUFFIX, format_quantity, key_of, quantity, suffix_of

__all__ = [
    "Count",
    "NonNegative",
    "Number",
    "Positive",
    "PositiveShare",
    "Rate",
    "Record",
    "Share",
    "fields_by_key",
    "key_of",
    "keys_of",
    "read_rate",
    "read_record",
    "refuse_another_kind",
    "refuse_value",
]

LARGEST = 1e24
LARGEST_COUNT = 10**12
_FROM_YAML = {"quantities": "carry their unit"}


class Record(BaseModel):
    """A frozen noun read from YAML; unknown keys are refused."""

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        alias_generator=key_of,
        populate_by_name=True,
        arbitrary_types_allowed=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _in_house_unit(cls, value: Any, info: ValidationInfo) -> Any:
        unit = UNIT_OF_SUFFIX.get(suffix_of(info.field_name or ""))
        return _in_unit(value, unit, from_yaml=info.context is _FROM_YAML) if unit else value

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """With other values in some fields; cached properties are found anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


R = TypeVar("R", bound=Record)


def read_record(node: Node, model: type[R]) -> R:
    """The record that `node` describes; the first thing wrong with it is a `RecordError`."""
    node.items()
    try:
        return model.model_validate(_plain(node), context=_FROM_YAML, by_alias=True, by_name=False)
    except ValidationError as error:
        raise record_error(node, model, error.errors(include_url=False)) from error


def read_part(node: Node, model: type[R]) -> R | None:
    """A part of a record, such as another file completes: the first thing wrong with what it has is
    a `RecordError`, and what it lacks is nothing; None if it lacks something."""
    try:
        return model.model_validate(_plain(node), context=_FROM_YAML, by_alias=True, by_name=False)
    except ValidationError as error:
        wrong = [each for each in error.errors(include_url=False) if each["type"] != "missing"]
        if wrong:
            raise record_error(node, model, wrong) from error
    return None


def refuse_another_kind(node: Node, model: type[Record], mark: str) -> None:
    """A RecordError if this is some other file: without the key that marks the record, and with
    keys that are not even like one of its own."""
    known = keys_of(model)
    strange = [key for key in node if key not in known and did_you_mean(key, known) is None]
    if mark not in node and strange:
        kind = model.__name__.lower()
        fact = f"this is no {kind}; it has the keys {', '.join(node.keys())}"
        raise RecordError(fact, at=node.place, remedy=f"A {kind} has {mark!r}")


@lru_cache(maxsize=256)
def fields_by_key(model: type[Record]) -> dict[str, str]:
    """The fields of a record by their YAML keys: `capacity` has `capacity_bytes`."""
    return {key_of(field): field for field in model.model_fields}


def keys_of(model: type[Record]) -> list[str]:
    return list(fields_by_key(model))


def refuse_value(model: type[Record], field: str, value: Any, name: str) -> None:
    """An InputError if the field takes no such number; of an array, that goes for its extremes."""
    given = value.given if isinstance(value, Rate) else value
    numbers = np.asarray(given)
    if numbers.dtype.kind not in "iuf" or not numbers.size:
        raise InputError(f"{name}: {str(given)[:60]!r} is not a number, nor an array of them")
    reader = _rate_reader() if isinstance(value, Rate) else _reader(model, field)
    unit = value.unit if isinstance(value, Rate) else UNIT_OF_SUFFIX.get(suffix_of(field), "1")
    for extreme in (numbers.min().item(), numbers.max().item()):
        try:
            reader.validate_python(extreme)
        except ValidationError as error:
            fact = f"{name}: {format_quantity(extreme, unit)} {verdict(error.errors()[0])}"
            raise InputError(fact) from error


@lru_cache(maxsize=256)
def _reader(model: type[Record], field: str) -> TypeAdapter[Any]:
    return TypeAdapter(model.model_fields[field].rebuild_annotation())


@lru_cache(maxsize=1)
def _rate_reader() -> TypeAdapter[Any]:
    return TypeAdapter(Positive)


def _plain(node: Node) -> Any:
    if node.kind == "mapping":
        return {key: _plain(child) for key, child in node.items()}
    if node.kind == "sequence":
        return tuple(_plain(child) for child in node.elements())
    return node.value


def _in_unit(value: Any, unit: str, *, from_yaml: bool) -> Any:
    """Text, and lists and mappings of text, as numbers; numbers pass if Python code gives them."""
    if isinstance(value, Mapping):
        return {key: _in_unit(entry, unit, from_yaml=from_yaml) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_in_unit(entry, unit, from_yaml=from_yaml) for entry in value)
    if value is None or not (from_yaml or isinstance(value, str)):
        return value
    try:
        return quantity(value, unit)
    except InputError as error:
        raise PydanticCustomError("quantity", "{text}", {"text": str(error)}) from error


# --- kinds of number -----------------------------------------------------------------------------


def _number(value: Any) -> int | float:
    """Finite and not absurd; an int stays an int."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number", "is not a number")
    if not abs(value) <= LARGEST:
        raise PydanticCustomError("number", "is beyond anything sensible")
    return value


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise PydanticCustomError("number", "is not a whole number")
    if number > LARGEST_COUNT:
        raise PydanticCustomError("number", "is beyond anything sensible")
    return int(number)


Number = Annotated[int | float, BeforeValidator(_number)]
Positive = Annotated[int | float, Field(gt=0), BeforeValidator(_number)]
NonNegative = Annotated[int | float, Field(ge=0), BeforeValidator(_number)]
Share = Annotated[int | float, Field(ge=0, le=1), BeforeValidator(_number)]
PositiveShare = Annotated[int | float, Field(gt=0, le=1), BeforeValidator(_number)]
Count = Annotated[int, Field(gt=0), BeforeValidator(_whole)]
