"""The strategy that draws: random shapes and numbers of the space that `annealing` searches.

Every shape is a fresh start. It is there to be compared with: what a search is worth shows in how
much sooner it finds the same.
"""

import numpy as np

from accelsim.mapper.found import Found
from accelsim.mapper.question import Question
from accelsim.mapper.tilewise.best import Best, group_of
from accelsim.mapper.tilewise.choices import Choices
from accelsim.mapper.tilewise.numbers import numbers_of
from accelsim.mapper.tilewise.scoring import Scorer

DRAWN = 2048
"""Candidates of each shape."""


def find(question: Question) -> Found | None:
    """None if the cascade cannot be one fused step. Interrupted, it returns the best so far."""
    best = Best(question, "sampling")
    rng = np.random.default_rng(question.budget.seed)
    group = group_of(question)
    choices = None if group is None else Choices(group, question, rng)
    try:
        while group is not None and choices is not None and not best.is_over:
            shapes = choices.randoms(1)
            if not shapes:
                break
            (shape,) = shapes
            scorer = Scorer(shape, group, question)
            columns = numbers_of(shape, group, question).drawn(DRAWN, rng)
            best.see(scorer, columns, scorer(columns))
    except KeyboardInterrupt:
        if best.mapping is None:
            raise
        return best.found(is_cut_short=True)
    return best.found()
