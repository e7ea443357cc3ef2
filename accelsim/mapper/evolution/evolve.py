"""evolved(question, minimise, group, seeds) → mappings near the Pareto front, by NSGA-II.

    Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II",
    IEEE Trans. Evol. Comput. 6(2), 2002; by pymoo

pymoo selects (ranks of fronts, crowding distance, legality first); what is inherited and how it
changes are shapes and numbers of fused steps, those that annealing walks through. Objectives are
their logarithms, so that crowding means ratios. The same seed gives the same front.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.crossover import Crossover
from pymoo.core.duplicate import DuplicateElimination
from pymoo.core.mutation import Mutation
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from accelsim.mapper.evolution.variation import Variation, places_by_shape
from accelsim.mapper.fused.group import Group
from accelsim.mapper.objective import Objective, value_of
from accelsim.mapper.question import Question
from accelsim.mapper.tilewise.candidate import Candidate
from accelsim.mapper.tilewise.shape import Shape
from accelsim.mapping.mapping import Mapping

POPULATION = 96
GENERATIONS = 60

NEW_SHAPE = 0.1
"""Share of children whose shape changes, each of which costs a recording of the formulas."""

DRAWN = 16
"""Candidates that are drawn for a seed's shape."""

LEAST = 1e-300

DIGITS = 9
"""Of logarithms: what differs by less is worth the same."""

Column = NDArray[np.object_]
Doubles = NDArray[np.bool_]


class Evolved(NamedTuple):
    """The unbeaten of the last generation, legal by their numbers, and how many were seen;
    `is_cut_short`: interrupted."""

    mappings: list[Mapping]
    candidates: int
    is_cut_short: bool = False


def evolved(
    question: Question, minimise: Sequence[Objective], group: Group, seeds: Sequence[Candidate]
) -> Evolved:
    """Interrupted, it returns the front so far."""
    rng = np.random.default_rng(question.budget.seed)
    variation = Variation(group, question, rng)
    first = _first(variation, seeds)
    if not first:
        return Evolved([], 0)
    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=_column(first),
        crossover=_Crossing(variation),
        mutation=_Mutating(variation),
        survival=_Distinct(),
        eliminate_duplicates=_Once(),
    )
    mappings = _Mappings(variation, minimise)
    algorithm.setup(mappings, termination=("n_gen", GENERATIONS), seed=question.budget.seed)
    is_cut_short = False
    try:
        while algorithm.has_next():
            algorithm.next()
            question.progress("nsga2", mappings.least, mappings.candidates)
    except KeyboardInterrupt:
        if algorithm.opt is None:
            raise
        is_cut_short = True
    legal = [one.X[0] for one in algorithm.opt if one.FEAS[0]]
    found = [_mapping(variation, candidate) for candidate in legal]
    return Evolved(found, mappings.candidates, is_cut_short)


def _first(variation: Variation, seeds: Sequence[Candidate]) -> list[Candidate]:
    shapes: dict[Shape, None] = dict.fromkeys(seed.shape for seed in seeds)
    shapes |= dict.fromkeys((*variation.choices.firsts(), *variation.choices.randoms(2)))
    drawn = (candidate for shape in shapes for candidate in variation.drawn(shape, DRAWN))
    return list(dict.fromkeys((*seeds, *drawn)))


def _mapping(variation: Variation, candidate: Candidate) -> Mapping:
    return variation.scorer(candidate.shape).chosen(variation.columns([candidate]), 0)


def _column(candidates: Sequence[Candidate]) -> Column:
    column = np.empty((len(candidates), 1), dtype=object)
    column[:, 0] = candidates
    return column


class _Mappings(Problem):  # type: ignore[misc]
    """One variable, the candidate; what is not legal violates the one constraint."""

    def __init__(self, variation: Variation, minimise: Sequence[Objective]) -> None:
        super().__init__(n_var=1, n_obj=len(minimise), n_ieq_constr=1)
        self.variation, self.minimise = variation, minimise
        self.candidates, self.least = 0, np.inf

    def _evaluate(self, column: Column, out: dict[str, Any], *_: Any, **__: Any) -> None:
        candidates = list(column[:, 0])
        size = len(candidates)
        values, legal = np.ones((size, self.n_obj)), np.zeros(size, dtype=bool)
        for places in places_by_shape(candidates):
            same = [candidates[place] for place in places]
            figures, legal[places] = self.variation.scorer(same[0].shape).figures(
                self.variation.columns(same)
            )
            for objective, name in enumerate(self.minimise):
                values[places, objective] = value_of(name, figures)
        self.candidates += size
        # What is nothing, such as traffic that there is none of, has a logarithm too.
        out["F"] = np.where(legal[:, None], np.log(np.maximum(values, LEAST)), 0.0)
        out["G"] = np.where(legal, -1.0, 1.0)
        if legal.any():
            self.least = min(self.least, float(values[legal].prod(axis=1).min()))


class _Crossing(Crossover):  # type: ignore[misc]
    """Two children of two parents, each with the shape of one."""

    def __init__(self, variation: Variation) -> None:
        super().__init__(n_parents=2, n_offsprings=2)
        self.variation = variation

    def _do(self, _: Problem, parents: Column, *__: Any, **___: Any) -> Column:
        one, other = list(parents[0, :, 0]), list(parents[1, :, 0])
        crossed = self.variation.crossed
        return np.stack([_column(crossed(one, other)), _column(crossed(other, one))])


class _Mutating(Mutation):  # type: ignore[misc]
    def __init__(self, variation: Variation) -> None:
        super().__init__()
        self.variation = variation

    def _do(self, _: Problem, column: Column, *__: Any, **___: Any) -> Column:
        return _column(self.variation.mutated(list(column[:, 0]), NEW_SHAPE))


class _Distinct(RankAndCrowding):  # type: ignore[misc]
    """Of candidates that are worth the same one survives, so that they leave room for others."""

    def _do(
        self, problem: Problem, pop: Population, *_: Any, n_survive: int, **more: Any
    ) -> Population:
        worth: NDArray[np.float64] = np.round(pop.get("F"), DIGITS)
        distinct = pop[np.sort(np.unique(worth, axis=0, return_index=True)[1])]
        return super()._do(problem, distinct, n_survive=min(n_survive, len(distinct)), **more)


class _Once(DuplicateElimination):  # type: ignore[misc]
    """Nobody is there twice."""

    def _do(self, pop: Population, other: Population | None, is_double: Doubles) -> Doubles:
        known = set() if other is None else {one.X[0] for one in other}
        for place, one in enumerate(pop):
            is_double[place] |= one.X[0] in known
            known.add(one.X[0])
        return is_double
