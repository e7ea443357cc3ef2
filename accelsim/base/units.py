"""Quantities: read once at the edge, plain numbers in house units after that.

House units: B, cycle, s, Hz, pJ, um^2, W, USD/h, and what is built from them (B/cycle, B/s, pJ/B).
Decimal and binary prefixes are what they say: 16 GB = 16e9 B, 16 GiB = 16 * 2**30 B; 1 B = 8 bit.

    quantity("512 KiB", "B") = 512 * 1024 = 524288
    quantity("4 pJ/bit", "pJ/B") = 4 * 8 = 32

The arithmetic is on fractions, so a whole result is an int and any other is the nearest float.
A cycle is a unit of its own: bytes per cycle and bytes per second convert only through a clock.
The suffix of a Python field declares its unit: `capacity_bytes` holds B, and is `capacity` in YAML.
"""

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.base.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from pint import UnitRegistry

UNIT_OF_SUFFIX: Mapping[str, str] = {
    "_bytes_per_cycle": "B/cycle",
    "_bytes_per_s": "B/s",
    "_pj_per_cycle": "pJ/cycle",
    "_pj_per_byte": "pJ/B",
    "_pj_per_bit": "pJ/bit",
    "_bytes": "B",
    "_bits": "bit",
    "_cycles": "cycle",
    "_hz": "Hz",
    "_s": "s",
    "_pj": "pJ",
    "_um2": "um^2",
    "_nm": "nm",
    "_w": "W",
    "_usd_per_hour": "USD/h",
}
#: Far above every quantity of a machine, and far below what a float can hold.
LARGEST = 10**100

_DECIMAL = dict(zip("fpnumkMGTPE", (-15, -12, -9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True))
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_UNITS = (
    "bit = [information]",
    "B = 8 * bit",
    "cycle = [cycle] = cycle = cycles",
    "s = [time]",
    "min = 60 * s",
    "h = 3600 * s",
    "m = [length]",
    "J = [energy]",
    "W = J / s",
    "Hz = 1 / s",
    "FLOP = [operation]",
    "USD = [currency]",
)
_EXAMPLES = {
    "B": "'64 B' or '2 kB'",
    "bit": "'16 bit' or '2 B'",
    "cycle": "'4 cycle'",
    "Hz": "'940 MHz' or '1 GHz'",
    "s": "'5 us' or '2 ms'",
    "pJ": "'0.6 pJ' or '2 nJ'",
    "pJ/B": "'1.2 pJ/B' or '4 pJ/bit'",
    "um^2": "'512 um^2' or '9.7 mm^2'",
    "W": "'300 mW' or '2 W'",
    "B/s": "'400 GB/s' or '1.2 TB/s'",
    "B/cycle": "'128 B/cycle' or '1 KiB/cycle'",
    "USD/h": "'11.06 USD/h'",
    "1": "'0.5' or '3'",
}
_WORDS = ("KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB", "TB", "bit", "cycle", "ms", "us", "ns",
          "MHz", "GHz", "pJ", "nJ", "mW", "um^2", "mm^2", "GB/s", "B/cycle", "pJ/bit")  # fmt: skip

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*(.*?)\s*")
_SYMBOL = r"(?:[KMGTPE]i(?:bit|B)|[fpnumkMGTPE]?(?:bit|B|cycle|s|m|J|W|Hz|FLOP)|cycles|min|h|USD)"
# pint computes whatever it is given, so it is given symbols that we know, with one-digit exponents.
_UNIT = re.compile(rf"{_SYMBOL}(?:\^\d)?(?:\s*[*/]\s*{_SYMBOL}(?:\^\d)?){{0,5}}")


def quantity(text: str, unit: str) -> int | float:
    """How many `unit`s `text` says: an int when whole. A bare number only if the unit is "1"."""
    written = str(text)
    match = _QUANTITY.fullmatch(written) if len(written) <= 100 else None
    factor = _factor(match[2], unit) if match else None
    if match is None or factor is None:
        remedy = _remedy(match[2] if match else "", unit)
        raise InputError(f"{written[:100]!r} is {_missed(unit)}", remedy=remedy)
    value = Fraction(match[1]) * factor
    if abs(value) > LARGEST:
        raise InputError(f"{written!r} is beyond anything sensible")
    return int(value) if value.denominator == 1 else float(value)


def format_quantity(value: float, unit: str) -> str:
    """For people, four digits: 524288 B is `512 KiB`, 9.4e8 Hz `940 MHz`, 12e6 um^2 `12 mm^2`."""
    head, slash, tail = unit.partition("/")
    number, scaled = _scaled(float(value), head) if math.isfinite(value) else (value, head)
    return f"{_four_digits(number)} {scaled}{slash}{tail}" if unit != "1" else _four_digits(number)


def format_decimal(value: float, unit: str) -> str:
    """As `format_quantity`, but of bytes too in powers of 1000, so that columns have one base."""
    head, slash, tail = unit.partition("/")
    number, scaled = _scaled_decimal(float(value), head) if abs(value) >= 1 else (value, head)
    return f"{_four_digits(number)} {scaled}{slash}{tail}"


def format_bytes(value: float) -> str:
    """For columns of bytes: always in powers of 1024, so that what fits also looks smaller."""
    step = 0
    while value >= 1024 ** (step + 1) and step < 6:
        step += 1
    prefix = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")[step]
    return f"{_four_digits(value / 1024**step)} {prefix}B"


def format_count(count: object) -> str:
    """A length or a size the way the field writes it: 1024 is `1K`, 1048576 `1M`, 1000 `1000`."""
    if isinstance(count, bool) or not isinstance(count, Integral):
        return str(count)
    whole = int(count)
    for step, letter in ((2**30, "G"), (2**20, "M"), (2**10, "K")):
        if whole >= step and whole % step == 0:
            return f"{whole // step}{letter}"
    return str(whole)


def read_count(text: str) -> int:
    """A length as `format_count` writes it: `32K` is 32768, `1M` 1048576, `1000` 1000."""
    match = re.fullmatch(r"\s*([1-9]\d{0,12})\s*([KMG]?)\s*", text)
    if match is None:
        raise InputError(f"{text[:100]!r} is no length", remedy="write it like 32K, 1M or 1000")
    power = " KMG".index(match[2] or " ")
    return int(match[1]) << 10 * power


def suffix_of(field: str) -> str:
    """The unit suffix of a field's name: `_bytes` of `capacity_bytes`; empty if it has none, as of
    `tokens_per_s`, which are no seconds."""
    found = next((s for s in UNIT_OF_SUFFIX if field.endswith(s) and field != s), "")
    return "" if found == "_s" and field.endswith("_per_s") else found


def key_of(field: str) -> str:
    """The YAML key of a field: `capacity` of `capacity_bytes`, `as` of `as_`."""
    return field.removesuffix(suffix_of(field)).removesuffix("_")


def written_like(unit: str) -> str:
    """How a quantity in this unit is written: `like '64 B' or '2 kB'`."""
    example = _EXAMPLES.get(unit, f"'1 {unit}'")
    return f"like {example}"


# --- reading -------------------------------------------------------------------------------------


def _missed(unit: str) -> str:
    return "not a number" if unit == "1" else f"not a quantity in {unit}"


def _remedy(written_unit: str, unit: str) -> str:
    if re.match(r"(K[Bb]|[kMGT]b|[KMGT]ib)\b", written_unit):
        return "write kB for 1000 B, KiB for 1024 B, kbit for 1000 bit"
    known = not written_unit or _UNIT.fullmatch(written_unit)
    near = None if known else did_you_mean(written_unit, _WORDS)
    return f"write it {written_like(unit)}" + (f". {near}" if near else "")


@lru_cache(maxsize=1024)
def _factor(written: str, unit: str) -> Fraction | None:
    """How many `unit`s one `written` is; None if it is no unit or one of another dimension."""
    if unit == "1":
        return {"": Fraction(1), "%": Fraction(1, 100)}.get(written)
    symbols = written.replace("µ", "u").replace("μ", "u")
    if len(symbols) > 40 or not _UNIT.fullmatch(symbols):
        return None
    known = _known_factors()
    if symbols in known and unit in known[symbols]:
        return known[symbols][unit]
    one = _registry().Quantity(Fraction(1), symbols)
    return Fraction(one.to(unit).magnitude) if one.is_compatible_with(unit) else None


@lru_cache(maxsize=1)
def _known_factors() -> Mapping[str, Mapping[str, Fraction | None]]:
    """What pint says of usual units, written down, since it takes 0.3 s to load and to define them:
    by what is written, the factor to every unit of the table, None to those of other dimensions."""
    text = Path(__file__).with_name("factors.csv").read_text(encoding="utf-8")
    rows = [row.split(",") for row in text.splitlines()[1:]]
    others = dict.fromkeys(unit for _, unit, _ in rows)
    known: dict[str, dict[str, Fraction | None]] = {}
    for written, unit, factor in rows:
        known.setdefault(written, dict(others))[unit] = Fraction(factor)
    return known


@lru_cache(maxsize=1)
def _registry() -> "UnitRegistry[Fraction]":
    from pint import UnitRegistry

    registry: UnitRegistry[Fraction] = UnitRegistry(None, non_int_type=Fraction)
    for name, power in _DECIMAL.items():
        registry.define(f"{name}- = 1e{power}")
    for name, power in _BINARY.items():
        registry.define(f"{name}- = {2**power}")
    for definition in _UNITS:
        registry.define(definition)
    return registry


# --- writing -------------------------------------------------------------------------------------


def _scaled(value: float, unit: str) -> tuple[float, str]:
    if unit == "B":
        return _scaled_bytes(value)
    if unit == "um^2":
        return (value / 1e6, "mm^2") if abs(value) >= 1e4 else (value, unit)
    if unit == "pJ":
        return _scaled_decimal(value * 1e-12, "J") if abs(value) >= 1000 else (value, unit)
    return (
        _scaled_decimal(value, unit)
        if unit in ("s", "Hz", "W", "J", "bit", "FLOP")
        else (value, unit)
    )


def _scaled_bytes(value: float) -> tuple[float, str]:
    """In binary prefixes when that is a short number, in decimal ones otherwise."""
    for name, power in _BINARY.items():
        short = value / 2**power
        if 1 <= abs(short) < 1024 and short == round(short, 2):
            return short, f"{name}B"
    return _scaled_decimal(value, "B") if abs(value) >= 1 else (value, "B")


def _scaled_decimal(value: float, unit: str) -> tuple[float, str]:
    steps = sorted([(0, ""), *((power, name) for name, power in _DECIMAL.items())], reverse=True)
    for power, name in steps:
        if abs(value) >= 10.0**power * (1 - 1e-12):
            return value / 10.0**power, f"{name}{unit}"
    return value, unit


def _four_digits(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
