"""A bandwidth: bytes per second, or bytes per cycle of some clock.

It stays what it was written as: when the clock varies, `400 GiB/s` moves fewer bytes a cycle and
`128 B/cycle` more bytes a second.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from accelsim.base.errors import InputError
from accelsim.base.patterns import quantity_pattern
from accelsim.base.units import quantity

UNITS = ("B/s", "B/cycle")


@dataclass(frozen=True)
class Rate:
    """One of the two is given; numbers, or arrays that broadcast."""

    bytes_per_s: Any = None
    bytes_per_cycle: Any = None

    def __post_init__(self) -> None:
        if (self.bytes_per_s is None) == (self.bytes_per_cycle is None):
            raise ValueError("a rate is in bytes per second or in bytes per cycle, one of them")

    @property
    def given(self) -> Any:
        """The one that is given."""
        return self.bytes_per_cycle if self.bytes_per_s is None else self.bytes_per_s

    @property
    def unit(self) -> str:
        return "B/cycle" if self.bytes_per_s is None else "B/s"

    def per_second(self, clock_hz: Any) -> Any:
        return self.bytes_per_cycle * clock_hz if self.bytes_per_s is None else self.bytes_per_s

    def per_cycle(self, clock_hz: Any) -> Any:
        return self.bytes_per_s / clock_hz if self.bytes_per_cycle is None else self.bytes_per_cycle

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(_field)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {
            "type": "string",
            "anyOf": [{"pattern": quantity_pattern(unit, negative=False)} for unit in UNITS],
            "description": "In B/s or B/cycle, like '400 GB/s' or '128 B/cycle'.",
        }


def read_rate(text: str) -> Rate:
    """`400 GiB/s` is per second, `128 B/cycle` per cycle; above 0."""
    rate = _per_cycle(text) or _per_second(text)
    if rate is None:
        fact = f"{str(text)[:100]!r} is not a quantity in B/s or B/cycle"
        raise InputError(fact, remedy="write it like '400 GB/s' or '128 B/cycle'")
    if not rate.per_cycle(1) > 0:
        raise InputError(f"{str(text)[:100]!r} must be above 0")
    return rate


def _per_cycle(text: str) -> Rate | None:
    try:
        return Rate(bytes_per_cycle=quantity(text, "B/cycle"))
    except InputError:
        return None


def _per_second(text: str) -> Rate | None:
    try:
        return Rate(bytes_per_s=quantity(text, "B/s"))
    except InputError:
        return None


def _field(value: Any) -> Rate:
    try:
        return value if isinstance(value, Rate) else read_rate(value)
    except InputError as error:
        raise PydanticCustomError("quantity", "{text}", {"text": str(error)}) from error
