"""How full slots are: closed forms on paper, and the bounds that follow for stream-K's gain.

    fixed    w / ⌈w⌉ of w = B · H · splits / slots waves
    stream   (T / G) / ⌈T / G⌉ · G / slots of T steps over G blocks

FlashDecoding's rule splits until its last wave is 85 % as full as the best number of splits makes
it, and not at all from 80 % of the slots on: in steps stream-K gains 1 / 0.85 at most while it
splits, and nearly 2 just above a full wave.
"""

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import call_cost, works_of
from accelsim.cost.gpu.waves import waves_of
from accelsim.cost.kernels import scheduled
from accelsim.workload.calls import Sdpa

A100, H100 = load_gpu("a100_sxm_80gb"), load_gpu("h100_sxm")
MACHINES = pytest.mark.parametrize("gpu", [A100, H100], ids=["a100", "h100"])
BY_RULE, UNSPLIT, LEAN = (
    {"backend": "flash_decoding"},
    {"backend": "flash", "splits": 1},
    {"backend": "lean"},
)


def decoding(how, **sizes):
    return Sdpa(**{"g": sizes["h"], "p": 1, "e": 128, "dtype": "fp16", **how, **sizes})


def waves(call, gpu):
    return waves_of(works_of(call, gpu)[0], gpu.clock_hz)


def latency_s(call, gpu):
    return call_cost(call, gpu).seconds


@given(b=st.integers(1, 40), h=st.integers(1, 64), gpu=st.sampled_from([A100, H100]))
def test_waves_of_equal_blocks_are_as_full_as_the_last_one(b, h, gpu):
    w = b * h / (2 * gpu.sms)
    found = waves(decoding(UNSPLIT, b=b, h=h, m=8192), gpu)
    assert found.steps == pytest.approx(w / ceil(w))
    assert 0 < found.cycles < 1 + 1e-9


@given(b=st.integers(1, 40), h=st.integers(1, 64), m=st.integers(128, 100_000))
def test_stream_k_leaves_less_than_a_step_a_block_idle(b, h, m):
    steps = b * h * ceil(m / 128)
    blocks = min(264, ceil(steps / 2), 32 * b * h)
    found = waves(decoding(LEAN, b=b, h=h, m=m), H100)
    assert found.steps == pytest.approx(steps / blocks / ceil(steps / blocks) * blocks / 264)
    assert 0 < found.cycles < 1 + 1e-9


@MACHINES
@pytest.mark.parametrize("b", range(1, 6))
@pytest.mark.parametrize("h", [16, 32])
def test_where_flash_decoding_splits_stream_k_gains_a_sixth_at_most(b, h, gpu):
    # 1600 tiles: of whole steps little is lost, by either.
    by_rule, lean = (decoding(how, b=b, h=h, m=204_800) for how in (BY_RULE, LEAN))
    assert b * h < 0.8 * (2 * gpu.sms)
    full = waves(by_rule, gpu).steps
    assert 1 <= waves(lean, gpu).steps / full < 1.01 / 0.85
    assert latency_s(by_rule, gpu) / latency_s(lean, gpu) < 1.01 / 0.85


@pytest.mark.parametrize(
    ("gpu", "b", "h"), [(A100, 4, 56), (A100, 7, 32), (H100, 17, 16), (H100, 67, 4)]
)
def test_just_above_a_full_wave_stream_k_has_nearly_half_the_steps(gpu, b, h):
    """The blocks of the second wave have device memory for themselves: in time it is less."""
    by_rule, lean = (decoding(how, b=b, h=h, m=65_536) for how in (BY_RULE, LEAN))
    in_steps = waves(lean, gpu).steps / waves(by_rule, gpu).steps
    assert in_steps == pytest.approx(2 * (2 * gpu.sms) / (b * h), rel=0.01)
    assert 1.85 < in_steps < 2
    assert 1.15 < latency_s(by_rule, gpu) / latency_s(lean, gpu) < in_steps


@MACHINES
@pytest.mark.parametrize("h", [8, 16, 32])
def test_without_splits_the_gain_is_that_of_idle_slots_or_of_bandwidth(h, gpu):
    """slots / (B · H), or what lean's bandwidth leaves of it."""
    unsplit, lean = (decoding(how, b=1, h=h, m=524_288) for how in (UNSPLIT, LEAN))
    gain = latency_s(unsplit, gpu) / latency_s(lean, gpu)
    assert 0.4 * 2 * gpu.sms / h < gain < 2 * gpu.sms / h


@MACHINES
def test_blocks_without_keys_fill_no_slot(gpu):
    lengths = (65_536, *[256] * 7)
    call = decoding(BY_RULE, b=8, h=2, m=65_536, lengths=lengths)
    one = decoding(BY_RULE, b=1, h=2, m=65_536, splits=works_of(call, gpu)[0].bound.splits)
    tiles = [ceil(keys / 128) for keys in lengths]
    share = waves(call, gpu).steps / waves(one, gpu).steps
    assert share == pytest.approx(sum(tiles) / tiles[0], rel=0.05)


@given(
    busy=st.lists(st.floats(1, 100), min_size=1, max_size=40),
    ends=st.floats(0, 10),
    sms=st.integers(1, 8),
)
def test_with_a_slot_an_sm_slots_are_held_for_as_long_as_all_blocks_take(busy, ends, sms):
    each = np.array(busy)
    end, held = scheduled(each, 2 * each, ends, 1, sms)
    assert held == pytest.approx(2 * each.sum() + ends * len(each))
    assert end <= held <= sms * end * (1 + 1e-9)


def test_two_blocks_on_an_sm_hold_two_slots():
    # Two SMs of two slots, three blocks: two share an SM's pipes for twice as long.
    each = np.array([10.0, 10.0, 10.0])
    assert scheduled(each, each, 0.0, 2, 2) == pytest.approx((20, 2 * 20 + 10))
