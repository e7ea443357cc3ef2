"""What a quantity looks like, as a pattern that editors and JSON Schema understand (ECMA 262).

    quantity_pattern("B/s") matches "400 GB/s", "3 TiB / s", "10 Gbit/ms"; not "400", "4 Gb/s"

Whatever a pattern matches `base.units.quantity` reads, but for energies per byte that are written
per row (`13.4 nJ/row`, of a memory that says how long its `row` is).
"""

_PREFIX = "[fpnumkMGTPEµμ]?"
_BYTES = f"(?:(?:[KMGTPE]i|{_PREFIX})(?:B|bit))"
_SECONDS = f"(?:{_PREFIX}s|min|h)"
_WRITTEN = {
    "B": _BYTES,
    "bit": _BYTES,
    "cycle": f"(?:{_PREFIX}cycle|cycles)",
    "s": _SECONDS,
    "h": _SECONDS,
    "Hz": f"{_PREFIX}Hz",
    "pJ": f"{_PREFIX}J",
    "um^2": rf"{_PREFIX}m\^2",
    "nm": f"{_PREFIX}m",
    "W": f"(?:{_PREFIX}W|{_PREFIX}J */ *{_SECONDS})",
    "USD": "USD",
}
_DIGITS = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"


def quantity_pattern(unit: str, *, negative: bool = True) -> str:
    """Of a quantity in a house unit: `64 B`, `400 GB/s`, `9.7 mm^2`."""
    head, _, tail = unit.partition("/")
    ending = f"(?:{_BYTES}|row)" if unit == "pJ/B" else _WRITTEN.get(tail, "")
    written = _WRITTEN[head] + (f" */ *{ending}" if tail else "")
    sign = "[+-]?" if negative else r"\+?"
    return f"^ *{sign}{_DIGITS} *{written} *$"
