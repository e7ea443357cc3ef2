"""Points drawn where a measure is least, or most: each batch where the last ones were good.

The drawing is optuna's tree-structured Parzen estimator (Watanabe 2023, arXiv 2304.11127), which
takes several measures too (Ozaki et al. 2020): it then looks for what no other point beats. For a
seed it draws the same points again if they cost the same, so a sweep that was stopped goes on with
the rows that it has.
"""

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.base.expression import Expression
from accelsim.study.points import Points, Space
from accelsim.study.sampling import Choices, Sample
from accelsim.study.table import Table

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

BATCH = 16

Values = np.ndarray[Any, Any]
Answer = Callable[[tuple[str, ...]], Values]
"""Measures → an array [points, measures], not a number where a point failed."""

Batches = Generator[Points, Answer, None]
"""Points, for which whoever asked sends back what they cost."""


def sent(batches: Batches, answer: Answer) -> Points | None:
    """The next points, once it is known what the last ones cost; None after the last."""
    try:
        return batches.send(answer)
    except StopIteration:
        return None


def measured(pieces: Sequence[Table], goals: tuple[str, ...]) -> Values:
    """The measures in the rows of one run, which has a row for each point."""
    if len(pieces) != 1:
        fact = "an adaptive sample is of one run, with one row for each point"
        raise StudyError(fact, remedy="Give each run a table of its own")
    return np.array([np.asarray(pieces[0][goal], dtype=float) for goal in goals]).T


def adaptive(sample: Sample, choices: Choices, where: Expression | None) -> Batches:
    """Batches of points; a trial whose point is dropped or failed counts as a failed one."""
    assert sample.number is not None
    goals = (*sample.minimise, *sample.maximise)
    study = _study(sample)
    known: dict[int, Sequence[float]] = {}
    left = sample.number
    while left:
        trials = [study.ask() for _ in range(min(left, sample.batch or BATCH))]
        left -= len(trials)
        shares = np.array([_shares(trial, choices) for trial in trials])
        addresses = [int(choices.dimension(each[None]).addresses[0]) for each in shares]
        whole = choices.dimension(shares)
        points = Space((whole,), where).points(0, len(whole))
        new = np.array([int(each) not in known for each in points.addresses], dtype=bool)
        if new.any():
            fresh = points.at(np.flatnonzero(new))
            answer = yield fresh
            found = answer(goals).tolist()
            known |= dict(zip(map(int, fresh.addresses), found, strict=True))
        for trial, address in zip(trials, addresses, strict=True):
            _tell(study, trial, known.get(address))


def _study(sample: Sample) -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    minimise, maximise = optuna.study.StudyDirection.MINIMIZE, optuna.study.StudyDirection.MAXIMIZE
    directions = [minimise] * len(sample.minimise) + [maximise] * len(sample.maximise)
    sampler = optuna.samplers.TPESampler(seed=sample.seed, constant_liar=False)
    return optuna.create_study(directions=directions, sampler=sampler)


def _shares(trial: "Trial", choices: Choices) -> list[float]:
    """Between two ends any share of the way, of listed values the middle of a place's share."""
    found = []
    for name, number in choices.places():
        if number is None:
            found.append(trial.suggest_float(name, 0.0, 1.0))
        else:
            found.append((trial.suggest_int(name, 0, number - 1) + 0.5) / number)
    return found


def _tell(study: "Study", trial: "Trial", values: Sequence[float] | None) -> None:
    from optuna.trial import TrialState

    if values is None or not np.isfinite(values).all():
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, list(values))
