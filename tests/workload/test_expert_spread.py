"""Experts over devices: beside dice, and what adds up."""

import random

import pytest

from accelsim.workload.expert_spread import Spread, devices_hit, experts_hit
from accelsim.workload.model import Experts

DEEPSEEK_V3 = Experts(count=256, active=8, shared=1, feed_forward=2048)


def experts(count, active):
    return Experts(count=count, active=active, feed_forward=64)


@pytest.mark.parametrize(("count", "active", "tokens"), [(8, 2, 1), (8, 2, 5), (64, 6, 20)])
def test_experts_that_are_hit_beside_dice(count, active, tokens):
    dice = random.Random(1)
    trials = [
        len({expert for _ in range(tokens) for expert in dice.sample(range(count), active)})
        for _ in range(4000)
    ]
    found = experts_hit(experts(count, active), tokens)
    assert found == pytest.approx(sum(trials) / len(trials), rel=0.01)


@pytest.mark.parametrize(("count", "active", "devices"), [(8, 2, 4), (64, 6, 8), (256, 8, 16)])
def test_devices_that_a_token_goes_to_beside_dice(count, active, devices):
    dice, held = random.Random(2), count // devices
    trials = [
        len({expert // held for expert in dice.sample(range(count), active)}) for _ in range(8000)
    ]
    found = devices_hit(experts(count, active), devices)
    assert found == pytest.approx(sum(trials) / len(trials), rel=0.01)


def rolled(count, active, devices, tokens, trials):
    """Mean over trials of the busiest device's pairs, and of its experts that have any."""
    dice, held = random.Random(3), count // devices
    pairs = hit = 0
    for _ in range(trials):
        chosen = [e for _ in range(tokens) for e in dice.sample(range(count), active)]
        loads = [0] * devices
        for expert in chosen:
            loads[expert // held] += 1
        busiest = max(range(devices), key=loads.__getitem__)
        pairs += loads[busiest]
        hit += len({expert for expert in chosen if expert // held == busiest})
    return pairs / trials, hit / trials


@pytest.mark.parametrize(
    ("count", "active", "devices", "tokens", "off"),
    [
        (256, 8, 8, 1024, 0.01),
        (256, 8, 8, 64, 0.02),
        (256, 8, 64, 64, 0.05),
        (64, 6, 4, 16, 0.03),
        (8, 2, 8, 100, 0.02),
        (8, 2, 2, 32, 0.02),
        (256, 8, 8, 1, 0.10),
        (256, 8, 64, 4, 0.10),
    ],
)
def test_the_busiest_device_beside_dice(count, active, devices, tokens, off):
    pairs, hit = rolled(count, active, devices, tokens, 60_000 // (tokens * active) + 400)
    found = Spread(experts(count, active), devices, devices).load(tokens, "busiest")
    assert found.pairs == pytest.approx(pairs, rel=off)
    assert found.hit == pytest.approx(hit, rel=off + 0.02)


@pytest.mark.parametrize("tokens", [1, 7, 4096])
@pytest.mark.parametrize(("devices", "tensor"), [(8, 8), (2, 8), (8, 1), (64, 8), (1, 8), (1, 1)])
def test_all_pairs_are_on_some_device(devices, tensor, tokens):
    """Pairs times columns of all members are those of one device that has all."""
    spread = Spread(DEEPSEEK_V3, devices, tensor)
    mean, busiest = (spread.load(tokens, of) for of in ("mean", "busiest"))
    group = tokens * spread.members // tensor
    assert spread.members * mean.pairs * spread.columns == pytest.approx(group * 8 * 2048)
    assert mean.pairs <= busiest.pairs <= group * 8
    assert busiest.hit <= min(256 / devices, busiest.pairs + 1e-9)


def test_many_tokens_are_nearly_even():
    spread = Spread(DEEPSEEK_V3, 8, 8)
    factors = [
        spread.load(tokens, "busiest").pairs / spread.load(tokens, "mean").pairs
        for tokens in (1, 16, 256, 4096, 65536)
    ]
    assert factors == sorted(factors, reverse=True)
    assert 1 < factors[-1] < 1.01


def test_one_device_has_all():
    one = Spread(DEEPSEEK_V3)
    assert one.load(16, "busiest") == one.load(16, "mean") == (128, experts_hit(DEEPSEEK_V3, 16))


@pytest.mark.parametrize(("devices", "columns"), [(1, 256), (2, 512), (8, 2048), (64, 2048)])
def test_experts_are_cut_as_little_as_need_be(devices, columns):
    assert Spread(DEEPSEEK_V3, devices, 8).columns == columns


def test_a_token_travels_once_to_each_part_of_its_experts():
    assert Spread(DEEPSEEK_V3, 2, 8).copies == 4 * devices_hit(DEEPSEEK_V3, 2)
    assert Spread(DEEPSEEK_V3, 16, 8).copies == devices_hit(DEEPSEEK_V3, 16)
