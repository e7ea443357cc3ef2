"""find_mapping(cascade, arch) → the best mapping that any strategy finds, and how it was found.

A strategy takes a Question and answers with the best mapping of its own space, or with nothing if
its space has no mapping of this cascade on this machine. Of several answers the best is taken; the
candidates of all are counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MapperError
from accelsim.mapper import rules
from accelsim.mapper.bound import least_figures
from accelsim.mapper.constraints import Constraints, refuse_strange, with_shares
from accelsim.mapper.exact import find as exact
from accelsim.mapper.found import Found
from accelsim.mapper.fused import find as fused
from accelsim.mapper.objective import objective
from accelsim.mapper.question import Progress, Question, quiet
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
}
"""In the order in which they are tried: a later one may start from what is known by then."""

OBEYING = ("exact",)
"""Those that keep to fixed loops and limits of traffic; shares of capacity all keep to."""

AT_BOUND = 1e-12
"""Nothing is better than a mapping within this share of the bound: no other strategy is asked."""


def find_mapping(
    cascade: Cascade,
    arch: Spatial,
    minimise: str = "latency",
    *,
    strategies: Sequence[str] = tuple(STRATEGIES),
    space: Space | None = None,
    constraints: Constraints | None = None,
    progress: Progress = quiet,
) -> Found:
    """All ranks and numbers of the machine are plain numbers. With a `space`, the best of its
    points is found, and no strategy is asked. With `constraints` beyond shares of capacity only
    those strategies are asked that keep to them.

    Interrupted (KeyboardInterrupt) after some strategy has answered, it returns the best so far.

    Raises
    ------
    MapperError
        if there is no such objective, the constraints name what is not there, or no strategy has a
        mapping for this cascade and machine.
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
    question = Question(cascade, arch, wanted, bound, progress, constraints)
    names = [name for name in strategies if constraints.is_of_room_only or name in OBEYING]
    asked = [STRATEGIES[name] for name in names]
    if space is not None:
        _refuse_beside_a_space(constraints)
        asked = [partial(stated.find, space=space)]
    answers: list[Found] = []
    try:
        for strategy in asked:
            found = strategy(question)
            answers += [] if found is None else [found]
            if found is not None and found.gap <= AT_BOUND:
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


def _refuse_beside_a_space(constraints: Constraints) -> None:
    if not constraints.is_of_room_only:
        fact = "a space states its own loops; constraints beside it may be shares of capacity"
        raise MapperError(
            fact, remedy="Leave out 'loops' and 'traffic', or write them in the space"
        )
