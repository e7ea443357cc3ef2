"""What a search is asked: which cascade, on which machine, for what."""

from collections.abc import Callable
from dataclasses import dataclass

from accelsim.arch.spatial import Spatial
from accelsim.mapper.objective import Figures, Objective
from accelsim.workload.einsum import Cascade

Progress = Callable[[str, float, int], None]
"""Told now and then: by which strategy, the best value so far, and how many candidates it saw."""


def quiet(strategy: str, value: float, candidates: int) -> None:
    """For whoever does not want to know."""


@dataclass(frozen=True)
class Question:
    """`bound` is what no mapping at all can beat; a search may stop where it is reached."""

    cascade: Cascade
    arch: Spatial
    minimise: Objective
    bound: Figures
    progress: Progress
