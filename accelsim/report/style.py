"""One look for every figure: sizes, fonts, colours, and how numbers are written.

A figure is one column of a paper wide (3.5 in, half a page) and nothing on it is smaller than
7 pt, so it is read at its true size in print and at three times its size on a slide. The font comes
with matplotlib, so a figure is the same everywhere. Colours follow Okabe and Ito ("Color universal
design", 2008), darkened or lightened where neighbours would print as the same grey.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

WIDTH_PT = 252.0
TEXT_PT = 7.0
TITLE_PT = 8.5
LINE_PT = 9.0
DOTS_PER_INCH = 300
FONT = "DejaVu Sans"

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "blue": "#0060A0",
        "orange": "#E08F00",
        "sky": "#7CC4EE",
        "vermillion": "#C4501B",
        "green": "#00946B",
        "purple": "#CC79A7",
        "yellow": "#F0E442",
        "slate": "#6E6E6E",
        "silver": "#BDBDBD",
    }
)
INK = "#222222"
FAINT = "#666666"
GRID = "#DDDDDD"
DARK_GROUND = "#15181B"
DARK: Mapping[str, str] = MappingProxyType(
    {
        "#0060A0": "#4A9BDC",
        "#7CC4EE": "#B3E0FA",
        "#C4501B": "#E8703A",
        "#00946B": "#1DB98C",
        "#6E6E6E": "#9C9C9C",
        INK: "#E6E8EA",
        FAINT: "#A6ABB0",
        GRID: "#353B41",
        "white": DARK_GROUND,
    }
)
"""On a dark ground, what stands for a colour that is not seen there."""
PREFIXES = dict(enumerate(("a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"), -6))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")

RC_PARAMS: Mapping[str, Any] = MappingProxyType(
    {
        "font.family": "sans-serif",
        "font.sans-serif": [FONT],
        "font.size": TEXT_PT,
        "text.color": INK,
        # As wide on any device as it was measured.
        "text.hinting": "none",
        # A name is written as it is, even with a $ in it.
        "text.parse_math": False,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.labelsize": TEXT_PT,
        "axes.labelpad": 2,
        "axes.linewidth": 0.6,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": GRID,
        "grid.linewidth": 0.5,
        "xtick.labelsize": TEXT_PT,
        "ytick.labelsize": TEXT_PT,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.minor.size": 1.5,
        "ytick.minor.size": 1.5,
        "xtick.major.pad": 2,
        "ytick.major.pad": 2,
        "lines.linewidth": 1.2,
        "lines.markersize": 4,
        # Glyphs as outlines: an SVG looks the same where the font is not installed.
        "svg.fonttype": "path",
        # Ids from the content, so that the same results give the same bytes.
        "svg.hashsalt": "accelsim",
    }
)


def readable(colour: str) -> str:
    """The colour as text on white: darkened until the contrast is 4.5 to 1 (WCAG 2, level AA)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    while contrast_on_white(parts) < 4.5:
        parts = [0.95 * part for part in parts]
    return "#" + "".join(f"{math.floor(255 * part):02X}" for part in parts)


def contrast_on_white(parts: Sequence[float]) -> float:
    """Of sRGB parts between 0 and 1: 1.05 / (relative luminance + 0.05); 21 for black."""
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    shares = (0.2126, 0.7152, 0.0722)
    return 1.05 / (sum(s * part for s, part in zip(shares, linear, strict=True)) + 0.05)


# --- numbers --------------------------------------------------------------------------------------


SCALED = ("s", "Hz", "W", "J", "B/s", "FLOP/s", "bit/s")
"""Units that carry an SI prefix; bytes go by powers of 1024."""


def decimals(largest: float) -> int:
    """Digits after the point that give three significant ones to the largest of some numbers.

    9.87 has 2, 98.7 has 1, 987 none, and 0.987 has 2, for shares are read as hundredths.
    """
    if not math.isfinite(largest) or largest <= 0:
        return 2
    return min(2, max(0, 2 - math.floor(math.log10(largest * (1 + 1e-9)))))


def prefixed(number: float, digits: int = 3) -> str:
    """Three digits and an SI prefix: 1234567 is `1.23M`, 0.00021 `210µ`, 0 `0`."""
    return "".join(_scaled(number, digits))


def with_prefix(number: float, unit: str, digits: int = 4) -> str:
    """In powers of 1000, so that numbers of one axis compare: 5e10 B/s is `50 GB/s`."""
    scaled, prefix = _scaled(number, digits)
    return f"{scaled} {prefix}{unit}"


def _scaled(number: float, digits: int) -> tuple[str, str]:
    if number == 0 or not math.isfinite(number):
        return f"{number:g}", ""
    exact = float(f"{number:.{digits}g}")
    power = min(6, max(-6, math.floor(math.log10(abs(exact)) / 3 + 1e-9)))
    return f"{exact / 1000.0**power:.{digits}g}", PREFIXES[power]


def tick_label(number: float) -> str:
    """0.5 and 100 as they are, 1000 as `1k`: a prefix only where it saves zeros."""
    return f"{number:g}" if 0.001 <= abs(number) < 1000 else prefixed(number)


def unit_label(unit: str) -> str:
    """`mm^2` as mm², `us` as µs."""
    raised = unit.replace("^2", "²").replace("^3", "³")
    return f"µ{raised[1:]}" if raised[:1] == "u" and len(raised) > 1 else raised


def with_unit(number: str, unit: str) -> str:
    """`6.72×` but `98.6 %`."""
    return f"{number}{unit}" if unit in ("", "×") else f"{number} {unit_label(unit)}"
