"""Blocks on SMs, by hand and beside the compiled schedule."""

import numpy as np
import pytest

from accelsim.cost.kernels import scheduled_cycles
from accelsim.sim.gpu import Block, play_blocks


def played(busy, alone, ends, slots, sms):
    blocks = [Block(i, *cycles, ends) for i, cycles in enumerate(zip(busy, alone, strict=True))]
    return play_blocks("kernel", blocks, slots, sms)


def test_two_blocks_on_an_sm_share_its_pipes():
    # 10 cycles of pipes each: together 20; by themselves 15, with latencies.
    assert played([10, 10], [15, 15], 0, slots=2, sms=1).cycles == 20


def test_latencies_are_hidden_by_the_other_block():
    # 30 cycles by itself, of which 10 use the pipes: two take no longer than one.
    assert played([10, 10], [30, 30], 0, slots=2, sms=1).cycles == 30


def test_the_third_block_starts_when_the_first_slot_is_free():
    trace = played([10, 40, 10], [10, 40, 10], 0, slots=2, sms=1)
    # Sharing: the short one ends at 20, the long one is then at 1/4; the third takes 20 beside it,
    # which brings the long one to 1/2; alone, the rest takes 20.
    assert [round(interval.end) for interval in trace.intervals] == [20, 60, 40]


def test_an_sm_without_blocks_idles():
    assert played([10], [10], 5, slots=2, sms=132).cycles == 15


@pytest.mark.parametrize("seed", range(30))
def test_the_compiled_schedule_is_the_one_that_is_played(seed):
    rng = np.random.default_rng(seed)
    busy = rng.uniform(1, 100, rng.integers(1, 200))
    alone = busy * rng.uniform(1, 3, len(busy))
    slots, sms, ends = int(rng.integers(1, 5)), int(rng.integers(1, 9)), rng.uniform(0, 20)
    expected = played(busy, alone, ends, slots, sms).cycles
    assert scheduled_cycles(busy, alone, ends, slots, sms) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("blocks", [1, 131, 132, 133, 528, 1000])
def test_uniform_blocks_have_a_closed_form(blocks):
    # Every SM works through its share of them, two at a time.
    busy, alone, ends, slots, sms = 10.0, 25.0, 3.0, 2, 132
    share = -(-blocks // sms)
    pairs, single = divmod(share, slots)
    expected = pairs * (max(2 * busy, alone) + ends) + single * (max(busy, alone) + ends)
    found = scheduled_cycles(np.full(blocks, busy), np.full(blocks, alone), ends, slots, sms)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("sms", [10**9, 2**40])
def test_sms_without_blocks_change_nothing(sms):
    # Each block has an SM of its own, and the longest one ends last.
    busy = np.random.default_rng(sms % 97).uniform(1, 100, 57)
    assert scheduled_cycles(busy, 1.5 * busy, 3.0, 4, sms) == 1.5 * busy.max() + 3.0
