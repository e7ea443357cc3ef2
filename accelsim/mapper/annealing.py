"""The strategy that anneals: fused steps whose tiles are worked on by one Einsum after the other.

Shapes (`tilewise.shape`: loop orders, axes, memories) change one choice at a time. Each has a
population of numbers, tile sizes and factors in arrays, that are moved, evaluated and accepted
together; they are carried along to the next shape:

    a change is accepted if  ln(new / old) < temperature · x,   x exponential with mean 1

Now and then it starts again from a random shape. The same seed and number of candidates give the
same mapping; with a limit of time, as many candidates as there is time for.
"""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from accelsim.mapper.found import Found
from accelsim.mapper.fused.group import Group
from accelsim.mapper.question import Budget, Question
from accelsim.mapper.tilewise.best import Best, group_of
from accelsim.mapper.tilewise.choices import Choices
from accelsim.mapper.tilewise.numbers import Columns, Numbers, numbers_of
from accelsim.mapper.tilewise.scoring import Scorer, Scores
from accelsim.mapper.tilewise.shape import Shape

FIRST = 2048
POPULATION = 128
"""Candidates that are drawn for a first shape, and so many of them that are kept."""

COUNTED = 16
"""So much fewer of both where conditions make every candidate cost a count of its tiles."""

GENERATIONS = 5
"""Moves of the numbers of a new shape before it is judged; three times as many of a first one."""

RANDOM = 4
"""Shapes of which a later start takes the best."""

HOT, COLD = 0.1, 0.003
"""Temperatures at the beginning and end: changes that are so much worse, as a share, are usual."""

A_START, A_START_S = 100_000, 8.0
"""A search starts anew after so many candidates or s, whichever is less often, at most `STARTS`."""

STARTS = 4


class State(NamedTuple):
    """A shape with its population."""

    shape: Shape
    numbers: Numbers
    scorer: Scorer
    columns: Columns
    scores: Scores

    @property
    def score(self) -> float:
        return float(self.scores.min())


def find(question: Question) -> Found | None:
    """None if the cascade cannot be one fused step. Interrupted, it returns the best so far."""
    best, group = Best(question, "annealing"), group_of(question)
    try:
        if group is not None:
            anneal(group, best)
    except KeyboardInterrupt:
        if best.mapping is None:
            raise
        return best.found(is_cut_short=True)
    return best.found()


def anneal(group: Group, best: Best) -> None:
    """Until the budget of the question is spent."""
    rng = np.random.default_rng(best.question.budget.seed)
    starts = _starts(best.question.budget)
    for start in range(starts):
        Walk(group, best, rng, start / starts, (start + 1) / starts).run(is_first=start == 0)


def _starts(budget: Budget) -> int:
    return max(1, int(min(STARTS, budget.candidates / A_START, budget.seconds / A_START_S)))


class Walk:
    """From one first shape on, between two shares of the budget."""

    def __init__(
        self, group: Group, best: Best, rng: Generator, begins: float, ends: float
    ) -> None:
        self.group, self.best, self.rng = group, best, rng
        self.begins, self.ends = begins, ends
        self.choices = Choices(group, best.question, rng)
        is_counted = any(einsum.conditions for einsum in group.einsums)
        self.fewer = COUNTED if is_counted else 1

    @property
    def _temperature(self) -> float:
        part = (self.best.share - self.begins) / (self.ends - self.begins)
        return float(HOT * (COLD / HOT) ** min(1.0, max(0.0, part)))

    def run(self, is_first: bool) -> None:
        shapes = self.choices.firsts() if is_first else self.choices.randoms(RANDOM)
        states = [self._begun(shape) for shape in shapes]
        if not states:
            return
        state, known = min(states, key=lambda state: state.score), set(shapes)
        while self.best.share < self.ends:
            shape = self.choices.neighbour(state.shape, known)
            if shape is None:
                return
            other = self._settled(self._carried(shape, state), GENERATIONS)
            known.add(shape)
            if self._is_accepted(other.score, state.score):
                state, known = other, {state.shape, shape}

    def _is_accepted(self, new: float, old: float) -> bool:
        if not np.isfinite(old):
            return True
        return bool(new <= old * np.exp(self._temperature * self.rng.exponential()))

    def _begun(self, shape: Shape) -> State:
        question = self.best.question
        numbers = numbers_of(shape, self.group, question)
        scorer = Scorer(shape, self.group, question)
        columns = numbers.drawn(FIRST // self.fewer, self.rng)
        scores = self._seen(scorer, columns)
        order = np.argsort(scores, kind="stable")[: POPULATION // self.fewer]
        kept = {name: column[order] for name, column in columns.items()}
        return self._settled(State(shape, numbers, scorer, kept, scores[order]), 3 * GENERATIONS)

    def _carried(self, shape: Shape, state: State) -> State:
        question = self.best.question
        numbers = numbers_of(shape, self.group, question)
        scorer = Scorer(shape, self.group, question)
        columns = numbers.carried(state.columns, self.rng)
        return State(shape, numbers, scorer, columns, self._seen(scorer, columns))

    def _settled(self, state: State, generations: int) -> State:
        """Its numbers moved so often; the better half twice before the last moves."""
        columns, scores = state.columns, state.scores
        for left in range(generations, 0, -1):
            if left == (generations + 1) // 2:
                columns, scores = _better_half_twice(columns, scores)
            moved = state.numbers.moved(columns, self.rng)
            new = self._seen(state.scorer, moved)
            is_taken = new <= scores * np.exp(
                self._temperature * self.rng.exponential(size=scores.size)
            )
            columns = {n: np.where(is_taken, moved[n], columns[n]) for n in columns}
            scores = np.where(is_taken, new, scores)
        return State(state.shape, state.numbers, state.scorer, columns, scores)

    def _seen(self, scorer: Scorer, columns: Columns) -> Scores:
        scores = scorer(columns)
        self.best.see(scorer, columns, scores)
        return scores


def _better_half_twice(columns: Columns, scores: Scores) -> tuple[Columns, Scores]:
    order = np.argsort(scores, kind="stable")[: -(-scores.size // 2)]
    order = np.concatenate([order, order])[: scores.size]
    return {name: column[order] for name, column in columns.items()}, scores[order]
