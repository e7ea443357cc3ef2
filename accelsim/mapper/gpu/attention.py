"""Best-first search of all attention kernels of the space (`space.py`) for a call.

    builds     what their steps' cycles of the pipes and their bytes take at least, however dealt
    designs    what their blocks take at least (`cost/gpu/attention_least.py`)
    cost       the model's own (`cost/gpu/attention.py`, `stream_k.py`, `composed.py`)

Whoever may take least is looked at next: a build gives way to its designs, and a design to its
cost. When the cheapest that is known costs no more than all others may, it is the optimum: what was
not looked at is counted as pruned.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import count, product

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.attention import AttentionWork
from accelsim.cost.gpu.attention_least import LeastAttention
from accelsim.cost.gpu.call import bound_works
from accelsim.cost.gpu.composed import Alone, actions_of, alone, between_s
from accelsim.cost.gpu.power import energy_j, least_burst_clock_hz
from accelsim.cost.gpu.tile import StepCycles
from accelsim.cost.gpu.work import Work
from accelsim.mapper.gpu.design import Build, Design
from accelsim.mapper.gpu.kernel import bound
from accelsim.mapper.gpu.space import builds, comes_in_time, designs, folds
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapper.question import Progress
from accelsim.workload.calls import Sdpa

STRATEGY = "best first"


@dataclass(frozen=True)
class Best:
    """`value` is what was minimised; `is_all` if every other design was seen or pruned."""

    design: Design
    value: float
    candidates: int
    pruned: int
    is_all: bool


@dataclass(frozen=True)
class Candidates:
    """All builds for a call, with heads as rows or not, and what is to be minimised of them."""

    call: Sdpa
    gpu: Gpu
    minimise: Objective

    @cached_property
    def builds(self) -> tuple[tuple[Build, bool], ...]:
        """Those whose tiles come in time."""
        return tuple(self._least_of_builds)

    def designs(self, build: Build, fold: bool) -> Iterator[Design]:
        return designs(build, self.call, fold)

    @cached_property
    def number(self) -> int:
        return sum(1 for each in self.builds for _ in self.designs(*each))

    def least_of_build(self, build: Build, fold: bool) -> float:
        """No more than the value of any of its designs."""
        return self._least_of_builds[build, fold]

    @cached_property
    def _least_of_builds(self) -> dict[tuple[Build, bool], float]:
        found = {}
        for build, fold in product(builds(self.call, self.gpu), self._folds):
            work = self._work(Design(build, "plain", fold, 1))
            if comes_in_time(build, work):
                seconds = work.pipe_seconds() + float(self.gpu.launch.floor_s)
                found[build, fold] = self._least_value((work,), seconds)
        return found

    def least(self, design: Design) -> float:
        """No more than its value."""
        works = self.works(design)
        first, *others = works
        clock_hz = float(self.gpu.clock_hz)
        if design.order == "stream_k":
            seconds = first.times(clock_hz, True).seconds
        else:
            seconds = self._work(design).least_seconds()
        seconds += sum(work.times(clock_hz, True).seconds for work in others)
        return self._least_value(works, seconds + between_s(works, self.gpu))

    def value(self, design: Design) -> float:
        found = alone(self.works(design), self.gpu)
        return float(value_of(self.minimise, figures(found, self.gpu)))

    def works(self, design: Design) -> tuple[Work, ...]:
        first, *others = bound_works(bound(design, self.call, self.gpu), self.gpu)
        assert isinstance(first, AttentionWork)
        return (replace(first, step_known=self._step(first, design.build)), *others)

    @cached_property
    def _steps(self) -> dict[Build, StepCycles]:
        return {}

    def _step(self, work: AttentionWork, build: Build) -> StepCycles:
        """However its blocks are dealt."""
        if build not in self._steps:
            self._steps[build] = work.step
        return self._steps[build]

    @cached_property
    def _folds(self) -> tuple[bool, ...]:
        return folds(self.call)

    def _work(self, design: Design) -> LeastAttention:
        work = LeastAttention(bound(design, self.call, self.gpu), self.gpu)
        return replace(work, step_known=self._step(work, design.build))

    def _least_value(self, works: tuple[Work, ...], seconds: float) -> float:
        """At no higher a clock than it will have, and no longer than it takes."""
        if self.minimise == "latency":
            return seconds
        actions = actions_of(works, cold=True)
        clock_hz = least_burst_clock_hz(self.gpu, actions, seconds)
        least = Alone(seconds, clock_hz, actions)
        return float(value_of(self.minimise, figures(least, self.gpu)))


def figures(one: Alone, gpu: Gpu) -> Figures:
    joules = energy_j(gpu, one.actions, one.seconds, one.clock_hz)
    return Figures(one.seconds, joules * 1e12, 0.0)


Waiting = tuple[float, int, tuple[Build, bool] | Design]
"""The least that it may cost, its turn, and what it is."""


def best(candidates: Candidates, progress: Progress) -> Best | None:
    """None if no SM has room for any. Interrupted, it gives the best so far."""
    is_all = False
    turns = count()
    waiting: list[Waiting] = [
        (candidates.least_of_build(*each), next(turns), each) for each in candidates.builds
    ]
    heapify(waiting)
    found: Best | None = None
    seen = 0
    try:
        while waiting and (found is None or waiting[0][0] < found.value):
            _, _, each = heappop(waiting)
            if not isinstance(each, Design):
                for design in candidates.designs(*each):
                    heappush(waiting, (candidates.least(design), next(turns), design))
                continue
            value, seen = candidates.value(each), seen + 1
            if found is None or value < found.value:
                found = Best(each, value, seen, 0, False)
            progress(STRATEGY, found.value, seen)
        is_all = True
    except KeyboardInterrupt:
        if found is None:
            raise
    if found is None:
        return None
    pruned = candidates.number - seen if is_all else 0
    return replace(found, candidates=seen, pruned=pruned, is_all=is_all)
