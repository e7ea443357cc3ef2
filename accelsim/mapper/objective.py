"""What a search minimises: a Cost, or bounds of its parts, → one number.

latency        s
energy         pJ
energy_delay   pJ s
area_delay     um^2 s
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, get_args

from accelsim.base.errors import MapperError, did_you_mean
from accelsim.mapping.loops import Number

Objective = Literal["latency", "energy", "energy_delay", "area_delay"]


class Figures(NamedTuple):
    """What objectives are made of. Numbers, or arrays over candidates."""

    latency_s: Number
    energy_pj: Number
    area_um2: Number


_FORMULAS: Mapping[Objective, Callable[[Figures], Number]] = {
    "latency": lambda of: of.latency_s,
    "energy": lambda of: of.energy_pj,
    "energy_delay": lambda of: of.energy_pj * of.latency_s,
    "area_delay": lambda of: of.area_um2 * of.latency_s,
}

UNITS: Mapping[Objective, str] = {
    "latency": "s",
    "energy": "pJ",
    "energy_delay": "pJ s",
    "area_delay": "um^2 s",
}


def value_of(minimise: Objective, figures: Figures) -> Number:
    """All of them grow with every figure, so that bounds of the figures bound the value."""
    return _FORMULAS[minimise](figures)


def objective(name: str) -> Objective:
    """Raises MapperError if there is no such objective."""
    for known in get_args(Objective):
        if known == name:
            found: Objective = known
            return found
    remedy = did_you_mean(name, get_args(Objective)) or f"There are {', '.join(UNITS)}"
    raise MapperError(f"there is no objective {name!r}", remedy=remedy)
