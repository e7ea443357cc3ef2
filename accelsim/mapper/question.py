"""What a search is asked: which cascade, on which machine, for what."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from accelsim.arch.spatial import Spatial
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.objective import Figures, Objective
from accelsim.workload.einsum import Cascade

Progress = Callable[[str, float, int], None]
"""Told now and then: by which strategy, the best value so far, and how many candidates it saw."""


def quiet(strategy: str, value: float, candidates: int) -> None:
    """For whoever does not want to know."""


class Budget(NamedTuple):
    """How long strategies with chance in them search: so many candidates, or s if that is sooner.

    The same `seed` and number of candidates give the same answer.
    """

    seed: int = 0
    candidates: float = 200_000
    seconds: float = inf


@dataclass(frozen=True)
class Question:
    """`bound` is what no mapping at all can beat; a search may stop where it is reached.

    Of the `constraints`, shares of capacity are in `arch` already. `known` is the best value of
    other strategies so far: one that proves that its space has nothing below may answer nothing.
    """

    cascade: Cascade
    arch: Spatial
    minimise: Objective
    bound: Figures
    progress: Progress
    constraints: Constraints = field(default_factory=Constraints)
    budget: Budget = field(default_factory=Budget)
    known: float = inf
