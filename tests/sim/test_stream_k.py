"""Blocks that wait for one another's parts, by hand and beside the closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import works_of
from accelsim.cost.gpu.stream_k import StreamBlocks, stream_cycles, walked_at
from accelsim.sim.stream_k import play_walks
from accelsim.workload.calls import Sdpa


def blocks_of(busy, share, helpers, alone=None, ends=0.0, collecting=0.0):
    busy = np.array(busy, dtype=float)
    alone = busy if alone is None else np.array(alone, dtype=float)
    collects = np.where(np.array(helpers) > 0, collecting, 0.0)
    return StreamBlocks(busy, alone, ends, np.array(share), np.array(helpers), collects)


def test_a_host_waits_for_the_part_of_the_next_block():
    # Walks of 10 and 30 cycles on an SM each; the part is there after half of the second's, at 15.
    blocks = blocks_of([10, 30], share=[1, 0.5], helpers=[1, 0], collecting=3)
    trace = play_walks("kernel", blocks, sms=2)
    found = [(i.actor, i.activity, i.start, i.end) for i in trace.intervals]
    assert found == [
        ("SM 0 slot 0", "work", 0, 10),
        ("SM 1 slot 0", "work", 0, 30),
        ("SM 0 slot 0", "wait", 10, 15),
        ("SM 0 slot 0", "work", 15, 18),
    ]
    assert trace.cycles == stream_cycles(blocks, sms=2) == 30


def test_parts_that_are_there_are_not_waited_for():
    blocks = blocks_of([10, 30], share=[1, 0.2], helpers=[1, 0], collecting=25)
    assert play_walks("kernel", blocks, sms=2).cycles == stream_cycles(blocks, 2) == 35


def test_who_waits_leaves_the_pipes_to_the_others():
    # Three blocks of 10, 60, 40 cycles on two SMs: the first and the third share one. At 20 the
    # first has ended and waits, the third has half of its 40 left, which takes 20 alone.
    blocks = blocks_of([10, 60, 40], share=[1, 1, 1], helpers=[1, 0, 0])
    assert walked_at(blocks, sms=2).ended.tolist() == [20, 60, 50]
    trace = play_walks("kernel", blocks, sms=2)
    assert trace.cycles_of("SM 0 slot 0", "wait") == 40


@st.composite
def random_blocks(draw):
    number, seed = draw(st.integers(1, 40)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    busy = rng.uniform(1, 100, number)
    alone = busy * rng.uniform(1, 3, number)
    after = number - 1 - np.arange(number)
    helpers = np.minimum(rng.integers(0, 4, number), after) * rng.integers(0, 2, number)
    share = np.where(rng.integers(0, 3, number), rng.uniform(0.01, 1, number), 1.0)
    collecting = (helpers > 0) * rng.uniform(0, 50, number)
    return StreamBlocks(busy, alone, rng.uniform(0, 20), share, helpers, collecting)


@given(random_blocks(), st.integers(1, 12))
def test_the_closed_form_is_what_is_played(blocks, sms):
    played = play_walks("kernel", blocks, sms).cycles
    assert stream_cycles(blocks, sms) == pytest.approx(played, rel=1e-9)


@given(
    b=st.integers(1, 40),
    g=st.sampled_from([1, 8, 32]),
    m=st.integers(1, 20_000),
    e=st.sampled_from([64, 128]),
    cold=st.booleans(),
)
def test_calls_take_the_cycles_that_are_played(b, g, m, e, cold):
    call = Sdpa(backend="lean", b=b, h=32, g=g, p=1, m=m, e=e)
    gpu = load_gpu("h100_sxm")
    (work,) = works_of(call, gpu)
    blocks = work.blocks_at(1.98e9, cold)
    assert play_walks("lean", blocks, gpu.sms).cycles == pytest.approx(
        stream_cycles(blocks, gpu.sms), rel=1e-9
    )
