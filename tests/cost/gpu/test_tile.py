"""Cycles of one step, by hand: 128 queries against 64 keys of 128 features on an H100's SM."""

from dataclasses import replace

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.tile import step_cycles
from accelsim.mapping.attention_binding import bind_attention
from accelsim.workload.calls import Sdpa, SdpaBackward

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


def norm(*times):
    """Of pipes side by side."""
    return sum(time**4 for time in times) ** 0.25


def test_one_taker_works_through_its_phases():
    scores, results = 128 * 64 + 128, 128 * 128
    # queries, and keys four times, through shared memory; then values four times
    products = norm(895, (128 + 4 * 64) * 2) + norm(895, 4 * 64 * 2)
    maxima = norm(scores / 64, scores / 128)
    fma, convert = (2 * 128 * 64 + 3 * 128) / 128, 128 * 64 / 128
    issued = scores + (fma + convert) * 128
    exponentials = norm(scores / 16, fma, convert, issued / 128)
    corrections = norm(results / 128, results / 128)
    expected = products + maxima + exponentials + corrections
    assert step("flash", 128).busy == pytest.approx(expected, rel=0.01)


def test_a_block_by_itself_also_waits():
    assert step("flash", 128).alone > step("flash", 128).busy


def test_two_takers_overlap_products_and_softmax():
    found = step("cudnn", 128)
    products, softmax = 2 * 1024, 128 * 128 * (1 / 64 + 1 / 16) + 128 * 128 / 128
    assert found.busy == pytest.approx(products + 0.4 * softmax, rel=0.12)
    assert products < found.busy < products + softmax


def test_wide_heads_wait_for_shared_memory():
    # 64 queries: every one of four warps reads all of 64 keys x 256 words, 128 bytes a cycle
    found = step("flash", 256)
    assert found.by_pipe["shared"] > found.by_pipe["tensor"]


# Requests to shared memory of 128 bytes that a profiler (ncu) counted in 2 x 12 heads of 1152
# queries and keys, divided by their steps: reads alone, and with what is written there.
COUNTED = [
    (Sdpa, "flash", 64, 2267499 / 1944),
    (Sdpa, "flash", 128, 5037812 / 3888),
    (SdpaBackward, "flash", 64, (9018192 + 1284016) / 1944),
    (SdpaBackward, "flash", 128, (18042953 + 1141332) / 3888),
    (Sdpa, "efficient", 128, (8615629 + 1025696) / 3888),
]


@pytest.mark.parametrize(("kind", "backend", "e", "counted"), COUNTED)
def test_shared_memory_is_asked_as_often_as_a_profiler_counted(kind, backend, e, counted):
    call = kind(backend=backend, b=2, h=12, g=12, p=1152, m=1152, e=e)
    found = step_cycles(bind_attention(call, GPU), GPU).by_pipe["shared"]
    assert found == pytest.approx(counted, rel=0.13)


def test_counted_instructions_are_issued_between_products():
    bound = bind_attention(Sdpa(backend="efficient", b=1, h=8, g=8, p=512, m=512, e=64), GPU)
    plain = replace(bound, tile=bound.tile.model_copy(update={"instructions": None}))
    # 5098 of them, less 256 products and 128 loads of matrices, by four schedulers
    assert step_cycles(bound, GPU).operations == pytest.approx((5098 - 256 - 128) * 32)
    assert step_cycles(bound, GPU).busy > step_cycles(plain, GPU).busy


def test_a_step_over_latents_by_hand():
    """64 rows against 64 keys of 576 numbers, 512 of them values, by two warpgroups: one makes the
    scores, both read the weights and multiply them with their half of the values."""
    sizes = {"b": 8, "h": 64, "g": 1, "p": 1, "m": 4096, "e": 576, "f": 512, "latent": True}
    found = step_cycles(bind_attention(Sdpa(backend="flash_mla", **sizes), GPU), GPU)
    assert found.by_pipe["tensor"] == 2 * 64 * 64 * (576 + 512) / 4096
    scores, results = (64 + 64) * 576 * 2, (2 * 64 + 512) * 64 * 2
    weights = 64 * 64 * 2
    assert found.by_pipe["shared"] == (scores + results + weights) / 128
