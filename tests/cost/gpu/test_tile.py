"""Cycles of one step, by hand: 128 queries against 64 keys of 128 features on an H100's SM."""

import pytest

from accelsim.arch.load import load_gpu
from accelsim.cost.gpu.tile import step_cycles
from accelsim.mapping.attention_kernel import bind_attention
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")


def step(backend, e, causal=False):
    bound = bind_attention(
        Sdpa(backend=backend, b=8, h=16, g=16, p=4096, m=4096, e=e, causal=causal), GPU
    )
    return step_cycles(bound, GPU)


def test_the_pipes_of_a_step_count_the_operations_of_the_cascade():
    pipes = step("flash", 128).by_pipe
    scores = 128 * 64
    assert pipes["tensor"] == pytest.approx(4 * scores * 128 / 2342)
    # an exponential a score, and one a row for the correction
    assert pipes["sfu"] == pytest.approx((scores + 128) / 16)
    # a maximum a score, and one a row for the running one
    assert pipes["alu"] == pytest.approx((scores + 128) / 64)
    # subtraction and sum of a score, correction of 128 x 128 results; a row: 1 + 2
    assert pipes["fma"] == pytest.approx((2 * scores + 128 * 128 + 3 * 128) / 128)
    assert pipes["convert"] == pytest.approx(scores / 128)


def test_one_taker_works_through_its_phases():
    # two products of 895, maxima 130, exponentials 520, corrections 128
    assert step("flash", 128).busy == pytest.approx(2 * 895 + 130 + 520 + 128, rel=0.01)


def test_a_block_by_itself_also_waits():
    assert step("flash", 128).alone > step("flash", 128).busy


def test_two_takers_overlap_products_and_softmax():
    found = step("cudnn", 128)
    products, softmax = 2 * 1024, 128 * 128 * (1 / 64 + 1 / 16) + 128 * 128 / 128
    assert found.busy == pytest.approx(products + 0.4 * softmax, rel=0.02)
    assert products < found.busy < products + softmax


def test_wide_heads_wait_for_shared_memory():
    # 64 queries: every one of four warps reads all of 64 keys x 256 words, 128 bytes a cycle
    found = step("flash", 256)
    assert found.by_pipe["shared"] > found.by_pipe["tensor"]
