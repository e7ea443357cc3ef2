"""Kernels one after the other: what they take alone with cold caches, and back to back.

seconds     floor of a launch + Σ kernels + gaps between them, at the clock of a burst
sustained   Σ kernels + what starting each takes back to back, caches warm, at the clock that
            the board can hold
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.power import burst_clock_hz, energy_j, sustained_clock_hz
from accelsim.cost.gpu.work import Timed, Times, Work

Works = tuple[Work, ...]

HELD_BACK = 0.985
"""Below this share of the highest clock, power is the bound."""


@dataclass(frozen=True)
class Composed:
    """`each` are the times of every kernel, cold, at the burst's clock; actions are of all.

    The bound is what needs longest: a resource of all kernels, launching itself, or power, where
    the board cannot hold its highest clock.
    """

    seconds: float
    burst_clock_hz: float
    each: tuple[Times, ...]
    by_resource: Mapping[str, float]
    cold_actions: Mapping[str, float]
    sustained_s: float
    sustained_clock_hz: float
    warm_actions: Mapping[str, float]
    sustained_energy_j: float
    bound: str

    @property
    def longest(self) -> Times:
        """Of the kernels."""
        return max(self.each, key=lambda one: one.seconds)

    @property
    def whole(self) -> Times:
        """Of all kernels: what each resource needs, and launching; the facts are the longest's."""
        return Times(self.seconds, self.by_resource, self.longest.facts)


@dataclass(frozen=True)
class Alone:
    """One run with cold caches, at the clock of a burst."""

    seconds: float
    clock_hz: float
    actions: Mapping[str, float]


def alone(works: Works, gpu: Gpu) -> Alone:
    actions = actions_of(works, cold=True)

    def seconds_cold(clock_hz: float) -> float:
        return between_s(works, gpu) + _seconds(works, clock_hz, True)

    burst = burst_clock_hz(gpu, actions, seconds_cold)
    return Alone(seconds_cold(burst), burst, actions)


def composed(works: Works, gpu: Gpu) -> Composed:
    one, warm = alone(works, gpu), actions_of(works, cold=False)

    def seconds_warm(clock_hz: float) -> float:
        starts = len(works) * gpu.launch.back_to_back_s
        return starts + _seconds(works, clock_hz, False)

    sustained = sustained_clock_hz(gpu, warm, seconds_warm)
    sustained_s = seconds_warm(sustained)
    each = tuple(work.times(one.clock_hz, True) for work in works)
    by_resource = _summed(each, between_s(works, gpu))
    return Composed(
        seconds=one.seconds,
        burst_clock_hz=one.clock_hz,
        each=each,
        by_resource=by_resource,
        cold_actions=one.actions,
        sustained_s=sustained_s,
        sustained_clock_hz=sustained,
        warm_actions=warm,
        sustained_energy_j=energy_j(gpu, warm, sustained_s, sustained),
        bound=_bound(by_resource, sustained, gpu),
    )


def _summed(each: tuple[Times, ...], between_s: float) -> Mapping[str, float]:
    total = {"launch": between_s}
    for one in each:
        for name, seconds in one.by_resource.items():
            total[name] = total.get(name, 0.0) + seconds
    return total


def _bound(by_resource: Mapping[str, float], sustained_clock_hz: float, gpu: Gpu) -> str:
    longest = max(by_resource, key=lambda name: by_resource[name])
    is_held_back = sustained_clock_hz < HELD_BACK * gpu.clock_hz
    return "power" if is_held_back and longest not in ("hbm", "launch") else longest


def between_s(works: Works, gpu: Gpu) -> float:
    """The first launch, and the gaps between kernels that run with cold caches."""
    return float(gpu.launch.floor_s + (len(works) - 1) * gpu.launch.gap_s)


def actions_of(works: Works, cold: bool) -> dict[str, float]:
    """Of all kernels."""
    total: dict[str, float] = {}
    for work in works:
        for name, count in work.actions(cold).items():
            total[name] = total.get(name, 0) + count
    return total


def _seconds(works: Works, clock_hz: float, cold: bool) -> float:
    return sum(
        work.seconds(clock_hz, cold)
        if isinstance(work, Timed)
        else work.times(clock_hz, cold).seconds
        for work in works
    )
