"""What a model takes on a system, as figures that are read and as numbers that are kept.

The command line and the page print these; both say the same.
"""

from typing import Any, Literal, NamedTuple

from accelsim.base.units import format_quantity
from accelsim.cost.system.explained import bound_of
from accelsim.cost.system.served import Served

Phase = Literal["decode", "prefill"]
NOT_GIVEN = "not given"
SEQUENCES, CONTEXT = 64, 4096
"""Where none are named."""


class Figure(NamedTuple):
    """What is read, and the number that it says (None: none)."""

    label: str
    text: str
    number: float | None = None


def figures(served: Served, phase: Phase) -> tuple[Figure, ...]:
    """Those that a reader compares first."""
    time = "time to first token" if phase == "prefill" else "time between tokens"
    pj = served.joules_per_token * 1e12
    price, each = served.usd_per_hour, served.usd_per_million_tokens
    return (
        Figure(time, format_quantity(served.seconds, "s"), served.seconds),
        Figure("bound", bound_of(served.of)),
        Figure("throughput", f"{served.tokens_per_s:,.0f} tokens/s", served.tokens_per_s),
        Figure("energy a token", format_quantity(pj, "pJ"), served.joules_per_token),
        Figure("power", format_quantity(served.power_w, "W"), served.power_w),
        Figure("price", NOT_GIVEN if price is None else f"{price:,.4g} USD/h", price),
        Figure("a million tokens", NOT_GIVEN if each is None else f"{each:,.4g} USD", each),
    )


def plain(served: Served) -> dict[str, Any]:
    """Numbers under fixed keys, units at the end of their names."""
    return {
        "seconds": served.seconds,
        "bound": bound_of(served.of),
        "tokens_per_s": served.tokens_per_s,
        "joules_per_token": served.joules_per_token,
        "power_w": served.power_w,
        "usd_per_hour": served.usd_per_hour,
        "usd_per_million_tokens": served.usd_per_million_tokens,
        "way_s": dict(served.of.way_s),
        "busy_s": dict(served.of.busy_s),
        "port_s": dict(served.of.port_s),
        "energy_by_part_j": served.energy_by_part_j,
    }
