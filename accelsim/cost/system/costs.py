"""The cost of an iteration on a plan: the one door.

costs = costs_of(plan_of(system, model, machines))
costs(Batch(sequences=64, keys=64 * 4096)).seconds
"""

from dataclasses import dataclass

from accelsim.cost.system.apart import iteration_apart
from accelsim.cost.system.buckets import Bucketed, Nodes
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
