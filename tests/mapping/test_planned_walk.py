"""Blocks that work off a plan: by hand, and step by step as the plan's rule says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.mapping.attention_binding import bind_attention
from accelsim.mapping.planned_walk import planned_walk
from accelsim.mapping.stream_k import StreamK
from accelsim.workload.calls import Sdpa

H100 = load_gpu("h100_sxm")


def rule(overhead):
    return StreamK(blocks=1, least=overhead, parts=160, leave=1, overhead=overhead)


def decoding(**sizes):
    own = {"backend": "flash_mla", "g": 1, "p": 1, "e": 576, "f": 512, "latent": True}
    return bind_attention(Sdpa(**own | sizes), H100).walk


def dealt(tiles, blocks, overhead):
    """Steps of each block, one step after the other: a tile is left to the next block if a part of
    it is not worth its overhead."""
    total = sum(steps + overhead for steps in tiles)
    load = max(-(-total // blocks) + overhead, 2 * overhead)
    found, left = [], list(tiles)
    while left:
        room, own = load, 0
        while left and room >= left[0] + overhead:
            room -= left[0] + overhead
            own += left.pop(0)
        if left and room > overhead:
            own += room - overhead
            left[0] -= room - overhead
        found.append(own)
    return found


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(1, 4), st.integers(1, 9))
def test_a_plan_deals_as_its_rule_says(tiles, periods, blocks):
    walk = planned_walk(np.array(tiles), periods, rule(3), blocks)
    expected = dealt(tiles * periods, blocks, 3)
    assert walk.steps.tolist() == expected
    assert (walk.blocks, walk.most, walk.total) == (len(expected), max(expected), sum(expected))
    assert walk.blocks <= blocks


def test_128_sequences_of_4096_keys_are_128_whole_tiles():
    """64 steps and 5 each are 8832 over 132 SMs, so a block may take 67 + 5: one, and no part."""
    walk = decoding(b=128, h=16, m=4096)
    assert walk.steps.tolist() == [64] * 128
    assert not walk.helpers.any()


def test_128_heads_are_two_tiles_of_a_sequence():
    """17664 over 132 SMs: a block may take 134 + 5, two tiles of 69."""
    walk = decoding(b=128, h=128, m=4096)
    assert walk.steps.tolist() == [128] * 128
    assert walk.touched.tolist() == [2] * 128


def test_one_sequence_is_cut_for_five_steps_a_block():
    walk = decoding(b=1, h=16, m=4096)
    assert walk.steps.tolist() == [5] * 12 + [4]
    assert walk.helpers.tolist() == [12] + [0] * 12


@pytest.mark.parametrize("lengths", [(64, 8192, 640), (1, 1, 1)])
def test_sequences_of_any_lengths_are_walked_once(lengths):
    walk = decoding(b=3, h=16, m=max(lengths), lengths=lengths)
    assert walk.steps.sum() == sum(-(-keys // 64) for keys in lengths)
