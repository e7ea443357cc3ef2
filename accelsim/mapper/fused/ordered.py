"""Tilings of a group in the order of their bounds, which are made tighter as a tiling comes up.

1   as if Einsums could be shared out among arrays in fractions, and energy were that of all
    mappings
2   with the energy of each Einsum on the array where it takes least
3   with the best assignments of whole Einsums to arrays, and what passes between them
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any

import numpy as np

from accelsim.arch.parts import Memory
from accelsim.arch.spatial import Spatial
from accelsim.mapper.bound import Work, array_cycles
from accelsim.mapper.constraints import Constraints, FixedLoops
from accelsim.mapper.fused.assigning import best_assignments
from accelsim.mapper.fused.assignment import Assignment, runs_last
from accelsim.mapper.fused.energy import Prices, counting_bytes, outermost_bytes, outermost_pj
from accelsim.mapper.fused.group import Group
from accelsim.mapper.fused.tiling import Tiling, tilings
from accelsim.mapper.objective import Figures, value_of
from accelsim.mapper.question import Question

MOST_ASSIGNMENTS = 4
"""Of each tiling, so many are scheduled."""

Least = tuple[float, float]
"""Bounds of a value and an energy, to be held against an answer's rank."""

Entry = tuple[Least, float, int, int, Tiling, list[Assignment] | None]
"""Bounds of a tiling's value, energy and cycles, its points, its number, and its best assignments:
None at first, [] when its energy is known."""


class Queue:
    """Tilings of a group, the one with the least bounds first."""

    def __init__(self, group: Group, question: Question, bound: Figures) -> None:
        arch, constraints = question.arch, question.constraints
        self.arch, self.minimise, self.bound = arch, question.minimise, bound
        self.outermost_pj = outermost_pj(group.cascade, group.names, arch)
        self.leakage_w = float(sum(arch.leakage_w.values()))
        self.prices: dict[int, tuple[Prices, Prices | None]] = {}
        self.is_every = True
        self.buffer = _limited_buffer(arch)
        self.filled_bytes, written_bytes = outermost_bytes(group.cascade, group.names)
        self.outermost_s = _seconds(self.filled_bytes + written_bytes, arch.memories[0], arch)
        self.heap: list[Entry] = []
        for number, tiling in enumerate(obeying(tilings(group, arch), constraints)):
            question.progress("fused", inf, number)
            cycles = tiling.tiles * array_cycles(_usual_work(tiling))
            least = self._least(tiling.tiles, cycles / tiling.tiles)
            self.heap.append((least, cycles, tiling.points, number, tiling, None))
        heapify(self.heap)

    def next(self) -> tuple[Least, Tiling, list[Assignment]]:
        """The tiling with the least bounds, with whole Einsums on arrays; takes it away."""
        while True:
            least, cycles, points, number, tiling, assignments = heappop(self.heap)
            if assignments:
                return least, tiling, assignments
            prices, traffic = self._prices(tiling.group)
            if assignments is None:
                energy_pj = prices.least_pj(tiling)
                least = max(least, self._least(tiling.tiles, cycles / tiling.tiles, energy_pj))
                heappush(self.heap, (least, cycles, points, number, tiling, []))
                continue
            score = partial(self._score, tiling.tiles)
            ranked = best_assignments(tiling, prices, traffic, self.arch, score, MOST_ASSIGNMENTS)
            assignments, self.is_every = ranked.assignments, self.is_every and ranked.is_every
            least = max(least, min(self.least(tiling, each) for each in assignments))
            cycles = max(cycles, tiling.tiles * min(each.least_cycles for each in assignments))
            heappush(self.heap, (least, cycles, points, number, tiling, assignments))

    def least(self, tiling: Tiling, assignment: Assignment) -> Least:
        of = assignment
        return self._least(tiling.tiles, of.least_cycles, of.least_pj, of.least_bytes)

    def _prices(self, group: Group) -> tuple[Prices, Prices | None]:
        """Energies, and bytes at the buffer if that has a bandwidth. Tilings at the same sizes have
        one group."""
        if id(group) not in self.prices:
            traffic = None
            if self.buffer is not None:
                traffic = Prices(group, counting_bytes(self.arch, self.buffer.name))
            self.prices[id(group)] = Prices(group, self.arch), traffic
        return self.prices[id(group)]

    def _least(
        self, tiles: int, cycles: float, energy_pj: float = 0.0, buffer_bytes: float = 0.0
    ) -> Least:
        found = self._figures(tiles, cycles, energy_pj, buffer_bytes)
        return compared(float(value_of(self.minimise, found))), float(found.energy_pj)

    def _score(self, tiles: int, cycles: Any, energy_pj: Any, buffer_bytes: Any) -> Any:
        figures = self._figures(tiles, cycles, energy_pj, buffer_bytes)
        return np.broadcast_to(value_of(self.minimise, figures), np.shape(cycles))

    def _figures(self, tiles: int, cycles: Any, energy_pj: Any, buffer_bytes: Any) -> Figures:
        """At least, from cycles of a tile and what `energy` counts of all; numbers or arrays."""
        least_s = max(float(self.bound.latency_s), self.outermost_s)
        seconds = np.maximum(least_s, tiles * cycles / self.arch.clock_hz)
        if self.buffer is not None:
            moved = buffer_bytes + self.filled_bytes
            seconds = np.maximum(seconds, _seconds(moved, self.buffer, self.arch))
        total = energy_pj + self.outermost_pj + self.leakage_w * seconds * 1e12
        energy = np.maximum(self.bound.energy_pj, total)
        return self.bound._replace(latency_s=seconds, energy_pj=energy)


def obeying(every: Iterable[Tiling], constraints: Constraints) -> Iterator[Tiling]:
    """Tilings without the arrays on which Einsums would not lie as is fixed, if any are left."""
    for tiling in every:
        if not constraints.loops:
            yield tiling
            continue
        cycles = {key: of for key, of in tiling.cycles.items() if _lies(*key, tiling, constraints)}
        if {name for name, _ in cycles} == {name for name, _ in tiling.cycles}:
            yield replace(tiling, cycles=cycles)


def _lies(name: str, array: str, tiling: Tiling, constraints: Constraints) -> bool:
    fixed, spread = constraints.loops.get(name, FixedLoops()), tiling.spreads[name, array]
    return fixed.array in (None, array) and all(
        (spread.rows.get(rank, 1), spread.columns.get(rank, 1)) == wide
        for rank, wide in fixed.on_array.items()
    )


def _limited_buffer(arch: Spatial) -> Memory | None:
    """The one shared memory inside the outermost one, if its bandwidth is limited."""
    shared = [memory for memory in arch.memories[1:] if memory.per is None]
    return shared[0] if len(shared) == 1 and shared[0].bandwidth is not None else None


def _seconds(moved_bytes: Any, memory: Memory, arch: Spatial) -> Any:
    """That these bytes take at a memory; 0 if its bandwidth has no limit."""
    if memory.bandwidth is None:
        return 0.0
    return moved_bytes / float(memory.bandwidth.per_second(arch.clock_hz))


def compared(value: float) -> float:
    """Values alike but for rounding are one."""
    return float(f"{value:.9e}")


def _usual_work(tiling: Tiling) -> Work:
    work: Work = {}
    for (name, array), cycles in tiling.cycles.items():
        if not runs_last(tiling, name):
            work.setdefault(name, {})[array] = cycles
    return work
