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
from itertools import count

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.attention_least import LeastAttention
from accelsim.cost.gpu.call import bound_works
from accelsim.cost.gpu.composed import Composed, actions_of, between_s, composed
from accelsim.cost.gpu.power import energy_j
from accelsim.cost.gpu.work import Work
from accelsim.mapper.gpu.design import Build, Design
from accelsim.mapper.gpu.kernel import bound
from accelsim.mapper.gpu.space import builds, comes_in_time, designs, folds
from accelsim.mapper.objective import Figures, Objective, value_of
from accelsim.mapper.question import Progress
from accelsim.workload.calls import Sdpa

STRATEGY = "best first"
EVERY = 50
"""Candidates between reports."""


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
        found = ((build, fold) for build in builds(self.call, self.gpu) for fold in self._folds)
        return tuple(each for each in found if self._comes_in_time(*each))

    def designs(self, build: Build, fold: bool) -> Iterator[Design]:
        return designs(build, self.call, fold)

    @cached_property
    def number(self) -> int:
        return sum(1 for each in self.builds for _ in self.designs(*each))

    def least_of_build(self, build: Build, fold: bool) -> float:
        """No more than the value of any of its designs."""
        work = self._work(Design(build, "plain", fold, 1))
        seconds = work.pipe_seconds() + float(self.gpu.launch.floor_s)
        return self._least_value((work,), seconds)

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
        return float(
            value_of(self.minimise, figures(composed(self.works(design), self.gpu), self.gpu))
        )

    def works(self, design: Design) -> tuple[Work, ...]:
        return bound_works(bound(design, self.call, self.gpu), self.gpu)

    @cached_property
    def _folds(self) -> tuple[bool, ...]:
        return folds(self.call)

    def _comes_in_time(self, build: Build, fold: bool) -> bool:
        return comes_in_time(build, self._work(Design(build, "plain", fold, 1)))

    def _work(self, design: Design) -> LeastAttention:
        return LeastAttention(bound(design, self.call, self.gpu), self.gpu)

    def _least_value(self, works: tuple[Work, ...], seconds: float) -> float:
        """At the lowest voltage, with the board's constant power alone."""
        power = self.gpu.power
        picojoules = float(power.constant_w) * seconds * 1e12
        if self.minimise != "latency":
            for name, times in actions_of(works, cold=True).items():
                squared = 1.0 if name == "HBM" else float(power.voltage_floor) ** 2
                picojoules += times * power.energy_pj(name) * squared
        return float(value_of(self.minimise, Figures(seconds, picojoules, 0.0)))


def figures(whole: Composed, gpu: Gpu) -> Figures:
    """Of a call alone, with cold caches."""
    joules = energy_j(gpu, whole.cold_actions, whole.seconds, whole.burst_clock_hz)
    return Figures(whole.seconds, joules * 1e12, 0.0)


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
            if seen % EVERY == 0:
                progress(STRATEGY, found.value, seen)
        is_all = True
    except KeyboardInterrupt:
        if found is None:
            raise
    if found is None:
        return None
    pruned = candidates.number - seen if is_all else 0
    return replace(found, candidates=seen, pruned=pruned, is_all=is_all)
