"""find_mapping(cascade, arch) → the best mapping that any strategy finds, and how it was found.

A strategy takes a Question and answers with the best mapping of its own space, or with nothing if
its space has no mapping of this cascade on this machine. Of several answers the best is taken; the
candidates of all are counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from time import perf_counter

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MapperError, did_you_mean
from accelsim.mapper import annealing, rules, sampling
from accelsim.mapper.bound import least_figures
from accelsim.mapper.constraints import Constraints, refuse_strange, with_shares
from accelsim.mapper.exact import find as exact
from accelsim.mapper.found import Found
from accelsim.mapper.fused import find as fused
from accelsim.mapper.objective import objective
from accelsim.mapper.question import Budget, Progress, Question, quiet
from accelsim.mapper.stated import find as stated
from accelsim.mapper.stated.space import Space
from accelsim.mapping.spread import refuse_impossible
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade

Strategy = Callable[[Question], Found | None]

STRATEGIES: dict[str, Strategy] = {
    "rules": rules.find,
    "fused": fused.find,
    "exact": exact.find,
    "annealing": annealing.find,
    "sampling": sampling.find,
}

USUAL = ("rules", "fused", "annealing", "exact")
"""Asked in this order where none are named. What is found by chance goes before the exact search,
which then has to look only at what could be better."""

IF_WORTH_IT = ("annealing",)
"""Asked for several Einsums only, and if no answer is within `NEAR` of the bound by then."""

NEAR = 0.01

SHORT = Budget(candidates=50_000)
"""What these then have: a few seconds."""

OBEYING = ("exact",)
"""Those that keep to fixed loops and limits of traffic; shares of capacity all keep to."""

AT_BOUND = 1e-12
"""Nothing is better than a mapping within this share of the bound: no other strategy is asked."""


def find_mapping(
    cascade: Cascade,
    arch: Spatial,
    minimise: str = "latency",
    *,
    strategies: Sequence[str] | None = None,
    budget: Budget | None = None,
    space: Space | None = None,
    constraints: Constraints | None = None,
    progress: Progress = quiet,
) -> Found:
    """All ranks and numbers of the machine are plain numbers. With a `space`, the best of its
    points is found, and no strategy is asked. With `constraints` beyond shares of capacity only
    those strategies are asked that keep to them. Without names of `strategies` the usual ones are
    asked. The `budget` is for those with chance in them.

    Interrupted (KeyboardInterrupt) after some strategy has answered, it returns the best so far.

    Raises
    ------
    MapperError
        if there is no such objective or strategy, the constraints name what is not there, or no
        strategy has a mapping for this cascade and machine.
    MappingError
        if no array of the machine can do some Einsum.
    """
    start = perf_counter()
    cascade = budgeted(cascade)
    refuse_impossible(cascade, arch)
    wanted = objective(minimise, [memory.name for memory in arch.memories])
    constraints = constraints or Constraints()
    refuse_strange(constraints, cascade, arch)
    arch = with_shares(arch, constraints)
    bound = least_figures(cascade, arch)
    budget = budget or (SHORT if strategies is None else Budget())
    told = _best_so_far(progress)
    question = Question(cascade, arch, wanted, bound, told, constraints, budget)
    asked = [(name, STRATEGIES[name]) for name in _obeying(strategies or USUAL, question)]
    if space is not None:
        _refuse_beside_a_space(constraints)
        asked = [("stated", partial(stated.find, space=space))]
    answers: list[Found] = []
    try:
        for name, strategy in asked:
            is_optional = strategies is None and name in IF_WORTH_IT
            if is_optional and not _is_worth_more(answers, question):
                continue
            known = min((found.value for found in answers), default=inf)
            found = strategy(replace(question, known=known))
            answers += [] if found is None else [found]
            if found is not None and (found.gap <= AT_BOUND or found.is_cut_short):
                break
    except KeyboardInterrupt:
        if not answers:
            raise
    if not answers:
        fact = f"no mapping of {cascade.name} was found that fits this machine"
        remedy = "Give it larger memories, or take smaller ranks or fewer constraints"
        raise MapperError(fact, remedy=remedy)
    return replace(
        min(answers, key=_rank),
        candidates=sum(found.candidates for found in answers),
        pruned=sum(found.pruned for found in answers),
        seconds=perf_counter() - start,
    )


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


def _obeying(names: Sequence[str], question: Question) -> list[str]:
    """Those that keep to the constraints, in order."""
    for name in names:
        if name not in STRATEGIES:
            remedy = did_you_mean(name, STRATEGIES) or f"There are {', '.join(STRATEGIES)}"
            raise MapperError(f"there is no strategy {name!r}", remedy=remedy)
    if question.constraints.is_of_room_only:
        return list(names)
    obeying = [name for name in names if name in OBEYING]
    if not obeying:
        fact = f"{' and '.join(names)} cannot keep to loops and traffic that constraints fix"
        raise MapperError(fact, remedy=f"Ask {' or '.join(OBEYING)}")
    return obeying


def _is_worth_more(answers: Sequence[Found], question: Question) -> bool:
    """Whether there is something to fuse, and something to be won.

    Conditions make every candidate cost a count of its tiles: then only who asks for it waits.
    """
    einsums = question.cascade.einsums
    is_quick = len(einsums) > 1 and not any(einsum.conditions for einsum in einsums)
    is_free = question.constraints.is_of_room_only
    return is_quick and is_free and all(found.gap > NEAR for found in answers)


def _refuse_beside_a_space(constraints: Constraints) -> None:
    if not constraints.is_of_room_only:
        fact = "a space states its own loops; constraints beside it may be shares of capacity"
        raise MapperError(
            fact, remedy="Leave out 'loops' and 'traffic', or write them in the space"
        )
