"""find_mapping(cascade, arch) → the best mapping that any strategy finds, and how it was found.

A strategy takes a Question and answers with the best mapping of its own space, or with nothing if
its space has no mapping of this cascade on this machine. Of several answers the best is taken; the
candidates of all are counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MapperError
from accelsim.mapper import exact, rules
from accelsim.mapper.bound import least_figures
from accelsim.mapper.found import Found
from accelsim.mapper.objective import objective
from accelsim.mapper.question import Progress, Question, quiet
from accelsim.mapping.spread import refuse_impossible
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade

Strategy = Callable[[Question], Found | None]

STRATEGIES: dict[str, Strategy] = {"rules": rules.find, "exact": exact.find}
"""In the order in which they are tried: a later one may start from what is known by then."""


def find_mapping(
    cascade: Cascade,
    arch: Spatial,
    minimise: str = "latency",
    *,
    strategies: Sequence[str] = tuple(STRATEGIES),
    progress: Progress = quiet,
) -> Found:
    """All ranks and numbers of the machine are plain numbers.

    Interrupted (KeyboardInterrupt) after some strategy has answered, it returns the best so far.

    Raises
    ------
    MapperError
        if there is no such objective, or no strategy has a mapping for this cascade and machine.
    MappingError
        if no array of the machine can do some Einsum.
    """
    start = perf_counter()
    cascade = budgeted(cascade)
    refuse_impossible(cascade, arch)
    question = Question(cascade, arch, objective(minimise), least_figures(cascade, arch), progress)
    answers: list[Found] = []
    try:
        for name in strategies:
            found = STRATEGIES[name](question)
            answers += [] if found is None else [found]
    except KeyboardInterrupt:
        if not answers:
            raise
    if not answers:
        fact = f"no mapping of {cascade.name} was found that fits this machine"
        raise MapperError(fact, remedy="Give it larger memories, or take smaller ranks")
    return replace(
        min(answers, key=lambda found: found.value),
        candidates=sum(found.candidates for found in answers),
        pruned=sum(found.pruned for found in answers),
        seconds=perf_counter() - start,
    )
