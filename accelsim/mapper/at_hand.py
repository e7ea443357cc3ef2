"""Mappings that are at hand without a search, judged as one answer."""

from collections.abc import Iterator, Sequence
from time import perf_counter

from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapper.found import Found, figures_of
from accelsim.mapper.obeying import broken
from accelsim.mapper.objective import value_of
from accelsim.mapper.question import Question
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.mapping import Mapping


def best_of(
    offered: Sequence[Mapping], question: Question, strategy: str, space: str
) -> Found | None:
    """The best of those that are legal and keep to the constraints; None if none does. Each names
    only what the workload and the machine have."""
    start = perf_counter()
    judged = list(_judged(offered, question))
    if not judged:
        return None
    mapping, cost = min(judged, key=lambda each: _value(each[1], question))
    value, is_cut_short = _value(cost, question), False
    try:
        question.progress(strategy, value, len(offered))
    except KeyboardInterrupt:
        is_cut_short = True
    return Found(
        mapping=mapping,
        cost=cost,
        minimise=question.minimise,
        bound=question.bound,
        strategy=strategy,
        space=space,
        optimal=value <= float(value_of(question.minimise, question.bound)),
        candidates=len(offered),
        pruned=0,
        seconds=perf_counter() - start,
        is_cut_short=is_cut_short,
    )


def _judged(offered: Sequence[Mapping], question: Question) -> Iterator[tuple[Mapping, Cost]]:
    cascade, arch = question.cascade, question.arch
    for mapping in offered:
        bound = bind(mapping, cascade, arch)
        if check(bound):
            continue
        cost = evaluate(cascade, arch, mapping)
        if not broken(question.constraints, bound, cost):
            yield mapping, cost


def _value(cost: Cost, question: Question) -> float:
    return float(value_of(question.minimise, figures_of(cost)))
