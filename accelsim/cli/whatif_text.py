"""Measures of a what-if as text: words, and numbers with their units."""

import math

from accelsim.base.units import format_quantity
from accelsim.study.subject import ENERGY, LATENCY, TOKEN_ENERGY, TOKENS

_UNITS = {LATENCY: "s", ENERGY: "pJ", TOKENS: "1", TOKEN_ENERGY: "pJ"}
WORDS = {
    LATENCY: "latency",
    ENERGY: "energy",
    TOKENS: "throughput",
    TOKEN_ENERGY: "energy per token",
}


def number_text(name: str, value: float) -> str:
    return "-" if value is None or math.isnan(value) else format_quantity(value, _UNITS[name])


def measure_text(name: str, value: float) -> str:
    return number_text(name, value) + {TOKENS: " tokens/s", TOKEN_ENERGY: " a token"}.get(name, "")


def times_text(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}x"
