"""A part whose mapping is to be found: a search of its own at each point (`find:` in a study).

    find: latency                                      as `accelsim map --minimise latency`, which
                                                       asks the strategies that are usual
    find: {minimise: energy, strategies: [fused]}

optimal      whether the search showed that nothing in its space is better
gap          how far above what no mapping can beat, as a share of that
strategy     what found it

Even numbers that decide nothing about what can be mapped, bandwidths and energies, may decide which
mapping is best, or which of equally good ones is taken: points share no search, and what a row says
is what `find_mapping` says of its point alone. Workloads and machines are the same again only if
their addresses are, in another run or table.
"""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence

import numpy as np

from accelsim.arch.load import is_gpu
from accelsim.base.errors import AccelsimError, StudyError, did_you_mean
from accelsim.mapper.find import STRATEGIES, find_mapping
from accelsim.mapper.found import Found
from accelsim.mapper.objective import objective
from accelsim.mapping.at_point import arch_at, cascade_at
from accelsim.study.axes import Value
from accelsim.study.cases import below, case_at, texts
from accelsim.study.columns import SEARCH, gap
from accelsim.study.inputs import Inputs
from accelsim.study.points import Points
from accelsim.study.study import Find, Part
from accelsim.study.table import Column

Known = MutableMapping[tuple[object, ...], Found | AccelsimError]
"""What was found so far, or why nothing was."""


def refuse_strange_search(part: Part, fixed: Mapping[str, Value], inputs: Inputs) -> None:
    """A StudyError, or a MapperError, for what no point can be asked: an objective, a strategy."""
    assert part.find is not None
    if is_gpu(part.arch):
        fact = f"find: {part.arch} is a GPU, whose kernels no study searches"
        raise StudyError(fact, remedy="Ask `accelsim map`, or name a kernel as 'mapping'")
    for name in part.find.strategies:
        if name not in STRATEGIES:
            remedy = did_you_mean(name, STRATEGIES) or f"There are {', '.join(STRATEGIES)}"
            raise StudyError(f"find: there is no strategy {name!r}", remedy=remedy)
    arch = inputs.arch(part.arch, texts(below("arch", fixed)))
    objective(part.find.minimise, [memory.name for memory in arch.memories])


def searched(
    part: Part,
    points: Points,
    fixed: Mapping[str, Value],
    derive: Mapping[str, Value],
    inputs: Inputs,
    known: Known,
) -> tuple[Found, ...]:
    """What is found at each point; the first error of a point ends it, and is known from then."""
    assert part.find is not None
    rest = (part.workload, part.arch, part.find, tuple(derive.items()))
    found = []
    for number, address in enumerate(points.addresses.tolist()):
        key = (*rest, address)
        if key not in known:
            one = points.at(np.array([number]))
            known[key] = _found_or_error(part, part.find, one, fixed, derive, inputs)
        each = known[key]
        if isinstance(each, AccelsimError):
            raise each
        found.append(each)
    return tuple(found)


def _found_or_error(
    part: Part,
    find: Find,
    one: Points,
    fixed: Mapping[str, Value],
    derive: Mapping[str, Value],
    inputs: Inputs,
) -> Found | AccelsimError:
    try:
        case = case_at(part, one, fixed, derive, inputs)
        cascade, arch = cascade_at(case.cascade, 0), arch_at(case.arch, 0)
        found = find_mapping(cascade, arch, find.minimise, strategies=find.strategies or None)
    except AccelsimError as error:
        return error
    if found.is_cut_short:
        # The best so far is no answer here.
        raise KeyboardInterrupt
    return found


def search_columns(parts: Iterable[Sequence[Found]], number: int) -> dict[str, Column]:
    """`optimal`, `gap` and `strategy` of parts that run one after the other: all of them, the
    largest, and the names; nothing where no part was searched for."""
    searches: list[Sequence[Found]] = [found for found in parts if found]
    if not searches:
        return {name: gap(name, number) for name in SEARCH}
    each = list(zip(*searches, strict=True))
    names = [", ".join(dict.fromkeys(one.strategy for one in found)) for found in each]
    return {
        "optimal": np.array([all(one.optimal for one in found) for found in each]),
        "gap": np.array([max(one.gap for one in found) for found in each]),
        "strategy": np.array(names, dtype=object),
    }
