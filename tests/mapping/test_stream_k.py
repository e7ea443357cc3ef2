"""Blocks along a line of tiles: by hand, step by step, and by the rules of LeanAttention's code."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError
from accelsim.mapping.attention_binding import bind_attention
from accelsim.mapping.stream_k import StreamK, Walk, walk_of
from accelsim.workload.calls import Sdpa

H100 = load_gpu("h100_sxm")


@st.composite
def walks(draw):
    tiles = np.array(draw(st.lists(st.integers(1, 12), min_size=1, max_size=6)))
    periods = draw(st.integers(1, 5))
    return Walk(tiles, periods, draw(st.integers(1, int(tiles.sum()) * periods)))


def steps_of(walk):
    """The output tile of every step of every block, one by one."""
    tiles = np.tile(walk.tiles, walk.periods)
    line = [tile for tile, steps in enumerate(tiles) for _ in range(steps)]
    base, longer = divmod(len(line), walk.blocks)
    loads = [base + (block < longer) for block in range(walk.blocks)]
    taken = iter(line)
    return [[next(taken) for _ in range(load)] for load in loads]


def test_three_blocks_share_two_tiles_of_five_steps():
    walk = Walk(np.array([5]), 2, blocks=3)
    assert walk.steps.tolist() == [4, 3, 3]
    # The first ends a step before its tile does, the second begins with that step and ends with
    # two of the next tile, of which the third has three.
    assert walk.part.tolist() == [0, 1, 3]
    assert walk.helpers.tolist() == [1, 1, 0]
    assert walk.touched.tolist() == [1, 2, 1]


@given(walks())
def test_every_step_is_walked_once_and_loads_differ_by_one_at_most(walk):
    assert walk.starts[0] == 0 and walk.starts[-1] == walk.total
    assert set(walk.steps) <= {walk.most, walk.most - 1}
    assert np.all(np.diff(walk.steps) <= 0)
    assert walk.steps.tolist() == [len(block) for block in steps_of(walk)]


@given(walks())
def test_parts_and_helpers_are_those_of_the_walk_step_by_step(walk):
    blocks = steps_of(walk)
    begun = {}
    for number, block in enumerate(blocks):
        for tile in block:
            begun.setdefault(tile, number)
    workers = {tile: [n for n, block in enumerate(blocks) if tile in block] for tile in begun}
    for number, block in enumerate(blocks):
        first, last = block[0], block[-1]
        assert walk.touched[number] == len(set(block))
        assert walk.part[number] == (block.count(first) if begun[first] < number else 0)
        helpers = len(workers[last]) - 1 if begun[last] == number else 0
        assert walk.helpers[number] == helpers
    parts = sum(len(each) - 1 for each in workers.values())
    assert np.count_nonzero(walk.part) == walk.helpers.sum() == parts


@given(walks(), st.data())
def test_what_tiles_have_is_summed_over_those_that_a_block_touches(walk, data):
    each = np.array([data.draw(st.integers(0, 3)) for _ in walk.tiles])
    found = walk.of_touched(each)
    for number, block in enumerate(steps_of(walk)):
        assert found[number] == sum(each[tile % len(each)] for tile in set(block))


def onnxruntime(b, h, p, m, e, causal, sms):
    """G, most, longer and the workspace's parts: lean_api.cc, get_num_splits_and_buffer_sizes."""
    width = 256 if e <= 64 else 128
    rows, tiles = ceil(p / 64), ceil(m / width)
    a_head = sum(ceil((i + 1) * 64 / width) for i in range(rows)) if causal else rows * tiles
    total = a_head * b * h
    if total <= 4 * sms:
        grid = min((total + 1) // 2, ceil(32 * total / tiles))
    else:
        grid = min(2 * sms, 32 * h * b * rows)
    grid = max(1, min(grid, total))
    most = ceil(total / grid)
    if total % grid == 0:
        parts = 1 + (tiles + most - 2) // most
    else:
        parts = 1 + (tiles + most - 3) // (most - 1) if most > 1 else 1
    return (grid, most, total - (most - 1) * grid), parts


@given(
    b=st.integers(1, 64),
    g=st.sampled_from([1, 2, 8, 32]),
    group=st.sampled_from([1, 4, 8]),
    m=st.integers(1, 40_000),
    e=st.sampled_from([64, 128]),
    gpu=st.sampled_from([H100, load_gpu("a100_sxm_80gb")]),
)
def test_decoding_launches_the_blocks_of_onnxruntime(b, g, group, m, e, gpu):
    call = Sdpa(backend="lean", b=b, h=g * group, g=g, p=1, m=m, e=e, dtype="fp16")
    walk = bind_attention(call, gpu).walk
    launched, parts = onnxruntime(b, g, 1, m, e, False, gpu.sms)
    assert (walk.blocks, walk.most, walk.longer) == launched
    assert walk.helpers.max() + 1 <= parts <= 64


@given(b=st.integers(1, 4), h=st.integers(1, 8), p=st.integers(2, 3000), causal=st.booleans())
def test_a_prefill_launches_the_blocks_of_onnxruntime(b, h, p, causal):
    call = Sdpa(backend="lean", b=b, h=h, g=h, p=p, m=p, e=128, causal=causal, dtype="fp16")
    walk = bind_attention(call, H100).walk
    launched, _ = onnxruntime(b, h, p, p, 128, causal, H100.sms)
    assert (walk.blocks, walk.most, walk.longer) == launched


@given(b=st.integers(1, 64), m=st.integers(1, 40_000))
def test_the_last_helper_is_the_block_that_the_kernel_computes(b, m):
    """lean_fwd_kernel.h: the block that has a step, by most and longer alone."""
    walk = bind_attention(Sdpa(backend="lean", b=b, h=8, g=8, p=1, m=m, e=128), H100).walk
    tiles, full = ceil(m / 128), walk.longer * walk.most
    for block in np.flatnonzero(walk.helpers):
        end = (walk.last[block] + 1) * tiles - 1
        beyond = walk.longer + (end - full) // max(1, walk.most - 1)
        last = beyond if end > full else end // walk.most
        assert block + walk.helpers[block] == last


@given(st.lists(st.integers(1, 20_000), min_size=2, max_size=12))
def test_sequences_of_unequal_lengths_are_shared_out_evenly(lengths):
    call = Sdpa(
        backend="lean", b=len(lengths), h=32, g=8, p=1, m=max(lengths), e=128, lengths=lengths
    )
    bound = bind_attention(call, H100)
    walk = bound.walk
    assert walk.total == 8 * sum(ceil(keys / 128) for keys in lengths)
    assert walk.steps.max() - walk.steps.min() <= 1
    tiles = np.repeat([ceil(keys / 128) for keys in lengths], 8)
    assert np.array_equal(np.tile(walk.tiles, walk.periods), tiles)
    assert bound.blocks == walk.blocks


def test_equal_sequences_are_walked_alike_however_they_are_told():
    told = dict(backend="lean", b=5, h=8, g=8, p=1, m=3000, e=64)
    alike, each = (
        bind_attention(Sdpa(**told, **lengths), H100).walk
        for lengths in ({}, {"lengths": [3000] * 5})
    )
    for name in ("starts", "part", "helpers", "touched"):
        assert np.array_equal(getattr(alike, name), getattr(each, name))


def test_few_steps_make_few_blocks():
    rule = StreamK(blocks=2, least=2, parts=32, leave=2, collect=2)
    assert walk_of(np.array([7]), 1, rule, sms=132).blocks == 4
    assert walk_of(np.array([1000]), 1, rule, sms=132).blocks == 32
    assert walk_of(np.array([1000]), 100, rule, sms=132).blocks == 264


@pytest.mark.parametrize("gpu", ["l40s", "b200_sxm", "v100_sxm"])
def test_gpus_without_the_kernel_are_refused(gpu):
    """Twice a block's shared memory is asked for, which Ada lacks; sm_100 is not compiled for."""
    with pytest.raises(MappingError, match="no kernel of lean is known for bf16 heads"):
        bind_attention(Sdpa(backend="lean", b=1, h=8, g=8, p=1, m=4096, e=128), load_gpu(gpu))


@pytest.mark.parametrize("more", [{"e": 96}, {"page": 16}, {"p": 64, "causal": True}])
def test_calls_that_the_kernel_does_not_take_are_refused(more):
    sizes = {"backend": "lean", "b": 1, "h": 8, "g": 8, "p": 1, "m": 4096, "e": 128}
    with pytest.raises(MappingError, match="no kernel of lean is known for bf16 heads"):
        bind_attention(Sdpa(**(sizes | more)), H100)
