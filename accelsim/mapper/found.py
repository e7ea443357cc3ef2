"""What a search returns: the best mapping, what it costs, and how much is proved of it."""

from math import inf
from typing import NamedTuple

from accelsim.cost.result import Cost
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapping.mapping import Mapping


class Found(NamedTuple):
    """`optimal` only where every mapping of the `space`, which is said in a sentence, was seen or
    shown to be no better. `bound` holds for all mappings that there could be, in any space.

    `candidates` were evaluated, `pruned` were not, because a bound or another candidate beat them.
    `is_cut_short`: by someone who did not want to wait longer. Of `find_mapping` and `find_front`
    it says that they were interrupted, and not by the limit of time that they were given.
    """

    mapping: Mapping
    cost: Cost
    minimise: Objective
    bound: Figures
    strategy: str
    space: str
    optimal: bool
    candidates: int
    pruned: int
    seconds: float
    is_cut_short: bool = False

    @property
    def value(self) -> float:
        return float(value_of(self.minimise, figures_of(self.cost)))

    @property
    def gap(self) -> float:
        """How far above the bound it is, as a share of the bound; infinite above a bound of 0."""
        least = float(value_of(self.minimise, self.bound))
        if least:
            return self.value / least - 1
        return inf if self.value else 0.0


def figures_of(cost: Cost) -> Figures:
    return Figures(cost.latency_s, cost.energy_pj, cost.area_um2, cost.traffic_bytes)
