"""A cost in a notebook: totals, the steps with what bounds each, the energy and traffic of parts.

Of a sweep each cell goes from the least to the most.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from accelsim.base.notebook import heading, shown, table
from accelsim.cost.result import Cost, energy_by_whole_part


def html(cost: Cost) -> str:
    totals = [
        ("latency", shown(cost.latency_s, "s")),
        ("bound by", ", ".join(dict.fromkeys(np.ravel(cost.bound).tolist()))),
        ("energy", shown(cost.energy_pj, "pJ")),
        ("average power", shown(cost.average_power_w, "W")),
        ("area", shown(cost.area_um2, "um^2")),
    ]
    steps = [
        (step.name, shown(step.cycles, "cycle"), _largest(step.by_resource)) for step in cost.steps
    ]
    return "".join(
        [
            heading("What it takes"),
            table(("total", ""), totals),
            table(("step", "time", "bound by"), steps),
            table(("part", "energy", "traffic", "holds", "of"), _parts(cost)),
        ]
    )


def _largest(by_resource: Mapping[str, Any]) -> str:
    """What needs the most cycles; several where that differs in a sweep."""
    if not by_resource:
        return ""
    names = list(by_resource)
    stacked = np.stack(np.broadcast_arrays(*by_resource.values()))
    return ", ".join(dict.fromkeys(names[place] for place in np.ravel(np.argmax(stacked, axis=0))))


def _parts(cost: Cost) -> list[tuple[str, ...]]:
    energies = energy_by_whole_part(cost)
    return [
        (
            part,
            shown(energies.get(part), "pJ"),
            shown(cost.traffic_bytes.get(part), "B"),
            shown(cost.occupancy_bytes.get(part), "B"),
            shown(cost.capacity_bytes.get(part), "B"),
        )
        for part in dict.fromkeys([*cost.capacity_bytes, *energies])
    ]
