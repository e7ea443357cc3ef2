"""Attention on a GPU: laws that no number may break."""

from dataclasses import replace

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import call_cost, works_of
from accelsim.cost.gpu.levers import gains
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")


def seconds(gpu=GPU, cold=True, clock_hz=1.98e9, **sizes):
    call = Sdpa(
        **{"backend": "flash", "b": 2, "h": 16, "g": 16, "p": 2048, "m": 2048, "e": 128, **sizes}
    )
    return sum(work.times(clock_hz, cold).seconds for work in works_of(call, gpu))


@pytest.mark.parametrize("backend", ["flash", "cudnn"])
@pytest.mark.parametrize("e", [64, 96, 128, 256])
def test_never_faster_than_the_tensor_cores(backend, e):
    flop = 4 * 2 * 16 * 2048 * 2048 * e
    assert seconds(backend=backend, e=e) > flop / (132 * 4096 * 1.98e9)


@pytest.mark.parametrize("backend", ["flash", "cudnn"])
def test_decoding_is_never_faster_than_reading_the_cache(backend):
    cache = 2 * 64 * 8 * 8192 * 128 * 2
    assert seconds(backend=backend, b=64, h=32, g=8, p=1, m=8192) > cache / 3.35e12


def test_a_causal_mask_takes_between_half_and_all_of_the_time():
    full, causal = seconds(), seconds(causal=True)
    assert 0.5 * full < causal < full


def test_keys_that_no_query_sees_are_not_read():
    """A causal mask is aligned at the top left: 128 queries see 128 of a million keys."""
    sizes = {"backend": "cudnn", "b": 8, "h": 8, "g": 8, "p": 128, "e": 128, "causal": True}
    assert seconds(**sizes, m=2**20) == pytest.approx(seconds(**sizes, m=128))


def test_grouped_heads_read_less_and_never_take_longer():
    sizes = {"b": 64, "h": 32, "p": 1, "m": 8192}
    assert seconds(g=8, **sizes) < seconds(g=32, **sizes)


def test_more_bandwidth_is_never_slower():
    faster = load_gpu("h100_sxm", {"memories.HBM.bandwidth": "6700 GB/s"})
    sizes = {"b": 64, "h": 32, "g": 8, "p": 1, "m": 8192}
    assert seconds(faster, **sizes) < seconds(**sizes)


def test_a_warm_call_is_not_slower_than_a_cold_one():
    assert seconds(cold=False) <= seconds(cold=True)


def test_split_heads_are_added_up_by_a_second_kernel():
    call = Sdpa(backend="flash", b=1, h=32, g=32, p=1, m=32768, e=128)
    assert [work.name for work in works_of(call, GPU)] == ["flash", "flash combine"]


def test_flop_of_the_actions_are_those_of_whole_tiles():
    call = Sdpa(backend="cudnn", b=1, h=1, g=1, p=1000, m=1000, e=100)
    (work,) = works_of(call, GPU)
    # 8 x 8 tiles of 128 x 128, padded to 128 features
    assert work.actions(cold=True)["wgmma_bf16"] == 4 * 64 * 128 * 128 * 128


@pytest.mark.parametrize("backend", ["flash", "cudnn"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("p", [1, 1000])
def test_of_many_blocks_the_closed_form_is_what_scheduling_them_gives(backend, causal, p):
    call = Sdpa(backend=backend, b=8192, h=8, g=8, p=p, m=1000, e=64, causal=causal)
    work = works_of(call, GPU)[0]
    assert work.cycles_of_many(2000) == pytest.approx(work.scheduled_cycles(2000), rel=0.01)


def test_a_billion_heads_are_predicted_at_once():
    assert seconds(b=10**9, h=1, g=1, p=1, m=1) == pytest.approx(
        1000 * seconds(b=10**6, h=1, g=1, p=1, m=1), rel=0.02
    )


def test_pipes_are_found_by_what_they_do():
    renamed = tuple(pipe.model_copy(update={"name": f"{pipe.name}2"}) for pipe in GPU.pipes)
    gpu = GPU.model_copy(update={"pipes": renamed})
    assert seconds(gpu=gpu) == seconds()
    call = Sdpa(backend="cudnn", b=8, h=8, g=8, p=4096, m=4096, e=64)
    assert gains(call, gpu) == pytest.approx(gains(call, GPU))


MEASURED_192 = [
    ({"p": 1024, "m": 1024}, 97.9e-6, 89.1e-6),
    ({"p": 2048, "m": 2048}, 344.5e-6, 242.1e-6),
    ({"b": 4}, 671.0e-6, 415.0e-6),
    ({"p": 4096, "m": 4096}, 1300.8e-6, 769.4e-6),
    ({"p": 8192, "m": 8192}, 5105.7e-6, 2742.8e-6),
    ({"b": 8, "p": 512, "m": 512}, 106.5e-6, 86.5e-6),
]
"""FlashAttention-2 of torch 2.11 on an H100 80GB HBM3: medians of 20 runs with cold caches, of all
keys and causal. Nothing was set by them."""


@pytest.mark.parametrize(("sizes", "full", "causal"), MEASURED_192)
def test_heads_of_192_take_what_was_measured(sizes, full, causal):
    def alone(is_causal):
        shape = {"b": 2, "h": 16, "g": 16, "p": 2048, "m": 2048, "e": 192, **sizes}
        return call_cost(Sdpa(backend="flash", causal=is_causal, **shape), GPU).seconds

    assert alone(False) == pytest.approx(full, rel=0.055)
    assert alone(True) == pytest.approx(causal, rel=0.055)


def test_weights_that_pass_through_shared_memory_take_longer():
    # FlashAttention-3's 192 x 192: written by the warpgroups and read by the second product.
    (work,) = works_of(Sdpa(backend="flash3", b=1, h=8, g=8, p=4096, m=4096, e=64), GPU)
    tile = work.bound.tile.model_copy(update={"held": ("PT",)})
    other = replace(work, bound=replace(work.bound, tile=tile))
    shared, held = (each.step.by_pipe["shared"] for each in (work, other))
    assert (shared - held) * 128 == pytest.approx(2 * 192 * 192 * 2)
