"""What a search minimises: a Cost, or bounds of its parts, → one number.

latency        s
energy         pJ
energy_delay   pJ s
area_delay     um^2 s
traffic.DRAM   B that are read from and written to this memory, or another of the machine
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from accelsim.base.errors import MapperError, did_you_mean
from accelsim.mapping.loops import Number

Objective = str
"""The name of one, as above."""

TRAFFIC = "traffic."


class Figures(NamedTuple):
    """What objectives are made of. Numbers, or arrays over candidates."""

    latency_s: Number
    energy_pj: Number
    area_um2: Number
    traffic_bytes: Mapping[str, Number] = MappingProxyType({})


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
    if minimise.startswith(TRAFFIC):
        return figures.traffic_bytes[minimise.removeprefix(TRAFFIC)]
    return _FORMULAS[minimise](figures)


def unit_of(minimise: Objective) -> str:
    return "B" if minimise.startswith(TRAFFIC) else UNITS[minimise]


def objective(name: str, memories: Sequence[str]) -> Objective:
    """The name, if there is such an objective on a machine with these memories.

    Raises
    ------
    MapperError
        if there is not.
    """
    known = [*UNITS, *(f"{TRAFFIC}{memory}" for memory in memories)]
    if name not in known:
        remedy = did_you_mean(name, known) or f"There are {', '.join(known)}"
        raise MapperError(f"there is no objective {name!r}", remedy=remedy)
    return name
