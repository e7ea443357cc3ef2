"""Timing against a device that does as it is told: times and marks are known in advance."""

from accelsim.validation.board import Reading, mean_clock_mhz, mean_power_w
from accelsim.validation.gpu_timing import burst, sustained


class Told:
    """A timer whose runs take 2 ms each, the third of every batch 5 ms; marks count calls."""

    def __init__(self):
        self.calls = 0

    def times_ms(self, run, runs):
        return [5.0 if number == 2 else 2.0 for number in range(runs)]

    def chunk(self, run, calls):
        def start():
            self.calls += calls
            return self.calls

        return start

    def wait(self, mark):
        pass

    def between_ms(self, first, last):
        return 2.0 * (last - first)


class Silent:
    def read(self, time_s):
        return None

    def driver(self):
        return ""


def test_a_burst_gives_the_median_and_its_spread():
    found = burst(lambda: None, Told())
    assert (found.ms, found.min_ms, found.max_ms) == (2.0, 2.0, 5.0)
    # 30 ms of runs of 2.1 ms each, with what lies between them
    assert found.runs == 14


def test_sustained_time_is_that_of_one_call(monkeypatch):
    monkeypatch.setattr("accelsim.validation.gpu_timing.SETTLING_S", 0.0)
    found = sustained(lambda: None, 2.0, Told(), Silent(), seconds=0.01)
    assert found.ms == 2.0
    assert found.clock_mhz is None and found.mj is None


def test_power_is_the_slope_between_ticks_of_the_energy_counter():
    # The counter ticks every 0.1 s by 30 J; it is read every 0.05 s.
    readings = [Reading(0.05 * i, 30_000.0 * (i // 2), 1500.0 + 100 * (i % 2)) for i in range(21)]
    assert abs(mean_power_w(readings) - 300.0) < 1e-9
    assert mean_clock_mhz(readings[:20]) == 1550.0


def test_two_ticks_are_too_few_for_power():
    assert mean_power_w([Reading(0.1 * i, 1000.0 * i, 1000.0) for i in range(3)]) is None
