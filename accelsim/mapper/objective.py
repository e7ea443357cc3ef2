"""What a search minimises: a Cost, or bounds of its parts, → one number.

    latency        s
    energy         pJ
    area           um^2
    traffic.DRAM   B that are read from and written to this memory, or another of the machine

and products of them: `energy*latency`, `energy*latency^2`, `latency^0.5*energy^0.5`. Two have names
of their own, `energy_delay` and `area_delay`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import prod
from types import MappingProxyType
from typing import NamedTuple

from accelsim.base.errors import MapperError, did_you_mean
from accelsim.mapping.loops import Number

Objective = str
"""A name or a product, as above."""

TRAFFIC = "traffic."

NAMED: Mapping[Objective, Objective] = {
    "energy_delay": "energy*latency",
    "area_delay": "area*latency",
}


class Figures(NamedTuple):
    """What objectives are made of. Numbers, or arrays over candidates."""

    latency_s: Number
    energy_pj: Number
    area_um2: Number
    traffic_bytes: Mapping[str, Number] = MappingProxyType({})


_FIGURES: Mapping[str, Callable[[Figures], Number]] = {
    "latency": lambda of: of.latency_s,
    "energy": lambda of: of.energy_pj,
    "area": lambda of: of.area_um2,
}
_UNITS: Mapping[str, str] = {"latency": "s", "energy": "pJ", "area": "um^2"}
_FACTOR = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(?:\^\s*([0-9]+(?:\.[0-9]+)?))?\s*")


@lru_cache(maxsize=256)
def powers_of(minimise: Objective) -> Mapping[str, float]:
    """{"energy": 1, "latency": 2} of `energy*latency^2`.

    Raises MapperError if it is no product of figures with powers above 0.
    """
    powers: dict[str, float] = {}
    for text in NAMED.get(minimise, minimise).split("*"):
        found = _FACTOR.fullmatch(text)
        power = float(found[2] or 1) if found else 0.0
        if found is None or not power:
            remedy = "Write figures with powers above 0, like energy*latency^2"
            raise MapperError(f"{minimise!r} is no objective", remedy=remedy)
        powers[found[1]] = powers.get(found[1], 0.0) + power
    return MappingProxyType(powers)


def value_of(minimise: Objective, figures: Figures) -> Number:
    """All of them grow with every figure, so that bounds of the figures bound the value."""
    factors = ((_figure(name, figures), power) for name, power in powers_of(minimise).items())
    return prod(figure if power == 1 else figure**power for figure, power in factors)


def unit_of(minimise: Objective) -> str:
    """`pJ s^2` of `energy*latency^2`."""
    found = ((_UNITS.get(name, "B"), power) for name, power in powers_of(minimise).items())
    return " ".join(unit if power == 1 else f"{unit}^{power:g}" for unit, power in found)


def objective(text: str, memories: Sequence[str]) -> Objective:
    """The text, if it is an objective on a machine with these memories.

    Raises
    ------
    MapperError
        if it is not.
    """
    known = [*_FIGURES, *(f"{TRAFFIC}{memory}" for memory in memories)]
    for name in powers_of(text):
        if name not in known:
            remedy = did_you_mean(name, [*known, *NAMED])
            listed = f"There are {', '.join([*known, *NAMED])}, and products of figures"
            raise MapperError(f"there is no objective {name!r}", remedy=remedy or listed)
    return text


def _figure(name: str, figures: Figures) -> Number:
    if name.startswith(TRAFFIC):
        return figures.traffic_bytes[name.removeprefix(TRAFFIC)]
    return _FIGURES[name](figures)
