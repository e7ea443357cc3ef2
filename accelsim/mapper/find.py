"""find_mapping(cascade, arch) → the best mapping that any strategy finds, and how it was found.

A strategy takes a Question and answers with the best mapping of its own space, or with nothing if
its space has no mapping of this cascade on this machine. Of several answers the best is taken; the
candidates of all are counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MapperError, did_you_mean
from accelsim.mapper.bound import least_figures
from accelsim.mapper.constraints import (
    Constraints,
    refuse_strange,
    refuse_unmeetable,
    with_shares,
)
from accelsim.mapper.deadline import Deadline, OutOfTime
from accelsim.mapper.exact.asked import is_asked
from accelsim.mapper.found import Found
from accelsim.mapper.objective import Objective, objective
from accelsim.mapper.question import Budget, Progress, Question, quiet
from accelsim.mapping.spread import refuse_impossible
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade

if TYPE_CHECKING:
    from accelsim.mapper.stated.space import Space

Strategy = Callable[[Question], Found | None]


def _when_asked(module: str) -> Strategy:
    """The `find` of a module that is imported at the first question: a short search asks few."""

    def find(question: Question) -> Found | None:
        found: Found | None = import_module(f"accelsim.mapper.{module}").find(question)
        return found

    return find


STRATEGIES: dict[str, Strategy] = {
    "rules": _when_asked("rules"),
    "shipped": _when_asked("shipped"),
    "fused": _when_asked("fused.find"),
    "exact": _when_asked("exact.find"),
    "annealing": _when_asked("annealing"),
    "sampling": _when_asked("sampling"),
}

USUAL = ("rules", "shipped", "fused", "annealing", "exact")
"""Asked in this order where none are named. What is found by chance goes before the exact search,
which then has to look only at what could be better."""

AGAIN = "annealing again"

IN_A_HURRY = ("rules", "annealing", "shipped", "fused", AGAIN, "exact")
"""With a limit of time: what has something to show at once goes first, and goes on later."""

ALONE_IN_A_HURRY = ("rules", "annealing", "exact", "shipped", "fused")
"""The same for a single Einsum, of which the exact search sees most."""

A_WHILE, A_WHILE_S = 0.2, 0.2
"""So much of the time, or so many seconds, has what goes first before the others are asked."""

IF_WORTH_IT = ("annealing", AGAIN)
"""Asked if no answer is within `NEAR` of the bound by then; of single Einsums those only that the
exact search is not for."""

COUNTED_S = 5.0
"""What these have where conditions make every candidate cost a count of its tiles; with a limit of
time they are not asked there, as a first answer may take longer."""

NEAR = 0.01

SHORT = Budget(candidates=50_000)
"""What these then have: a few seconds."""

AT_BOUND = 1e-12
"""Nothing is better than a mapping within this share of the bound: no other strategy is asked."""


def find_mapping(
    cascade: Cascade,
    arch: Spatial,
    minimise: str = "latency",
    *,
    strategies: Sequence[str] | None = None,
    budget: Budget | None = None,
    space: "Space | None" = None,
    constraints: Constraints | None = None,
    within_s: float = inf,
    progress: Progress = quiet,
) -> Found:
    """All ranks and numbers of the machine are plain numbers. With a `space`, the best of its
    points is found, and no strategy is asked. Whatever is found keeps to the `constraints`. Without
    names of `strategies` the usual ones are asked. The `budget` is for those with chance in them.

    Interrupted (KeyboardInterrupt) after some strategy has answered, or when `within_s` seconds are
    over, it returns the best so far. Who is the first to answer does so however late it is.

    Raises
    ------
    MapperError
        if there is no such objective or strategy, the constraints name what is not there, or no
        strategy has a mapping for this cascade and machine: which constraint is in the way; or none
        had one in time.
    MappingError
        if no array of the machine can do some Einsum.
    """
    start, deadline = perf_counter(), Deadline(within_s)
    budget = budget or (SHORT if strategies is None else Budget())
    constraints = constraints or Constraints()
    told = deadline.watching(_best_so_far(progress))
    whole = question_of(cascade, arch, minimise, constraints, budget, told)
    asked = _usual(whole, within_s) if strategies is None else _named(strategies)
    if space is not None:
        asked = {"stated": partial(import_module("accelsim.mapper.stated.find").find, space=space)}
    optional = IF_WORTH_IT if strategies is None else ()
    try:
        answers, is_cut_short = _answers(whole, asked, optional, deadline)
    except OutOfTime:
        fact = f"no mapping of {whole.cascade.name} was found within {within_s:g} s"
        raise MapperError(fact, remedy="Give it more time") from None
    if not answers:
        # Only who finds nothing pays for the one that says why.
        from accelsim.mapper.in_the_way import in_the_way

        fact = f"no mapping of {whole.cascade.name} was found that"
        if constraints.said:
            sure = [strategy for name, strategy in asked.items() if name not in optional]

            def is_found(less: Constraints) -> bool:
                return _any(question_of(cascade, arch, minimise, less, budget), sure)

            reason, remedy = in_the_way(constraints, is_found, deadline.left_s)
            raise MapperError(f"{fact} {reason}", remedy=remedy)
        remedy = "Give it larger memories, or take smaller ranks"
        if strategies is not None:
            remedy += ", or ask the usual strategies: not every one takes all objectives"
        raise MapperError(f"{fact} fits this machine", remedy=remedy)
    return min(answers, key=_rank)._replace(
        candidates=sum(found.candidates for found in answers),
        pruned=sum(found.pruned for found in answers),
        seconds=perf_counter() - start,
        is_cut_short=is_cut_short and not deadline.has_rung,
    )


def question_of(
    cascade: Cascade,
    arch: Spatial,
    minimise: Objective,
    constraints: Constraints,
    budget: Budget,
    progress: Progress = quiet,
) -> Question:
    """What strategies are asked; errors are those of `find_mapping`."""
    cascade = budgeted(cascade)
    refuse_impossible(cascade, arch)
    wanted = objective(minimise, [memory.name for memory in arch.memories])
    refuse_strange(constraints, cascade, arch)
    room = with_shares(arch, constraints)
    bound = least_figures(cascade, room)
    refuse_unmeetable(constraints, cascade, room, bound)
    return Question(cascade, room, wanted, bound, progress, constraints, budget)


def _answers(
    question: Question,
    asked: Mapping[str, Strategy],
    optional: Sequence[str],
    deadline: Deadline,
) -> tuple[list[Found], bool]:
    """Of these in order, as long as something is to be won; of optional ones if it is worth it.

    Interrupted after some strategy has answered, it returns what there is; and whether it was.
    """
    answers: list[Found] = []
    try:
        for name, strategy in asked.items():
            if answers and deadline.is_over:
                break
            if name in optional and not _is_worth_more(answers, question):
                continue
            known = min((found.value for found in answers), default=inf)
            found = strategy(replace(question, known=known))
            answers += [] if found is None else [found]
            deadline.is_strict = bool(answers)
            if found is not None and (found.gap <= AT_BOUND or found.is_cut_short):
                break
    except KeyboardInterrupt:
        if not answers:
            raise
        return answers, True
    return answers, any(found.is_cut_short for found in answers)


def _usual(question: Question, within_s: float) -> Mapping[str, Strategy]:
    budget = question.budget
    is_counted = any(einsum.conditions for einsum in question.cascade.einsums)
    if within_s == inf:
        counted = budget._replace(seconds=min(budget.seconds, COUNTED_S))
        own = {"annealing": _annealing_within(counted)} if is_counted else {}
        return {**_named(USUAL), **own}
    briefly = budget._replace(seconds=min(budget.seconds, max(A_WHILE_S, A_WHILE * within_s)))
    known = {
        **STRATEGIES,
        "annealing": _annealing_within(briefly),
        AGAIN: _annealing_within(budget._replace(seed=budget.seed + 1)),
    }
    is_alone = len(question.cascade.einsums) == 1
    names = ALONE_IN_A_HURRY if is_alone else IN_A_HURRY
    return {name: known[name] for name in names if not (is_counted and name in IF_WORTH_IT)}


def _annealing_within(budget: Budget) -> Strategy:
    return lambda question: STRATEGIES["annealing"](replace(question, budget=budget))


def _any(question: Question, asked: Sequence[Strategy]) -> bool:
    """Whether one of these finds something."""
    return any(strategy(question) is not None for strategy in asked)


def _rank(found: Found) -> tuple[float, bool, float]:
    """Of values that are alike but for rounding, what is proved is told; then energy decides."""
    return float(f"{found.value:.9e}"), not found.optimal, float(found.cost.energy_pj)


def _best_so_far(progress: Progress) -> Progress:
    """Told of what one strategy has found, it tells of the best that any has."""
    best = inf

    def told(strategy: str, value: float, candidates: int) -> None:
        nonlocal best
        best = min(best, value)
        progress(strategy, best, candidates)

    return told


def _named(names: Sequence[str]) -> Mapping[str, Strategy]:
    for name in names:
        if name not in STRATEGIES:
            remedy = did_you_mean(name, STRATEGIES) or f"There are {', '.join(STRATEGIES)}"
            raise MapperError(f"there is no strategy {name!r}", remedy=remedy)
    return {name: STRATEGIES[name] for name in names}


def _is_worth_more(answers: Sequence[Found], question: Question) -> bool:
    """Whether there is something to fuse or nobody else to ask, and something to be won."""
    einsums = question.cascade.einsums
    is_open = len(einsums) > 1 or not is_asked(question)
    return is_open and all(found.gap > NEAR for found in answers)
