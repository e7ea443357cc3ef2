"""The strategy that asks nobody: the mapping made by rules, as a first answer to be beaten."""

from time import perf_counter

from accelsim.cost.evaluate import evaluate
from accelsim.mapper.found import Found, figures_of
from accelsim.mapper.obeying import broken
from accelsim.mapper.objective import value_of
from accelsim.mapper.question import Question
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check


def find(question: Question) -> Found | None:
    """One Einsum after the other; None if a memory is too small even for that, or a constraint is
    broken."""
    start = perf_counter()
    cascade, arch = question.cascade, question.arch
    mapping = automatic_mapping(cascade, arch)
    bound = bind(mapping, cascade, arch)
    if check(bound):
        return None
    cost = evaluate(cascade, arch, mapping)
    if broken(question.constraints, bound, cost):
        return None
    value = float(value_of(question.minimise, figures_of(cost)))
    is_cut_short = False
    try:
        question.progress("rules", value, 1)
    except KeyboardInterrupt:
        is_cut_short = True
    return Found(
        mapping=mapping,
        cost=cost,
        minimise=question.minimise,
        bound=question.bound,
        strategy="rules",
        space="the one mapping that the rules of `mapping.automatic` make",
        optimal=value <= float(value_of(question.minimise, question.bound)),
        candidates=1,
        pruned=0,
        seconds=perf_counter() - start,
        is_cut_short=is_cut_short,
    )
