"""LeanAttention: laws, how full its waves are, and what it gains over FlashDecoding.

FlashDecoding is `flash_decoding`: the split kernel, also where one split is enough and where
sequences are of unequal lengths, and its combine kernel.
"""

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.call import call_cost, works_of
from accelsim.cost.gpu.stream_k import StreamBlocks, stream_cycles, walked_at
from accelsim.cost.kernels import scheduled_cycles
from accelsim.mapping import attention_binding
from accelsim.mapping.attention_kernel import attention_kernels
from accelsim.mapping.stream_k import Walk
from accelsim.workload.call_counts import compulsory_bytes
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")


def decoding(**sizes):
    return Sdpa(**{"backend": "lean", "b": 1, "h": 32, "g": 8, "p": 1, "e": 128, **sizes})


def ragged(*lengths, **sizes):
    return decoding(b=len(lengths), m=max(lengths), lengths=lengths, **sizes)


def seconds(call, cold=True):
    (work,) = works_of(call, GPU)
    return work.times(GPU.clock_hz, cold).seconds


def flash_seconds(call):
    works = works_of(call.model_copy(update={"backend": "flash_decoding"}), GPU)
    gaps = (len(works) - 1) * GPU.launch.gap_s
    return gaps + sum(work.times(GPU.clock_hz, True).seconds for work in works)


def gain(call):
    return flash_seconds(call) / seconds(call)


# --- the schedule ---------------------------------------------------------------------------------


@st.composite
def walking(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    busy = rng.uniform(1, 100, draw(st.integers(1, 60)))
    none = np.zeros(len(busy), dtype=int)
    alone = busy * rng.uniform(1, 3, len(busy))
    return StreamBlocks(busy, alone, rng.uniform(0, 20), none + 1.0, none, none)


@given(walking(), st.integers(1, 20))
def test_walks_end_when_the_block_scheduler_says(blocks, sms):
    slots = ceil(len(blocks.busy) / sms)
    expected = scheduled_cycles(blocks.busy, blocks.alone, blocks.ends, slots, sms)
    assert walked_at(blocks, sms).ended.max() == pytest.approx(expected, rel=1e-9)
    assert stream_cycles(blocks, sms) == pytest.approx(expected, rel=1e-9)


def cycles_of(walk, sms):
    """Of steps of a cycle, two blocks an SM; nothing else takes time."""
    none = np.zeros(walk.blocks)
    share = np.where(walk.part > 0, walk.part / walk.steps, 1)
    steps = walk.steps.astype(float)
    return stream_cycles(StreamBlocks(steps, 2 * steps, 0.0, share, walk.helpers, none), sms)


@given(st.integers(1, 60), st.integers(1, 300))
def test_waves_are_as_full_as_whole_steps_allow(tiles, outputs):
    """(T / G) / ⌈T / G⌉ of two blocks an SM, against w / ⌈w⌉ of a block an output tile."""
    sms = 16
    walk = Walk(np.array([tiles]), outputs, blocks=min(2 * sms, tiles * outputs))
    a_block = walk.total / walk.blocks
    assert cycles_of(walk, sms) == pytest.approx(2 * ceil(a_block))
    steps = np.full(outputs, float(tiles))
    waves = outputs / (2 * sms)
    assert scheduled_cycles(steps, 2 * steps, 0.0, 2, sms) == pytest.approx(2 * tiles * ceil(waves))


def test_just_above_a_full_wave_half_of_the_second_wave_is_saved():
    # 33 tiles of 64 steps on 32 slots: two waves, against 66 steps a block.
    walk = Walk(np.array([64]), 33, blocks=32)
    assert cycles_of(walk, sms=16) == 2 * 66
    assert 2 * 2 * 64 / cycles_of(walk, sms=16) == pytest.approx(1.94, abs=0.01)


# --- laws -----------------------------------------------------------------------------------------


@given(
    lengths=st.lists(st.integers(1, 60_000), min_size=1, max_size=8),
    e=st.sampled_from([64, 128]),
    g=st.sampled_from([1, 8, 32]),
)
def test_never_faster_than_reading_keys_and_values(lengths, e, g):
    call = ragged(*lengths, e=e, g=g)
    assert seconds(call) > compulsory_bytes(call) / 3.35e12


def test_a_billion_heads_are_predicted_at_once():
    million, billion = (seconds(decoding(b=b, h=1, g=1, m=300)) for b in (10**6, 10**9))
    assert billion == pytest.approx(1000 * million, rel=0.02)


def test_parts_are_written_and_read_through_l2():
    (split,) = works_of(decoding(b=34, m=4096), GPU)
    facts = split.times(1.98e9, True).facts
    keys, queries = 34 * 8 * 2 * 4096 * 128 * 2, 34 * 32 * 128 * 2
    more = split.actions(False)["l2"] - keys - 2 * queries
    # Four rows of a group: queries again, and a result and a sum of each in fp32, twice.
    assert more == facts["parts"] * (4 * 128 * 2 + 2 * 4 * 129 * 4)


def test_flags_are_reset_only_where_heads_are_split():
    whole, split = (works_of(decoding(b=b, m=4096), GPU)[0] for b in (33, 34))
    assert whole._reset_s == 0 and split._reset_s == GPU.launch.memset_s


def test_blocks_that_an_sm_cannot_hold_are_refused(monkeypatch):
    """They would wait for blocks that never start."""
    (kernel,) = attention_kernels("lean", "kernels/attention")
    many = kernel.model_copy(update={"stream_k": kernel.stream_k.model_copy(update={"blocks": 3})})
    monkeypatch.setattr(attention_binding, "attention_kernels", lambda *_: (many,))
    with pytest.raises(MappingError, match="396 blocks of lean wait for one another, and 264 run"):
        works_of(decoding(b=64, m=4096), GPU)


# --- what it gains --------------------------------------------------------------------------------


@pytest.mark.parametrize("b", [1, 2, 3, 5, 8, 13, 20, 26])
@pytest.mark.parametrize("e", [64, 128])
def test_where_flash_decoding_splits_little_is_left(b, e):
    """Its last wave is 85 % as full as the best: 1 / 0.85, and a launch less."""
    assert 1 < gain(decoding(b=b, m=65536, e=e)) < 1.18


def test_heads_that_fill_the_slots_gain_nothing():
    assert gain(decoding(b=33, m=16384)) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("m", [4096, 16384, 65536])
@pytest.mark.parametrize("e", [64, 128])
def test_just_above_a_full_wave_it_gains_a_tail(m, e):
    """272 heads on 264 slots. The tail has the pipes of its SMs for itself: less than 2."""
    assert 1.15 < gain(decoding(b=34, m=m, e=e)) < 2


def test_unequal_lengths_gain_more():
    equal = decoding(b=16, m=9000)
    spread = ragged(*range(1000, 17_000, 1000))
    one_long = ragged(131_072, *[1024] * 15)
    assert gain(equal) < gain(spread) < gain(one_long)
    assert gain(one_long) > 3


@pytest.mark.parametrize(
    "sizes, saved_us",
    [
        ({"h": 32, "g": 32, "m": 1025, "e": 128}, 75 - 72),
        ({"h": 32, "g": 32, "m": 2049, "e": 128}, 98 - 92),
        ({"h": 16, "g": 16, "m": 2049, "e": 64}, 69 - 64),
    ],
)
def test_onnxruntime_saves_as_many_microseconds_on_an_h100(sizes, saved_us):
    """Pull request 22352 of microsoft/onnxruntime: one query after 1024 and 2048 keys.

    Its calls take 64 to 98 us, most of it not the kernel: only differences compare, in whole
    microseconds. Ours are 4.6, 4.9 and 4.5 us.
    """
    calls = (decoding(**sizes, dtype="fp16", backend=backend) for backend in ("flash", "lean"))
    flash, lean = (call_cost(call, GPU).seconds for call in calls)
    assert 1e6 * (flash - lean) == pytest.approx(saved_us, abs=3)
