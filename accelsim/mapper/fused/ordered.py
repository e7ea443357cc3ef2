"""Tilings of a group in the order of their bounds, which are made tighter as a tiling comes up.

1   as if Einsums could be shared out among arrays in fractions, and energy were that of all
    mappings
2   with the energy of each Einsum on the array where it takes least
3   with the best assignments of whole Einsums to arrays, and what passes between them
"""

from functools import partial
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.mapper.bound import Work, array_cycles
from accelsim.mapper.fused.assigning import best_assignments
from accelsim.mapper.fused.assignment import Assignment, runs_last
from accelsim.mapper.fused.energy import Prices, outermost_pj
from accelsim.mapper.fused.group import Group
from accelsim.mapper.fused.tiling import Tiling, tilings
from accelsim.mapper.objective import Figures, Objective, value_of

MOST_ASSIGNMENTS = 4
"""Of each tiling, so many are scheduled."""

Least = tuple[float, float]
"""Bounds of a value and an energy, to be held against an answer's rank."""

Entry = tuple[Least, float, int, int, Tiling, list[Assignment] | None]
"""Bounds of a tiling's value, energy and cycles, its points, its number, and its best assignments:
None at first, [] when its energy is known."""


class Queue:
    """Tilings of a group, the one with the least bounds first."""

    def __init__(self, group: Group, arch: Spatial, minimise: Objective, bound: Figures) -> None:
        self.arch, self.minimise, self.bound = arch, minimise, bound
        self.outermost_pj = outermost_pj(group.cascade, group.names, arch)
        self.leakage_w = float(sum(arch.leakage_w.values()))
        self.prices: dict[int, Prices] = {}
        self.heap: list[Entry] = []
        for number, tiling in enumerate(tilings(group, arch)):
            cycles = tiling.tiles * array_cycles(_usual_work(tiling))
            least = self._least(tiling.tiles, cycles / tiling.tiles, 0.0)
            self.heap.append((least, cycles, tiling.points, number, tiling, None))
        heapify(self.heap)

    def next(self) -> tuple[Least, Tiling, list[Assignment]]:
        """The tiling with the least bounds, with whole Einsums on arrays; takes it away."""
        while True:
            least, cycles, points, number, tiling, assignments = heappop(self.heap)
            if assignments:
                return least, tiling, assignments
            prices = self._prices(tiling.group)
            if assignments is None:
                energy_pj = prices.least_pj(tiling)
                least = max(least, self._least(tiling.tiles, cycles / tiling.tiles, energy_pj))
                heappush(self.heap, (least, cycles, points, number, tiling, []))
                continue
            score = partial(self._score, tiling.tiles)
            assignments = best_assignments(tiling, prices, self.arch, score, MOST_ASSIGNMENTS)
            least = max(least, min(self.least(tiling, each) for each in assignments))
            cycles = max(cycles, tiling.tiles * min(each.least_cycles for each in assignments))
            heappush(self.heap, (least, cycles, points, number, tiling, assignments))

    def least(self, tiling: Tiling, assignment: Assignment) -> Least:
        return self._least(tiling.tiles, assignment.least_cycles, assignment.least_pj)

    def _prices(self, group: Group) -> Prices:
        """Tilings at the same sizes have one group."""
        if id(group) not in self.prices:
            self.prices[id(group)] = Prices(group, self.arch)
        return self.prices[id(group)]

    def _least(self, tiles: int, cycles: float, energy_pj: float) -> Least:
        found = self._figures(tiles, cycles, energy_pj)
        return compared(float(value_of(self.minimise, found))), float(found.energy_pj)

    def _score(self, tiles: int, cycles: Any, energy_pj: Any) -> Any:
        found = value_of(self.minimise, self._figures(tiles, cycles, energy_pj))
        return np.broadcast_to(found, np.shape(cycles))

    def _figures(self, tiles: int, cycles: Any, energy_pj: Any) -> Figures:
        """At least, from cycles of a tile and what `energy` counts of all; numbers or arrays."""
        seconds = np.maximum(self.bound.latency_s, tiles * cycles / self.arch.clock_hz)
        total = energy_pj + self.outermost_pj + self.leakage_w * seconds * 1e12
        energy = np.maximum(self.bound.energy_pj, total)
        return self.bound._replace(latency_s=seconds, energy_pj=energy)


def compared(value: float) -> float:
    """Values alike but for rounding are one."""
    return float(f"{value:.9e}")


def _usual_work(tiling: Tiling) -> Work:
    work: Work = {}
    for (name, array), cycles in tiling.cycles.items():
        if not runs_last(tiling, name):
            work.setdefault(name, {})[array] = cycles
    return work
