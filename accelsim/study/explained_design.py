"""Why a workload takes as long as it does on a spatial array: the model asked again.

What would help, and where the runner-up would bind, is found by evaluating the design with numbers
changed, all changes in one evaluation. The mapping stays the same (one that chooses among
alternatives chooses anew).
"""

from collections.abc import Mapping as ByPath
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelsim.cost import why
from accelsim.cost.evaluate import evaluate
from accelsim.cost.explanation import (
    WORTH_NAMING,
    Explanation,
    Help,
    RunnerUp,
    ranked,
    sentence,
    times,
)
from accelsim.cost.result import Cost
from accelsim.study.design import Design
from accelsim.study.quantities import Quantity
from accelsim.study.table import Column
from accelsim.workload.budget import budgeted

FARTHEST = 4096.0
"""The largest factor by which a resource is made scarcer or faster to find who binds next."""
POINTS = 65
ROUNDS = 2
CHANGES_NOTHING = 1.005


def explained_design(design: Design, of: str) -> Explanation:
    """Of a workload on a spatial array under a mapping, all plain numbers."""
    cost = evaluate(design.cascade, design.arch, design.alternative())
    bound = str(cost.bound)
    known = design.numbers()
    helps = _helps(design, known)
    runner_up = _runner_up(design, known, cost, bound)
    on = why.busiest_array(cost) if bound == why.COMPUTE else bound
    text = _bound_text(cost, bound, on)
    return Explanation(
        of=of,
        latency_s=float(cost.latency_s),
        bound=bound,
        bound_on=on,
        bound_text=text,
        runner_up=runner_up,
        rows=why.rows(cost, budgeted(design.cascade), design.arch),
        helps=helps,
        sentence=sentence(text, helps, runner_up, _idle(helps)),
    )


def _bound_text(cost: Cost, bound: str, on: str) -> str:
    if bound == why.COMPUTE:
        return f"compute-bound on {on} ({float(cost.utilization[on].in_use):.0%} busy)"
    share = float(cost.cycles_by_resource[bound] / cost.cycles)
    return f"{bound}-bound ({share:.0%} of the time its bandwidth is taken)"


def _idle(helps: tuple[Help, ...]) -> str:
    """The memories of which more bandwidth changes nothing, as words."""
    start, end = "memories.", ".bandwidth"
    own = [each for each in helps if each.path.startswith(start) and each.path.endswith(end)]
    names = [each.path[len(start) : -len(end)] for each in own if each.gain < CHANGES_NOTHING]
    return f"{' or '.join(names)} bandwidth" if names else ""


Known = ByPath[str, Quantity]


def _helps(design: Design, known: Known) -> tuple[Help, ...]:
    """Every lever by itself, in one evaluation."""
    levers = {path: by for path, by in why.levers(design.arch).items() if path in known}
    points = 1 + len(levers)
    columns = {}
    for place, (path, factor) in enumerate(levers.items(), start=1):
        own = known[path].value
        moved = np.full(points, own, dtype=type(own))
        moved[place] = own * factor
        columns[path] = moved
    seconds = _columns(design, known, columns, points)["latency_s"]
    found = [
        Help(path, factor, float(seconds[0] / seconds[place]))
        for place, (path, factor) in enumerate(levers.items(), start=1)
    ]
    return ranked(each for each in found if _is_possible(design, known, each))


def _is_possible(design: Design, known: Known, each: Help) -> bool:
    """Of a number that decides what fits, and that would help: whether the mapping fits it."""
    if each.gain < WORTH_NAMING or each.path.endswith((".bandwidth", "clock")):
        return True
    value = known[each.path].value
    return not design.at({each.path: type(value)(value * each.factor)}).violations()


def _columns(
    design: Design, known: Known, columns: ByPath[str, Any], points: int
) -> dict[str, Column]:
    moved = design.at(columns, {path: known[path].unit for path in columns})
    return moved.columns(lambda cost: {"latency_s": cost.latency_s, "bound": cost.bound}, points)


def _runner_up(design: Design, known: Known, cost: Cost, bound: str) -> RunnerUp | None:
    """The resource that needs second longest, and where it would bind: with less of its own
    bandwidth, or, of the arrays, with more of the bandwidth of the memory that binds."""
    needs = {name: float(cycles) for name, cycles in cost.cycles_by_resource.items()}
    others = [name for name in needs if name != bound and needs[name] > 0]
    if not others:
        return None
    second = max(others, key=lambda name: needs[name])
    share = needs[second] / needs[bound]
    memory = bound if second == why.COMPUTE else second
    of = f"memories.{memory}.bandwidth"
    values = _Scaled(design, known, of)
    at = values.binds_at(bound, FARTHEST if second == why.COMPUTE else 1 / FARTHEST)
    if at is None:
        return RunnerUp(second, share, of, None, f"next: {second}, {share:.0%} as long")
    its = f"{memory}'s" if second == why.COMPUTE else "its"
    text = f"{second} would bind at {times(at)} {its} bandwidth"
    return RunnerUp(second, share, of, at, text)


@dataclass(frozen=True)
class _Scaled:
    """A bandwidth of a design, by factors."""

    design: Design
    known: Known
    path: str

    def binds_at(self, bound: str, far: float) -> float | None:
        """The factor nearest to 1, on the way to `far`, at which something else binds: from grids
        within grids."""
        own, near = float(self.known[self.path].value), 1.0
        for _ in range(ROUNDS):
            factors = np.geomspace(near, far, POINTS)
            columns = {self.path: own * factors}
            found = _columns(self.design, self.known, columns, POINTS)["bound"]
            unlike = np.flatnonzero(found != bound)
            if not len(unlike):
                return None
            first = int(unlike[0])
            near, far = float(factors[max(0, first - 1)]), float(factors[first])
        return far
