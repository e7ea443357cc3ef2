"""What a search is asked: which cascade, on which machine, for what."""

from collections.abc import Callable
from dataclasses import dataclass, field

from accelsim.arch.spatial import Spatial
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.objective import Figures, Objective
from accelsim.workload.einsum import Cascade

Progress = Callable[[str, float, int], None]
"""Told now and then: by which strategy, the best value so far, and how many candidates it saw."""


def quiet(strategy: str, value: float, candidates: int) -> None:
    """For whoever does not want to know."""


@dataclass(frozen=True)
class Question:
    """`bound` is what no mapping at all can beat; a search may stop where it is reached.

    Of the `constraints`, shares of capacity are in `arch` already.
    """

    cascade: Cascade
    arch: Spatial
    minimise: Objective
    bound: Figures
    progress: Progress
    constraints: Constraints = field(default_factory=Constraints)
