"""find_front(cascade, arch, ["latency", "energy"]) → mappings of which none beats another in both.

Of a stated space every point is scored, so that its front is exact. Without one there are two
sources, and the answers of both that no other answer beats are the front:

    products    one objective alone, the other alone, and one^w · other^(1 - w) between them; with
                three or more the weights are those of a lattice that add up to 1. An answer that is
                `optimal` for a product of all objectives is on the true front of its space; alone,
                another may be as good in that objective and better in the others.
    NSGA-II     fills what lies between: `evolution`, from what annealing finds for each product

What lies between is found by chance: there may be more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from time import perf_counter

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MapperError
from accelsim.base.pareto import unbeaten
from accelsim.cost.evaluate import evaluate
from accelsim.mapper import annealing
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.deadline import Deadline
from accelsim.mapper.find import find_mapping, question_of
from accelsim.mapper.found import Found, figures_of
from accelsim.mapper.objective import Objective, powers_of, value_of
from accelsim.mapper.question import Budget, Progress, Question, quiet
from accelsim.mapper.stated.front import find_stated_front
from accelsim.mapper.stated.space import Space
from accelsim.mapper.tilewise.best import SPACE, Best, group_of
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.workload.einsum import Cascade

STEPS = 4
"""Products between two objectives, and one of them alone."""

SEEDING = Budget(candidates=10_000)
"""What annealing has to find a seed of the evolution, for each product."""


@dataclass(frozen=True)
class OnFront:
    """An answer with its values of the objectives, in their order."""

    found: Found
    values: tuple[float, ...]


def find_front(
    cascade: Cascade,
    arch: Spatial,
    minimise: Sequence[Objective],
    *,
    steps: int = STEPS,
    space: Space | None = None,
    constraints: Constraints | None = None,
    within_s: float = inf,
    progress: Progress = quiet,
) -> tuple[OnFront, ...]:
    """In the order of the first objective; arguments and errors are those of `find_mapping`.

    Interrupted after some search has answered, or when `within_s` seconds are over, it returns the
    front so far; who was interrupted finds it in `is_cut_short` of each. Products have equal shares
    of the time that is left, and NSGA-II one; the first that finds something may take half.
    """
    if len(set(minimise)) < 2:
        raise MapperError("a front needs two objectives", remedy="Write latency,energy")
    evenly = "*".join(_product(minimise, [1] * len(minimise)))
    kept = constraints or Constraints()
    deadline = Deadline(within_s)
    question = question_of(cascade, arch, evenly, kept, SEEDING, deadline.watching(progress))
    if space is not None:
        stated = find_stated_front(question, space, minimise)
        # Of an empty space this tells what is in the way.
        one = [] if stated else [find_mapping(cascade, arch, space=space, constraints=constraints)]
        return _front(stated or one, minimise, deadline)
    seen: list[Found] = []
    products = list(_products(minimise, steps))
    try:
        for left, product in zip(range(len(products), 0, -1), products, strict=True):
            if seen and (seen[-1].is_cut_short or deadline.is_over):
                break
            try:
                found = find_mapping(
                    cascade,
                    arch,
                    product,
                    constraints=constraints,
                    within_s=deadline.left_s / (left + 1 if seen else min(left, 2)),
                    progress=progress,
                )
            except MapperError as error:
                if within_s == inf or (left == 1 and not seen):
                    raise _of_all(error, cascade, within_s, deadline) from None
            else:
                seen.append(found)
        if not (seen[-1].is_cut_short or deadline.is_over):
            seen += _evolved(question, minimise, products)
    except KeyboardInterrupt:
        if not seen:
            raise
        seen = [found._replace(is_cut_short=True) for found in seen]
    return _front(seen, minimise, deadline)


def _of_all(
    error: MapperError, cascade: Cascade, within_s: float, deadline: Deadline
) -> MapperError:
    """What the last search says; where time was too short, it was that of all searches."""
    if not deadline.is_over:
        return error
    fact = f"no mapping of {cascade.name} was found within {within_s:g} s"
    return MapperError(fact, remedy="Give it more time")


def _evolved(
    question: Question, minimise: Sequence[Objective], products: Sequence[Objective]
) -> Iterator[Found]:
    """None if the cascade cannot be one fused step."""
    # pymoo, whose import takes a while, is there for fronts.
    from accelsim.mapper.evolution.evolve import evolved

    start, group = perf_counter(), group_of(question)
    if group is None:
        return
    bests = [Best(replace(question, minimise=product), "annealing") for product in products]
    for best in bests:
        annealing.anneal(group, best)
    seeds = [best.candidate for best in bests if best.candidate is not None]
    front = evolved(question, minimise, group, seeds)
    candidates = front.candidates + sum(best.candidates for best in bests)
    for mapping in front.mappings:
        if not check(bind(mapping, question.cascade, question.arch)):
            yield Found(
                mapping=mapping,
                cost=evaluate(question.cascade, question.arch, mapping),
                minimise=question.minimise,
                bound=question.bound,
                strategy="nsga2",
                space=SPACE,
                optimal=False,
                candidates=candidates,
                pruned=0,
                seconds=perf_counter() - start,
                is_cut_short=front.is_cut_short,
            )


def _front(
    seen: Sequence[Found], minimise: Sequence[Objective], deadline: Deadline
) -> tuple[OnFront, ...]:
    """Of several alike the first. Time that is over is no interruption."""
    is_cut_short = not deadline.has_rung and any(found.is_cut_short for found in seen)
    figures = [figures_of(found.cost) for found in seen]
    values = [tuple(float(value_of(name, each)) for name in minimise) for each in figures]
    is_unbeaten = unbeaten(np.array(values).reshape(-1, len(minimise)))
    kept: dict[tuple[float, ...], OnFront] = {}
    for found, value, is_kept in zip(seen, values, is_unbeaten, strict=True):
        if is_kept:
            kept.setdefault(value, OnFront(found._replace(is_cut_short=is_cut_short), value))
    return tuple(kept[value] for value in sorted(kept))


def _products(minimise: Sequence[Objective], steps: int) -> Iterator[Objective]:
    for weights in _weights(len(minimise), steps):
        yield "*".join(_product(minimise, [weight / steps for weight in weights]))


def _product(minimise: Sequence[Objective], weights: Sequence[float]) -> Iterator[str]:
    for name, weight in zip(minimise, weights, strict=True):
        if weight:
            yield from (f"{f}^{power * weight:.6f}" for f, power in powers_of(name).items())


def _weights(number: int, left: int) -> Iterator[tuple[int, ...]]:
    """Whole numbers that add up to `left`, the largest first."""
    if number == 1:
        yield (left,)
        return
    for first in range(left, -1, -1):
        for others in _weights(number - 1, left - first):
            yield (first, *others)
