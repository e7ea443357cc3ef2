"""Points at which a mapping that a study names breaks its workload or machine.

What the default mapping is made for is legal already. Capacities are left out: the measure `fits`
tells of them. Points that differ in nothing that decides are asked about once.
"""

from collections.abc import Mapping

import numpy as np

from accelsim.cost.legality import misfits_at
from accelsim.mapping.binding import bind
from accelsim.mapping.load import select_each
from accelsim.study.axes import Value
from accelsim.study.cases import case_at
from accelsim.study.inputs import Inputs
from accelsim.study.points import Points
from accelsim.study.study import Part, Run, TableSpec
from accelsim.study.table import Column

MOST_REMEMBERED = 1_000_000


class Legality:
    """What is wrong at points asked about so far, by part of a run."""

    def __init__(self, fixed: Mapping[str, Value], inputs: Inputs) -> None:
        self._fixed = fixed
        self._inputs = inputs
        self._known: dict[tuple[object, ...], dict[int, str]] = {}

    def errors(self, run: Run, table: TableSpec, points: Points) -> Column:
        """A text for each point; empty where all parts of the run are legal."""
        found = np.full(len(points), "", dtype=object)
        for part in run.parts:
            if part.mapping is not None and not self._inputs.is_gpu(part.arch):
                own = self._of_part(part, table, points)
                found = np.where(found == "", own, found)
        return found

    def _of_part(self, part: Part, table: TableSpec, points: Points) -> Column:
        key = (part.workload, part.arch, part.mapping, tuple(table.derive.items()))
        known = self._known.setdefault(key, {})
        if len(known) > MOST_REMEMBERED:
            known.clear()
        kinds, first, kind = np.unique(points.deciding, return_index=True, return_inverse=True)
        each = kinds.tolist()
        new = np.array([place for place, one in enumerate(each) if one not in known], dtype=int)
        if len(new):
            texts = self._asked(part, table, points.at(first[new]))
            known |= dict(zip(kinds[new].tolist(), texts, strict=True))
        return np.array([known[one] for one in each], dtype=object)[kind]

    def _asked(self, part: Part, table: TableSpec, points: Points) -> list[str]:
        assert part.mapping is not None
        texts = [""] * len(points)
        whole = case_at(part, points, self._fixed, table.derive, self._inputs)
        named = self._inputs.mapping(part.mapping)
        for mapping, chosen in select_each(named, whole.cascade, whole.arch, len(points)):
            some = whole
            if len(chosen) < len(points):
                some = case_at(part, points.at(chosen), self._fixed, table.derive, self._inputs)
            bound = bind(mapping, some.cascade, some.arch)
            for place, sentences in zip(chosen, misfits_at(bound, len(chosen)), strict=True):
                if sentences:
                    texts[place] = _text(part.mapping, sentences)
        return texts


def _text(mapping: str, sentences: tuple[str, ...]) -> str:
    """The first thing that is wrong, and how much more there is."""
    more = f", and {len(sentences) - 1} more" if len(sentences) > 1 else ""
    return f"the mapping {mapping} does not fit: {sentences[0]}{more}"
