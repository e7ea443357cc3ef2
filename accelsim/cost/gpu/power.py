"""Energy of a call, and the clock at which the board can hold its power.

    energy = (constant + clock tree · f / f max · v^2) · seconds + v^2 · Σ core + Σ HBM
    v      = 1 - slope · (1 - f / f max), never below its floor

Sustained, the clock is the highest at which energy / seconds stays within the limit: a fixed point,
found by false positions (the Illinois rule). In a burst the mean counts the overwriting of caches
between calls, and the board has not settled yet when the middle one of the calls runs:

    clock = settled + (f max - settled) · exp(-time under load / settling time)

At once, and however short it is, no kernel draws more than the board's peak.
"""

from collections.abc import Callable, Mapping
from math import exp

from accelsim.arch.gpu import Gpu

CLOSE_W = 1e-3
"""Watts below the limit at which the search for a clock ends, or after so many steps."""

MOST_STEPS = 40

ENDS_BELOW = 1e-5
"""Share of a clock, at most, by which the search for it ends below: it is within that many watts,
of hundreds that a board draws more at its highest clock than at its lowest."""

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
    core, memory = pj
    squared = voltage(gpu, clock_hz) ** 2
    return float(waiting_w(gpu, clock_hz) * seconds + (squared * core + memory) * 1e-12)


def waiting_w(gpu: Gpu, clock_hz: float) -> float:
    """What the board draws at this clock without doing anything."""
    power, squared = gpu.power, voltage(gpu, clock_hz) ** 2
    return float(power.constant_w + power.clock_tree_w * clock_hz / gpu.clock_hz * squared)


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


def least_burst_clock_hz(gpu: Gpu, actions: Mapping[str, float], least_s: float) -> float:
    """No more than that of the middle call of a burst, if a call takes no less than `least_s`.

    Power falls with the seconds of a call. So it is no more than that of actions within `least_s`:
    where that is allowed at a clock, the clock that is held is no lower; under load it is higher.
    """
    power, burst = gpu.power, gpu.power.burst
    core, memory = _picojoules(gpu, actions)
    limit_w, peak_w = (float(power.limit_w * share) for share in (power.held, power.peak))
    spare_j = (limit_w - burst.flush_power_w) * burst.flush_s
    started_s = least_s - gpu.launch.floor_s

    def most_excess_w(clock_hz: float) -> float:
        used_j = (voltage(gpu, clock_hz) ** 2 * core + memory) * 1e-12
        waiting = waiting_w(gpu, clock_hz)
        held = waiting + max(0.0, used_j - spare_j) / least_s - limit_w
        started = waiting * least_s / started_s + used_j / started_s - peak_w
        return float(max(held, started))

    return _highest(gpu, most_excess_w, float(gpu.clock_hz)) * (1 - ENDS_BELOW)


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

    def excess_w(clock_hz: float) -> float:
        seconds = seconds_at(clock_hz) - starting_s
        return _joules(gpu, pj, seconds, clock_hz) / seconds - peak_w

    return _highest(gpu, excess_w, high_hz)


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

    def excess_w(clock_hz: float) -> float:
        seconds = seconds_at(clock_hz)
        return (_joules(gpu, pj, seconds, clock_hz) - spare_j) / seconds - limit_w

    return _highest(gpu, excess_w, float(gpu.clock_hz))


def _highest(gpu: Gpu, excess_w: Callable[[float], float], high: float) -> float:
    """The highest clock without excess; the lowest that is known, if there is none."""
    above = excess_w(high)
    if above <= 0:
        return high
    low, moved = LOWEST * gpu.clock_hz, 0
    below = found = excess_w(low)
    for _ in range(MOST_STEPS):
        if -CLOSE_W <= found <= 0 or below > 0:
            break
        middle = high - above * (high - low) / (above - below)
        found = excess_w(middle)
        # An end that stays twice counts half, so that both come nearer.
        if found > 0:
            high, above, below, moved = middle, found, below / (1 + (moved == 1)), 1
        else:
            low, below, above, moved = middle, found, above / (1 + (moved == -1)), -1
    return low
