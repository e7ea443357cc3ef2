"""What many tilings of a product take at least, all at once: alone, with cold caches.

The clock of a burst (`power.py`) is known between two: powers fall with the clock, so that halving
finds for every tiling a `low` one at which it stays within them, and a `high` one at which it does
not. With the seconds at the high one, and voltage and clock tree at the low one,

    seconds >= floor + product(high) + gap + sum of the parts,      energy >= joules(low, seconds)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.base.entrywise import Number
from accelsim.cost.gpu.power import CALLS_BEFORE, ENDS_BELOW, LOWEST
from accelsim.cost.gpu.product import ProductWork, ReductionWork
from accelsim.cost.gpu.product_tiles import reduction_seconds

HALVINGS = 24
MARGIN = 1e-12
"""Powers of arrays differ from those of numbers in the last digits."""


class Clocks(NamedTuple):
    """That of a burst lies between them."""

    low: Number
    high: Number


@dataclass(frozen=True)
class LeastProducts:
    """`work` has a tiling of arrays."""

    work: ProductWork

    @property
    def gpu(self) -> Gpu:
        return self.work.gpu

    def where(self, mask: np.ndarray) -> Self:
        work = self.work
        tiling = work.tiling.where(mask)
        return type(self)(ProductWork(work.gpu, work.kernel, work.family, work.shape, tiling))

    @property
    def number(self) -> int:
        return len(self.work.tiling.n)

    @property
    def any_clocks(self) -> Clocks:
        return Clocks(float(LOWEST * self.gpu.clock_hz), float(self.gpu.clock_hz))

    def figures(self, clocks: Clocks) -> tuple[Number, Number]:
        """Seconds and joules, no more than those of a call alone."""
        seconds = self._seconds(clocks.high)
        return seconds * (1 - MARGIN), self._joules(seconds, clocks.low) * (1 - MARGIN)

    def clocks(self) -> Clocks:
        """Of a burst, for every tiling; as `power.burst_clock_hz`, from both sides."""
        gpu, burst = self.gpu, self.gpu.power.burst
        limit_w = float(gpu.power.limit_w * gpu.power.held)
        spare_j = (limit_w - float(burst.flush_power_w)) * float(burst.flush_s)
        peak_w = float(gpu.power.limit_w * gpu.power.peak)
        floor_s = float(gpu.launch.floor_s)

        def over_limit(clock_hz: Number) -> Number:
            seconds = self._seconds(clock_hz)
            return self._joules(seconds, clock_hz) - spare_j - limit_w * seconds

        def over_peak(clock_hz: Number) -> Number:
            seconds = self._seconds(clock_hz) - floor_s
            return self._joules(seconds, clock_hz) - peak_w * seconds

        settled, most = self._highest(over_limit), self._highest(over_peak)
        loaded = Clocks(*(self._under_load(each) for each in settled))
        return Clocks(np.minimum(loaded.low, most.low), np.minimum(loaded.high, most.high))

    def _highest(self, excess: Callable[[Number], Number]) -> Clocks:
        """The highest clock without excess, within a millionth; the lowest, if there is none."""
        low, high = (np.full(self.number, each) for each in self.any_clocks)
        never, always = excess(low) > 0, excess(high) <= 0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            is_over = excess(middle) > 0
            low, high = np.where(is_over, low, middle), np.where(is_over, middle, high)
        least, top = self.any_clocks
        low = np.where(always, top, low * (1 - ENDS_BELOW))
        return Clocks(np.maximum(low, least), np.where(never, least, high))

    def _under_load(self, settled_hz: Number) -> Number:
        """It grows with the settled one: the sooner a call has ended, the less the clock fell."""
        top, burst = float(self.gpu.clock_hz), self.gpu.power.burst
        calls_s = CALLS_BEFORE * self._seconds(settled_hz)
        loaded = float(burst.warm_up_s) + np.maximum(float(burst.half_s), calls_s)
        return settled_hz + (top - settled_hz) * np.exp(-loaded / float(burst.settling_s))

    def _seconds(self, clock_hz: Number) -> Number:
        between = self.gpu.launch.floor_s + self._splits * self.gpu.launch.gap_s
        return between + self.work.seconds(clock_hz, cold=True) + self._reduction_s

    def _joules(self, seconds: Number, clock_hz: Number) -> Number:
        power, core_hz = self.gpu.power, self.gpu.clock_hz
        fell = power.voltage_slope * (1 - clock_hz / core_hz)
        squared = np.maximum(power.voltage_floor, 1 - fell) ** 2
        waiting_w = power.constant_w + power.clock_tree_w * clock_hz / core_hz * squared
        core, memory = self._picojoules
        return waiting_w * seconds + (squared * core + memory) * 1e-12

    @cached_property
    def _splits(self) -> Number:
        return self.work.tiling.split > 1

    @cached_property
    def _reduction_s(self) -> Number:
        least, moved = reduction_seconds(self.gpu, self.work.shape, self.work.tiling)
        return self._splits * (least + moved)

    @cached_property
    def _picojoules(self) -> tuple[Number, Number]:
        """At the highest clock's voltage: of the core, and of device memory."""
        summing = ReductionWork(self.gpu, self.work.shape, self.work.tiling).actions(cold=True)
        found = self._pj(self.work.actions(cold=True))
        memory = found.pop("HBM", 0.0)
        return sum(found.values()) + self._splits * sum(self._pj(summing).values()), memory

    def _pj(self, actions: Mapping[str, Number]) -> dict[str, Number]:
        return {name: count * self.gpu.power.energy_pj(name) for name, count in actions.items()}
