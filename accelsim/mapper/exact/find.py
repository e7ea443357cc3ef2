"""The strategy `exact`: the best of all mappings that run one Einsum after the other.

For latency and energy it is the best of the cascade's `steps`. Of products of both the minimum over
sums of steps is a corner of their convex hull (products are quasi-concave), and every corner is
the best of some weighted sum of energy and latency: the corners are found from the two ends, each
as the farthest below the line through two others, as long as it may have a smaller product.
"""

from collections.abc import Iterator, Sequence
from math import inf
from time import perf_counter

from accelsim.arch.spatial import area_um2
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapper.exact.asked import is_asked
from accelsim.mapper.exact.branch import Choice
from accelsim.mapper.exact.nests import nest_of, step_of
from accelsim.mapper.exact.space import SENTENCE
from accelsim.mapper.exact.steps import Steps, Total
from accelsim.mapper.exact.tables import Weights
from accelsim.mapper.exact.within import within_limits
from accelsim.mapper.found import Found
from accelsim.mapper.obeying import broken
from accelsim.mapper.objective import Figures, powers_of, value_of
from accelsim.mapper.question import Question
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.mapping import Mapping as LoopMapping
from accelsim.workload.einsum import Cascade

ENERGY, CYCLES = Weights(1.0, 0.0), Weights(0.0, 1.0)

AS_FAR = 1e-9
"""A corner of a hull lies beyond its neighbours' line by more than this share."""


def find(question: Question) -> Found | None:
    """None if an Einsum is not a plain one (`is_plain`), traffic is asked for, nothing fits,
    nothing is as good as what is known, or keeps to limits of the cascade's whole traffic."""
    start = perf_counter()
    if not is_asked(question):
        return None
    steps = Steps(question)
    totals = _totals(steps, question)
    if not totals:
        return None
    ranked = sorted(totals, key=lambda total: _value(total, question))
    is_best = all(_is_least(total, steps) for total in totals)
    kept = next(_kept(ranked, steps, question), None)
    if kept is None and question.constraints.traffic_bytes:
        kept = within_limits(
            ranked[0], steps, question, lambda total: next(_kept([total], steps, question), None)
        )
    if kept is None:
        return None
    best, mapping, cost = kept
    is_as_good = _value(best, question) <= _value(ranked[0], question) * (1 + AS_FAR)
    return Found(
        mapping=mapping,
        cost=cost,
        minimise=question.minimise,
        bound=question.bound,
        strategy="exact",
        space=_space(question),
        optimal=is_best and is_as_good,
        candidates=steps.seen,
        pruned=steps.pruned,
        seconds=perf_counter() - start,
        is_cut_short=steps.is_hurried,
    )


def _kept(
    ranked: Sequence[Total], steps: Steps, question: Question
) -> Iterator[tuple[Total, LoopMapping, Cost]]:
    """Those that are legal and keep to the constraints as a whole; each Einsum does by itself."""
    cascade, arch = question.cascade, question.arch
    for total in ranked:
        thrifty = [steps.thriftier(each) for each in total.choices]
        for choices in (thrifty, total.choices):
            mapping = _mapping(choices, cascade)
            bound = bind(mapping, cascade, arch)
            if check(bound):
                continue
            cost = evaluate(cascade, arch, mapping)
            if not broken(question.constraints, bound, cost):
                yield total, mapping, cost


def _space(question: Question) -> str:
    """With what several memories on chip, or constraints, leave out beside themselves."""
    shared = [memory for memory in question.arch.memories if memory.per is None]
    if any(fixed.memories for fixed in question.constraints.loops.values()):
        return f"{SENTENCE}; Einsums with fixed loops in memories hand over in the outermost one"
    if len(question.cascade.einsums) > 1 and len(shared) > 2:
        return f"{SENTENCE}; beside a whole intermediate nothing is kept in memories above its own"
    return SENTENCE


def _totals(steps: Steps, question: Question) -> list[Total]:
    """Among these is the best, if each is the best of its weights."""
    powers = powers_of(question.minimise)
    if not {"latency", "energy"} <= set(powers):
        weights = ENERGY if "energy" in powers else CYCLES
        total = steps.best(weights, _below(weights, question))
        return [total] if total else []
    fast, thrifty = steps.best(CYCLES), steps.best(ENERGY)
    if fast is None or thrifty is None:
        return []
    corners, sides = [fast, thrifty], [(fast, thrifty)]
    while sides:
        side = sides.pop()
        promises = _promises(*side, corners, question)
        corner = _beyond(*side, steps) if promises else None
        if corner is not None:
            corners.append(corner)
            sides += [(side[0], corner), (corner, side[1])]
    return corners


def _is_least(total: Total, steps: Steps) -> bool:
    return min(total.bound, steps.given_up) >= total.value * (1 - AS_FAR)


def _below(weights: Weights, question: Question) -> float:
    """What others have found, as weighed, and a little more, so that its equal is proved; where
    the value is another power or has the area in it, there is no such number."""
    if dict(powers_of(question.minimise)) not in ({"energy": 1}, {"latency": 1}):
        return inf
    known = question.known * (1 + AS_FAR)
    return known if weights is ENERGY else known * question.arch.clock_hz


def _promises(fast: Total, thrifty: Total, corners: list[Total], question: Question) -> bool:
    """Whether a corner between two others may have a smaller product than all known."""
    least = min(_value(corner, question) for corner in corners)
    ideal = Figures(fast.latency_s, thrifty.energy_pj, float(area_um2(question.arch)))
    return float(value_of(question.minimise, ideal)) < least * (1 - AS_FAR)


def _beyond(fast: Total, thrifty: Total, steps: Steps) -> Total | None:
    """The corner of the hull farthest below the line through two of its corners."""
    saved, slower = fast.energy_pj - thrifty.energy_pj, thrifty.latency_s - fast.latency_s
    clock_hz = steps.question.arch.clock_hz
    total = steps.best(Weights(slower * clock_hz, saved))
    line = (slower * fast.energy_pj + saved * fast.latency_s) * clock_hz
    return total if total and total.value < line * (1 - AS_FAR) else None


def _value(total: Total, question: Question) -> float:
    area = float(area_um2(question.arch))
    figures = Figures(total.latency_s, total.energy_pj, area)
    return float(value_of(question.minimise, figures))


def _mapping(choices: Sequence[Choice], cascade: Cascade) -> LoopMapping:
    return LoopMapping(
        about="Found by branch and bound: one Einsum after the other.",
        source="accelsim.mapper.exact.find",
        workload=(cascade.name,),
        nests=tuple(nest_of(each.space, each.root, each.factors) for each in choices),
        schedule=tuple(step_of(each.space, each.root.drains) for each in choices),
    )
