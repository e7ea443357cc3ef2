"""Clock and energy under a board's limit, by hand."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.power import (
    burst_clock_hz,
    energy_j,
    least_burst_clock_hz,
    sustained_clock_hz,
    voltage,
)

GPU = load_gpu("h100_sxm")
FLOP = 1e12


def seconds_at(clock_hz):
    """All tensor cores busy."""
    return FLOP / (132 * 4096 * clock_hz)


def test_a_board_that_waits_draws_its_constant_power_and_its_clock_tree():
    assert energy_j(GPU, {}, 1.0, 1.98e9) == pytest.approx(70 + 61)


def test_the_voltage_falls_with_the_clock_to_its_floor():
    assert voltage(GPU, 1.98e9) == 1
    assert voltage(GPU, 0.9 * 1.98e9) == pytest.approx(1 - 0.065)
    assert voltage(GPU, 0.1e9) == 0.75


def test_idle_pipes_run_at_the_highest_clock():
    assert sustained_clock_hz(GPU, {"HBM": 1.0}, lambda clock: 1e-3) == 1.98e9


def test_full_tensor_cores_are_held_at_the_limit():
    clock = sustained_clock_hz(GPU, {"wgmma_bf16": FLOP}, seconds_at)
    power = energy_j(GPU, {"wgmma_bf16": FLOP}, seconds_at(clock), clock) / seconds_at(clock)
    assert power == pytest.approx(0.993 * 700, rel=1e-3)
    assert 1.3e9 < clock < 1.7e9


def test_a_burst_has_not_settled_yet():
    actions = {"wgmma_bf16": FLOP}
    sustained = sustained_clock_hz(GPU, actions, seconds_at)
    assert sustained < burst_clock_hz(GPU, actions, seconds_at) < 1.98e9


def test_twice_the_limit_is_never_a_lower_clock():
    richer = load_gpu("h100_sxm", {"power.limit": "1400 W"})
    actions = {"wgmma_bf16": FLOP}
    assert sustained_clock_hz(richer, actions, seconds_at) > sustained_clock_hz(
        GPU, actions, seconds_at
    )


@pytest.mark.parametrize("flop", [1e10, 1e12, 3e12])
@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_the_clock_is_no_lower_than_what_the_least_seconds_allow(flop, share):
    actions = {"wgmma_bf16": flop, "HBM": flop / 200}

    def seconds(clock_hz):
        return GPU.launch.floor_s + flop / (132 * 4096 * clock_hz)

    least = least_burst_clock_hz(GPU, actions, share * seconds(1.98e9))
    assert least <= burst_clock_hz(GPU, actions, seconds) <= 1.98e9
