"""What a run takes, as rows that add up. Every total is the sum of the rows it is made of.

    energy rows   einsum, part, action, tensor, count, energy_pj
    steps         cycles by what could bound them; latency is the sum of the steps' largest

Numbers may be arrays: one Cost then holds a whole sweep.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from accelsim.base.notebook import InNotebook
from accelsim.cost.cycles import EinsumCycles, StepCycles
from accelsim.mapping.loops import Number


class EnergyRow(NamedTuple):
    """`count` actions of a part: elements read or written, operations, or seconds of leakage."""

    einsum: str
    part: str
    action: str
    tensor: str
    count: Number
    energy_pj: Number


@dataclass(frozen=True)
class EnergyTable:
    """The long table as columns; `keys` are (einsum, part, action, tensor)."""

    keys: tuple[tuple[str, str, str, str], ...]
    counts: tuple[Number, ...]
    energies_pj: tuple[Number, ...]

    @cached_property
    def rows(self) -> tuple[EnergyRow, ...]:
        columns = zip(self.keys, self.counts, self.energies_pj, strict=True)
        return tuple(EnergyRow(*key, count, energy) for key, count, energy in columns)


def energy_table(rows: Iterable[EnergyRow]) -> EnergyTable:
    keys, counts, energies = zip(
        *((row[:4], row.count, row.energy_pj) for row in rows), strict=True
    )
    return EnergyTable(keys, counts, energies)


class ArrayUse(NamedTuple):
    """Of one array: how long it works, and how much of it.

    `busy` is the share of all processing-element cycles that do an operation of the workload;
    `in_use` the share of time in which the array works at all.
    """

    busy: Number
    in_use: Number


@dataclass(frozen=True)
class Cost(InNotebook):
    """What `evaluate` finds. Times in s and cycles, energies in pJ, areas in um^2, traffic in B."""

    html_by: ClassVar[str] = "accelsim.cost.html"

    clock_hz: Number
    steps: tuple[StepCycles, ...]
    einsums: Mapping[str, EinsumCycles]
    table: EnergyTable
    traffic_bytes: Mapping[str, Number]
    occupancy_bytes: Mapping[str, Number]
    capacity_bytes: Mapping[str, Number | None]
    instances: Mapping[str, Number]
    utilization: Mapping[str, ArrayUse]
    einsum_utilization: Mapping[str, Number]
    area_by_part: Mapping[str, Number]

    @property
    def cycles(self) -> Number:
        return sum(step.cycles for step in self.steps)

    @property
    def latency_s(self) -> Number:
        return self.cycles / self.clock_hz

    @property
    def rows(self) -> tuple[EnergyRow, ...]:
        """The long table: one row a fact."""
        return self.table.rows

    @cached_property
    def energy_pj(self) -> Number:
        return sum(self.table.energies_pj)

    @property
    def average_power_w(self) -> Number:
        return self.energy_pj * 1e-12 / self.latency_s

    @property
    def area_um2(self) -> Number:
        return sum(self.area_by_part.values())

    @property
    def fits(self) -> Number:
        """Whether every memory holds what it must."""
        fits: Number = True
        for memory, capacity in self.capacity_bytes.items():
            if capacity is not None:
                fits = fits & np.less_equal(self.occupancy_bytes[memory], capacity)
        return fits

    @property
    def cycles_by_resource(self) -> dict[str, Number]:
        """Cycles that the arrays ("compute") and each memory need by themselves, over all steps."""
        total: dict[str, Number] = {}
        for step in self.steps:
            for resource, cycles in step.by_resource.items():
                total[resource] = total.get(resource, 0) + cycles
        return total

    @property
    def cycles_by_bound(self) -> dict[str, Number]:
        """Cycles of the steps that each resource bounds; they add up to `cycles`."""
        total: dict[str, Number] = {}
        for step in self.steps:
            for resource, share in _bounding(step).items():
                total[resource] = total.get(resource, 0) + share
        return total

    @property
    def bound(self) -> Any:
        """What bounds most of the time: "compute" or a memory; an array of them for a sweep."""
        cycles = self.cycles_by_bound
        names = np.array(list(cycles))
        stacked = np.stack(np.broadcast_arrays(*cycles.values()))
        chosen = names[np.argmax(stacked, axis=0)]
        return chosen if chosen.ndim else str(chosen)


def _bounding(step: StepCycles) -> dict[str, Number]:
    """A step's cycles, given to the first resource that needs that long."""
    left: Number = 1
    shares: dict[str, Number] = {}
    for resource, cycles in step.by_resource.items():
        is_bound = left * (cycles == step.longest)
        shares[resource] = is_bound * step.cycles
        left = left - is_bound
    return shares


def energy_by_part(cost: Cost) -> dict[str, Any]:
    """Energy in pJ of each memory, array and what else has rows."""
    total: dict[str, Any] = {}
    for row in cost.rows:
        total[row.part] = total.get(row.part, 0) + row.energy_pj
    return total


def energy_by_whole_part(cost: Cost) -> dict[str, Any]:
    """The same where what a part's units leak (`Array2D.mac`) is the part's, so that memories and
    arrays add up to the total."""
    total: dict[str, Any] = {}
    for part, energy_pj in energy_by_part(cost).items():
        whole = part.partition(".")[0]
        total[whole] = total.get(whole, 0) + energy_pj
    return total
