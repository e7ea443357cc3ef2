"""What a search of kernels returns: the best ones, what they cost, and what is proved of them."""

from dataclasses import dataclass

from accelsim.cost.gpu.cascade import GpuCost
from accelsim.mapper.found import figures_of
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapping.gpu_mapping import GpuMapping


@dataclass(frozen=True)
class Answer:
    """Of one space. `text` says how the kernels are built, a line each; the other words are those
    of `mapper.found.Found`."""

    mapping: GpuMapping
    cost: GpuCost
    strategy: str
    space: str
    optimal: bool
    candidates: int
    pruned: int
    text: str
    is_cut_short: bool = False

    def value(self, minimise: Objective) -> float:
        return float(value_of(minimise, figures_of(self.cost)))


@dataclass(frozen=True)
class GpuFound:
    """An answer, beside a bound that no kernels can beat."""

    answer: Answer
    minimise: Objective
    bound: Figures
    seconds: float

    @property
    def value(self) -> float:
        return self.answer.value(self.minimise)

    @property
    def gap(self) -> float:
        """How far above the bound it is, as a share of the bound."""
        least = float(value_of(self.minimise, self.bound))
        return self.value / least - 1 if least else 0.0
