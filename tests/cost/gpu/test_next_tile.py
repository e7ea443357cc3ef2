"""What a block needs to find its next tile: FlashAttention-3 over pages, one query, an H100 SXM."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.next_tile import ahead_s, planning_s
from accelsim.mapping.attention_binding import bind_attention
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")
CYCLE_S = 1 / 1.98e9
READING_S = 145e-9 + 6 * 24 * CYCLE_S


def bound(backend="flash3", b=1, g=1, page=64):
    call = Sdpa(backend=backend, b=b, h=8, g=g, p=1, m=64, e=128, page=page)
    return bind_attention(call, GPU)


@pytest.mark.parametrize("b, g", [(1, 1), (31, 1), (1024, 8)])
def test_31_sequences_are_planned_at_once(b, g):
    """132 tiles further on lie no more than 31 sequences: there are so few, or each has 8 tiles."""
    assert planning_s(bound(b=b, g=g), GPU) == pytest.approx(READING_S)


def test_132_sequences_further_on_are_more_turns():
    groups = 132 / 31
    expected = groups * READING_S + (groups - 1) * 161 * CYCLE_S
    assert planning_s(bound(b=1024), GPU) == pytest.approx(expected)


def test_instructions_on_the_way_are_counted():
    assert ahead_s(bound(), GPU) == pytest.approx(1644 * CYCLE_S)
    cudnn = bound("cudnn", page=None)
    assert (planning_s(cudnn, GPU), ahead_s(cudnn, GPU)) == (0, 0)
