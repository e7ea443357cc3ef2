"""The cost of an iteration on a plan: the one door.

costs = costs_of(plan_of(system, model, machines))
costs(Batch(sequences=64, keys=64 * 4096)).seconds
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from accelsim.cost.system.apart import iteration_apart
from accelsim.cost.system.buckets import Bucketed, Exact, Nodes
from accelsim.cost.system.efforts import Efforts, efforts_of
from accelsim.cost.system.iteration import Batch, Iteration
from accelsim.cost.system.plan import Plan
from accelsim.cost.system.together import iteration_together


@dataclass(frozen=True)
class Costs:
    efforts: Efforts

    @property
    def plan(self) -> Plan:
        return self.efforts.plan

    def __call__(self, batch: Batch) -> Iteration:
        """Of one engine."""
        if self.plan.is_offloaded:
            return iteration_apart(self.efforts, batch)
        return iteration_together(self.efforts, batch)


def costs_of(plan: Plan, nodes: Nodes | None = None) -> Costs:
    """Bucketed unless nodes are given; `Exact()` asks for every size anew."""
    return Costs(efforts_of(plan, Bucketed() if nodes is None else nodes))


class InterpolationError(NamedTuple):
    """By what share the seconds of iterations are off, either way, and where most."""

    mean: float
    largest: float
    worst: Batch


def interpolation_error(costs: Costs, batches: Iterable[Batch]) -> InterpolationError:
    """Of costs between nodes, against those asked for at every size of these batches:

        | seconds / exact seconds - 1 |

    What both share cancels out: a mean number of keys stands for those of all sequences in both.

    Raises
    ------
    ValueError
        of no batches.
    """
    exact = costs_of(costs.plan, Exact())
    errors = [(abs(costs(batch).seconds / exact(batch).seconds - 1), batch) for batch in batches]
    if not errors:
        raise ValueError("of no batches there is no error")
    largest, worst = max(errors, key=lambda error: error[0])
    return InterpolationError(sum(error for error, _ in errors) / len(errors), largest, worst)
