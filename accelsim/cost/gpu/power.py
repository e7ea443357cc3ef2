"""Energy of a call, and the clock at which the board can hold its power.

    energy = (constant + clock tree · f / f max · v^2) · seconds + v^2 · Σ core + Σ HBM
    v      = 1 - slope · (1 - f / f max), never below its floor

Sustained, the clock is the highest at which energy / seconds stays within the limit: a fixed point,
found by halving. In a burst the board lets more through for some tens of milliseconds.
"""

from collections.abc import Callable, Mapping

from accelsim.arch.gpu import Gpu

HALVINGS = 40
LOWEST = 0.15
"""Of the highest clock; no board at its limit has been seen near it."""

Seconds = Callable[[float], float]


def energy_j(gpu: Gpu, actions: Mapping[str, float], seconds: float, clock_hz: float) -> float:
    """Of one call that takes so long at this clock."""
    power, squared = gpu.power, voltage(gpu, clock_hz) ** 2
    waiting = power.constant_w + power.clock_tree_w * clock_hz / gpu.clock_hz * squared
    pj = {name: count * power.energy_pj(name) for name, count in actions.items()}
    outside = pj.pop("HBM", 0.0)
    return float(waiting * seconds + (squared * sum(pj.values()) + outside) * 1e-12)


def voltage(gpu: Gpu, clock_hz: float) -> float:
    """Of the highest clock's."""
    power = gpu.power
    return float(max(power.voltage_floor, 1 - power.voltage_slope * (1 - clock_hz / gpu.clock_hz)))


def sustained_clock_hz(gpu: Gpu, actions: Mapping[str, float], seconds_at: Seconds) -> float:
    return _clock_hz(gpu, actions, seconds_at, gpu.power.limit_w * gpu.power.held)


def burst_clock_hz(gpu: Gpu, actions: Mapping[str, float], seconds_at: Seconds) -> float:
    power = gpu.power
    is_short = seconds_at(gpu.clock_hz) < power.burst_s
    share = power.burst_share if is_short else power.held
    return _clock_hz(gpu, actions, seconds_at, power.limit_w * share)


def _clock_hz(gpu: Gpu, actions: Mapping[str, float], seconds_at: Seconds, limit_w: float) -> float:
    def is_within(clock_hz: float) -> bool:
        seconds = seconds_at(clock_hz)
        return energy_j(gpu, actions, seconds, clock_hz) <= limit_w * seconds

    low, high = LOWEST * gpu.clock_hz, float(gpu.clock_hz)
    if is_within(high):
        return high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_within(middle) else (low, middle)
    return low
