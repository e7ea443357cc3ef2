import random

import pytest

from accelsim.arch.system import Link
from accelsim.base.rate import Rate
from accelsim.cost.system.transfer import (
    NOTHING,
    Path,
    Sent,
    all_gather,
    all_reduce,
    all_to_all,
    path_between,
    path_within_replica,
)
from tests.cost.system.systems import PROMPTS, system_of


def link(bandwidth=10e9, latency=2e-6, message=0.0, **more):
    rate = Rate(bytes_per_s=bandwidth)
    return Link(
        name="l", between=("A", "B"), bandwidth=rate, latency=latency, message=message,
        source="made up", **more,
    )  # fmt: skip


def path(*links, **more):
    return Path(links or (link(**more),))


# --- messages -------------------------------------------------------------------------------------


def test_a_message_takes_latency_and_its_bytes_over_bandwidth():
    assert path().seconds(10e6) == pytest.approx(2e-6 + 1e-3)
    assert path(message=3e-6).seconds(10e6, messages=4) == pytest.approx(2e-6 + 12e-6 + 1e-3)


def test_a_path_has_the_sum_of_latencies_and_the_least_bandwidth():
    two = path(link(bandwidth=10e9, latency=2e-6), link(bandwidth=5e9, latency=3e-6))
    assert two.seconds(10e6) == pytest.approx(5e-6 + 2e-3)


def test_on_a_shared_link_all_ports_take_turns():
    assert path().port_s(10e6, ports=4) == pytest.approx(1e-3)
    assert path(shared=True).port_s(10e6, ports=4) == pytest.approx(4e-3)
    assert Path((link(shared=True),), users=2).port_s(10e6, ports=4) == pytest.approx(8e-3)
    assert Path((link(),), users=2).port_s(10e6, ports=4) == pytest.approx(1e-3)


def test_bytes_cost_energy_on_every_link_of_the_path():
    two = path(link(energy=5), link(energy=7))
    assert two.energy_j(1e9) == pytest.approx(8e9 * 12e-12)


def test_paths_of_a_system():
    system = system_of(PROMPTS)
    assert [each.name for each in path_between(system, "P", "A").links] == ["down", "up"]
    assert path_within_replica(system_of(count=4, tensor=2)).users == 2


# --- collectives ----------------------------------------------------------------------------------


def ring(own, step_s):
    """The sums on all devices after a ring all-reduce played step by step, seconds and parts sent.

    In the first t - 1 steps everyone hands a part on, to be added; then a sum, to be kept.
    """
    t = len(own)
    held = [list(parts) for parts in own]
    seconds = sent = 0
    for step in range(2 * (t - 1)):
        moves = []
        for device in range(t):
            part = (device - step) % t if step < t - 1 else (device + 1 - (step - t + 1)) % t
            moves.append(((device + 1) % t, part, held[device][part]))
        for taker, part, value in moves:
            held[taker][part] = held[taker][part] + value if step < t - 1 else value
        seconds, sent = seconds + step_s, sent + t
    return held, seconds, sent


@pytest.mark.parametrize("devices", [3, 4, 8])
def test_a_large_all_reduce_is_a_ring_played_step_by_step(devices):
    rng, size = random.Random(devices), 800e6
    own = [[rng.random() for _ in range(devices)] for _ in range(devices)]
    step_s = path(message=1e-6).seconds(size / devices)
    held, seconds, parts = ring(own, step_s)
    sums = [sum(column) for column in zip(*own, strict=True)]
    for each in held:
        assert each == pytest.approx(sums)
    found = all_reduce(path(message=1e-6), devices, size)
    assert found.seconds == pytest.approx(seconds)
    assert found.bytes == pytest.approx(parts * size / devices)
    assert found.port_s == pytest.approx(seconds - 2 * (devices - 1) * 2e-6)


def test_a_small_all_reduce_reads_what_all_others_have_at_once():
    found = all_reduce(path(), 4, 1000)
    assert found.seconds == pytest.approx(2e-6 + 3 * 1000 / 10e9)
    assert found.bytes == 4 * 3 * 1000


def test_of_two_devices_both_ways_move_the_same_bytes_and_one_has_less_latency():
    assert all_reduce(path(), 2, 1e9).seconds == pytest.approx(2e-6 + 1e9 / 10e9)


def test_gathering_and_exchanging_move_all_but_the_own_part():
    for found in (all_gather(path(), 4, 1e6), all_to_all(path(), 4, 1e6)):
        assert found.seconds == pytest.approx(2e-6 + 0.75e6 / 10e9)
        assert found.bytes == pytest.approx(4 * 0.75e6)


@pytest.mark.parametrize("collective", [all_reduce, all_gather, all_to_all])
def test_alone_nothing_is_sent(collective):
    assert collective(path(), 1, 1e6) == NOTHING


@pytest.mark.parametrize("collective", [all_reduce, all_gather, all_to_all])
def test_groups_send_beside_one_another_unless_they_share_the_link(collective):
    one, three = collective(path(), 4, 1e6), collective(path(), 4, 1e6, groups=3)
    assert (three.seconds, three.port_s) == (one.seconds, one.port_s)
    assert three.bytes == pytest.approx(3 * one.bytes)
    shared = path(shared=True)
    assert collective(shared, 4, 1e6, groups=3).port_s == pytest.approx(
        3 * collective(shared, 4, 1e6).port_s
    )


def test_the_bytes_of_a_busy_port_fit_its_bandwidth():
    for devices in (2, 3, 5, 8):
        for size in (1e3, 1e6, 1e9):
            for collective in (all_reduce, all_gather, all_to_all):
                found = collective(path(), devices, size)
                assert found.port_s == pytest.approx(found.bytes / devices / 10e9)
                assert found.seconds > found.port_s


def test_one_after_the_other_everything_adds_up():
    assert Sent(2.0, 1.0, 8.0).times(3) == Sent(6.0, 3.0, 24.0)
