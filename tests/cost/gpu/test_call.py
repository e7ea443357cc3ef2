"""Calls as a whole: sums, bounds, sentences, levers."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import call_cost, works_of
from accelsim.cost.gpu.levers import gains
from accelsim.cost.gpu.why import WORDS, why
from accelsim.workload.calls import Bmm, Copy, Gemm, RmsNorm, Sdpa, Softmax

GPU = load_gpu("h100_sxm")
CALLS = [
    Copy(bytes=10**9),
    Gemm(m=4096, n=4096, k=4096),
    Gemm(m=16, n=14336, k=4096, dtype="fp8"),
    Bmm(b=64, m=512, n=512, k=64),
    Softmax(rows=16384, cols=4096),
    RmsNorm(rows=16384, cols=4096),
    Sdpa(backend="flash", b=2, h=16, g=16, p=4096, m=4096, e=128, causal=True),
    Sdpa(backend="cudnn", b=64, h=32, g=8, p=1, m=8192, e=128),
    Sdpa(backend="math", b=2, h=16, g=16, p=1024, m=1024, e=64),
]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_call_is_its_kernels_its_launch_and_the_gaps_between(call):
    cost = call_cost(call, GPU)
    works = works_of(call, GPU)
    kernels = sum(work.times(cost.burst_clock_hz, True).seconds for work in works)
    gaps = (len(works) - 1) * GPU.launch.gap_s
    assert cost.seconds == pytest.approx(GPU.launch.floor_s + kernels + gaps)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_board_never_draws_more_than_its_limit(call):
    assert 70 < call_cost(call, GPU).power_w <= 700


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_bounds_and_reasons_are_named(call):
    cost = call_cost(call, GPU)
    assert cost.bound in WORDS
    assert "% of" in why(cost, GPU) and "GHz" in why(cost, GPU)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_twice_of_anything_never_makes_a_call_slower(call):
    # More SMs or pipes change the tiles that are chosen: a few percent either way.
    assert all(gain > 0.93 for gain in gains(call, GPU).values())


def test_a_copy_is_bound_by_device_memory_and_twice_of_it_helps():
    call = Copy(bytes=10**9)
    assert call_cost(call, GPU).bound == "hbm"
    helps = gains(call, GPU)
    assert max(helps, key=lambda name: helps[name]) == "device memory bandwidth"


def test_a_large_product_is_bound_by_power():
    cost = call_cost(Gemm(m=8192, n=8192, k=8192), GPU)
    assert cost.bound == "power"
    # 700 W hold an H100 near 1.4 GHz
    assert 1.25e9 < cost.sustained_clock_hz < 1.55e9


def test_a_tiny_copy_is_bound_by_its_launch():
    assert call_cost(Copy(bytes=4096), GPU).bound == "launch"
