"""Accelergy's energy reference table (ERT): what an action of a part costs, in pJ.

ERT:
  tables:
  - name: system_top_level.DRAM[1..1]
    actions:
    - {name: read, energy: 249.6}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from accelsim.base.errors import ArchError
from accelsim.base.node import Node


@dataclass(frozen=True)
class Energies:
    """Energies by part and action; an action of a memory is one of a whole row."""

    pj: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def of(self, part: str, *actions: str) -> float | None:
        """Of the first of these actions that the table has."""
        found = (self.pj.get((part, action)) for action in actions)
        return next((each for each in found if each is not None), None)


def read_energies(file: Node) -> Energies:
    """Raises ArchError if the file is no ERT."""
    if "ERT" not in file or "tables" not in file["ERT"]:
        raise ArchError("no energy reference table is in this file", at=file.place)
    found: dict[tuple[str, str], float] = {}
    for table in file["ERT"]["tables"].elements():
        part = re.sub(r"\[[^\]]*\]", "", table["name"].text).rpartition(".")[2]
        for action in table["actions"].elements():
            energy = action["energy"].value
            if isinstance(energy, bool) or not isinstance(energy, int | float) or energy < 0:
                fact = f"{part}: the energy of {action['name'].text} is {action['energy'].text!r}"
                raise ArchError(fact, at=action["energy"].place, remedy="It is a number in pJ")
            found.setdefault((part, action["name"].text), energy)
    return Energies(found)
