"""Energy of a call, and the clock at which the board can hold its power.

    energy = (constant + clock tree · f / f max · v^2) · seconds + v^2 · Σ core + Σ HBM
    v      = 1 - slope · (1 - f / f max), never below its floor

Sustained, the clock is the highest at which energy / seconds stays within the limit: a fixed point,
found by halving. In a burst the mean counts the overwriting of caches between calls, and the board
has not settled yet when the middle one of the calls runs:

    clock = settled + (f max - settled) · exp(-time under load / settling time)

At once, and however short it is, no kernel draws more than the board's peak.
"""

from collections.abc import Callable, Mapping
from math import exp

from accelsim.arch.gpu import Gpu

HALVINGS = 14
LOWEST = 0.15
"""Of the highest clock; no board at its limit has been seen near it."""

CALLS_BEFORE = 5
"""Half of the ten calls that a burst has at least."""

Seconds = Callable[[float], float]


def energy_j(gpu: Gpu, actions: Mapping[str, float], seconds: float, clock_hz: float) -> float:
    """Of one call that takes so long at this clock."""
    return _joules(gpu, _picojoules(gpu, actions), seconds, clock_hz)


def _picojoules(gpu: Gpu, actions: Mapping[str, float]) -> tuple[float, float]:
    """At the highest clock's voltage: of the core, and of device memory, which has its own."""
    pj = {name: count * gpu.power.energy_pj(name) for name, count in actions.items()}
    memory = pj.pop("HBM", 0.0)
    return sum(pj.values()), memory


def _joules(gpu: Gpu, pj: tuple[float, float], seconds: float, clock_hz: float) -> float:
    power, squared = gpu.power, voltage(gpu, clock_hz) ** 2
    waiting = power.constant_w + power.clock_tree_w * clock_hz / gpu.clock_hz * squared
    core, memory = pj
    return float(waiting * seconds + (squared * core + memory) * 1e-12)


def voltage(gpu: Gpu, clock_hz: float) -> float:
    """Of the highest clock's."""
    power = gpu.power
    return float(max(power.voltage_floor, 1 - power.voltage_slope * (1 - clock_hz / gpu.clock_hz)))


def sustained_clock_hz(gpu: Gpu, actions: Mapping[str, float], seconds_at: Seconds) -> float:
    """Of calls back to back."""
    return _clock_hz(gpu, actions, seconds_at, between_s=0.0)


def burst_clock_hz(gpu: Gpu, actions: Mapping[str, float], seconds_at: Seconds) -> float:
    """Of the middle call of a burst."""
    burst = gpu.power.burst
    settled = _clock_hz(gpu, actions, seconds_at, between_s=burst.flush_s)
    loaded = burst.warm_up_s + max(burst.half_s, CALLS_BEFORE * seconds_at(settled))
    under_load = clock_under_load_hz(gpu, settled, loaded)
    return within_peak_hz(gpu, actions, seconds_at, float(gpu.launch.floor_s), under_load)


def within_peak_hz(
    gpu: Gpu,
    actions: Mapping[str, float],
    seconds_at: Seconds,
    starting_s: float,
    high_hz: float,
) -> float:
    """The highest clock up to this at which kernels, once started, stay within the peak."""
    peak_w = gpu.power.limit_w * gpu.power.peak
    pj = _picojoules(gpu, actions)

    def is_within(clock_hz: float) -> bool:
        seconds = seconds_at(clock_hz) - starting_s
        return _joules(gpu, pj, seconds, clock_hz) <= peak_w * seconds

    return _highest(gpu, is_within, high_hz)


def clock_under_load_hz(gpu: Gpu, settled_hz: float, loaded_s: float) -> float:
    """On its way from the highest clock to the one that can be held."""
    left = exp(-loaded_s / gpu.power.burst.settling_s)
    return float(settled_hz + (gpu.clock_hz - settled_hz) * left)


def _clock_hz(
    gpu: Gpu, actions: Mapping[str, float], seconds_at: Seconds, between_s: float
) -> float:
    """The highest clock at which the mean power, flushes between calls included, is allowed."""
    limit_w = gpu.power.limit_w * gpu.power.held
    pj = _picojoules(gpu, actions)
    spare_j = (limit_w - gpu.power.burst.flush_power_w) * between_s

    def is_within(clock_hz: float) -> bool:
        seconds = seconds_at(clock_hz)
        return _joules(gpu, pj, seconds, clock_hz) <= limit_w * seconds + spare_j

    return _highest(gpu, is_within, float(gpu.clock_hz))


def _highest(gpu: Gpu, is_within: Callable[[float], bool], high: float) -> float:
    low = LOWEST * gpu.clock_hz
    if is_within(high):
        return high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_within(middle) else (low, middle)
    return low
