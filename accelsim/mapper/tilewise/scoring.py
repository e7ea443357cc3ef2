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
        self.shape, self.question, self.group = shape, question, group
        self.mapping = mapping_of(shape, group, question.arch)
        self._evaluate = Evaluator(group.cascade, question.arch, self.mapping, question.constraints)
        self._is_sound: bool | None = None

    def __call__(self, columns: Columns) -> Scores:
        """Infinite for what is not legal, or breaks a constraint."""
        figures, legal = self.figures(columns)
        least_pj = float(self.question.bound.energy_pj) or 1.0
        value = value_of(self.question.minimise, figures)
        score = value * (1 + ALIKE * figures.energy_pj / least_pj)
        return np.where(legal, score, np.inf)

    def figures(self, columns: Columns) -> tuple[Figures, NDArray[np.bool_]]:
        """And which are legal and keep to the constraints; of others the figures mean nothing."""
        try:
            with np.errstate(all="ignore"):
                batch = None if self._is_sound is False else self._evaluate(columns)
        except UncountableError:
            batch = None
        if batch is None:
            self._is_sound = False
            size = next(iter(columns.values())).size
            return self.question.bound, np.zeros(size, dtype=bool)
        if self._is_sound is None and batch.legal.any():
            # What does not depend on numbers is the same for all.
            self._is_sound = self._is_legal(columns, int(np.argmax(batch.legal)))
        area = self.question.bound.area_um2
        figures = Figures(batch.latency_s, batch.energy_pj, area, batch.traffic_bytes)
        return figures, batch.legal & (self._is_sound is not False)

    def chosen(self, columns: Columns, place: int) -> Mapping:
        """One candidate as a mapping."""
        numbers = {name: int(columns[name][place]) for name in self.mapping.tiles}
        return self.mapping.model_copy(update={"tiles": numbers})

    def _is_legal(self, columns: Columns, place: int) -> bool:
        bound = bind(self.chosen(columns, place), self.group.cascade, self.question.arch)
        return not check(bound)
