"""The kernel that writes keys and values into pages, beside one like it timed on an H100 SXM."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.cache_update import CacheUpdateWork
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")


def seconds(tokens, heads):
    call = Sdpa(backend="flash3", b=1, h=heads, g=heads, p=tokens, m=tokens, e=128, causal=True)
    return CacheUpdateWork(call, GPU).times(float(GPU.clock_hz), cold=False).seconds


MEASURED_US = {
    (65536, 1): 63.1,
    (65536, 2): 121.7,
    (65536, 4): 334.9,
    (65536, 8): 355.3,
    (16384, 1): 14.2,
    (16384, 2): 28.7,
    (16384, 4): 87.4,
    (16384, 8): 93.0,
    (8192, 12): 54.3,
    (8192, 32): 101.7,
}
"""By tokens and heads of 128: means of 50 launches after 10."""


@pytest.mark.parametrize("tokens, heads", MEASURED_US)
def test_a_kernel_written_after_it_took_as_long(tokens, heads):
    """20 %: blocks of 16 warps, most of them idle, take longer to follow one another."""
    assert seconds(tokens, heads) * 1e6 == pytest.approx(MEASURED_US[tokens, heads], rel=0.2)


@pytest.mark.parametrize("tokens, heads, measured", [(1, 8, 1.45), (512, 8, 3.4), (2048, 8, 8.9)])
def test_few_tokens_take_whole_waves(tokens, heads, measured):
    """What a second one adds to a graph, less 0.45 us between kernels. 30 %: the gap is one too."""
    assert seconds(tokens, heads) * 1e6 == pytest.approx(measured, rel=0.3)


def test_idle_warps_cost_more_than_heads():
    """Two to four heads: twice the warps of a block, and three quarters of them move nothing."""
    assert seconds(65536, 4) / seconds(65536, 2) > 2
    assert seconds(65536, 8) / seconds(65536, 4) < 1.2
