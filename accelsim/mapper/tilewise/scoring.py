"""What candidates of a shape are worth: compiled, many at once; the winners checked in words.

Candidates are ranked by their value, and those alike but for a millionth by their energy.
"""

import numpy as np
from numpy.typing import NDArray

from accelsim.mapper.batch import Evaluator
from accelsim.mapper.fused.group import Group
from accelsim.mapper.objective import Figures, value_of
from accelsim.mapper.question import Question
from accelsim.mapper.tilewise.nests import mapping_of
from accelsim.mapper.tilewise.numbers import Columns
from accelsim.mapper.tilewise.shape import Shape
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.mapping import Mapping
from accelsim.workload.regions import UncountableError

Scores = NDArray[np.float64]

ALIKE = 1e-6
"""What energy counts beside the value, where both are at their bounds."""


class Scorer:
    """Of one shape; `columns` of a candidate are numbers for the names of its mapping."""

    def __init__(self, shape: Shape, group: Group, question: Question) -> None:
        self.question, self.group = question, group
        self.mapping = mapping_of(shape, group, question.arch)
        self._evaluate = Evaluator(group.cascade, question.arch, self.mapping, question.constraints)
        self._is_sound: bool | None = None

    def __call__(self, columns: Columns) -> Scores:
        """Infinite for what is not legal, or breaks a constraint."""
        if self._is_sound is False:
            return self._nothing(columns)
        try:
            with np.errstate(all="ignore"):
                batch = self._evaluate(columns)
        except UncountableError:
            self._is_sound = False
            return self._nothing(columns)
        bound = self.question.bound
        figures = Figures(batch.latency_s, batch.energy_pj, bound.area_um2, batch.traffic_bytes)
        least_pj = float(bound.energy_pj) or 1.0
        value = value_of(self.question.minimise, figures)
        score = value * (1 + ALIKE * batch.energy_pj / least_pj)
        found = np.where(batch.legal, score, np.inf)
        if self._is_sound is None and batch.legal.any():
            # What does not depend on numbers is the same for all.
            self._is_sound = self._is_legal(columns, int(np.argmin(found)))
        return found if self._is_sound else self._nothing(columns)

    def chosen(self, columns: Columns, place: int) -> Mapping:
        """One candidate as a mapping."""
        numbers = {name: int(columns[name][place]) for name in self.mapping.tiles}
        return self.mapping.model_copy(update={"tiles": numbers})

    def _is_legal(self, columns: Columns, place: int) -> bool:
        bound = bind(self.chosen(columns, place), self.group.cascade, self.question.arch)
        return not check(bound)

    def _nothing(self, columns: Columns) -> Scores:
        return np.full(next(iter(columns.values())).size, np.inf)
