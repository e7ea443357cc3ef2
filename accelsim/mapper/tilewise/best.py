"""The best candidate so far, of a search that stops after so many candidates or seconds."""

from math import inf
from time import perf_counter

import numpy as np

from accelsim.cost.evaluate import evaluate
from accelsim.mapper.found import Found, figures_of
from accelsim.mapper.fused.group import Group, fused_groups
from accelsim.mapper.objective import value_of
from accelsim.mapper.question import Question
from accelsim.mapper.tilewise.candidate import Candidate, candidate_at
from accelsim.mapper.tilewise.numbers import Columns
from accelsim.mapper.tilewise.scoring import Scorer, Scores
from accelsim.mapping.fusion import units
from accelsim.mapping.mapping import Mapping

SPACE = (
    "all Einsums in one step, one after the other in each of its tiles and side by side on arrays; "
    "any tiles, factors, loop orders, axes, and memories to keep things in"
)


class Best:
    """`share` is how much of the budget is spent, from 0 to 1."""

    def __init__(self, question: Question, strategy: str) -> None:
        self.question, self.strategy = question, strategy
        self.start, self.candidates = perf_counter(), 0
        self.mapping: Mapping | None = None
        self.candidate: Candidate | None = None
        self.score = inf

    @property
    def share(self) -> float:
        budget = self.question.budget
        seconds = perf_counter() - self.start
        return max(seconds / budget.seconds, self.candidates / budget.candidates)

    @property
    def is_over(self) -> bool:
        return self.share >= 1

    def see(self, scorer: Scorer, columns: Columns, scores: Scores) -> None:
        """The best of these may be the best of all."""
        self.candidates += scores.size
        place = int(np.argmin(scores))
        if scores[place] < self.score:
            self.score, self.mapping = float(scores[place]), scorer.chosen(columns, place)
            self.candidate = candidate_at(scorer.shape, columns, place)
        self.question.progress(self.strategy, self.score, self.candidates)

    def found(self, is_cut_short: bool = False) -> Found | None:
        if self.mapping is None:
            return None
        question = self.question
        cost = evaluate(question.cascade, question.arch, self.mapping)
        value = float(value_of(question.minimise, figures_of(cost)))
        return Found(
            mapping=self.mapping,
            cost=cost,
            minimise=question.minimise,
            bound=question.bound,
            strategy=self.strategy,
            space=SPACE,
            optimal=value <= float(value_of(question.minimise, question.bound)),
            candidates=self.candidates,
            pruned=0,
            seconds=perf_counter() - self.start,
            is_cut_short=is_cut_short,
        )


def group_of(question: Question) -> Group | None:
    """The whole cascade in one step, cut along as many ranks as there are."""
    groups = fused_groups(question.cascade, units(question.cascade))
    return max(groups, key=lambda group: len(group.cut), default=None)
